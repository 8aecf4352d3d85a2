package logs

import (
	"fmt"
	"io"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

// scan is the pass over one source.
type scan struct {
	set      *Set
	daemon   string // what the caller knows
	tally    *tally
	coverage *coverage
	found    []found
	tried    []int // by pattern: the last line it was tried on
	execs    execs
	cut      int // lines longer than line.MaxLine
	firstCut fact.Ref
	reached  fact.Ref
}

// Scan reads one log source once. daemon is what the caller knows of the writer,
// "" unknown; a line whose prefix names a program is that program's whatever the
// caller says. A signature for certain daemons counts on their lines and on lines
// of unknown writers, one for containerd on those of dockerd too (see
// pattern.writer).
//
// Patterns match one line at a time, without its newline and within its first
// line.MaxLine bytes. Invalid UTF-8 and control bytes are kept.
func (s *Set) Scan(r io.Reader, source, daemon string) *Result {
	sc := &scan{set: s, daemon: daemon, tally: newTally(s, source), coverage: newCoverage(), tried: make([]int, len(s.patterns))}
	in := line.NewReader(r)
	for {
		l, ok := in.Next()
		if !ok {
			break
		}
		sc.line(l)
	}
	return sc.result(source, in.Err())
}

func (sc *scan) line(l line.Line) {
	sc.reached = fact.Ref{Source: sc.tally.source, Line: l.No, Offset: l.Offset}
	if l.Cut {
		if sc.cut++; sc.cut == 1 {
			sc.firstCut = sc.reached
		}
	}
	sc.coverage.see(l)
	sc.execs.follow(l.Text)
	sc.found = sc.found[:0]
	if sc.set.sieve.passes(l.Text) {
		sc.found = sc.set.auto.find(l.Text, sc.found)
	}
	if len(sc.found) > 0 || len(sc.set.slow) > 0 {
		sc.confirm(l)
	}
}

// confirm tries the patterns whose literals stand in the line, and those that
// have none.
func (sc *scan) confirm(l line.Line) {
	o := origin{text: l.Text, daemon: sc.daemon}
	for _, f := range sc.found {
		if !sc.set.stands(f, l.Text) {
			continue
		}
		for _, n := range sc.set.byID[f.literal] {
			if sc.tried[n] != l.No {
				sc.tried[n] = l.No
				sc.try(n, l, &o)
			}
		}
	}
	for _, n := range sc.set.slow {
		sc.try(n, l, &o)
	}
}

func (sc *scan) try(n int, l line.Line, o *origin) {
	p := &sc.set.patterns[n]
	groups, ok := p.match(l.Text)
	if !ok {
		return
	}
	o.read()
	writer, ok := p.writer(o.daemon)
	if !ok {
		return
	}
	if o.stamp.IsZero() && p.sig.Exec != "" && len(sc.execs.head) > 0 {
		o.stamp, _ = line.Stamp(sc.execs.head)
	}
	sc.coverage.note(o.stamp)
	sc.tally.add(match{n, groups, sc.execs.about(p.sig, l.Text)}, l, writer, o.stamp)
}

// origin is who wrote a line and when, read once and only where a pattern
// matches. daemon is at first what the caller knows.
type origin struct {
	text   []byte
	daemon string
	stamp  fact.Stamp
	done   bool
}

func (o *origin) read() {
	if o.done {
		return
	}
	o.done = true
	o.stamp, _ = line.Stamp(o.text)
	if unit := line.Unit(o.text); unit != nil {
		o.daemon = daemonOf(string(unit))
	}
}

func (sc *scan) result(source string, err error) *Result {
	r := &Result{Log: sc.coverage.log(source, sc.daemon)}
	sc.tally.hits(r, r.Log.Daemon)
	r.NeedsYear, r.NeedsZone = sc.coverage.bareYear, sc.coverage.bareZone
	switch {
	case sc.cut == 1:
		r.Problems = append(r.Problems, fact.Problem{Ref: sc.firstCut, Text: "1 line longer than 1 MiB, scanned only at its head"})
	case sc.cut > 1:
		r.Problems = append(r.Problems, fact.Problem{Ref: sc.firstCut,
			Text: fmt.Sprintf("%d lines longer than 1 MiB, scanned only at their head", sc.cut)})
	}
	if err != nil {
		if sc.reached.Line == 0 {
			sc.reached.Source = source
		}
		r.Log.CutTail = true
		r.Problems = append(r.Problems, fact.Problem{Ref: sc.reached, Text: readFailure(err)})
	}
	return r
}

// readFailure words an error of the source, of which 80 bytes are quoted.
func readFailure(err error) string {
	text := err.Error()
	return fmt.Sprintf("reading stopped here: %q", text[:min(80, len(text))])
}
