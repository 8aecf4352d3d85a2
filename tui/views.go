package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/analyze/render"
	"culprit/rules"
)

// view is one of the numbered views.
type view struct {
	key, name string
	// short is the name where the screen has no room for all names.
	short string
	rows  func(r *analyze.Report, width int) rows
}

// Views that no number leads to.
const (
	sourceView = "source"
	placesView = "places"
	helpView   = "help"
)

// views stand in the order of their keys. Each lists what the report or its tables
// hold; what a line rests on is one key away.
var views = []view{
	{"1", "summary", "sum", summary},
	{"2", "findings", "find", findings},
	{"3", "goroutines", "gor", goroutines},
	{"4", "logs", "logs", hits},
	{"5", "mounts", "mnt", mounts},
	{"6", "processes", "proc", processes},
	{"7", "sockets", "sock", sockets},
	{"8", "containers", "cont", containers},
	{"9", "bundle", "bndl", sources},
}

func viewOf(name string) view {
	for _, v := range views {
		if v.name == name {
			return v
		}
	}
	return view{name: name}
}

// summary is the text report: what is pasted into a ticket and what is seen here are
// the same words.
func summary(r *analyze.Report, width int) rows {
	var out lines
	for _, l := range render.Lines(r, render.Options{Width: min(width-2, 120), Full: true}) {
		out = append(out, row{l.Text, l.Refs})
	}
	return out
}

func findings(r *analyze.Report, width int) rows {
	return table[*rules.Finding]{r.Findings, []column[*rules.Finding]{
		{"STANDING", 9, false, 0, func(f **rules.Finding) string { return render.Standing(*f) }},
		{"SEVERITY", 8, false, 60, func(f **rules.Finding) string { return (*f).Rule.Severity }},
		{"RULE", 34, false, 100, func(f **rules.Finding) string { return (*f).Rule.ID.ID }},
		{"WHAT", 0, false, 0, func(f **rules.Finding) string { return (*f).Summary }},
	}, func(f **rules.Finding) (refs []fact.Ref) {
		for _, e := range (*f).Evidence {
			refs = fact.AppendRefs(refs, e.Refs(3)...)
		}
		return refs
	}, width}
}

func goroutines(r *analyze.Report, width int) rows {
	stacks := slices.Clone(r.Tables.Stacks)
	slices.SortStableFunc(stacks, func(a, b fact.Stack) int { return cmp.Compare(b.Count, a.Count) })
	return table[fact.Stack]{stacks, []column[fact.Stack]{
		{"COUNT", 9, true, 0, func(s *fact.Stack) string { return strconv.FormatInt(s.Count, 10) }},
		{"LONGEST", 10, true, 60, func(s *fact.Stack) string { return age(s.MaxWait) }},
		{"DAEMON", 12, false, 0, func(s *fact.Stack) string { return s.Daemon }},
		{"STATE", 18, false, 90, func(s *fact.Stack) string { return s.State }},
		{"FUNCTIONS, innermost first", 0, false, 0, func(s *fact.Stack) string { return strings.Join(telling(s.Frames), " < ") }},
	}, func(s *fact.Stack) []fact.Ref { return s.Refs }, width}
}

// telling are the frames without those of the runtime on top, which every wait has,
// and without the folders of their packages.
func telling(frames []string) []string {
	for i, f := range frames {
		if !strings.HasPrefix(f, "runtime.") && !strings.HasPrefix(f, "sync.") && !strings.HasPrefix(f, "internal/") {
			frames = frames[i:]
			break
		}
	}
	var out []string
	for _, f := range frames {
		out = append(out, f[strings.LastIndexByte(f, '/')+1:])
	}
	return out
}

func hits(r *analyze.Report, width int) rows {
	all := slices.Clone(r.Tables.Hits)
	slices.SortStableFunc(all, func(a, b fact.Hit) int { return a.First.Compare(b.First) })
	return table[fact.Hit]{all, []column[fact.Hit]{
		{"LINES", 7, true, 0, func(h *fact.Hit) string { return strconv.FormatInt(h.Count, 10) }},
		{"FIRST", 19, false, 60, func(h *fact.Hit) string { return clock(h.First) }},
		{"LAST", 19, false, 120, func(h *fact.Hit) string { return clock(h.Last) }},
		{"DAEMON", 10, false, 90, func(h *fact.Hit) string { return h.Daemon }},
		{"SIGNATURE", 36, false, 100, func(h *fact.Hit) string { return h.Signature }},
		{"TEXT", 0, false, 0, func(h *fact.Hit) string { return h.Text }},
	}, func(h *fact.Hit) []fact.Ref { return h.Refs }, width}
}

func mounts(r *analyze.Report, width int) rows {
	return table[fact.Mount]{r.Tables.Mounts, []column[fact.Mount]{
		{"NAMESPACE", 11, false, 80, func(m *fact.Mount) string { return m.NS }},
		{"PIDS", 5, true, 100, func(m *fact.Mount) string { return strconv.Itoa(len(m.PIDs)) }},
		{"ID", 5, true, 120, func(m *fact.Mount) string { return strconv.Itoa(m.ID) }},
		{"TYPE", 9, false, 0, func(m *fact.Mount) string { return m.FSType }},
		{"PROPAGATION", 20, false, 60, propagation},
		{"POINT", 0, false, 0, func(m *fact.Mount) string { return m.Point }},
	}, func(m *fact.Mount) []fact.Ref { return m.Refs }, width}
}

// propagation is worded as the optional fields of mountinfo are.
func propagation(m *fact.Mount) string {
	var out []string
	for _, p := range []struct {
		name string
		id   int
	}{{"shared", m.Shared}, {"master", m.Master}, {"propagate_from", m.PropagateFrom}} {
		if p.id != 0 {
			out = append(out, fmt.Sprintf("%s:%d", p.name, p.id))
		}
	}
	if m.Unbindable {
		out = append(out, "unbindable")
	}
	if len(out) == 0 {
		return "private"
	}
	return strings.Join(out, " ")
}

// processes has first those that do not run as they should.
func processes(r *analyze.Report, width int) rows {
	all := slices.Clone(r.Tables.Processes)
	rank := func(p fact.Process) int {
		switch {
		case p.Wait.Class != fact.WaitNone:
			return 0
		case p.Daemon != "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b fact.Process) int { return cmp.Or(rank(a)-rank(b), a.PID-b.PID) })
	return table[fact.Process]{all, []column[fact.Process]{
		{"PID", 7, true, 0, func(p *fact.Process) string { return strconv.Itoa(p.PID) }},
		{"PPID", 7, true, 70, func(p *fact.Process) string { return number(p.PPID) }},
		{"S", 1, false, 0, func(p *fact.Process) string { return cmp.Or(p.State, "?") }},
		{"AGE", 10, true, 60, func(p *fact.Process) string { return age(p.Age) }},
		{"WAITS", 15, false, 0, waitsFor},
		{"WCHAN", 22, false, 100, func(p *fact.Process) string { return p.WChan }},
		{"CONTAINER", 12, false, 120, func(p *fact.Process) string { return fmt.Sprintf("%.12s", p.Container) }},
		{"COMMAND", 0, false, 0, func(p *fact.Process) string { return cmp.Or(p.Args, "["+p.Comm+"]") }},
	}, func(p *fact.Process) []fact.Ref { return p.Refs }, width}
}

// waitsFor is what a process waits for, else how it stands still.
func waitsFor(p *fact.Process) string {
	if p.Wait.On != "" && p.Wait.On != "unknown" {
		return p.Wait.On
	}
	return string(p.Wait.Class)
}

// sockets has first those of the daemons that serve.
func sockets(r *analyze.Report, width int) rows {
	all := slices.Clone(r.Tables.Sockets)
	slices.SortStableFunc(all, func(a, b fact.Socket) int {
		return cmp.Or(-strings.Compare(a.Endpoint, b.Endpoint), -strings.Compare(a.State, b.State))
	})
	return table[fact.Socket]{all, []column[fact.Socket]{
		{"NETID", 5, false, 0, func(s *fact.Socket) string { return s.Netid }},
		{"STATE", 9, false, 0, func(s *fact.Socket) string { return s.State }},
		{"RECV-Q", 7, true, 60, func(s *fact.Socket) string { return number(s.RecvQ) }},
		{"HELD BY", 22, false, 0, func(s *fact.Socket) string { return holders(s.Owners) }},
		{"PEER", 22, false, 120, func(s *fact.Socket) string { return holders(s.PeerOwners) }},
		{"LOCAL", 0, false, 0, func(s *fact.Socket) string { return s.Local }},
	}, func(s *fact.Socket) []fact.Ref { return s.Refs }, width}
}

func holders(owners []fact.SocketOwner) string {
	var out []string
	for _, o := range owners {
		out = append(out, fmt.Sprintf("%s (%d)", o.Name, o.PID))
	}
	return strings.Join(out, ", ")
}

func containers(r *analyze.Report, width int) rows {
	return table[fact.Container]{r.Tables.Containers, []column[fact.Container]{
		{"ID", 12, false, 0, func(c *fact.Container) string { return fmt.Sprintf("%.12s", c.ID) }},
		{"DOCKER", 10, false, 0, func(c *fact.Container) string { return cmp.Or(c.Docker, "?") }},
		{"TASK", 8, false, 80, func(c *fact.Container) string { return cmp.Or(c.Task, "?") }},
		{"FREEZER", 8, false, 100, func(c *fact.Container) string { return cmp.Or(c.Freezer, "?") }},
		{"PID", 7, true, 60, func(c *fact.Container) string { return number(c.PID) }},
		{"NAME", 0, false, 0, func(c *fact.Container) string { return c.Label() }},
	}, func(c *fact.Container) []fact.Ref { return c.Refs }, width}
}

// sources are the members of the bundle; what is not whole comes first.
func sources(r *analyze.Report, width int) rows {
	all := slices.Clone(r.Tables.Sources)
	slices.SortStableFunc(all, func(a, b fact.Source) int {
		whole := func(s fact.Source) int {
			if s.State == fact.Complete {
				return 1
			}
			return 0
		}
		return cmp.Or(whole(a)-whole(b), strings.Compare(a.Path, b.Path))
	})
	return table[fact.Source]{all, []column[fact.Source]{
		{"STATE", 9, false, 0, func(s *fact.Source) string { return string(s.State) }},
		{"BYTES", 11, true, 60, func(s *fact.Source) string { return strconv.FormatInt(s.Size, 10) }},
		{"KIND", 15, false, 80, func(s *fact.Source) string { return string(s.Kind) }},
		{"PATH", 0, false, 0, func(s *fact.Source) string { return s.Path }},
	}, func(s *fact.Source) []fact.Ref { return []fact.Ref{{Source: s.Path, Line: 1}} }, width}
}

// places lists refs, for a line that rests on several.
func places(refs []fact.Ref) rows {
	var out lines
	for _, ref := range refs {
		out = append(out, row{ref.String(), []fact.Ref{ref}})
	}
	return out
}

func number[T int | int64](v fact.Opt[T]) string {
	if !v.Known {
		return "?"
	}
	return fmt.Sprint(v.V)
}

// age is a duration as reports word it, "" unknown.
func age(d fact.Opt[time.Duration]) string {
	if !d.Known {
		return ""
	}
	return rules.Age(d.V)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05")
}
