package bundle

import (
	"math/rand/v2"
	"path"
	"regexp"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// A name that its beginning and its end tell from a pattern does not match it.
func TestNamePatternsAreThoseOfMatch(t *testing.T) {
	tails := []string{"", "ps", "ps.txt", "7/stack", "7/status", "a.log", "a.log.1", "a.log-2", "state.json", "0a/state.json", "docker.service.d/x.conf", "proc-7-ns-mnt", "cpu-manager-state"}
	for _, n := range namePatterns {
		tails = append(tails, n.pattern, n.first, n.first+n.last, n.first+"x"+n.last, n.first+"7"+n.last, n.pattern+"x", "x"+n.pattern)
	}
	for _, p := range tails {
		if got, want := nameKind(p), slowNameKind(p); got != want {
			t.Errorf("%s: kind %q, want %q", p, got, want)
		}
	}
	matched := 0
	for _, n := range namePatterns {
		for _, tail := range tails {
			want, err := path.Match(n.pattern, tail)
			if got := n.matches(tail); err != nil || got != want {
				t.Fatalf("%s and %s: %t, want %t, %v", n.pattern, tail, got, want, err)
			}
			if want {
				matched++
			}
		}
	}
	if matched < len(namePatterns) {
		t.Errorf("only %d match", matched)
	}
}

// slowNameKind tries one pattern after the other on what is behind each slash.
func slowNameKind(p string) fact.Kind {
	p = strings.ReplaceAll(strings.ToLower(storedName(p)), "_", "-")
	for _, n := range namePatterns {
		for rest, more := "/"+p, true; more; {
			_, rest, more = strings.Cut(rest, "/")
			for _, name := range []string{rest, strings.TrimSuffix(rest, ".txt")} {
				if ok, _ := path.Match(n.pattern, name); ok && more {
					return n.kind
				}
			}
		}
	}
	return ""
}

// share stops early and answers what counting all lines does.
func TestShareCountsAsAllLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	is := func(line []byte) bool { return line[0] == 'y' }
	answers := map[bool]int{}
	for range 5000 {
		s := &sniff{}
		yes, all := 0, 0
		for range 1 + r.IntN(9) {
			line := make([]byte, 1+r.IntN(20))
			if line[0] = 'n'; r.IntN(3) == 0 {
				line[0] = 'y'
				yes += len(line)
			}
			all += len(line)
			s.lines = append(s.lines, line)
		}
		n := 1 + r.IntN(5)
		got := s.share(n, is)
		if got != (yes*n >= all) {
			t.Fatalf("1/%d of %q: %t with %d of %d bytes", n, s.lines, got, yes, all)
		}
		answers[got]++
	}
	if answers[true] < 500 || answers[false] < 500 {
		t.Errorf("answers %v", answers)
	}
}

// goFrame is what isCall and isPlace tell by hand.
var goFrame = regexp.MustCompile(`^\s+\S+\.(?:go|s):\d+|^created by |^\S+\(.*\)$|.\.go:\d+ \+0x`)

// What is told of a line by hand is what its regular expression says.
func TestLinesAreToldAsByPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Split(`I1122 03:00:00.1|time="2026|<6>|Nov 22 03:49:28 node|2026-11-22T03:00:00Z|INFO[|-- Logs begin at |OCI runtime |Error response from daemon: |a.log:12:|`+
		`[ 1.5]|[Sun Nov 22 03:49:28 2026]|<3>[12.5]| kernel: |goroutine 7 [|goroutine 7 gp=0x1 m=nil [|created by |net/http.(*conn).serve|(0x1, 0x2)|(|)|`+
		"\t|\t/usr/x.go:12|/asm_amd64.s:7| +0x1a|.go:|.go:1| |x|:|9|é|\xff", "|")
	matched := map[string]int{}
	for range 100_000 {
		var l []byte
		for range 1 + r.IntN(5) {
			l = append(l, words[r.IntN(len(words))]...)
			if r.IntN(3) == 0 {
				l = append(l, ' ')
			}
		}
		l = l[:r.IntN(len(l)+1)]
		for _, tell := range []struct {
			what      string
			got, want bool
		}{
			{"log", mayBeLogLine(l) && logLine.Match(l), logLine.Match(l)},
			{"kernel", isKernelLine(l), kernelLine.Match(l)},
			{"goroutine", isGoLine(l), goHeader.Match(l) || goFrame.Match(l)},
		} {
			if tell.got != tell.want {
				t.Fatalf("%s line %q: %t, want %t", tell.what, l, tell.got, tell.want)
			}
			if tell.want {
				matched[tell.what]++
			}
		}
	}
	if matched["log"] < 1000 || matched["kernel"] < 1000 || matched["goroutine"] < 1000 {
		t.Errorf("too few match: %v", matched)
	}
}
