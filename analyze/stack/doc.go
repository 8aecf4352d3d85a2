// Package stack turns goroutine dumps into groups of equal stacks, and the dumps
// of one daemon instance into one view.
//
// Four forms are read. Two are grouped by the Go runtime and know neither states,
// ages nor ids: debug=1 text and pprof protobuf. Two have one block a goroutine
// and know them: debug=2 and the signal forms (SIGUSR1 file, SIGQUIT, panic).
// ReadText also takes them out of what they were pasted or logged into: journald
// and syslog prefixes, one logrus line with escaped newlines, CRLF, lost tabs.
//
// The same goroutine has the same Frames in every form: names are canonical, and
// frames of the runtime itself are left out, because debug=1 and debug=2 do not
// hide the same ones.
//
// Example reads one goroutine of a group again, whole and with its arguments.
package stack

import (
	"io"

	"culprit/analyze/fact"
)

// Part is one dump read from one source: its header row and its groups.
//
// A goroutine dump fills Stacks, ordered by count, largest first, then by place.
// A heap profile fills Heap, ordered by bytes, and its Dump has only Daemon, Taken
// and Refs: a Dump without a Form is no goroutine dump.
type Part struct {
	Dump   fact.Dump
	Stacks []fact.Stack
	Heap   []fact.Heap
}

// ReadText reads every goroutine dump in a text. One pass, memory bounded by the
// number of distinct stacks, no allocation for a goroutine whose stack is known.
//
// Dumps are told apart by a "goroutine profile:" header, a "=== BEGIN goroutine
// stack dump ===" line, a signal or panic message, another program's line prefix, or
// a second goroutine 1. Text without a dump gives no part and no problem.
func ReadText(r io.Reader, source string) ([]Part, []fact.Problem) {
	t := newText(r, source)
	defer t.in.done()
	t.run()
	return t.parts, t.problems
}
