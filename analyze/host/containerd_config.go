package host

import (
	"io"
	"regexp"
	"strings"

	"culprit/analyze/fact"
)

var (
	tomlSection = regexp.MustCompile(`^\[+([^\]]+)\]`)
	tomlString  = regexp.MustCompile(`^(\w+)\s*=\s*["']([^"']*)["']`)
	// runtimeName is a section of CRI's runtimes: its name, then maybe its options.
	runtimeName = regexp.MustCompile(`\.runtimes\.["']?([\w.-]+?)["']?(?:\.options)?$`)
)

// ParseContainerdConfig reads containerd's config.toml: a row that says which runtime
// binary is configured in place of the runc of its PATH.
//
//	[plugins."io.containerd.grpc.v1.cri".containerd]
//	  default_runtime_name = "runc"
//	[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
//	  BinaryName = "/usr/local/sbin/runc"
//	[plugins.linux]                     (shims of runtime v1)
//	  runtime = "docker-runc"
func ParseContainerdConfig(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	l := newLines(r, source)
	name, section := "runc", ""
	var named fact.Ref
	paths, refs := map[string]string{}, map[string]fact.Ref{}
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if m := tomlSection.FindStringSubmatch(text); m != nil {
			section = m[1]
			continue
		}
		m := tomlString.FindStringSubmatch(text)
		if m == nil || m[2] == "" {
			continue
		}
		runtime := ""
		switch {
		case m[1] == "default_runtime_name":
			name, named = m[2], l.ref()
		case m[1] == "BinaryName":
			if of := runtimeName.FindStringSubmatch(section); of != nil {
				runtime = of[1]
			}
		case m[1] == "runtime" && strings.Contains(section, "linux"):
			runtime = "linux"
		}
		if runtime != "" {
			paths[runtime], refs[runtime] = m[2], l.ref()
		}
	}
	for _, of := range []string{name, "linux"} {
		if p := paths[of]; p != "" {
			return []fact.Daemon{{Name: "containerd", Runtime: p, Refs: []fact.Ref{refs[of]}}}, l.problems()
		}
	}
	if name != "runc" {
		return []fact.Daemon{{Name: "containerd", Runtime: name, Refs: []fact.Ref{named}}}, l.problems()
	}
	return nil, l.problems()
}
