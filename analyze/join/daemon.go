package join

import (
	"cmp"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// daemonNames are the roles that are one instance a node.
var daemonNames = []string{"dockerd", "containerd", "kubelet", "crio"}

// daemons makes one row a daemon out of its process and of what version, info,
// configuration and unit files say.
func (w *world) daemons(parts []fact.Daemon) []fact.Daemon {
	byName := map[string]*fact.Daemon{}
	var out []fact.Daemon
	for _, part := range parts {
		if part.At != w.at || part.Name == "" {
			continue
		}
		if d := byName[part.Name]; d != nil {
			mergeDaemon(d, part)
			continue
		}
		d := part
		byName[d.Name] = &d
	}
	for _, p := range w.processes {
		if !slices.Contains(daemonNames, p.Daemon) {
			continue
		}
		d := byName[p.Daemon]
		if d == nil {
			d = &fact.Daemon{At: w.at, Name: p.Daemon}
			byName[p.Daemon] = d
		}
		if d.PID != 0 { // a second instance
			out = append(out, withProcess(fact.Daemon{At: w.at, Name: p.Daemon}, p))
			continue
		}
		*d = withProcess(*d, p)
	}
	w.usedRunc(byName)
	for _, d := range byName {
		for _, item := range w.items {
			if item.State == fact.TimedOut && dumpOf(item) == d.Name {
				d.NoDump = true
				d.Refs = fact.AppendRefs(d.Refs, item.Refs...)
			}
		}
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b fact.Daemon) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.PID, b.PID))
	})
	return out
}

func withProcess(d fact.Daemon, p *fact.Process) fact.Daemon {
	d.PID, d.State, d.FDCount, d.NoFile, d.RSS, d.Age = p.PID, p.State, p.FDCount, p.NoFile, p.RSS, p.Age
	d.Inotify = inotify(p)
	d.Refs = fact.AppendRefs(d.Refs, p.Refs...)
	if p.CPUManager != "" {
		d.CPUManager, d.CPUManagerRef, d.CPUManagerBy = p.CPUManager, cmp.Or(p.ArgsRef, p.Refs[0]), fact.ToldByItself
	}
	return d
}

// inotify counts the inotify instances that p has open.
func inotify(p *fact.Process) fact.Opt[int] {
	if p.FDs == nil {
		return fact.Opt[int]{}
	}
	n := 0
	for _, fd := range p.FDs {
		if fd.Target == "anon_inode:inotify" || fd.Target == "anon_inode:[inotify]" {
			n++
		}
	}
	return fact.Some(n)
}

// usedRunc says whether the runc whose version is known is the one that starts the
// containers. One that merely lies on the node is, where containerd alone runs it
// and is not configured to run another: dockerd says itself which one it runs.
func (w *world) usedRunc(byName map[string]*fact.Daemon) {
	runc := byName["runc"]
	if runc == nil {
		return
	}
	docker := byName["dockerd"] != nil || slices.ContainsFunc(w.logs, func(l *fact.Log) bool { return l.Daemon == "dockerd" })
	containerd := byName["containerd"]
	if runc.Told || !docker && containerd != nil && containerd.Runtime == "" {
		runc.Used = fact.Some(true)
	}
}

func mergeDaemon(d *fact.Daemon, o fact.Daemon) {
	if d.Version == "" || o.Told && !d.Told {
		d.Version, d.Vendor, d.Told = o.Version, o.Vendor, o.Told
	}
	d.LiveRestore = d.LiveRestore.Fill(o.LiveRestore)
	d.Debug = d.Debug.Fill(o.Debug)
	if !d.Listeners.Known {
		d.Listeners, d.ListenersRef = o.Listeners, o.ListenersRef
	}
	d.Containerd = cmp.Or(d.Containerd, o.Containerd)
	d.Runtime = cmp.Or(d.Runtime, o.Runtime)
	if o.CPUManagerBy > d.CPUManagerBy {
		d.CPUManager, d.CPUManagerRef, d.CPUManagerBy = o.CPUManager, o.CPUManagerRef, o.CPUManagerBy
	}
	d.UnitOptions = append(d.UnitOptions, o.UnitOptions...)
	d.Refs = fact.AppendRefs(d.Refs, o.Refs...)
}

// process is the daemon's, of several the one with the highest pid; nil none.
func (w *world) process(daemon string) *fact.Process {
	var last *fact.Process
	for _, p := range w.processes {
		if p.Daemon == daemon {
			last = p
		}
	}
	return last
}

// dumpOf is the daemon whose goroutine dump an item asked for.
func dumpOf(item *fact.Item) string {
	if !strings.Contains(item.Command, "pprof") {
		return ""
	}
	switch {
	case item.Tool == "ctr", strings.Contains(item.Command, "containerd"):
		return "containerd"
	case strings.Contains(item.Command, "docker.sock"):
		return "dockerd"
	}
	return ""
}
