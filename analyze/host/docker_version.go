package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseDockerVersion reads the text of docker version: a row for dockerd and ones
// for containerd and runc where the server names them. The client's version is not a
// daemon's. Three generations:
//
//	Server: Docker Engine - Community      Server:                    Server version: 1.5.0
//	 Engine:                                Version:      17.03.1-ce
//	  Version:          18.09.2             API version:  1.27
//	 containerd:
//	  Version:          1.2.2
func ParseDockerVersion(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Daemon
	server, part := false, ""
	for l.scan() {
		key, value, ok := strings.Cut(l.text, ":")
		indent := len(key) - len(strings.TrimLeft(key, " \t"))
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case isFailure(l.text):
			l.refuse("docker version")
		case !ok:
		case indent == 0 && key == "Server version":
			rows = append(rows, daemonVersion("dockerd", value, l.ref()))
		case indent == 0:
			server, part = key == "Server", "Engine"
		case value == "":
			part = key
		case server && key == "Version" && part == "Engine":
			rows = append(rows, daemonVersion("dockerd", value, l.ref()))
		case server && key == "Version" && part == "containerd" && isVersion(value):
			rows = append(rows, daemonVersion("containerd", value, l.ref()))
		case server && key == "Version" && part == "runc":
			if runc := runcVersion(value, l.ref()); runc.Version != "" {
				rows = append(rows, runc)
			}
		}
	}
	if len(rows) == 0 && len(l.found) == 0 {
		l.problem(fact.Ref{Source: source}, "no server version: the daemon did not answer")
	}
	return rows, l.problems()
}

func daemonVersion(name, version string, ref fact.Ref) fact.Daemon {
	version, _, _ = strings.Cut(version, ",") // "1.13.1, build 092cba3"
	return fact.Daemon{Name: name, Version: version, Vendor: isVendorVersion(version), Refs: []fact.Ref{ref}}
}
