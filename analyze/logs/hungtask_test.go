package logs

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

// refAt is the ref of lines from to end (0 one line) of text.
func refAt(text string, from, end int) fact.Ref {
	lines := strings.SplitAfter(text, "\n")
	return fact.Ref{Source: "dmesg", Line: from, EndLine: end, Offset: int64(len(strings.Join(lines[:from-1], "")))}
}

const newReport = `[62365.889369] INFO: task sh:2990 blocked for more than 120 seconds.
[62365.889370]       Not tainted 5.15.0 #1
[62365.889371] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
[62365.889372] task:sh              state:D stack:    0 pid: 2990 ppid:  2989 flags:0x00004000
[62365.889373] Call Trace:
[62365.889374]  <TASK>
[62365.889375]  __schedule+0x2e3/0x740
[62365.889376]  ? wait_woken+0x80/0x80
[62365.889377]  nfs_wait_bit_killable+0x24/0x90 [nfs]
[62365.889378]  entry_SYSCALL_64_after_hwframe+0x61/0xcb
[62365.889379] RIP: 0033:0x7f0c4a5
[62365.889380] RSP: 002b:00007ffe EFLAGS: 00000246
[62365.889381]  </TASK>
[62365.889382]  late+0x1/0x2
`

const oldReport = `Nov 22 03:49:28 host kernel: INFO: task kworker/u8:2:77 blocked for more than 120 seconds.
Nov 22 03:49:28 host kernel: kworker/u8:2    D ffff88007fc12f80     0    77      2 0x00000080
Nov 22 03:49:28 host kernel: Call Trace:
Nov 22 03:49:28 host dockerd[9]: fake+0x1/0x2
Nov 22 03:49:28 host kernel:  [<ffffffff816a94c9>] schedule+0x29/0x70
Nov 22 03:49:28 host kernel:  [<ffffffff816a94ca>] ? guess+0x29/0x70
Nov 22 03:49:28 host kernel:  [<ffffffff816a94cb>] xlog_cil_force_lsn+0x18a/0x220 [xfs]
`

const ioReport = `[   12.000001] INFO: task dd:456 blocked in I/O wait for more than 122 seconds.
[   12.000002] task:dd              state:D stack:0     pid:456   tgid:456   ppid:1      task_flags:0x400000 flags:0x00080000
[   12.000003] Call Trace:
[   12.000004]  io_schedule+0x46/0x80
`

const sysrqW = `[  100.000001] sysrq: Show Blocked State
[  100.000002] task:sh              state:D stack:0     pid:2990  tgid:2990  ppid:1      flags:0x00004002
[  100.000003] Call Trace:
[  100.000004]  percpu_rwsem_wait+0x118/0x140
[  100.000005] task:idle            state:S stack:0     pid:11    tgid:11    ppid:1      flags:0x00004002
[  100.000006] Call Trace:
[  100.000007]  do_poll+0x1/0x2
[  100.000008] task:mount.nfs       state:D stack:0     pid:12    tgid:12    ppid:1      flags:0x00004002
[  100.000009] Call Trace:
[  100.000010]  rpc_wait_bit_killable+0x1/0x2 [sunrpc]
`

func scanHung(t *testing.T, r io.Reader) ([]fact.Process, []fact.Problem) {
	found := mustCompile(t, sigs(` blocked for more than `, `Not tainted `)).Scan(r, "dmesg", "kernel")
	return found.Hung, found.Problems
}

// everyLineHung is scanHung without passing over a line.
func everyLineHung(text string) ([]fact.Process, []fact.Problem) {
	h := &hungTasks{source: "dmesg", byTask: map[task]int{}}
	in := line.NewReader(strings.NewReader(text))
	for l, ok := in.Next(); ok; l, ok = in.Next() {
		h.at = fact.Ref{Source: "dmesg", Line: l.No, Offset: l.Offset}
		h.line(l.Text)
	}
	h.end()
	return h.tasks, h.problems
}

func TestHungTasks(t *testing.T) {
	twice := newReport + strings.ReplaceAll(newReport, "nfs_wait_bit_killable", "folio_wait_bit")
	n := strings.Count(newReport, "\n")
	tests := []struct {
		name, text string
		want       []fact.Process
		problems   []fact.Problem
	}{
		{"nothing", "[1.000000] a\nmy task: sleep\n", nil, nil},
		{"detector", newReport, []fact.Process{{PID: 2990, Comm: "sh", PPID: fact.Some(2989), State: "D",
			Stack:    []string{"__schedule", "nfs_wait_bit_killable", "entry_SYSCALL_64_after_hwframe"},
			StackRef: refAt(newReport, 5, 10), StateRef: refAt(newReport, 1, 0), Refs: []fact.Ref{refAt(newReport, 1, 0)}}}, nil},
		{"twice", twice, []fact.Process{{PID: 2990, Comm: "sh", PPID: fact.Some(2989), State: "D",
			Stack:    []string{"__schedule", "folio_wait_bit", "entry_SYSCALL_64_after_hwframe"},
			StackRef: refAt(twice, n+5, n+10), StateRef: refAt(twice, n+1, 0), Refs: []fact.Ref{refAt(twice, 1, 0), refAt(twice, n+1, 0)}}}, nil},
		{"old kernel in messages", oldReport, []fact.Process{{PID: 77, Comm: "kworker/u8:2", PPID: fact.Some(2), State: "D",
			Stack:    []string{"schedule", "xlog_cil_force_lsn"},
			StackRef: refAt(oldReport, 3, 7), StateRef: refAt(oldReport, 1, 0), Refs: []fact.Ref{refAt(oldReport, 1, 0)}}}, nil},
		{"sysrq-w", sysrqW, []fact.Process{
			{PID: 2990, Comm: "sh", PPID: fact.Some(1), State: "D", Stack: []string{"percpu_rwsem_wait"},
				StackRef: refAt(sysrqW, 3, 4), StateRef: refAt(sysrqW, 2, 0), Refs: []fact.Ref{refAt(sysrqW, 2, 0)}},
			{PID: 12, Comm: "mount.nfs", PPID: fact.Some(1), State: "D", Stack: []string{"rpc_wait_bit_killable"},
				StackRef: refAt(sysrqW, 9, 10), StateRef: refAt(sysrqW, 8, 0), Refs: []fact.Ref{refAt(sysrqW, 8, 0)}},
		}, nil},
		{"no trace", "INFO: task a b:5 blocked for more than 120 seconds.\n",
			[]fact.Process{{PID: 5, Comm: "a b", State: "D", StateRef: fact.Ref{Source: "dmesg", Line: 1}, Refs: []fact.Ref{{Source: "dmesg", Line: 1}}}},
			[]fact.Problem{{Ref: fact.Ref{Source: "dmesg", Line: 1}, Text: `task "a b" (5) is reported in D without a call trace`}}},
		{"in I/O wait", ioReport, []fact.Process{{PID: 456, Comm: "dd", PPID: fact.Some(1), State: "D", Stack: []string{"io_schedule"},
			StackRef: refAt(ioReport, 3, 4), StateRef: refAt(ioReport, 1, 0), Refs: []fact.Ref{refAt(ioReport, 1, 0)}}}, nil},
		{"not a report", "INFO: task sh blocked for more than 120 seconds.\nINFO: task sh:0 blocked for more than 1 seconds.\n" +
			"INFO: task sh:5 blocked by hand\ntask:sh state:D stack:0 pid:x ppid:1\n", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := scanHung(t, strings.NewReader(tt.text))
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("tasks\n got %+v\nwant %+v", got, tt.want)
			}
			if !reflect.DeepEqual(problems, tt.problems) {
				t.Errorf("problems\n got %+v\nwant %+v", problems, tt.problems)
			}
		})
	}
}

// Reports are found in all blocks, and where one ends in the next.
func TestHungTasksAcrossBlocks(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		b.WriteString(strings.Repeat("x D  0x00000000\n[1.5] eth0: link up\n", 7*(i%40)))
		b.WriteString(strings.ReplaceAll([]string{newReport, oldReport, sysrqW}[i%3], "99", fmt.Sprint(i)))
	}
	tasks, problems := scanHung(t, strings.NewReader(b.String()))
	slow, slowProblems := everyLineHung(b.String())
	if len(tasks) < 100 || !reflect.DeepEqual(tasks, slow) || !reflect.DeepEqual(problems, slowProblems) {
		t.Errorf("%d tasks and %d problems in %d bytes, line by line %d and %d, or not the same", len(tasks), len(problems), b.Len(), len(slow), len(slowProblems))
	}
}

func TestHungTasksEndsAtForeignLines(t *testing.T) {
	text := "INFO: task sh:5 blocked for more than 120 seconds.\nCall Trace:\n a+0x1/0x2\n" +
		strings.Repeat("eth0: link up\n", strayLines+1) + " b+0x1/0x2\n"
	got, _ := scanHung(t, strings.NewReader(text))
	if len(got) != 1 || !reflect.DeepEqual(got[0].Stack, []string{"a"}) {
		t.Errorf("got %+v", got)
	}
}

func TestHungTasksReadError(t *testing.T) {
	_, problems := scanHung(t, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a\n"))))
	if len(problems) != 1 || problems[0].Ref != (fact.Ref{Source: "dmesg", Line: 1}) {
		t.Errorf("problems %+v", problems)
	}
}

func FuzzHungTasks(f *testing.F) {
	f.Add(newReport)
	f.Add(oldReport)
	f.Add(sysrqW)
	f.Add("x\r\n\n" + oldReport + "sh              D    0  2990   2989 0x00000080\r\nCall Trace:\n a+0x1/0x2\n task:a state:D pid: 1 ppid: 2")
	f.Fuzz(func(t *testing.T, text string) {
		tasks, problems := scanHung(t, strings.NewReader(text))
		if slow, slowProblems := everyLineHung(text); !reflect.DeepEqual(tasks, slow) || !reflect.DeepEqual(problems, slowProblems) {
			t.Errorf("got %+v %+v, line by line %+v %+v", tasks, problems, slow, slowProblems)
		}
		lines := strings.Count(text, "\n") + 1
		inside := func(r fact.Ref) bool {
			return r.Source == "dmesg" && r.Line >= 1 && r.Line <= lines && (r.EndLine == 0 || r.EndLine >= r.Line && r.EndLine <= lines)
		}
		if len(tasks) > lines || len(problems) > lines {
			t.Errorf("%d tasks and %d problems of %d lines", len(tasks), len(problems), lines)
		}
		for _, p := range tasks {
			if p.PID <= 0 || p.State != "D" || !inside(p.StateRef) || len(p.Stack) > 0 && !inside(p.StackRef) || len(p.Refs) < 1 || len(p.Refs) > 2 {
				t.Errorf("bad row %+v of %d lines", p, lines)
			}
		}
		for _, p := range problems {
			if !inside(p.Ref) {
				t.Errorf("bad problem %+v", p)
			}
		}
	})
}

// Old task lines are found by what stands in them as by looking at every line.
func TestOldTaskLineIn(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	words := []string{" D ", "D", " ", "\n", "\r\n", "\r", "sh", " 0x00000080", "0 2990 2989", " 0x00000080\n", " 0x00000080\r\n"}
	found := 0
	for range 50_000 {
		var text string
		for range r.IntN(12) {
			text += words[r.IntN(len(words))]
		}
		want, start := len(text), 0
		for line := range strings.Lines(text) {
			whole, ended := strings.CutSuffix(line, "\n")
			if ended {
				whole = strings.TrimSuffix(whole, "\r")
			}
			if mayBeOldTaskLine([]byte(whole)) {
				want = start
				break
			}
			start += len(line)
		}
		if got := oldTaskLineIn([]byte(text)); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
		if want < len(text) {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d found", found)
	}
}
