package stack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// bigDump writes a debug=2 dump of n goroutines, as a leak makes one: two stacks have
// nearly all, several hundred the rest.
func bigDump(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 7))
	hex := func() string { return fmt.Sprintf("0xc%09x", rng.Uint64N(1<<36)) }
	states := []string{"select", "chan receive", "IO wait", "semacquire", "sync.Mutex.Lock", "chan send (leaked)", "sleep"}
	var b strings.Builder
	for i := range n {
		age := ""
		if m := rng.IntN(9000); m > 300 {
			age = fmt.Sprintf(", %d minutes", m)
		}
		kind := rng.IntN(20)
		extra := ""
		if rng.IntN(30) == 0 {
			extra = ", locked to thread"
		}
		if rng.IntN(30) == 0 {
			extra += ` labels:{"pod": "web-0, 5", "x": "]"}`
		}
		gp := ""
		if rng.IntN(30) == 0 {
			gp = " gp=" + hex() + " m=nil"
		}
		if i > 0 {
			b.WriteString("\n")
		}
		switch {
		case kind < 9:
			fmt.Fprintf(&b, "goroutine %d%s [chan receive%s%s]:\n", i+1, gp, age, extra)
			fmt.Fprintf(&b, "github.com/docker/docker/daemon.(*Daemon).Kill(%s?, 0xc00000%d0)\n\t/go/src/daemon/kill.go:162 +0x23d\n", hex(), 100+rng.IntN(3))
			fmt.Fprintf(&b, "github.com/docker/docker/daemon.(*Daemon).ContainerStop(%s, {%s, 0x40}, %s?)\n\t/go/src/daemon/stop.go:%d +0xba\n", hex(), hex(), hex(), 30+rng.IntN(2))
			b.WriteString("main.inlined(...)\n\t/go/src/main.go:7\n")
			fmt.Fprintf(&b, "created by net/http.(*Server).Serve in goroutine %d\n\tnet/http/server.go:3102 +0x4db\n", rng.IntN(99))
		case kind < 18:
			fmt.Fprintf(&b, "goroutine %d%s [select%s%s]:\n", i+1, gp, age, extra)
			b.WriteString("github.com/docker/docker/container.(*State).Wait.func1()\n\t/go/src/container/state.go:213 +0xc6\n")
			b.WriteString("created by github.com/docker/docker/container.(*State).Wait\n\t/go/src/container/state.go:212 +0x2bb\n")
		default:
			fmt.Fprintf(&b, "goroutine %d%s [%s%s%s]:\n", i+1, gp, states[rng.IntN(len(states))], age, extra)
			b.WriteString("runtime.gopark(0x1)\n\t/go/src/runtime/proc.go:398 +0xce fp=0x1 sp=0x2 pc=0x3\n")
			for d := range 1 + rng.IntN(4) {
				fmt.Fprintf(&b, "example.com/vendor/lib.(*T%d[...]).M%d(%s)\n\t/src/lib.go:%d +0x%x\n", rng.IntN(5), d, hex(), 10+rng.IntN(3), rng.IntN(999))
			}
			if rng.IntN(4) == 0 {
				fmt.Fprintf(&b, "...%d frames elided...\n", 1+rng.IntN(9))
			}
			fmt.Fprintf(&b, "created by main.start%d\n\t/src/main.go:%d +0x1\n", rng.IntN(3), rng.IntN(9))
		}
	}
	return b.String()
}

var (
	slowHeader = regexp.MustCompile(`^goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^,\]{]+?)(?: \((?:leaked|scan|durable)\))?(?:, (\d+) minutes)?(?:, .*?)?(?: labels:\{.*\})?\]:$`)
	slowArgs   = regexp.MustCompile(`^(.*?[^.(])\(.*\)$`)
	slowKill   = regexp.MustCompile(`daemon\.\(\*Daemon\)\.Kill\([^,]+, (0x[0-9a-f]+)[,)]`)
	slowFile   = regexp.MustCompile(`^\t.*:\d+(?: \+0x.*)?$`)
)

// slowBlock is one goroutine, taken apart with regular expressions.
type slowBlock struct {
	id, state, creator, kill string
	minutes                  int
	frames                   []string
}

func readSlowBlock(t *testing.T, block string) (b slowBlock) {
	t.Helper()
	lines := strings.Split(block, "\n")
	h := slowHeader.FindStringSubmatch(lines[0])
	if h == nil {
		t.Fatalf("no header: %q", lines[0])
	}
	b.id, b.state = h[1], h[2]
	b.minutes, _ = strconv.Atoi(h[3])
	for _, line := range lines[1:] {
		rest, created := strings.CutPrefix(line, "created by ")
		switch {
		case slowFile.MatchString(line):
		case created:
			b.creator = Canonical(rest)
		case strings.HasPrefix(line, "..."):
			b.frames = append(b.frames, "...")
		default:
			if fn := Canonical(slowArgs.FindStringSubmatch(line)[1]); !strings.HasPrefix(fn, "runtime.") {
				b.frames = append(b.frames, fn)
			}
			if m := slowKill.FindStringSubmatch(line); m != nil {
				b.kill = m[1]
			}
		}
	}
	return b
}

// slowGroups is the plain way to group a debug=2 dump: split it into blocks and join
// their frames.
func slowGroups(t *testing.T, dump string) (out []group) {
	type found struct {
		group
		states, creators map[string]int64
		kills            []string
	}
	by := map[string]*found{}
	var order []*found
	for _, text := range strings.Split(strings.TrimSuffix(dump, "\n"), "\n\n") {
		b := readSlowBlock(t, text)
		key := strings.Join(b.frames, " ")
		f := by[key]
		if f == nil {
			f = &found{group: group{frames: key, min: 1 << 30}, states: map[string]int64{}, creators: map[string]int64{}}
			by[key] = f
			order = append(order, f)
		}
		f.count++
		f.totalOfWait++
		f.min, f.max = min(f.min, b.minutes), max(f.max, b.minutes)
		f.states[b.state]++
		f.creators[b.creator]++
		if f.count <= keepIDs {
			f.ids += b.id + " "
		}
		if b.kill != "" && !slices.Contains(f.kills, b.kill) {
			f.kills = append(f.kills, b.kill)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return order[i].count > order[j].count })
	for _, f := range order {
		f.state, f.creator = top(f.states), top(f.creators)
		slices.Sort(f.kills)
		f.group.kills = strings.Join(f.kills, " ")
		out = append(out, f.group)
	}
	return out
}

func top(counts map[string]int64) (best string) {
	for name, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && name < best {
			best = name
		}
	}
	return best
}

func TestFastEqualsSlow(t *testing.T) {
	for seed := range uint64(6) {
		dump := bigDump(seed, 40+int(seed)*400)
		p, problems := one(t, dump, "x")
		got := groups(p.Stacks)
		for i := range got {
			got[i].lines = "" // which of several is shown is tested elsewhere
			kills := strings.Fields(got[i].kills)
			slices.Sort(kills)
			got[i].kills = strings.Join(kills, " ")
		}
		if want := slowGroups(t, dump); !reflect.DeepEqual(got, want) || len(problems) > 0 {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("seed %d, group %d of %d and %d:\ngot  %+v\nwant %+v", seed, i, len(got), len(want), got[i], want[i])
				}
			}
			t.Fatalf("seed %d: %d groups, want %d, problems %v", seed, len(got), len(want), problems)
		}
	}
}

// TestNoAllocationPerGoroutine reads the same stacks once and many times.
func TestNoAllocationPerGoroutine(t *testing.T) {
	dump := bigDump(5, 2000)
	allocs := func(times int) float64 {
		var b strings.Builder
		for i := range times {
			b.WriteString(strings.Replace(dump, "goroutine 1 ", "goroutine "+strconv.Itoa(i+2)+" ", 1) + "\n")
		}
		text := []byte(b.String())
		return testing.AllocsPerRun(2, func() {
			if parts, _ := ReadText(bytes.NewReader(text), "x"); parts[0].Dump.Total != int64(2000*times) {
				t.Fatalf("total %d", parts[0].Dump.Total)
			}
		})
	}
	// The race detector allocates some hundred times as it likes.
	if more := allocs(20) - allocs(10); more > 1000 {
		t.Errorf("20,000 goroutines of known stacks allocate %.0f times", more)
	}
}

// BenchmarkReadText reads a leak, where few stacks have all goroutines, and a dump of
// many different stacks.
func BenchmarkReadText(b *testing.B) {
	few := bigDump(1, 300)
	for name, text := range map[string][]byte{
		"leak":   []byte(strings.Repeat(strings.Replace(few, "goroutine 1 ", "goroutine 999 ", 1)+"\n", 200)),
		"varied": []byte(bigDump(1, 50000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if parts, _ := ReadText(bytes.NewReader(text), "x"); parts[0].Dump.Form != fact.FormDebug2 {
					b.Fatal("not read")
				}
			}
		})
	}
}
