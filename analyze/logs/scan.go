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
	found    []int // literals in the line at hand
	tried    []int // by pattern: the last line it was tried on
	execs    execs
	hung     *hungTasks // nil where the kernel does not write
	cut      int        // lines longer than line.MaxLine
	firstCut fact.Ref
	reached  fact.Ref
}

// Scan reads one log source once, for signatures and, where the kernel may write it, for
// the traces of hung tasks. daemon is what the caller knows of the writer,
// "" unknown; a line whose prefix names a program is that program's whatever the
// caller says. A signature for certain daemons counts on their lines and on lines
// of unknown writers, one for containerd on those of dockerd too (see
// pattern.writer).
//
// Patterns match one line at a time, without its newline and within its first
// line.MaxLine bytes. Invalid UTF-8 and control bytes are kept.
func (s *Set) Scan(r io.Reader, source, daemon string) *Result {
	sc := &scan{set: s, daemon: daemon, tally: newTally(s, source), coverage: newCoverage(), tried: make([]int, len(s.patterns))}
	if daemon == "" || daemon == "kernel" {
		sc.hung = &hungTasks{source: source, byTask: map[task]int{}}
	}
	in := line.NewReader(r)
	for {
		b, ok := in.Block()
		if !ok {
			break
		}
		sc.block(b)
	}
	return sc.result(source, in.Err())
}

// block looks into the lines that the sieve does not rule out.
func (sc *scan) block(b line.Block) {
	sc.reached = sc.tally.ref(b.Last())
	if b.Cut {
		if sc.cut++; sc.cut == 1 {
			sc.firstCut = sc.reached
		}
	}
	sc.coverage.see(b)
	sc.execs.enter(b)
	for rest := b; rest.Lines > 0; {
		at := sc.next(rest.Text)
		if at < 0 {
			break
		}
		sc.line(rest.Take(at))
	}
	sc.execs.follow(b.Offset + int64(len(b.Text)))
	if sc.hung != nil {
		sc.hung.block(b)
	}
}

// next is a place in the first line to look at, -1 where there is none.
func (sc *scan) next(text []byte) int {
	if len(sc.set.slow) > 0 {
		return 0
	}
	sieve := sc.set.sieve
	if !sc.coverage.debug {
		sieve = sc.set.orDebug
	}
	w := sieve.next(text, 0)
	for w >= 0 && !sc.set.promises(sieve, text, w) {
		w = sieve.next(text, w+1)
	}
	return w
}

// line tries the patterns whose literals stand in the line, and those that have none.
func (sc *scan) line(l line.Line) {
	sc.coverage.level(l.Text)
	o := origin{text: l.Text, daemon: sc.daemon}
	sc.found = sc.set.sieve.find(l.Text, sc.found[:0])
	for _, id := range sc.found {
		if id >= len(sc.set.byID) {
			if sc.hung != nil {
				sc.hung.candidate(l)
			}
			continue
		}
		for _, n := range sc.set.byID[id] {
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
	m := match{n: n, groups: groups}
	if p.sig.Exec != "" {
		entry := sc.execs.entry(l)
		m.place = sc.execs.place(entry)
		if o.stamp.IsZero() {
			o.stamp, _ = line.Stamp(entry)
		}
	}
	sc.coverage.note(o.stamp)
	sc.tally.add(m, l, writer, o.stamp)
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
	var unit []byte
	if o.stamp, unit = line.Origin(o.text); unit != nil {
		o.daemon = daemonOf(string(unit))
	}
}

func (sc *scan) result(source string, err error) *Result {
	r := &Result{Log: sc.coverage.log(source, sc.daemon)}
	sc.tally.hits(r, r.Log.Daemon)
	r.NeedsYear, r.NeedsZone = sc.coverage.bareYear, sc.coverage.bareZone
	if sc.hung != nil {
		sc.hung.end()
		r.Hung = sc.hung.tasks
		r.Problems = append(r.Problems, sc.hung.problems...)
	}
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
