package logs

import (
	"bytes"
	"fmt"
	"strconv"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

const (
	// maxFrames bounds a kernel stack; the kernel prints 64 entries at most.
	maxFrames = 128
	// strayLines is how many lines of other parts of the kernel may stand inside
	// of one report.
	strayLines = 8
)

// hungTasks reads the tasks in uninterruptible sleep that a kernel log reports:
// those of the hung task detector (kernel/hung_task.c) and of sysrq-w
// (sched_show_task in kernel/sched/core.c), under any prefix of syslog, journald
// or dmesg:
//
//	INFO: task sh:2990 blocked for more than 120 seconds.
//	      Not tainted 5.4.0-97-generic #110
//	"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
//	task:sh              state:D stack:    0 pid: 2990 ppid:  2989 flags:0x00004000
//	Call Trace:
//	 __schedule+0x2e3/0x740
//	 ? wait_woken+0x80/0x80
//	 nfs_wait_bit_killable+0x24/0x90 [nfs]
//
// Kernels before 5.11 print "sh  D  0  2990  2989 0x00000080" for the task line,
// those before 4.10 frames as "[<ffffffff816a94c9>] schedule+0x29/0x70".
//
// Stack holds names without offset and module; frames marked "?" are guesses and
// left out. A task that is reported again has its last trace; StateRef is the
// first line of that report and Refs those of the first and last. A report
// without a trace is a Problem.
type hungTasks struct {
	source   string
	starts   []int64  // where in the next lines stands what starts a report, in order
	at       fact.Ref // the line at hand
	open     *report
	tasks    []fact.Process
	byTask   map[task]int
	problems []fact.Problem
}

type task struct {
	pid  int
	comm string
}

// report is what the kernel says of one task at one time.
type report struct {
	task
	ppid   fact.Opt[int]
	header fact.Ref
	trace  fact.Ref
	stack  []string
	// detected is set by the hung task detector's line; the task line follows.
	detected bool
	stray    int
}

var (
	detectorMark = []byte("INFO: task ")
	blockedMark  = []byte(" blocked ")
	traceMark    = []byte("Call Trace:")
)

// hungLiterals stand in the lines that can start a report, but for old task lines.
var hungLiterals = []literal{{text: "for more than "}, {text: " state:D stack:"}}

// candidate takes note of a line of the next block in which one of hungLiterals stands.
func (h *hungTasks) candidate(l line.Line) { h.starts = append(h.starts, l.Offset) }

// block takes the next lines. Outside of reports it looks only into those that may start
// one: the candidates, and what looks like an old task line.
func (h *hungTasks) block(b line.Block) {
	for b.Lines > 0 {
		at := 0
		if h.open == nil {
			at = h.next(b)
		}
		if at == len(b.Text) {
			break
		}
		l := b.Take(at)
		h.at = fact.Ref{Source: h.source, Line: l.No, Offset: l.Offset}
		h.line(l.Text)
	}
	h.starts = h.starts[:0]
}

// next is where in b the next line begins that may start a report, its length for none.
func (h *hungTasks) next(b line.Block) int {
	for len(h.starts) > 0 && h.starts[0] < b.Offset {
		h.starts = h.starts[1:]
	}
	end := len(b.Text)
	if len(h.starts) > 0 {
		end = int(h.starts[0] - b.Offset)
	}
	return oldTaskLineIn(b.Text[:end])
}

// oldTaskLineIn is where the first line of text begins that may be an old task line, the
// length of text where there is none.
func oldTaskLineIn(text []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], 'D')
		if i < 0 {
			return len(text)
		}
		at += i + 1
		if at < 2 || at == len(text) || text[at-2] != ' ' || text[at] != ' ' {
			continue
		}
		start, end := bytes.LastIndexByte(text[:at], '\n')+1, len(text)
		line := text[start:]
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
			line = bytes.TrimSuffix(text[start:end], []byte{'\r'})
		}
		if mayBeOldTaskLine(line) {
			return start
		}
		at = end
	}
}

func (h *hungTasks) line(text []byte) {
	if unit := line.Unit(text); unit != nil && string(unit) != "kernel" {
		return
	}
	body := line.Body(text)
	if t, ok := detected(body); ok {
		h.start(report{task: t, detected: true})
		return
	}
	if t, ppid, state, ok := taskLine(body); ok {
		h.taskLine(t, ppid, state)
		return
	}
	if h.open != nil {
		h.within(body)
	}
}

func (h *hungTasks) start(r report) {
	h.end()
	r.header = h.at
	h.open = &r
}

// taskLine takes a line of sched_show_task: the second line of a report of the
// detector, else one of sysrq-w, or of sysrq-t, which lists tasks in other states
// too.
func (h *hungTasks) taskLine(t task, ppid int, state string) {
	if o := h.open; o != nil && o.detected && o.pid == t.pid && o.trace.Line == 0 {
		o.ppid = fact.Some(ppid)
		return
	}
	h.end()
	if state == "D" {
		h.start(report{task: t, ppid: fact.Some(ppid)})
	}
}

// within takes a line after the start of a report.
func (h *hungTasks) within(body []byte) {
	o := h.open
	if bytes.HasPrefix(bytes.TrimSpace(body), traceMark) {
		if o.trace.Line == 0 {
			o.trace, o.stray = h.at, 0
			return
		}
		h.end()
		return
	}
	if o.trace.Line > 0 {
		if name, guess, ok := frame(body); ok {
			o.trace.EndLine = h.at.Line
			if !guess && len(o.stack) < maxFrames {
				o.stack = append(o.stack, name)
			}
			return
		}
	}
	text := string(bytes.TrimSpace(body))
	if text == "</TASK>" {
		h.end()
		return
	}
	if text == "<TASK>" {
		return
	}
	if o.stray++; o.stray > strayLines {
		h.end()
	}
}

// end files the open report.
func (h *hungTasks) end() {
	o := h.open
	if o == nil {
		return
	}
	h.open = nil
	if len(o.stack) == 0 {
		h.problems = append(h.problems, fact.Problem{Ref: o.header,
			Text: fmt.Sprintf("task %.80q (%d) is reported in D without a call trace", o.comm, o.pid)})
	}
	i, known := h.byTask[o.task]
	if !known {
		i = len(h.tasks)
		h.byTask[o.task] = i
		h.tasks = append(h.tasks, fact.Process{PID: o.pid, Comm: o.comm, State: "D", Refs: []fact.Ref{o.header}})
	}
	p := &h.tasks[i]
	p.PPID = o.ppid.Fill(p.PPID)
	p.StateRef = o.header
	p.Refs = fact.AppendRefs(p.Refs[:1], o.header)
	if len(o.stack) > 0 {
		p.Stack, p.StackRef = o.stack, o.trace
	}
}

// detected reads "INFO: task COMM:PID blocked for more than N seconds." COMM may
// hold colons and spaces: "kworker/u8:2".
func detected(body []byte) (task, bool) {
	_, rest, ok := bytes.Cut(body, detectorMark)
	if !ok {
		return task{}, false
	}
	name, after, ok := bytes.Cut(rest, blockedMark)
	if !ok || !bytes.Contains(after, []byte("for more than ")) {
		return task{}, false
	}
	colon := bytes.LastIndexByte(name, ':')
	if colon < 0 {
		return task{}, false
	}
	pid, err := strconv.Atoi(string(name[colon+1:]))
	return task{pid, string(name[:colon])}, err == nil && pid > 0
}

// taskLine reads the line of sched_show_task, new or old.
func taskLine(body []byte) (t task, ppid int, state string, ok bool) {
	rest, isNew := bytes.CutPrefix(body, []byte("task:"))
	if !isNew {
		return oldTaskLine(body)
	}
	comm, rest, hasState := bytes.Cut(rest, []byte(" state:"))
	word, rest, hasStack := bytes.Cut(rest, []byte(" stack:"))
	pid, okPID := labelled(rest, " pid:")
	ppid, okPPID := labelled(rest, " ppid:")
	return task{pid, string(bytes.TrimSpace(comm))}, ppid, string(word), hasState && hasStack && okPID && okPPID && pid > 0
}

// labelled is the number behind a label: "pid:2990", "pid: 2990".
func labelled(text []byte, label string) (int, bool) {
	_, rest, ok := bytes.Cut(text, []byte(label))
	if !ok {
		return 0, false
	}
	word, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte{' '})
	n, err := strconv.Atoi(string(word))
	return n, err == nil
}

// mayBeOldTaskLine is a cheap test for oldTaskLine.
func mayBeOldTaskLine(text []byte) bool {
	flags := len(text) - len(" 0x00000080")
	return flags > 0 && string(text[flags:flags+3]) == " 0x" && bytes.Contains(text[:flags], []byte(" D "))
}

// oldTaskLine reads the line of sched_show_task before 5.11: the command padded
// to 15 columns, the state, before 4.14 an address, free stack, pid, parent and
// flags.
//
//	sh              D    0  2990   2989 0x00000080
//	sh              D ffff88007fc12f80     0  2990   2989 0x00000080
func oldTaskLine(body []byte) (t task, ppid int, state string, ok bool) {
	if !mayBeOldTaskLine(body) {
		return task{}, 0, "", false
	}
	at := bytes.LastIndex(body, []byte(" D "))
	fields := bytes.Fields(body[at+len(" D "):])
	if n := len(fields); n < 4 || n > 5 {
		return task{}, 0, "", false
	}
	fields = fields[len(fields)-4:]
	pid, err1 := strconv.Atoi(string(fields[1]))
	ppid, err2 := strconv.Atoi(string(fields[2]))
	comm := string(bytes.TrimSpace(body[:at]))
	return task{pid, comm}, ppid, "D", err1 == nil && err2 == nil && pid > 0 && comm != ""
}

// frame reads one line of a call trace, "? " marks a guess:
//
//	fn+0x1a/0x30 [mod]
//	[<ffffffff816a94c9>] ? fn+0x1a/0x30
func frame(body []byte) (name string, guess, ok bool) {
	b := bytes.TrimSpace(body)
	if bytes.HasPrefix(b, []byte("[<")) {
		_, rest, found := bytes.Cut(b, []byte(">]"))
		if !found {
			return "", false, false
		}
		b = bytes.TrimLeft(rest, " ")
	}
	b, guess = bytes.CutPrefix(b, []byte("? "))
	symbol, rest, found := bytes.Cut(b, []byte("+0x"))
	if !found || len(symbol) == 0 || bytes.IndexByte(symbol, ' ') >= 0 || bytes.IndexByte(rest, '/') < 0 {
		return "", false, false
	}
	return string(symbol), guess, true
}
