package bundle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"culprit/analyze/fact"
)

// Excerpt is a piece of a pasted text that is what a file of a bundle, or the
// output of a command, would have been.
type Excerpt struct {
	// Path is the name of such a file: "proc/2990/stack", "ps".
	Path string
	Kind fact.Kind
	// Text is its content, one line an entry of Refs, which says where that line
	// stands in the pasted text.
	Text []byte
	Refs []fact.Ref
	// Dates are, for each line, the output of date above it in the same step, ""
	// none.
	Dates []string
	// Whole is set where the output is known to be all that the command gives: no
	// filter behind it and no end that is guessed.
	Whole bool
	// All is set where such a command lists whatever exists: docker ps -a, not docker
	// ps.
	All bool
	// Command is as it was typed, "" none. Pattern is what a grep looked for; such an
	// excerpt without lines says that the file holds no line with it.
	Command, Pattern string
	// Host is the node in the prompt, "" none.
	Host string
	// Inside is the container, "?" an unknown one, in whose namespaces the command
	// ran; "" the node's own.
	Inside string
	// Clock is the time of a watch screen as printed, "" none.
	Clock string
}

// PastedText is the kind of the excerpt that holds what no other one does of a
// host's output: what clients print, and log lines out of prose.
const PastedText = fact.KindTerminal

// maxExcerpts bounds the pieces of one pasted text: a grep over the mountinfo of
// 2,000 processes, ten times.
const maxExcerpts = 20_000

// Excerpts takes a pasted text apart: the outputs of a shell session, screens of
// watch, lines of grep over several files, and listings and log lines in the middle
// of prose. Excerpts of one host keep the order of the text; the one of kind
// PastedText comes last. What is left out for a reason that a reader must know is a
// problem.
func Excerpts(text []byte, source string) ([]Excerpt, []Count, []fact.Problem) {
	x := excerpts{source: source, transcript: splitSession(cutLines(text)), rest: map[string]*Excerpt{}}
	for i := range x.steps {
		if len(x.list) > maxExcerpts {
			x.problem(x.steps[i].line, "more than %d pieces in one pasted text: the rest is not read", maxExcerpts)
			break
		}
		x.step(&x.steps[i])
	}
	for _, host := range x.hosts {
		x.list = append(x.list, *x.rest[host])
	}
	return x.list, x.counts, x.problems
}

type excerpts struct {
	transcript
	source   string
	list     []Excerpt
	counts   []Count
	rest     map[string]*Excerpt // by host
	hosts    []string
	problems []fact.Problem
}

func (x *excerpts) problem(l pastedLine, format string, args ...any) {
	x.problems = append(x.problems, fact.Problem{Ref: l.ref(x.source), Text: fmt.Sprintf(format, args...)})
}

// step takes one step's output apart.
func (x *excerpts) step(st *step) {
	lines, date := x.lead(st)
	lines = x.greppedLines(st, lines, date)
	commands := pipelines(st.command)
	commands = slices.DeleteFunc(commands, func(p pipeline) bool { return silent[strings.Fields(p[0])[0]] })
	if n := len(commands); n > 0 {
		lines = x.count(st, commands[n-1], lines, date)
		if n > 1 && commands[n-1].shape() == counted {
			commands = commands[:n-1]
		}
	}
	if len(commands) == 1 && !strings.HasPrefix(st.command, "for ") && !strings.HasPrefix(st.command, "while ") {
		if x.output(st, commands[0], lines, date) {
			return
		}
	}
	x.islands(st, lines, date)
}

// silent are commands that print nothing, or one line that lead has taken.
var silent = words("date cd set export unset echo clear true false hostname sleep")

// lead takes what date and hostname print off the head of an output.
func (x *excerpts) lead(st *step) (lines []pastedLine, date string) {
	lines = st.output
	for _, p := range pipelines(st.command) {
		for len(lines) > 0 && strings.TrimSpace(lines[0].text) == "" {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			break
		}
		switch strings.Fields(p[0])[0] {
		case "date":
			if date = strings.TrimSpace(lines[0].text); !dateLine.MatchString(date) && !clockTime.MatchString(date) {
				return lines, ""
			}
			x.add(st, reading{path: "date", kind: fact.KindDate}, lines[:1], "", true)
			lines = lines[1:]
		case "hostname":
			x.add(st, reading{path: "hostname", kind: fact.KindHostname}, lines[:1], "", true)
			lines = lines[1:]
		case "cd", "set", "export", "sleep", "clear":
		default:
			return lines, date
		}
	}
	return lines, date
}

// add appends an excerpt of lines.
func (x *excerpts) add(st *step, r reading, lines []pastedLine, date string, all bool) {
	e := Excerpt{Path: r.path, Kind: r.kind, Whole: all, All: all && listsAll(r.kind, st.command), Command: st.command, Pattern: r.pattern, Host: st.prompt.host, Inside: st.inside, Clock: st.clock}
	if r.host != "" {
		e.Host = r.host
	}
	if isShortID(e.Host) {
		e.Host = x.outerHost
	}
	for _, l := range lines {
		e.line(l, x.source, l.text, date)
	}
	x.list = append(x.list, e)
}

func (e *Excerpt) line(l pastedLine, source, text, date string) {
	e.Text = append(append(e.Text, text...), '\n')
	e.Refs = append(e.Refs, l.ref(source))
	e.Dates = append(e.Dates, date)
}

// greppedLines moves the lines of a grep over several files into excerpts of those
// files, and returns the others.
func (x *excerpts) greppedLines(st *step, lines []pastedLine, date string) []pastedLine {
	var rest []pastedLine
	found := map[string]int{} // path -> index in list
	broken := map[int]bool{}  // those whose lines do not follow each other
	r := reading{}
	if commands := pipelines(st.command); len(commands) > 0 {
		r = readOf(commands[len(commands)-1][0])
	}
	from := len(x.list)
	for _, l := range lines {
		g, ok := parseGrep(l.text)
		if !ok {
			rest = append(rest, l)
			continue
		}
		name := strings.TrimPrefix(g.path, "/")
		i, seen := found[name]
		if !seen {
			if len(found) == maxExcerpts {
				x.problem(l, "lines of more than %d files: the rest is not read", maxExcerpts)
				break
			}
			i = len(x.list)
			found[name] = i
			x.add(st, reading{path: name, kind: g.kind, host: r.host, pattern: r.pattern}, nil, "", false)
		}
		x.list[i].line(l, x.source, g.text, date)
		broken[i] = broken[i] || g.no != 0 && g.no != len(x.list[i].Refs)
	}
	x.dropPieces(from, r.pattern, broken)
	has := slices.Clone(x.list[from:])
	x.list = x.list[:from]
	x.searched(st, r, found)
	x.list = append(x.list, has...)
	return rest
}

// searched marks the files that a grep looked into without finding a line. They go
// before those of which it did: a pattern of names stands for both.
func (x *excerpts) searched(st *step, r reading, found map[string]int) {
	if !st.ended || r.pattern == "" || r.kind != "" || (!st.exit.Known || st.exit.V > 1) && x.loose(st) {
		return
	}
	for name := range strings.FieldsSeq(r.path) {
		name = strings.TrimPrefix(name, "/")
		if _, seen := found[name]; !seen && nameKind(name) == fact.KindMountinfo {
			x.add(st, reading{path: name, kind: fact.KindMountinfo, host: r.host, pattern: r.pattern}, nil, "", false)
		}
	}
}

// dropPieces drops kernel stacks of which a grep shows some frames only: without the
// innermost ones they say something else.
func (x *excerpts) dropPieces(from int, pattern string, broken map[int]bool) {
	kept := x.list[:from]
	for i := from; i < len(x.list); i++ {
		e := x.list[i]
		if e.Kind == fact.KindProcStack && (broken[i] || pattern != "" && !everything[pattern]) {
			x.problems = append(x.problems, fact.Problem{Ref: e.Refs[0], Text: "some frames only of a kernel stack: not read"})
			continue
		}
		kept = append(kept, e)
	}
	x.list = kept
}

// output takes what a single command printed. It is false where the command or
// the text tell nothing, or more than one thing.
func (x *excerpts) output(st *step, p pipeline, lines []pastedLine, date string) bool {
	r := readOf(p[0])
	none := len(lines) == 0
	lines = x.ends(r.kind, lines, st)
	is := p.shape()
	switch {
	case r.kind == "" || r.kind == fact.KindText:
		return false
	case is == counted:
		return true
	case is == edited:
		if len(lines) > 0 && r.kind != fact.KindLog {
			x.problem(st.line, "the output of %s was edited: not read", quote(st.command))
			return true
		}
		return false
	}
	elided := slices.ContainsFunc(lines, isElision)
	lines = slices.DeleteFunc(slices.Clone(lines), isElision)
	if len(lines) == 0 {
		if r.pattern != "" && r.kind == fact.KindMountinfo && st.ended && none {
			x.add(st, r, nil, "", false)
		}
		return true
	}
	if r.kind == fact.KindLog && x.loose(st) {
		return false
	}
	if !takes(r.kind, lines) {
		return false
	}
	if r.kind == fact.KindProcStack && (p.greps() || r.pattern != "" && !everything[r.pattern]) {
		x.problem(lines[0], "some frames only of a kernel stack: not read")
		return true
	}
	all := is == whole && !r.part && !elided && st.ended && !x.loose(st) && st.clock == "" // watch cuts at the screen's height
	if r.kind == fact.KindPS {
		lines = withHeader(p[0], lines)
	}
	x.add(st, r, lines, date, all)
	return true
}

// takes reports whether lines can be of a kind; ps without a header is known by the
// shape of its rows.
func takes(kind fact.Kind, lines []pastedLine) bool {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	s := newSniff([]byte(b.String()))
	switch kind {
	case fact.KindPS, fact.KindNetstat, fact.KindSS, fact.KindDockerPS, fact.KindLog, fact.KindKernelLog:
		return !s.binary // their parsers read rows without a header, and refuse others
	}
	return fits(kind, s)
}

// isElision reports a line that stands for others: "...", or only an ellipsis.
func isElision(l pastedLine) bool {
	return strings.Trim(l.text, " .…") == "" && strings.ContainsAny(l.text, ".…")
}

var gutter = regexp.MustCompile(`^\s*(?:\d{1,4}|[•*] *\d+\.)\s*$`)

// ends cuts lines where prose begins: at the first blank line behind the content,
// or at a line in ideographs.
func (x *excerpts) ends(kind fact.Kind, lines []pastedLine, st *step) []pastedLine {
	for len(lines) > 0 && strings.TrimSpace(lines[0].text) == "" {
		lines = lines[1:]
	}
	if !x.loose(st) && st.clock == "" {
		for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1].text) == "" {
			lines = lines[:len(lines)-1]
		}
		return lines
	}
	for i, l := range lines {
		blank := strings.TrimSpace(l.text) == "" && kind != fact.KindGoroutines && kind != fact.KindNetstat
		if blank || strings.ContainsFunc(l.text, ideograph) || strings.HasPrefix(l.text, "//") || strings.HasPrefix(l.text, "```") ||
			i > 0 && gutter.MatchString(l.text) && kind != fact.KindProcFD {
			return lines[:i]
		}
	}
	return lines
}

func ideograph(r rune) bool { return unicode.Is(unicode.Han, r) }

// islands finds, in the output of an unknown command or in prose, listings that
// begin with a header of their own, and log lines. In a session the rest is kept as
// what clients print.
func (x *excerpts) islands(st *step, lines []pastedLine, date string) {
	var rest []pastedLine
	for i := 0; i < len(lines); i++ {
		kind := opens(lines, i)
		if kind == "" {
			rest = append(rest, lines[i])
			continue
		}
		body := x.island(kind, lines[i:])
		x.add(st, reading{path: islandNames[kind], kind: kind}, slices.DeleteFunc(slices.Clone(body), isElision), date, false)
		i += len(body) - 1
	}
	x.keep(st, rest, date)
}

// islandNames are the listings that are known by their first lines.
var islandNames = map[fact.Kind]string{
	fact.KindPS: "ps", fact.KindSS: "ss", fact.KindNetstat: "netstat", fact.KindDockerPS: "docker-ps", fact.KindTasks: "ctr-tasks-ls",
	fact.KindGoroutines: "goroutine", fact.KindProcStatus: "status",
}

// opens is the kind of the listing that begins at line i, "" none.
func opens(lines []pastedLine, i int) fact.Kind {
	first := lines[i].text
	if strings.Contains(first, "goroutine ") && (strings.HasPrefix(first, "goroutine profile: total ") || goHeader.MatchString(first)) {
		return fact.KindGoroutines
	}
	if strings.HasPrefix(first, "Name:\t") && i+1 < len(lines) {
		return fact.KindProcStatus
	}
	if !strings.ContainsAny(first, "ADNPCST") || len(first) > 4096 {
		return ""
	}
	s := newSniff([]byte(first))
	for _, kind := range []fact.Kind{fact.KindPS, fact.KindSS, fact.KindNetstat, fact.KindDockerPS, fact.KindTasks} {
		if fits(kind, s) {
			return kind
		}
	}
	return ""
}

// island is the listing at the head of lines.
func (x *excerpts) island(kind fact.Kind, lines []pastedLine) []pastedLine {
	if kind != fact.KindGoroutines {
		for i, l := range lines {
			blank := strings.TrimSpace(l.text) == "" && kind != fact.KindNetstat
			if i > 0 && (blank || opens(lines, i) != "" && kind != fact.KindNetstat || strings.ContainsFunc(l.text, ideograph) || gutter.MatchString(l.text) || isLogLine([]byte(l.text))) {
				return lines[:i]
			}
		}
		return lines
	}
	last := 0
	for i, l := range lines {
		text := []byte(l.text)
		switch {
		case isGoLine(text) || strings.HasPrefix(l.text, "#\t") || strings.Contains(l.text, " @ 0x"):
			last = i
		case strings.TrimSpace(l.text) == "" || strings.ContainsAny(l.text, "(/"):
		default:
			return lines[:last+1]
		}
	}
	return lines[:last+1]
}

// keep adds lines to the text of their host: all of a session's, of prose only those
// that a log or a client begins, joined with the next one where a page broke them.
func (x *excerpts) keep(st *step, lines []pastedLine, date string) {
	if st.within {
		return
	}
	host := st.prompt.host
	e := x.rest[host]
	if e == nil {
		e = &Excerpt{Path: x.source, Kind: PastedText, Host: host}
		x.rest[host], x.hosts = e, append(x.hosts, host)
	}
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		text := l.text
		if x.loose(st) {
			if !isLogLine([]byte(text)) {
				continue
			}
			for n := 0; n < 3 && openQuote(text) && i+1 < len(lines) && !isLogLine([]byte(lines[i+1].text)); n++ {
				i++
				text = strings.TrimRight(text, " ") + lines[i].text
			}
		}
		e.line(l, x.source, text, date)
		e.Refs[len(e.Refs)-1].EndLine = endLine(l, lines[i])
	}
}

func endLine(first, last pastedLine) int {
	if last.no > first.no {
		return last.no
	}
	return 0
}

// openQuote reports whether a double quote is open at the end of a log line.
func openQuote(text string) bool {
	return (strings.Count(text, `"`)-strings.Count(text, `\"`))%2 == 1
}
