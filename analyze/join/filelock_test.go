package join

import (
	"fmt"
	"testing"
	"time"

	"culprit/analyze/fact"
)

// TestFileLocks: the file of a lock is what all who take part have open; the holder is
// who took it, or has the file open from who did.
func TestFileLocks(t *testing.T) {
	const file = "/run/xtables.lock"
	process := func(pid, ppid int, comm string, age time.Duration, files ...string) fact.Process {
		p := fact.Process{PID: pid, PPID: fact.Some(ppid), Comm: comm, State: "S", Age: fact.Some(age), Refs: []fact.Ref{ref(fmt.Sprintf("proc/%d/fd", pid))}}
		for i, f := range files {
			p.FDs = append(p.FDs, fact.FD{N: i + 3, Target: f})
		}
		return p
	}
	row := func(pid int, waits bool) fact.FileLock {
		return fact.FileLock{Number: 2, Kind: "FLOCK", Access: "WRITE", PID: pid, Dev: "0:26", Inode: 733, Waits: waits, Refs: []fact.Ref{ref("proc/locks")}}
	}
	run := fact.Mount{ID: 20, Point: "/run", Root: "/", Dev: "0:26", FSType: "tmpfs", PIDs: []int{1, 10, 11, 12}}
	disk := fact.Mount{ID: 10, Point: "/", Root: "/", Dev: "8:1", FSType: "ext4", PIDs: []int{1, 10, 11, 12}}
	other := fact.Mount{ID: 30, Point: "/run", Root: "/", Dev: "0:99", FSType: "tmpfs", PIDs: []int{20}}
	for _, tt := range []struct {
		name      string
		processes []fact.Process
		mounts    []fact.Mount
		locks     []fact.FileLock
		want      string // file waits process holder lasting
	}{
		{"both have it open", []fact.Process{process(10, 1, "sh", time.Hour, file, "/var/log/x"), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(10, false), row(11, true)}, "[/run/xtables.lock false 10 10 true /run/xtables.lock true 11 10 ?]"},
		{"two files of the holder, told apart by their device", []fact.Process{process(10, 1, "sh", time.Hour, file, "/var/log/x", "/dev/null")}, []fact.Mount{run, disk},
			[]fact.FileLock{row(10, false)}, "[/run/xtables.lock false 10 10 ?]"},
		{"the same output", []fact.Process{withOutput(process(10, 1, "sh", time.Hour, file)), withOutput(process(11, 1, "iptables", time.Minute, file))}, nil,
			[]fact.FileLock{row(10, false), row(11, true)}, "[/run/xtables.lock false 10 10 true /run/xtables.lock true 11 10 ?]"},
		{"two files of the holder", []fact.Process{process(10, 1, "sh", time.Hour, file, "/var/log/x")}, nil,
			[]fact.FileLock{row(10, false)}, "[ false 10 10 ?]"},
		{"no open files", []fact.Process{{PID: 10, Comm: "sh"}, {PID: 11, Comm: "iptables"}}, nil,
			[]fact.FileLock{row(10, false), row(11, true)}, "[ false 10 10 ?  true 11 10 ?]"},
		{"who took it has ended", []fact.Process{process(10, 1, "sh", time.Hour, file), process(12, 10, "sleep", time.Hour, file), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(9, false), row(11, true)}, "[/run/xtables.lock false 10 10 true /run/xtables.lock true 11 10 ?]"},
		{"who took it has ended, and two may hold it", []fact.Process{process(10, 1, "sh", time.Hour, file), process(12, 1, "sleep", time.Hour, file), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(9, false), row(11, true)}, "[/run/xtables.lock false 0 0 ? /run/xtables.lock true 11 0 ?]"},
		{"the pid is another's now", []fact.Process{process(9, 1, "new", time.Second, "/etc/x"), process(10, 1, "sh", time.Hour, file), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(11, true), row(9, false)}, "[/run/xtables.lock true 11 10 ? /run/xtables.lock false 10 10 true]"},
		{"tries again", []fact.Process{process(10, 1, "sh", time.Hour, file), process(12, 10, "sleep", time.Hour, file), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(10, false)}, "[/run/xtables.lock false 10 10 true /run/xtables.lock true 11 10 ?]"},
		{"a file of that name in a container", []fact.Process{process(10, 1, "sh", time.Hour, file), {PID: 20, Comm: "iptables", Container: idA, FDs: []fact.FD{{N: 3, Target: file}}}}, []fact.Mount{run, disk, other},
			[]fact.FileLock{row(10, false)}, "[/run/xtables.lock false 10 10 ?]"},
		{"changes hands", []fact.Process{process(10, 1, "iptables", time.Second, file), process(11, 1, "iptables", time.Minute, file)}, nil,
			[]fact.FileLock{row(10, false), row(11, true)}, "[/run/xtables.lock false 10 10 false /run/xtables.lock true 11 10 ?]"},
		{"younger, and not young", []fact.Process{process(10, 1, "sh", 2*time.Minute, file), process(11, 1, "iptables", 3*time.Minute, file)}, nil,
			[]fact.FileLock{row(10, false), row(11, true)}, "[/run/xtables.lock false 10 10 ? /run/xtables.lock true 11 10 ?]"},
		{"no process", nil, nil, []fact.FileLock{row(10, false), {Number: 3, Kind: "POSIX", PID: 4}}, "[ false 0 0 ?  false 0 0 ?]"},
	} {
		tables := &fact.Tables{Nodes: []fact.Node{{}}, Processes: tt.processes, Mounts: tt.mounts, FileLocks: tt.locks}
		Join(tables)
		var got []string
		for _, l := range tables.FileLocks {
			lasting := "?"
			if l.Lasting.Known {
				lasting = fmt.Sprint(l.Lasting.V)
			}
			got = append(got, fmt.Sprint(l.File, " ", l.Waits, " ", l.Process, " ", l.Holder, " ", lasting))
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// TestLockEdges: who waits for a lock is connected with its holder, and so is the daemon
// that started it.
func TestLockEdges(t *testing.T) {
	const file = "/run/xtables.lock"
	open := []fact.FD{{N: 3, Target: file}}
	tables := &fact.Tables{Nodes: []fact.Node{{}},
		Processes: []fact.Process{{PID: 5, Comm: "dockerd", Daemon: "dockerd"}, {PID: 6, PPID: fact.Some(5), Comm: "sh"}, {PID: 7, PPID: fact.Some(6), Comm: "iptables", FDs: open}, {PID: 10, Comm: "sh", FDs: open}},
		FileLocks: []fact.FileLock{{Number: 1, Kind: "FLOCK", PID: 10, Dev: "0:26", Inode: 3}, {Number: 1, Kind: "FLOCK", PID: 7, Dev: "0:26", Inode: 3, Waits: true}},
	}
	Join(tables)
	var got []string
	for _, e := range tables.Edges {
		if e.Rel == "waits for a lock of" {
			got = append(got, string(e.From.Kind)+" "+e.From.ID+" "+e.To.ID)
		}
	}
	if fmt.Sprint(got) != "[pid 7 10 daemon dockerd 10]" {
		t.Errorf("edges %v", got)
	}
}

// withOutput is p with a file as its output.
func withOutput(p fact.Process) fact.Process {
	p.FDs = append(p.FDs, fact.FD{N: 1, Target: "/var/log/cron.log"})
	return p
}
