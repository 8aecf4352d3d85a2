package host

import (
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

// partsOf reads a small node: two ps listings and the /proc files of one process.
func partsOf(t *testing.T) []fact.Process {
	t.Helper()
	aux, problems := ParsePS(strings.NewReader(""+
		"USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"+
		"root           1  0.0  0.0   2268  1472 ?        Ss   03:47   0:00 init\n"+
		"root        2990  0.0  0.0   2268  9999 ?        S    03:47   0:00 sh -c while :; do\n"), "ps-aux.txt")
	noProblems(t, problems)
	wchan, problems := ParsePS(strings.NewReader(""+
		"    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMMAND\n"+
		"      1       0 Ss   do_sigtimedwait                        01:40    1  1472 init\n"+
		"   2990    2970 D    percpu_rwsem_wait                      01:38    1  8888 sh -c while :; do date; done\n"), "ps-wchan.txt")
	noProblems(t, problems)
	parts := append(aux.Processes, wchan.Processes...)
	for _, f := range []struct {
		parse      procParser
		name, text string
	}{
		{ParseComm, "comm", "sh\n"},
		{ParseStack, "stack", "[<0>] percpu_rwsem_wait+0x1/0x2\n[<0>] vfs_write+0x1/0x2\n"},
		{ParseStatus, "status", "Name:\tsh\nState:\tT (stopped)\nPid:\t2990\nPPid:\t2971\nVmRSS:\t1472 kB\n"},
		{ParseStat, "stat", "2990 (sh) D 2972 2990 2990 0 -1 4194304 44 0 0 0 0 0 0 0 20 0 3 0 411243 2322432 353\n"},
		{ParseFD, "fd", "0 -> /dev/null\n"},
		{ParseFDCount, "fd_count", "5\n"},
		{ParseLimits, "limits", "Max open files 1024 4096 files\n"},
		{ParseCmdline, "cmdline", "sh\x00-c\x00while :; do date; done\x00"},
	} {
		rows, problems := f.parse(strings.NewReader(f.text), "proc/2990/"+f.name)
		noProblems(t, problems)
		parts = append(parts, rows...)
	}
	return parts
}

func TestMergeProcesses(t *testing.T) {
	parts := partsOf(t)
	got := MergeProcesses(parts)
	if len(got) != 2 || got[0].PID != 1 || got[1].PID != 2990 {
		t.Fatalf("rows: %+v", got)
	}
	p := got[1]
	var refs []string
	for _, r := range p.Refs {
		refs = append(refs, r.String())
	}
	equal(t, "refs", refs, []string{"proc/2990/stack:1", "proc/2990/status:1", "ps-aux.txt:3", "ps-wchan.txt:3",
		"proc/2990/stat:1", "proc/2990/fd:1", "proc/2990/fd_count:1", "proc/2990/limits:1", "proc/2990/cmdline:1", "proc/2990/comm:1"})
	p.Refs = nil
	equal(t, "row", p, fact.Process{
		PID: 2990, PPID: fact.Some(2971), Comm: "sh", Args: "sh -c while :; do date; done", State: "T", StateRef: ref("proc/2990/status", 2, 9),
		WChan: "percpu_rwsem_wait", Stack: []string{"percpu_rwsem_wait", "vfs_write"}, StackRef: ref("proc/2990/stack", 1, 0),
		ArgsRef: ref("proc/2990/cmdline", 1, 0),
		Start:   fact.Some[int64](411243), Age: fact.Some(98 * time.Second), RSS: fact.Some[int64](1472), Threads: fact.Some(3),
		FDs: []fact.FD{{N: 0, Target: "/dev/null"}}, FDCount: fact.Some(5),
		NoFile: fact.Some[int64](1024), NoFileHard: fact.Some[int64](4096), Tracer: fact.Opt[int]{},
	})
	equal(t, "a row of ps alone", got[0].WChan, "do_sigtimedwait")
}

func TestMergeIsStable(t *testing.T) {
	parts := partsOf(t)
	want := MergeProcesses(parts)
	equal(t, "merged twice", MergeProcesses(want), want)
	before := slices.Clone(parts[0].Refs)
	slices.Reverse(parts[2:])
	got := MergeProcesses(parts)
	for i := range got { // the order of equal sources is the order given
		sortRefs := func(r []fact.Ref) []fact.Ref { return slices.SortedFunc(slices.Values(r), fact.Ref.Compare) }
		got[i].Refs, want[i].Refs = sortRefs(got[i].Refs), sortRefs(want[i].Refs)
	}
	equal(t, "reversed", got, want)
	equal(t, "the parts are left alone", parts[0].Refs, before)
}

func TestMergeWchan(t *testing.T) {
	part := func(source, wchan string) fact.Process {
		return fact.Process{PID: 7, WChan: wchan, Refs: []fact.Ref{ref(source, 1, 0)}}
	}
	tests := []struct {
		name  string
		parts []fact.Process
		want  string
	}{
		{"the file before ps", []fact.Process{part("ps", "do_wait_long"), part("proc/7/wchan", "do_wait")}, "do_wait"},
		{"a cut column", []fact.Process{part("ps-alx", "ep_pol"), part("ps-eo", "ep_poll")}, "ep_poll"},
		{"another moment", []fact.Process{part("ps-alx", "ep_pol"), part("ps-eo", "do_wait")}, "ep_pol"},
		{"a name before none", []fact.Process{part("proc/7/wchan", "0"), part("ps-eo", "do_wait")}, "do_wait"},
		{"none is not unknown", []fact.Process{part("ps-a", ""), part("ps-b", "-")}, "-"},
	}
	for _, tt := range tests {
		if got := MergeProcesses(tt.parts); got[0].WChan != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got[0].WChan, tt.want)
		}
	}
}
