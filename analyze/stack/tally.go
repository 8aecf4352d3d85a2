package stack

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

const (
	keepIDs  = 16 // ids kept of a group
	keepArgs = 64 // distinct values kept of an argument
)

// watched are the arguments that tell receivers, containers and locks apart. The
// index counts arguments as printed, from 0, the receiver included; a composite
// {..} is one. Index 2 of containerStop and of Wait.func1 is where the container and
// its state stand behind a context. Package join reads the containers and the locks.
var watched = []struct {
	name  string
	index int
}{
	{"daemon.(*Daemon).Kill", 1},                // the container
	{"daemon.(*Daemon).containerStop", 1},       // the container
	{"daemon.(*Daemon).containerStop", 2},       // the same behind a context
	{"container.(*State).Wait.func1", 2},        // the state, where closures print arguments
	{"sync.(*Mutex).lockSlow", 0},               // the lock
	{"sync.(*Mutex).Lock", 0},                   // the lock, where lockSlow does not exist
	{"sync.(*RWMutex).RLock", 0},                // the lock
	{"sync.(*RWMutex).Lock", 0},                 // the lock
	{"daemon.(*Daemon).reducePsContainer", 1},   // the container
	{"daemon.(*Daemon).getInspectData", 1},      // the container
	{"daemon.(*Daemon).handleContainerExit", 1}, // the container
	{"daemon.(*Daemon).containerStart", 1},      // the container
	{"daemon.(*Daemon).cleanupContainer", 1},    // the container
	{"container.(*Container).Reset", 0},         // the container
}

// watchSet is a set of indexes of watched, a bit each.
type watchSet uint16

// watchesOf finds what is watched of a call line.
func watchesOf(text string) (set watchSet) {
	name := strings.TrimSuffix(text, "(")
	for i, w := range watched {
		if rest, ok := strings.CutSuffix(name, w.name); ok && (rest == "" || strings.HasSuffix(rest, "/")) {
			set |= 1 << i
		}
	}
	return set
}

// argument is one printed value of a watched argument.
type argument struct {
	watch int // in watched
	value uint64
}

// arguments appends the watched values of a call to args.
func (n *node) arguments(b []byte, args []argument) []argument {
	for set := n.watch; set != 0; set &= set - 1 {
		i := bits.TrailingZeros16(uint16(set))
		if v, ok := pointerAt(b[len(n.text):], watched[i].index); ok {
			args = append(args, argument{i, v})
		}
	}
	return args
}

// pointerAt reads the argument with that index of "0xc000a821e0, {0x2, 0x4}, 0xf)".
// Composites, small numbers and values with a "?" (a register's stale content, Go
// 1.17 and later) are no pointers.
func pointerAt(b []byte, index int) (uint64, bool) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch {
		case index == 0:
			return pointer(b[i:])
		case b[i] == '{':
			depth++
		case b[i] == '}':
			depth--
		case b[i] == ',' && depth == 0:
			index--
			if i+1 < len(b) && b[i+1] == ' ' {
				i++
			}
		}
	}
	return 0, false
}

// pointer reads "0xc000a821e0" up to the comma or bracket behind it.
func pointer(b []byte) (v uint64, ok bool) {
	if len(b) < 3 || b[0] != '0' || b[1] != 'x' {
		return 0, false
	}
	for i, c := range b[2:] {
		switch {
		case isDigit(c):
			v = v<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return v, (c == ',' || c == ')') && i <= 16 && v > 0xffff
		}
	}
	return 0, false
}

// member is a goroutine's id and its number in the dump.
type member struct{ seq, id int64 }

// span is the lines of one block.
type span struct {
	line, end int
	offset    int64
}

func (s span) ref(source string) fact.Ref {
	return fact.Ref{Source: source, Line: s.line, EndLine: s.end, Offset: s.offset}
}

// stateCount counts goroutines by state, or by creator.
type stateCount struct {
	state string
	n     int64
}

// goroutine is one block's header, place and watched arguments.
type goroutine struct {
	seq, id int64
	state   string
	minutes int
	span    span
	args    []argument
}

// tally is what is counted of one group of a form with one block a goroutine.
type tally struct {
	count    int64
	first    span
	states   []stateCount
	min, max int // minutes
	waits    map[int]int64
	ids      []member
	args     []argument
	full     []bool // by watched index: keepArgs reached
}

// add counts one goroutine. Only the first of its kind allocates.
func (t *tally) add(g *goroutine) {
	t.count++
	if t.count == 1 {
		t.first, t.min, t.max = g.span, g.minutes, g.minutes
		t.waits = map[int]int64{}
	}
	t.min, t.max = min(t.min, g.minutes), max(t.max, g.minutes)
	t.waits[waitBucket(g.minutes)]++
	t.addState(g.state, 1)
	if len(t.ids) < keepIDs {
		t.ids = append(t.ids, member{g.seq, g.id})
	}
	for _, a := range g.args {
		t.addArg(a)
	}
}

func (t *tally) addState(state string, n int64) {
	for i := range t.states {
		if t.states[i].state == state {
			t.states[i].n += n
			return
		}
	}
	t.states = append(t.states, stateCount{state, n})
}

func (t *tally) addArg(a argument) {
	if t.full != nil && t.full[a.watch] {
		return
	}
	n := 0
	for _, b := range t.args {
		if b == a {
			return
		}
		if b.watch == a.watch {
			n++
		}
	}
	t.args = append(t.args, a)
	if n+1 >= keepArgs {
		if t.full == nil {
			t.full = make([]bool, len(watched))
		}
		t.full[a.watch] = true
	}
}

// merge adds the goroutines of o, whose stack differs in nothing that a group keeps
// and appeared later.
func (t *tally) merge(o *tally) {
	t.count += o.count
	t.min, t.max = min(t.min, o.min), max(t.max, o.max)
	for m, n := range o.waits {
		t.waits[m] += n
	}
	for _, s := range o.states {
		t.addState(s.state, s.n)
	}
	t.ids = append(t.ids, o.ids...)
	slices.SortFunc(t.ids, func(a, b member) int { return cmp.Compare(a.seq, b.seq) })
	t.ids = t.ids[:min(len(t.ids), keepIDs)]
	for _, a := range o.args {
		t.addArg(a)
	}
}

// argTexts are the watched values by "Function#index", in order of appearance.
func (t *tally) argTexts() map[string][]string {
	var out map[string][]string
	for _, a := range t.args {
		if out == nil {
			out = map[string][]string{}
		}
		key := watched[a.watch].name + "#" + strconv.Itoa(watched[a.watch].index)
		out[key] = append(out[key], "0x"+strconv.FormatUint(a.value, 16))
	}
	return out
}

// waitBucket rounds minutes above 256 down so that 8 leading bits stay.
func waitBucket(minutes int) int {
	if minutes <= 256 {
		return minutes
	}
	k := bits.Len(uint(minutes)) - 8
	return minutes >> k << k
}
