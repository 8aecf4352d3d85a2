package logs

import (
	"bytes"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

const (
	// sampleHead and sampleEvery choose the lines from which the format and the
	// daemon are told: the head of a log is often banners and flags. Lines behind
	// the head weigh as much as the lines that they stand for.
	sampleHead  = 200
	sampleEvery = 128
	// levelReach is how far from its beginning a line tells its level.
	levelReach = 160
	// ringLines is how many line heads are kept until a stamp is looked for.
	ringLines = 32
)

// formats are what a log can be, in the order that breaks ties.
var formats = [...]string{"logrus", "klog", "json", "syslog", "kernel", "text"}

// coverage learns from the lines of a source what it is and which window it
// covers. It takes apart a sample of lines only; the last stamp is found by
// keeping the heads of the latest lines.
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
	ring       [ringLines][line.StampReach]byte
	lengths    [ringLines]int
	ringed     int
	begun      bool // a first stamp was seen
	debug      bool // a line of debug level was seen
}

func newCoverage() *coverage {
	return &coverage{units: map[string]int{}, tells: map[string]int{}}
}

// see takes the next line.
func (c *coverage) see(l line.Line) {
	c.lines++
	c.open = l.Open
	if !c.debug {
		c.debug = isDebug(l.Text)
	}
	switch {
	case l.No <= sampleHead:
		c.sample(l, 1)
	case l.No%sampleEvery == 0:
		c.sample(l, sampleEvery)
	}
	n := len(l.Text)
	switch {
	case !c.begun:
		c.stamp(l.Text)
	case n > 0 && l.Text[n-1] == '}':
		// A JSON line may have its time beyond the head.
		if c.stamp(l.Text) {
			c.ringed = 0
		}
	default:
		c.lengths[c.ringed] = copy(c.ring[c.ringed][:], l.Text)
		if c.ringed++; c.ringed == ringLines {
			c.drain()
		}
	}
}

// isDebug reports a line of logrus or JSON at debug level, which stands behind the
// stamp and any prefix.
func isDebug(text []byte) bool {
	text = text[:min(len(text), levelReach)]
	return bytes.Contains(text, []byte("level=debug")) || bytes.Contains(text, []byte(`"level":"debug"`))
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

// drain finds the latest stamp among the kept heads.
func (c *coverage) drain() {
	for c.ringed > 0 {
		c.ringed--
		if c.stamp(c.ring[c.ringed][:c.lengths[c.ringed]]) {
			c.ringed = 0
		}
	}
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
	c.drain()
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
