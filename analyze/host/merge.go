package host

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// MergeProcesses merges partial rows of one moment on one node by pid and sorts
// them by pid. Where sources disagree, /proc/PID wins over ps, because it was
// read of the process itself: status before stat before comm before ps before
// cmdline. Of several ps listings the first to know a field wins, but the one
// with the longer wait channel or command line: narrow columns cut both. Refs
// come with the kernel stack first, then status, then ps, then the rest.
func MergeProcesses(parts []fact.Process) []fact.Process {
	type part struct{ pid, trust, at int }
	order := make([]part, len(parts))
	for i := range parts {
		order[i] = part{parts[i].PID, trust(&parts[i]), i}
	}
	slices.SortFunc(order, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.pid, b.pid), cmp.Compare(a.trust, b.trust), cmp.Compare(a.at, b.at))
	})
	var rows []fact.Process
	for _, o := range order {
		p := parts[o.at]
		if last := len(rows) - 1; last >= 0 && rows[last].PID == p.PID {
			fill(&rows[last], p)
			continue
		}
		p.Refs = slices.Clone(p.Refs)
		rows = append(rows, p)
	}
	for i := range rows {
		slices.SortStableFunc(rows[i].Refs, func(a, b fact.Ref) int {
			return cmp.Compare(telling(a), telling(b))
		})
	}
	return rows
}

// procFiles are the /proc/PID files in the order of how far their word on a
// shared field is trusted. "ps" stands for any listing.
var procFiles = []string{"status", "stat", "wchan", "stack", "comm", "fd_count", "fd", "cgroup", "ps", "cmdline"}

// tellingFiles is the order of Refs in a merged row.
var tellingFiles = []string{"stack", "status", "ps", "stat", "wchan", "syscall", "fd", "fd_count", "cgroup", "limits", "cmdline", "comm"}

func trust(p *fact.Process) int {
	if len(p.Refs) == 0 {
		return len(procFiles)
	}
	return rank(procFiles, fileOf(p.Refs[0]))
}

func telling(r fact.Ref) int { return rank(tellingFiles, fileOf(r)) }

func rank(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names)
}

// fileOf is the name of the /proc/PID file that a ref points into, or "ps".
func fileOf(r fact.Ref) string {
	name, _, _ := strings.Cut(path.Base(r.Source), ".")
	if _, ok := PIDOf(r.Source); ok || name == "status" || name == "stat" {
		return name
	}
	return "ps"
}

// fill completes p with what o knows and p does not. p is the more trusted.
func fill(p *fact.Process, o fact.Process) {
	p.PPID = p.PPID.Fill(o.PPID)
	p.Comm = cmp.Or(p.Comm, o.Comm)
	p.Start, p.Age = p.Start.Fill(o.Start), p.Age.Fill(o.Age)
	p.RSS, p.Threads = p.RSS.Fill(o.RSS), p.Threads.Fill(o.Threads)
	p.NoFile, p.NoFileHard = p.NoFile.Fill(o.NoFile), p.NoFileHard.Fill(o.NoFileHard)
	p.FDCount, p.SyscallFD = p.FDCount.Fill(o.FDCount), p.SyscallFD.Fill(o.SyscallFD)
	if !p.KillPending.Known {
		p.KillPending, p.KillRef = o.KillPending, o.KillRef
	}
	p.Tracer = p.Tracer.Fill(o.Tracer)
	p.MntNS, p.NetNS, p.PIDNS = cmp.Or(p.MntNS, o.MntNS), cmp.Or(p.NetNS, o.NetNS), cmp.Or(p.PIDNS, o.PIDNS)
	if p.State == "" {
		p.State, p.StateRef = o.State, o.StateRef
	}
	if from := fileOf(firstRef(o)); from == "cmdline" && o.Args != "" || len(o.Args) > len(p.Args) {
		p.Args, p.ArgsRef = o.Args, firstRef(o)
	}
	if !isNoWchan(o.WChan) && (isNoWchan(p.WChan) || cutWchan(*p, o.WChan)) {
		p.WChan = o.WChan
	}
	p.WChan = cmp.Or(p.WChan, o.WChan)
	if p.Stack == nil {
		p.Stack, p.StackRef = o.Stack, o.StackRef
	}
	if p.NSPID == nil {
		p.NSPID = o.NSPID
	}
	if p.Cgroups == nil {
		p.Cgroups = o.Cgroups
	}
	if p.FDs == nil {
		p.FDs = o.FDs
	}
	p.Refs = fact.AppendRefs(p.Refs, o.Refs...)
}

func firstRef(p fact.Process) fact.Ref {
	if len(p.Refs) == 0 {
		return fact.Ref{}
	}
	return p.Refs[0]
}

func isNoWchan(s string) bool { return s == "" || s == "-" || s == "0" }

// cutWchan reports whether p's wait channel is full cut by a narrow column of ps.
func cutWchan(p fact.Process, full string) bool {
	fromFile := slices.ContainsFunc(p.Refs, func(r fact.Ref) bool { return fileOf(r) == "wchan" })
	return !fromFile && strings.HasPrefix(full, p.WChan)
}
