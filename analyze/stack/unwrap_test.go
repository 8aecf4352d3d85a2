package stack

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/analyze/fact"
)

// eachLine rewrites every line of a dump.
func eachLine(text string, f func(i int, line string) string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		b.WriteString(f(i, line))
	}
	return b.String()
}

const begin, end = "=== BEGIN goroutine stack dump ===\n", "\n=== END goroutine stack dump ===\n"

// wrappings is what dumps go through before they reach us.
var wrappings = map[string]func(dump string) string{
	"plain": func(d string) string { return d },
	"CRLF":  func(d string) string { return strings.ReplaceAll(d, "\n", "\r\n") },
	"tabs lost": func(d string) string {
		return strings.ReplaceAll(d, "\n\t", "\n")
	},
	"tabs and blank lines lost": func(d string) string {
		return strings.ReplaceAll(strings.ReplaceAll(d, "\n\t", "\n"), "\n\n", "\n")
	},
	"markers": func(d string) string { return begin + d + end },
	"console logrus": func(d string) string {
		return "INFO[4987453] " + begin + d + end
	},
	"real newlines, tabs written out": func(d string) string {
		return "time=\"2016-11-02T10:00:00Z\" level=info msg=\"" + begin + strings.ReplaceAll(d, "\t", `\t`) + end + "\" \n"
	},
	"progress meter": func(d string) string {
		return "  % Total    % Received % Xferd\n\r  0     0    0     0\r100  123k  0:00:01 --:--:-- 123k" + d
	},
	"message that looks like a log prefix": func(d string) string { return "it went wrong: " + d },
	"message without newline":              func(d string) string { return "1m10s has passed, dumping all stacks" + d },
	"syslog": func(d string) string {
		return eachLine(d, func(i int, line string) string {
			return "Nov 22 03:49:" + strconv.Itoa(10+i%50) + " node1 dockerd[812]: " + strings.ReplaceAll(line, "\t", "#011") + "\n"
		})
	},
	"journald, other programs between": func(d string) string {
		return eachLine(d, func(i int, line string) string {
			s := "Nov 22 03:49:32 node1 dockerd[812]: " + line + "\n"
			if i%3 == 1 {
				s += "Nov 22 03:49:32 node1 kubelet[9]: main.f(0x1)\n"
			}
			return s
		})
	},
	"journald, another program at once": func(d string) string {
		return eachLine(d, func(i int, line string) string {
			s := "Nov 22 03:49:32 node1 dockerd[812]: " + line + "\n"
			if i < 2 {
				s += "Nov 22 03:49:32 node1 kubelet[9]: I1122 it (ran) for 3 @ 0x\n"
			}
			return s
		})
	},
	"compose": func(d string) string {
		return eachLine(d, func(_ int, line string) string { return "engine_1  | " + line + "\n" })
	},
	"CRI": func(d string) string {
		return eachLine(d, func(i int, line string) string {
			return "2026-11-22T03:49:32." + strconv.Itoa(i) + "Z stderr F " + line + "\n"
		})
	},
	"logrus line": func(d string) string {
		return "time=\"2016-11-02T10:00:00Z\" level=info msg=\"before\"\ntime=\"2016-11-02T10:00:00Z\" level=info msg=" + strconv.Quote(begin+d+end) + " \ntime=\"2016-11-02T10:00:00Z\" level=info msg=\"after\"\n"
	},
	"JSON line": func(d string) string {
		j, _ := json.Marshal(map[string]string{"msg": begin + d + end})
		return string(j) + "\n"
	},
	"JSON around logrus": func(d string) string {
		j, _ := json.Marshal(map[string]string{"log": "level=info msg=" + strconv.Quote(begin+d+end)})
		return string(j) + "\n"
	},
	"rsyslog line": func(d string) string {
		return "Nov 22 03:49:32 node1 dockerd[812]: " + strings.NewReplacer("\n", "#012", "\t", "#011").Replace(begin+d+end) + "\nNov 22 03:49:33 node1 dockerd[812]: after\n"
	},
	"logrus line, split by syslog": func(d string) string { return splitLine(d, 301) },
}

// splitLine is a dump in one log line, broken into parts of n bytes by a syslog that
// another program writes to as well.
func splitLine(d string, n int) string {
	const front = "Nov 22 03:49:32 node1 dockerd[812]: "
	line := strconv.Quote(begin + d + end)
	s := front + "time=\"2016-11-02T10:00:00Z\" level=info msg="
	var b strings.Builder
	b.WriteString(s)
	for len(line) > n {
		b.WriteString(line[:n] + "\nNov 22 03:49:32 node1 kernel: [12.0] eth0: goroutine?\n" + front)
		line = line[n:]
	}
	return b.String() + line + "\n"
}

func TestSplitAnywhere(t *testing.T) {
	dump := bigDump(9, 40)
	want, _ := one(t, dump, "x")
	for n := 40; n < 140; n++ {
		text := splitLine(dump, n)
		p, problems := one(t, text, "x")
		if got, want := groups(p.Stacks), groups(want.Stacks); !reflect.DeepEqual(got, want) || len(problems) != 0 {
			t.Fatalf("parts of %d bytes: problems %v\ngot  %+v\nwant %+v", n, problems, got, want)
		}
		checkRefs(t, text, p.Stacks, p.Dump.Refs)
	}
}

// group is what must survive any wrapping.
type group struct {
	count       int64
	frames      string
	lines       string
	creator     string
	state       string
	min, max    int
	ids, kills  string
	totalOfWait int64
}

func groups(stacks []fact.Stack) (out []group) {
	for _, s := range stacks {
		g := group{count: s.Count, frames: strings.Join(s.Frames, " "), lines: strings.Join(s.Lines, " "), creator: s.Creator, state: s.State,
			min: int(s.MinWait.V / minute), max: int(s.MaxWait.V / minute), kills: strings.Join(s.Args["daemon.(*Daemon).Kill#1"], " ")}
		for _, id := range s.IDs {
			g.ids += strconv.FormatInt(id, 10) + " "
		}
		for _, n := range s.Waits {
			g.totalOfWait += n
		}
		out = append(out, g)
	}
	return out
}

func TestWrappings(t *testing.T) {
	for name, dump := range map[string]string{"small": debug2, "large": bigDump(1, 1500)} {
		want, _ := one(t, dump, "x")
		for how, wrap := range wrappings {
			t.Run(name+"/"+how, func(t *testing.T) {
				text := wrap(dump)
				p, problems := one(t, text, "x")
				if len(problems) != 0 || !p.Dump.Complete {
					t.Errorf("complete %v, problems %v", p.Dump.Complete, problems)
				}
				if got, want := groups(p.Stacks), groups(want.Stacks); !reflect.DeepEqual(got, want) {
					t.Errorf("\ngot  %+v\nwant %+v", got, want)
				}
				checkRefs(t, text, p.Stacks, p.Dump.Refs)
				halves, _ := ReadText(iotest.HalfReader(strings.NewReader(text)), "x")
				if len(halves) != 1 || !reflect.DeepEqual(halves[0], p) {
					t.Errorf("read by halves: %+v", halves)
				}
				for _, n := range []int{500, 507, 512} {
					if small := readSmall([]byte(text), n); len(small) != 1 || !reflect.DeepEqual(small[0], p) {
						t.Fatalf("through a buffer of %d bytes: %+v", n, small)
					}
				}
			})
		}
	}
}

// checkRefs fails unless every ref lies in the text and its offset is its line's.
func checkRefs(t *testing.T, text string, stacks []fact.Stack, more []fact.Ref) {
	t.Helper()
	starts := []int64{0}
	for i := range len(text) - 1 {
		if text[i] == '\n' {
			starts = append(starts, int64(i+1))
		}
	}
	check := func(r fact.Ref) {
		if r.Line < 1 || r.EndLine < r.Line || r.EndLine > len(starts) {
			t.Fatalf("ref %+v is outside of the %d lines", r, len(starts))
		}
		if r.Offset != starts[r.Line-1] {
			t.Fatalf("ref %+v: line %d starts at %d", r, r.Line, starts[r.Line-1])
		}
	}
	for _, r := range more {
		check(r)
	}
	for _, s := range stacks {
		for _, r := range s.Refs {
			check(r)
		}
	}
}

func TestBrokenLines(t *testing.T) {
	const front = "Nov 22 03:49:32 node1 dockerd[812]: "
	whole := "goroutine 12 [chan receive, 5 minutes]:\ngithub.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0, 0xc0003e2f00)\n\t/go/src/github.com/docker/docker/daemon/kill.go:162 +0x23d\ncreated by main.g\n\t/m.go:9 +0x1\n"
	want, _ := one(t, whole+"\n"+strings.Replace(whole, "goroutine 12", "goroutine 13", 1), "x")
	for _, at := range []string{"[chan rec", "docker/dae", "daemon.(*", "Kill(0xc0", "0xc000a821e0", "\t/go/s", "daemon/ki", "+0"} {
		i := strings.Index(whole, at) + len(at)
		broken := strings.Replace(whole[:i]+"\n"+whole[i:], "goroutine 12", "goroutine 13", 1)
		text := eachLine(whole+"\n"+broken, func(_ int, line string) string { return front + line + "\n" })
		p, problems := one(t, text, "x")
		if got, want := groups(p.Stacks), groups(want.Stacks); len(problems) != 0 || len(got) != 1 || got[0].frames != want[0].frames || got[0].lines != want[0].lines || got[0].count != 2 || got[0].ids != want[0].ids {
			t.Errorf("broken behind %q:\ngot  %+v\nwant %+v\nproblems %v", at, got, want, problems)
		}
	}
}

func TestTwoPrograms(t *testing.T) {
	line := func(program string) func(int, string) string {
		return func(_ int, line string) string { return "Nov 22 03:49:32 node1 " + program + ": " + line + "\n" }
	}
	const block = "goroutine 1 [select]:\nmain.f(0x1)\n\t/m.go:3 +0x1\n"
	text := eachLine(block, line("dockerd[1]")) + eachLine(block+"\n"+block[:9]+" 12"+block[11:], line("containerd[2]")) + "some text\n" + strings.Replace(block, "1 [", "4 [", 1)
	parts, problems := read(t, text, "x")
	var totals []int64
	for _, p := range parts {
		totals = append(totals, p.Dump.Total)
	}
	// The bare block behind them has no border, and may be of either.
	if !reflect.DeepEqual(totals, []int64{1, 3}) || len(problems) != 0 {
		t.Errorf("got %v, problems %v", totals, problems)
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 3*chunk)
	text := "level=info msg=" + long + "\n" + debug2 + "\n" + long + "\n" + strings.Replace(debug2, "goroutine 1 ", "goroutine 2 ", 1)
	p, problems := one(t, text, "x")
	if p.Dump.Total != 6 || len(problems) != 0 || p.Stacks[0].Refs[0].Line != 10 || p.Dump.Refs[0].EndLine != 2+2*23+1 {
		t.Errorf("got %+v, problems %v", p.Dump, problems)
	}
	checkRefs(t, text, p.Stacks, p.Dump.Refs)
	// A dump in one line that is longer than the buffer many times over.
	dump := bigDump(3, 6000)
	text = wrappings["logrus line"](dump)
	if len(text) < 5*chunk {
		t.Fatalf("only %d bytes", len(text))
	}
	p, problems = one(t, text, "x")
	if p.Dump.Total != 6000 || len(problems) != 0 || !p.Dump.Complete {
		t.Errorf("got %+v, problems %v", p.Dump, problems)
	}
}
