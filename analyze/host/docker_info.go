package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseDockerInfo reads the text of docker info: a row for dockerd (version, live
// restore, debug), one for containerd where a version of it is printed, not a
// commit id, and one for the runc of the default runtime. The client's own section is passed over.
//
//	Client:                        (19.03 and later)
//	 Debug Mode: false
//	Server:
//	 Server Version: 18.09.2
//	 containerd version: 1.6.20~ds1-1+deb12u3
//	 runc version: 425e105d5a03fabd737a126ad93d62a9eeede87f
//	 Debug Mode: true              ("Debug Mode (server): true" before 19.03)
//	  EventsListeners: 0           (open /events streams; with debug on)
//	 Live Restore Enabled: false
func ParseDockerInfo(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	l := newLines(r, source)
	var docker, containerd, runc fact.Daemon
	client := false
	for l.scan() {
		key, value, ok := strings.Cut(l.text, ":")
		value = strings.TrimSpace(value)
		if isFailure(l.text) && !strings.HasPrefix(l.text, " ") {
			l.refuse("docker info")
			continue
		}
		if !ok {
			continue
		}
		if value == "" && (key == "Client" || key == "Server") {
			client = key == "Client"
			continue
		}
		if client {
			continue
		}
		switch strings.TrimSpace(key) {
		case "Server Version":
			docker.Version, docker.Vendor = value, isVendorVersion(value)
		case "Debug Mode", "Debug Mode (server)":
			docker.Debug = parseBool(value)
		case "Live Restore Enabled":
			docker.LiveRestore = parseBool(value)
		case "EventsListeners":
			n, err := strconv.ParseInt(value, 10, 64)
			docker.Listeners = fact.Opt[int64]{V: n, Known: err == nil && n >= 0}
			docker.ListenersRef = l.ref()
		case "containerd version":
			if isVersion(value) {
				containerd = daemonVersion("containerd", value, l.ref())
			}
			continue
		case "runc version":
			runc = runcVersion(value, l.ref())
			continue
		default:
			continue
		}
		docker.Refs = append(docker.Refs, l.ref())
	}
	var rows []fact.Daemon
	if len(docker.Refs) > 0 {
		docker.Name = "dockerd"
		rows = append(rows, docker)
	}
	if containerd.Name != "" {
		rows = append(rows, containerd)
	}
	if runc.Version != "" {
		rows = append(rows, runc)
	}
	if len(rows) == 0 && len(l.found) == 0 {
		l.problem(fact.Ref{Source: source}, "no server section: the daemon did not answer")
	}
	return rows, l.problems()
}

// parseBool reads the words that docker and systemd print and accept.
func parseBool(s string) fact.Opt[bool] {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return fact.Some(true)
	case "false", "no", "off", "0":
		return fact.Some(false)
	}
	return fact.Opt[bool]{}
}
