package render

import (
	"culprit/analyze"
	"culprit/rules"
)

// evidence says in words what was looked at, which kinds of evidence the bundle has nothing
// of, and how these are collected.
func evidence(r *analyze.Report) (looked, missing, collect []string) {
	for _, s := range r.Seen {
		words := kinds[s.Table]
		text := rules.Thousands(s.N) + " " + words.things
		if s.N == 1 {
			text = "1 " + words.one
		}
		switch {
		case s.N == 0 && !s.Complete:
			missing = append(missing, words.things)
			collect = append(collect, words.collect)
		case !s.Complete:
			looked = append(looked, text+" (incomplete)")
		default:
			looked = append(looked, text)
		}
	}
	return looked, missing, collect
}

// kinds name the kinds of evidence and say how each is collected.
var kinds = map[string]struct{ one, things, collect string }{
	"processes":  {"process", "processes", "a process listing with states (`ps auxww`), and `/proc/PID/status` and `/proc/PID/stack` of what is in state D"},
	"stacks":     {"goroutine", "goroutines", "goroutine dumps of dockerd and containerd, as debug=1 and debug=2"},
	"hits":       {"log line", "log lines", "the logs of dockerd, containerd, kubelet and the kernel around the onset"},
	"containers": {"container", "containers", "`docker ps -a`, `docker inspect` and `ctr -n moby tasks ls`"},
	"sockets":    {"socket", "sockets", "`ss -anp`"},
	"mounts":     {"mount", "mounts", "`/proc/PID/mountinfo` of dockerd and of the processes that hang"},
	"cgroups":    {"freezer state", "freezer states", "`freezer.state` or `cgroup.events` of the containers' cgroups"},
}
