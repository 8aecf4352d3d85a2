package host

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// Listing is one process listing.
type Listing struct {
	// Processes in the order of the listing; a thread in D that has a number of
	// its own (ps -L) follows its process as a row whose PID is the thread's id.
	Processes []fact.Process
	// Complete is whether a pid that is not listed did not exist: the listing has
	// a header and pid 1, no line of it is broken and the last one is whole.
	Complete bool
	// HasState is whether the states are there and believed. HasWchan is whether
	// any wait channel was readable.
	HasState, HasWchan bool
	Source             string
	// Ref is the header line.
	Ref fact.Ref
}

// ParsePS reads the output of procps or busybox ps (ps(1)) in any format that
// has a header and a PID column: ps aux, -ef, alx, -elfL, auxm, fauxww, -o ...
//
// In a listing of threads ("m": lines with "-" for the pid) a process gets the
// state of its first thread, or D if any of its threads is in D: it cannot die
// before they do. A header whose STAT column reads a state letter was edited;
// its rows are returned without states. Lines before the header are skipped. Rows of
// ps -ef and ps aux are known without a header, as grep leaves them.
func ParsePS(r io.Reader, source string) (Listing, []fact.Problem) {
	p := psParser{l: newLines(r, source), seen: map[int]bool{}}
	p.list.Source = source
	for p.l.scan() {
		p.line()
	}
	whole := p.l.checkEnd()
	if !p.started {
		p.l.problem(fact.Ref{Source: source}, "no ps header")
	}
	p.list.Complete = whole && p.started && !p.headless && p.broken == 0 && p.seen[1]
	p.finish()
	return p.list, p.l.problems()
}

type psParser struct {
	l       *lines
	h       psHeader
	list    Listing
	started bool
	// headless is set where the columns are those that the rows' shape tells.
	headless bool
	// padded is set where a row has a run of blanks, as ps aligns its columns.
	padded bool
	broken int
	seen   map[int]bool
	last   int  // index of the last process row, not of a thread
	again  bool // a second listing was met
	skip   bool // the last process is not kept, nor are its threads
}

func (p *psParser) line() {
	if strings.TrimSpace(p.l.text) == "" {
		return
	}
	if h, ok := parsePSHeader(p.l.text); ok {
		p.header(h)
		return
	}
	if !p.started && !p.shaped() {
		return
	}
	p.padded = p.padded || strings.Contains(p.l.text, "  ")
	if p.headless && psShape(p.l.text) == "" {
		p.l.refuse("a line of this ps listing")
		return
	}
	vals, ok := p.h.values(p.l.text)
	if !ok || !p.l.ended && vals[p.h.rest] == "" {
		p.broken++
		p.l.refuse("a line of this ps listing")
		return
	}
	if vals[p.h.pid] == "-" {
		if !p.skip {
			p.thread(vals)
		}
		return
	}
	pid, ok := parsePID(vals[p.h.pid])
	if !ok {
		p.broken++
		p.l.fault("pid %s is no number in %s", quote(vals[p.h.pid]), quote(p.l.text))
		return
	}
	if p.seen[pid] {
		if !p.again && p.list.Processes[p.last].PID == pid {
			p.thread(vals)
			return
		}
		if !p.again {
			p.l.fault("pid %d is listed again: a second listing, the first is kept", pid)
		}
		p.again, p.skip = true, true
		return
	}
	p.seen[pid], p.skip = true, false
	p.last = len(p.list.Processes)
	p.list.Processes = append(p.list.Processes, p.row(pid, vals))
}

// shaped takes the header from the shape of the first row, where a filter cut the
// header off. Such a listing is never complete.
func (p *psParser) shaped() bool {
	h, ok := parsePSHeader(psShape(p.l.text))
	if ok {
		p.header(h)
		p.headless = true
	}
	return ok
}

func (p *psParser) header(h psHeader) {
	p.h = h
	if p.started {
		return
	}
	p.started = true
	p.list.Ref = p.l.ref()
	switch {
	case h.edited == "":
	case h.editedAt == len(h.names)-1:
		p.l.fault("the header's last column reads %s: the listing was edited (awk '$%d=\"D\"'?), its states are not believed",
			quote(h.edited), h.editedAt+1)
	default:
		p.l.fault("the header's STAT column reads %s: the listing was edited (awk '$%d=\"D\"'?), its states are not believed",
			quote(h.edited), h.editedAt+1)
	}
}

func (p *psParser) row(pid int, vals []string) fact.Process {
	ref := p.l.ref()
	proc := fact.Process{PID: pid, Refs: []fact.Ref{ref}}
	value := func(col int) string {
		if col < 0 {
			return ""
		}
		return vals[col]
	}
	if n, err := strconv.Atoi(value(p.h.ppid)); err == nil && n >= 0 {
		proc.PPID = fact.Some(n)
	}
	if s := value(p.h.state); s != "" && s != "-" {
		if proc.State = stateLetter(s); proc.State == "" {
			p.broken++
			p.l.fault("%s is no process state", quote(s))
		} else {
			proc.StateRef = ref
		}
	}
	if w := value(p.h.wchan); w != "" && w != "*" && w != "?" && value(p.h.state) != "-" {
		proc.WChan = funcName(w)
	}
	if age, ok := parseElapsed(value(p.h.elapsed)); ok {
		proc.Age = fact.Some(age)
	}
	if n, err := strconv.Atoi(value(p.h.nlwp)); err == nil && n > 0 {
		proc.Threads = fact.Some(n)
	}
	if n, ok := parseKiB(value(p.h.rss)); ok {
		proc.RSS = fact.Some(n)
	}
	if s := value(p.h.cgroup); s != "" && s != "-" {
		proc.Cgroups = cgroupColumn(s)
	}
	proc.Comm, proc.Args = splitCommand(value(p.h.args))
	if s := value(p.h.comm); s != "" {
		proc.Comm = strings.TrimSuffix(s, " <defunct>")
	}
	return proc
}

// thread takes a line about a further thread of the last process.
func (p *psParser) thread(vals []string) {
	if len(p.list.Processes) == 0 {
		p.broken++
		p.l.fault("a thread without a process: %s", quote(p.l.text))
		return
	}
	lead := &p.list.Processes[p.last]
	row := p.row(lead.PID, vals)
	if p.h.lwp >= 0 {
		if tid, ok := parsePID(vals[p.h.lwp]); ok && tid != lead.PID {
			if row.State == "D" && !p.seen[tid] {
				row.PID, row.Comm, row.Args = tid, lead.Comm, lead.Args
				p.list.Processes = append(p.list.Processes, row)
			}
			return
		}
	}
	if p.h.nlwp < 0 && vals[p.h.pid] == "-" {
		lead.Threads = fact.Some(lead.Threads.V + 1)
	}
	if lead.State == "" || row.State == "D" && lead.State != "D" {
		lead.State, lead.StateRef, lead.WChan = row.State, row.StateRef, row.WChan
	}
}

// finish settles what only the whole listing tells: a listing in which no wait
// channel has a name was taken without the right to read them.
func (p *psParser) finish() {
	p.doubtStates()
	for _, proc := range p.list.Processes {
		p.list.HasState = p.list.HasState || proc.State != ""
		p.list.HasWchan = p.list.HasWchan || strings.Trim(proc.WChan, "-0") != ""
	}
	if !p.list.HasWchan {
		for i := range p.list.Processes {
			p.list.Processes[i].WChan = ""
		}
	}
}

// doubtStates drops the states of a listing that awk '$8="D"' wrote, where a filter
// took the header that would tell: awk joins the columns by single blanks.
func (p *psParser) doubtStates() {
	other := slices.ContainsFunc(p.list.Processes, func(proc fact.Process) bool { return proc.State != "D" })
	if !p.headless || p.padded || other || len(p.list.Processes) < 2 {
		return
	}
	for i := range p.list.Processes {
		p.list.Processes[i].State, p.list.Processes[i].StateRef = "", fact.Ref{}
	}
	p.l.problem(p.list.Ref, "every state reads D and the blanks are squeezed: the listing was edited (awk '$8=\"D\"'?), its states are not believed")
}

// isState reports whether s is a state letter of ps(1) or proc_pid_status(5).
func isState(s string) bool { return len(s) == 1 && strings.Contains("RSDTtZXxIWKP", s) }

func stateLetter(s string) string {
	if s == "" || !isState(s[:1]) {
		return ""
	}
	return s[:1]
}

// splitCommand takes a COMMAND value apart: "[comm]" and "[comm] <defunct>" stand
// for a process without a command line; forest lines ("|   \_ cmd") are bared.
func splitCommand(s string) (comm, args string) {
	if bare := strings.TrimLeft(s, " |"); strings.HasPrefix(bare, `\_ `) {
		s = strings.TrimSpace(bare[3:])
	}
	s = strings.TrimSuffix(s, " <defunct>")
	if s == "-" {
		return "", ""
	}
	if len(s) > 1 && s[0] == '[' && s[1] != ' ' {
		if strings.HasSuffix(s, "]") {
			return s[1 : len(s)-1], ""
		}
		if !strings.ContainsAny(s, " ]") { // cut to the first word of "[NFSv4 callback]"
			return s[1:], ""
		}
	}
	return commOf(s), s
}

// commOf is the command name of a command line: the base name of its first word
// without the "-" of a login shell and the ":" of a process title. A lone word
// such as kworker/0:1 (ps c) is a name and not a path.
func commOf(args string) string {
	word, rest := cutField(args)
	word = strings.TrimSuffix(strings.TrimPrefix(word, "-"), ":")
	if strings.HasPrefix(word, "/") || strings.HasPrefix(word, ".") || rest != "" {
		return word[strings.LastIndexByte(word, '/')+1:]
	}
	return word
}

// parseElapsed reads ps's etime, [[dd-]hh:]mm:ss, or etimes, seconds.
func parseElapsed(s string) (time.Duration, bool) {
	day, clock, hasDays := strings.Cut(s, "-")
	if !hasDays {
		day, clock = "0", s
	}
	parts := strings.Split(clock, ":")
	if len(parts) > 3 || !isDigits(day) || len(day) > 6 || hasDays && len(parts) != 3 {
		return 0, false
	}
	days, _ := strconv.Atoi(day)
	total := 0
	for _, part := range parts {
		if !isDigits(part) || len(part) > 10 {
			return 0, false
		}
		n, _ := strconv.Atoi(part)
		if len(parts) > 1 && n > 59 {
			return 0, false
		}
		total = total*60 + n
	}
	age := time.Duration(days)*24*time.Hour + time.Duration(total)*time.Second
	return age, age >= 0
}

// parseKiB reads a size in KiB; busybox writes large ones as "43m" or "1g".
func parseKiB(s string) (int64, bool) {
	unit := int64(1)
	switch {
	case strings.HasSuffix(s, "m"):
		s, unit = s[:len(s)-1], 1<<10
	case strings.HasSuffix(s, "g"):
		s, unit = s[:len(s)-1], 1<<20
	}
	if !isDigits(s) || len(s) > 12 {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n * unit, err == nil
}
