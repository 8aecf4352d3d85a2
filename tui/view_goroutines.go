package tui

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// stackGroups are the ways to list goroutines.
var stackGroups = []string{"stack", "function", "state", "creator", "daemon"}

// groupKey is what stacks of one group have in common.
func groupKey(group string, s *fact.Stack) string {
	switch group {
	case "function":
		if f := telling(s.Frames); len(f) > 0 {
			return f[0]
		}
	case "state":
		return s.State
	case "creator":
		return short(s.Creator)
	case "daemon":
		return s.Daemon
	}
	return ""
}

// limited are the stacks that a place is limited to: conditions "group = key", joined.
func limited(all []fact.Stack, arg string) []fact.Stack {
	if arg == "" {
		return all
	}
	var out []fact.Stack
	for i := range all {
		fits := true
		for _, condition := range strings.Split(arg, conditions) {
			group, key, _ := strings.Cut(condition, " = ")
			fits = fits && groupKey(group, &all[i]) == key
		}
		if fits {
			out = append(out, all[i])
		}
	}
	return out
}

const conditions = ", "

// goroutines lists groups with the same stack, or sums them up.
func goroutines(m *model, r *route) page {
	stacks := sorted(limited(m.report.Tables.Stacks, r.arg), func(a, b *fact.Stack) int {
		switch r.sort {
		case 1:
			return cmp.Or(known(a.MaxWait, b.MaxWait), cmp.Compare(b.Count, a.Count))
		case 2:
			return cmp.Or(strings.Compare(a.Daemon, b.Daemon), cmp.Compare(b.Count, a.Count))
		}
		return cmp.Compare(b.Count, a.Count)
	})
	if name := stackGroups[r.group]; name != "stack" {
		return stackSums(stacks, name, r.arg)
	}
	t := table[fact.Stack]{items: stacks, columns: []column[fact.Stack]{
		{title: "COUNT", width: 8, narrow: 6, right: true, text: func(s *fact.Stack) string { return strconv.FormatInt(s.Count, 10) }},
		{title: "LONGEST", width: 8, right: true, drop: 50, text: func(s *fact.Stack) string { return age(s.MaxWait) }},
		{title: "DAEMON", width: 10, narrow: 7, text: func(s *fact.Stack) string { return s.Daemon }},
		{title: "STATE", width: 14, drop: 80, text: func(s *fact.Stack) string { return s.State }},
		{title: "FUNCTIONS, innermost first", text: func(s *fact.Stack) string { return strings.Join(telling(s.Frames), " < ") }},
	}, refs: func(s *fact.Stack) []fact.Ref { return s.Refs }}
	return page{rows: t, head: t.head, detail: func(i, w int) lines { return m.stackSheet(stacks[i], w) }}
}

// sum is what a group of stacks has together.
type sum struct {
	key     string
	count   int64
	stacks  int
	longest *fact.Stack // that with the longest wait
}

// stackSums lists groups of stacks; Enter lists the stacks of one.
func stackSums(stacks []*fact.Stack, group, arg string) page {
	var sums []sum
	at := map[string]int{}
	for _, s := range stacks {
		key := groupKey(group, s)
		j, seen := at[key]
		if !seen {
			j = len(sums)
			at[key] = j
			sums = append(sums, sum{key: key, longest: s})
		}
		sums[j].count += s.Count
		sums[j].stacks++
		if known(s.MaxWait, sums[j].longest.MaxWait) < 0 {
			sums[j].longest = s
		}
	}
	t := table[sum]{items: sorted(sums, func(a, b *sum) int { return cmp.Compare(b.count, a.count) }), columns: []column[sum]{
		{title: "COUNT", width: 8, right: true, text: func(s *sum) string { return strconv.FormatInt(s.count, 10) }},
		{title: "STACKS", width: 6, right: true, text: func(s *sum) string { return strconv.Itoa(s.stacks) }},
		{title: "LONGEST", width: 8, right: true, drop: 50, text: func(s *sum) string { return age(s.longest.MaxWait) }},
		{title: strings.ToUpper(group), text: func(s *sum) string { return cmp.Or(s.key, "(unknown)") }},
	}}
	return page{rows: leading{t, func(i int) *route {
		to := newRoute("goroutines")
		to.arg = joined(conditions, arg, group+" = "+t.items[i].key)
		return &to
	}}, head: t.head, alone: true}
}

// leading are rows that lead to other places.
type leading struct {
	rows
	to func(i int) *route
}

func (l leading) Row(i, w int) row {
	r := l.rows.Row(i, w)
	r.to = l.to(i)
	return r
}

// stackSheet tells of one group.
func (m *model) stackSheet(st *fact.Stack, w int) lines {
	s := sheet{w: w, refs: st.Refs}
	s.title(fmt.Sprintf("%d in %s, %s", st.Count, cmp.Or(st.Daemon, "an unknown program"), cmp.Or(st.State, "state unknown in "+string(st.Form))))
	switch {
	case !st.MaxWait.Known:
	case st.MaxWait.V == 0:
		s.field("waits", "less than a minute, each")
	default:
		s.field("waits", fmt.Sprintf("%s to %s (the runtime prints whole minutes, from one on)", age(st.MinWait), age(st.MaxWait)))
	}
	m.locks(&s, st)
	s.rows = append(s.rows, m.frames(st)...)
	if bars := waitBars(st.Waits, w); len(bars) > 0 {
		s.title("minutes of waiting")
		s.rows = append(s.rows, bars...)
	}
	s.title("in the bundle")
	s.places("", st.Refs)
	if len(st.IDs) > 0 {
		s.field("ids", strings.Trim(fmt.Sprint(st.IDs), "[]")+map[bool]string{true: " ...", false: ""}[int64(len(st.IDs)) < st.Count])
	}
	return s.rows
}

// locks tells what a group waits for and who may hold it.
func (m *model) locks(s *sheet, st *fact.Stack) {
	if st.Holds.Known && st.Holds.V {
		s.field("holder", "works on a container whose lock others wait for, and does not wait for it itself")
	}
	if !st.LockWait {
		return
	}
	text := "waits for a lock"
	if st.Locks.Known {
		text = fmt.Sprintf("the %d wait for %d different locks", st.Count, st.Locks.V)
	}
	s.field("lock", text)
	for _, o := range m.report.Tables.Stacks {
		if o.At == st.At && o.Daemon == st.Daemon && o.Holds.Known && o.Holds.V && shares(o.Containers, st.Containers) {
			to := newRoute("goroutines")
			to.arg = joined(conditions, "daemon = "+o.Daemon, "function = "+groupKey("function", &o))
			s.link("may be held", fmt.Sprintf("by %d in %s, which work on the same container", o.Count, strings.Join(telling(o.Frames), " < ")), to)
		}
	}
}

func shares(a, b []fact.Key) bool {
	return slices.ContainsFunc(a, func(k fact.Key) bool { return slices.ContainsFunc(b, k.Same) })
}

// frames are the functions, with what the runtime printed of the arguments of one
// goroutine.
func (m *model) frames(st *fact.Stack) lines {
	out := lines{{}, {text: "functions, innermost first", tone: strong}}
	example, ref, quoted := m.example(st)
	if example.ID != 0 {
		out[1].text += fmt.Sprintf("; arguments of goroutine %d", example.ID)
		at := 0
		for _, f := range example.Frames {
			r := row{text: "  " + short(f.Func), refs: []fact.Ref{ref}}
			if i := slices.IndexFunc(quoted[at:], func(l string) bool { return strings.Contains(l, lastName(f.Func)) }); i >= 0 {
				at += i
				r.refs[0] = lineRef(ref.Source, ref.Line+at)
				at++
			}
			if f.Args != "" {
				r.text += "(" + f.Args + ")"
			}
			r.text += "  " + lastTwo(f.File) + ":" + strconv.Itoa(f.Line)
			switch f.Origin {
			case "runtime", "standard library":
				r.tone = faint
			case "created by":
				r.text = "  created by" + r.text[1:]
			}
			out = append(out, r)
		}
		return out
	}
	for i, f := range st.Frames {
		r := row{text: "  " + short(f), refs: st.Refs[max(len(st.Refs)-1, 0):]}
		if i < len(st.Lines) && st.Lines[i] != "" {
			r.text += "  " + lastTwo(st.Lines[i])
		}
		out = append(out, r)
	}
	return out
}

// example is one goroutine of the group as its dump prints it, and where; without an
// ID where no form that is here has one; and the lines there.
func (m *model) example(st *fact.Stack) (analyze.Goroutine, fact.Ref, []string) {
	const most = 400 // lines of one goroutine
	for _, ref := range slices.Backward(st.Refs) {
		quoted, ok := m.quoted(ref.Source, ref.Line, min(max(ref.Line, ref.EndLine), ref.Line+most))
		if !ok {
			return analyze.Goroutine{}, ref, nil // it is being read
		}
		if g, err := analyze.Example(strings.NewReader(strings.Join(quoted, "\n")), st.Frames); g.ID != 0 && !errors.Is(err, analyze.ErrNoGoroutine) {
			return g, ref, quoted
		}
	}
	return analyze.Goroutine{}, fact.Ref{}, nil
}

// waitBars is a histogram of whole minutes of waiting.
func waitBars(waits map[int]int64, w int) (out lines) {
	bounds := []int{1, 5, 15, 30, 60, 4 * 60, 24 * 60}
	counts := make([]int64, len(bounds)+1)
	most := int64(0)
	for minutes, n := range waits {
		i, exact := slices.BinarySearch(bounds, minutes)
		if exact {
			i++
		}
		counts[i] += n
		most = max(most, counts[i])
	}
	for i, n := range counts {
		name := "< 1"
		if i == len(bounds) {
			name = fmt.Sprintf(">= %d", bounds[i-1])
		} else if i > 0 {
			name = fmt.Sprintf("%d-%d", bounds[i-1], bounds[i])
		}
		if n > 0 {
			out = append(out, row{text: fmt.Sprintf("%9s %s %d", name, strings.Repeat("█", int(max(n*int64(max(w-22, 1))/most, 1))), n)})
		}
	}
	return out
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
		out = append(out, short(f))
	}
	return out
}

// lastName is what follows the last dot of a function, which stands in every spelling.
func lastName(f string) string { return f[strings.LastIndexByte(f, '.')+1:] }

// lastTwo is a path without all but the last folder.
func lastTwo(path string) string {
	i := strings.LastIndexByte(path, '/')
	return path[strings.LastIndexByte(path[:max(i, 0)], '/')+1:]
}

// short is a function without the folders of its package.
func short(f string) string { return f[strings.LastIndexByte(f, '/')+1:] }
