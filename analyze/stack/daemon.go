package stack

import (
	"regexp"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// programs names the daemon that a package can only run in. The first row of which a
// frame starts with the package decides.
var programs = []struct{ pkg, daemon string }{
	{"github.com/docker/docker/daemon.(*Daemon).", "dockerd"},
	{"github.com/docker/docker/cmd/dockerd", "dockerd"},
	{"main.(*DaemonCli).", "dockerd"},
	{"k8s.io/kubernetes/", "kubelet"},
	{"github.com/cri-o/cri-o/", "crio"},
	{"github.com/kubernetes-incubator/cri-o/", "crio"},
	{"github.com/kubernetes-sigs/cri-o/", "crio"},
	{"github.com/containerd/containerd/cmd/containerd-shim", "containerd-shim"},
	{"github.com/containerd/containerd/runtime/v1/shim.", "containerd-shim"},
	{"github.com/containerd/containerd/runtime/v2/shim.", "containerd-shim"},
	{"github.com/containerd/containerd/runtime/v2/runc/", "containerd-shim"},
	{"github.com/containerd/containerd/linux/shim.", "containerd-shim"},
	{"github.com/containerd/containerd/pkg/shim.", "containerd-shim"},
	{"github.com/containerd/containerd/cmd/", "containerd"},
	{"github.com/containerd/containerd/services/", "containerd"},
	{"github.com/containerd/containerd/plugins/services/", "containerd"},
	{"github.com/containerd/containerd/metadata.", "containerd"},
	{"github.com/containerd/containerd/events/exchange.", "containerd"},
	{"github.com/containerd/containerd/gc/scheduler.", "containerd"},
	{"github.com/containerd/containerd/pkg/cri/", "containerd"},
	{"github.com/containerd/containerd/server.", "containerd"},
}

// command finds the program in the file of a main function: .../cmd/dockerd/daemon.go.
var command = regexp.MustCompile(`/cmd/([a-z][a-z0-9-]*)/[^/]+\.go:\d+$`)

// commands are the programs that the directory of main.main names, by prefix.
var commands = []struct{ dir, daemon string }{
	{"dockerd", "dockerd"}, {"containerd-shim", "containerd-shim"}, {"containerd", "containerd"},
	{"kubelet", "kubelet"}, {"kube-", ""}, {"crio", "crio"}, {"cloud-controller-manager", ""},
}

// daemonOf names the program that a dump was taken of: by its main function, by
// packages that only one program has, by the file's name.
func daemonOf(stacks []fact.Stack, source string) string {
	main := ""
	for _, s := range stacks {
		for i, fn := range s.Frames {
			if m := command.FindStringSubmatch(s.Lines[i]); m != nil && strings.HasPrefix(fn, "main.") {
				main = m[1]
			}
		}
	}
	for _, c := range commands {
		if strings.HasPrefix(main, c.dir) {
			if c.daemon == "" {
				return main
			}
			return c.daemon
		}
	}
	for _, p := range programs {
		for _, s := range stacks {
			for _, fn := range s.Frames {
				if strings.HasPrefix(fn, p.pkg) {
					return p.daemon
				}
			}
		}
	}
	if main != "" {
		return main
	}
	return daemonInName(source)
}

var (
	// dumpWord marks the name of a file that holds a dump.
	dumpWord = regexp.MustCompile(`(?i)goroutine|stacks|pprof|debug=?[012]|heap`)
	// noise is what such names say beside the program.
	noise = regexp.MustCompile(`(?i)^(goroutines?|stacks?|dump|dumps|trace|pprof|profile|debug=?[012]?|heap|snapshot\d*|inuse|pb|txt|log|out|gz|zst|xz|\d+|\d{4}-.*|[0-9t]+z)$`)
	stamp = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{6}(Z|[+-]\d{4})`)
)

// daemonInName reads names such as drone-agent-goroutine-debug1.txt,
// containerd.123.stacks.log, goroutines/dockerd.txt. Only dockerd calls its own files
// goroutine-stacks-TIME.log.
func daemonInName(source string) string {
	name := baseName(source)
	folder := strings.TrimSuffix(source, name)
	if !dumpWord.MatchString(name) && !strings.Contains(folder, "goroutine") {
		return ""
	}
	if strings.HasPrefix(name, "goroutine-stacks-") && stamp.MatchString(name) {
		return "dockerd"
	}
	name = stamp.ReplaceAllString(name, "")
	var kept []string
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' || r == '-' }) {
		if !noise.MatchString(word) {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, "-")
}

// takenFrom reads the time in names such as goroutine-stacks-2026-11-22T034932Z.log:
// RFC 3339 without colons, as moby writes it. Zero when there is none.
func takenFrom(source string) time.Time {
	text := stamp.FindString(baseName(source))
	for _, layout := range []string{"2006-01-02T150405Z", "2006-01-02T150405-0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

func baseName(source string) string { return source[strings.LastIndexByte(source, '/')+1:] }
