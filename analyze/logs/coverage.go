package logs

import (
	"bytes"
	"slices"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

const (
	// sampleHead, sampleStep and sampleShare choose the lines from which the format and
	// the daemon are told: the first ones, of which many are banners and flags, then one
	// in every 16 KiB, and of a long log one in every 64th part of what lies before it.
	// Each weighs as much as the lines that it stands for.
	sampleHead  = 200
	sampleStep  = 16 << 10
	sampleShare = 64
	// levelReach is how far from its beginning a line tells its level.
	levelReach = 160
)

// formats are what a log can be, in the order that breaks ties.
var formats = [...]string{"logrus", "klog", "json", "syslog", "kernel", "text"}

// coverage learns from the lines of a source what it is and which window it
// covers. It takes apart a sample of lines only.
type coverage struct {
	window     span
	bareYear   bool
	bareZone   bool
	lines      int64
	open       bool
	formats    [len(formats)]int
	units      map[string]int
	tells      map[string]int
	headBroken bool // the first line looks like the rest of one
	starts     bool // some line looks like the start of an entry
	begun      bool // a first stamp was seen
	debug      bool // a line of debug level was seen

	nextSample int64 // where the next line to sample stands
	unsampled  int   // lines since the last one
}

func newCoverage() *coverage {
	return &coverage{units: map[string]int{}, tells: map[string]int{}}
}

// see takes the next lines.
func (c *coverage) see(b line.Block) {
	c.lines += int64(b.Lines)
	c.open = b.Open
	rest := b
	for rest.Lines > 0 && (rest.No <= sampleHead || !c.begun) {
		l := rest.Take(0)
		if l.No <= sampleHead {
			c.sample(l, 1)
		}
		if !c.begun {
			c.stamp(l.Text)
		}
	}
	for rest.Lines > 0 {
		to := max(0, c.nextSample-rest.Offset)
		if to >= int64(len(rest.Text)) {
			c.unsampled += rest.Lines
			break
		}
		from := rest.No
		l := rest.Take(int(to))
		c.sample(l, c.unsampled+rest.No-from)
		c.unsampled = 0
		c.nextSample = rest.Offset + max(sampleStep, rest.Offset/sampleShare)
	}
	if c.begun {
		c.last(b.Text)
	}
}

// last finds the last stamp of some lines.
func (c *coverage) last(text []byte) {
	for len(text) > 0 {
		text = bytes.TrimSuffix(text, []byte{'\n'})
		start := bytes.LastIndexByte(text, '\n') + 1
		if c.stamp(bytes.TrimSuffix(text[start:], []byte{'\r'})) {
			return
		}
		text = text[:start]
	}
}

// debugLiterals stand in lines of debug level.
var debugLiterals = []literal{{text: "level=debug "}, {text: `"level":"debug"`}}

// level remembers a line of debug level.
func (c *coverage) level(text []byte) { c.debug = c.debug || isDebug(text) }

// isDebug reports a line of logrus or JSON at debug level, which stands behind the
// stamp and any prefix.
func isDebug(text []byte) bool {
	text = text[:min(len(text), levelReach)]
	return slices.ContainsFunc(debugLiterals, func(l literal) bool { return bytes.Contains(text, []byte(l.text)) })
}

// stamp takes the stamp of text, if there is one, as the last so far.
func (c *coverage) stamp(text []byte) bool {
	s, ok := line.Stamp(text)
	if ok {
		c.begun = true
		c.note(s)
		c.window.add(printed(s))
	}
	return ok
}

// note remembers what the stamp does not say.
func (c *coverage) note(s fact.Stamp) {
	c.bareYear = c.bareYear || s.NoYear
	c.bareZone = c.bareZone || s.NoZone
}

func (c *coverage) sample(l line.Line, weight int) {
	if len(l.Text) == 0 {
		return
	}
	e := line.Parse(l.Text)
	start := e.Format != "text" || !e.Stamp.IsZero()
	c.starts = c.starts || start
	if l.No == 1 {
		c.headBroken = !start && !isBanner(l.Text)
	}
	for i, f := range formats {
		if f == e.Format {
			c.formats[i] += weight
		}
	}
	if e.Unit != "" {
		c.units[daemonOf(e.Unit)] += weight
	} else if told := toldBy(l.Text); told != "" {
		c.tells[told] += weight
	}
}

// isBanner tells lines that stand unprefixed at the head of a whole log from the
// rest of a cut line: "-- Logs begin at", "Flag --x has been deprecated", "$ docker
// logs", "[root@node ~]# journalctl", "+ set -x".
func isBanner(text []byte) bool {
	c := text[0]
	return c >= 'A' && c <= 'Z' || bytes.IndexByte([]byte("-$#+*=["), c) >= 0
}

// daemon is the writer that most prefixes name, else the one that most lines
// tell, "" unknown.
func (c *coverage) daemon() string {
	switch {
	case len(c.units) > 0:
		return majority(c.units)
	case c.tells["dockerd"] > 0 && c.tells["containerd"] > 0:
		return "dockerd" // with a containerd of its own, see pattern.writer
	}
	return majority(c.tells)
}

// format is the commonest one of the sample.
func (c *coverage) format() string {
	best := len(formats) - 1
	for i := len(formats) - 1; i >= 0; i-- {
		if c.formats[i] >= c.formats[best] {
			best = i
		}
	}
	if c.formats[best] == 0 {
		return "text"
	}
	return formats[best]
}

// log makes the row. given is the daemon that the caller knows, "" unknown.
func (c *coverage) log(source, given string) fact.Log {
	window := c.window.ordered()
	if given == "" {
		given = c.daemon()
	}
	return fact.Log{
		Source:  source,
		Daemon:  given,
		Format:  c.format(),
		First:   window.first,
		Last:    window.last,
		Lines:   c.lines,
		CutHead: c.headBroken && c.starts,
		CutTail: c.open,
		Debug:   c.debug,
		Ref:     fact.Ref{Source: source},
	}
}
