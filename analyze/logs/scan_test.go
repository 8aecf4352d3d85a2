package logs

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

func stampAt(h, m, s int) time.Time { return time.Date(2026, 11, 22, h, m, s, 0, time.UTC) }

func logrus(h, m, s int, rest string) string {
	return fmt.Sprintf("time=%q level=info %s\n", stampAt(h, m, s).Format(time.RFC3339), rest)
}

func TestScanGroups(t *testing.T) {
	lines := []string{
		logrus(3, 0, 1, `msg="Container aaa failed to exit"`),
		logrus(3, 0, 2, `msg="Container bbb failed to exit"`),
		logrus(3, 0, 3, `msg="nothing"`),
		logrus(3, 1, 4, `msg="Container aaa failed to exit"`),
		"a goroutine of Container aaa failed to exit\n",
		logrus(3, 9, 9, `msg="disk full"`),
	}
	offset := func(n int) int64 { return int64(len(strings.Join(lines[:n-1], ""))) }
	ref := func(n int) fact.Ref { return fact.Ref{Source: "d.log", Line: n, Offset: offset(n)} }
	s := mustCompile(t, []fact.Signature{
		{ID: "full", Pattern: "disk full"},
		{ID: "exit", Pattern: `Container (?P<container>\w+) failed to exit`},
		{ID: "never", Pattern: "never"},
	})
	got := s.Scan(strings.NewReader(strings.Join(lines, "")), "d.log", "dockerd")
	m := stampAt(3, 0, 0).Unix() / 60
	want := []fact.Hit{
		{Signature: "full", Daemon: "dockerd", Count: 1, First: stampAt(3, 9, 9), Last: stampAt(3, 9, 9),
			Times: []time.Time{stampAt(3, 9, 9)}, PerMinute: map[int64]int64{m + 9: 1},
			Text: strings.TrimSpace(lines[5]), Refs: []fact.Ref{ref(6)}},
		{Signature: "exit", Daemon: "dockerd", Fields: map[string]string{"container": "aaa"}, Count: 3,
			First: stampAt(3, 0, 1), Last: stampAt(3, 1, 4), Times: []time.Time{stampAt(3, 0, 1), stampAt(3, 1, 4)},
			PerMinute: map[int64]int64{m: 1, m + 1: 1}, Text: strings.TrimSpace(lines[0]), Refs: []fact.Ref{ref(1), ref(5)}},
		{Signature: "exit", Daemon: "dockerd", Fields: map[string]string{"container": "bbb"}, Count: 1,
			First: stampAt(3, 0, 2), Last: stampAt(3, 0, 2), Times: []time.Time{stampAt(3, 0, 2)},
			PerMinute: map[int64]int64{m: 1}, Text: strings.TrimSpace(lines[1]), Refs: []fact.Ref{ref(2)}},
	}
	if !reflect.DeepEqual(got.Hits, want) {
		t.Errorf("hits\n got %+v\nwant %+v", got.Hits, want)
	}
	wantLog := fact.Log{Source: "d.log", Daemon: "dockerd", Format: "logrus", First: stampAt(3, 0, 1), Last: stampAt(3, 9, 9),
		Lines: 6, Ref: fact.Ref{Source: "d.log"}}
	if got.Log != wantLog {
		t.Errorf("log\n got %+v\nwant %+v", got.Log, wantLog)
	}
	if len(got.Problems) > 0 || got.NeedsYear || got.NeedsZone {
		t.Errorf("problems %v, NeedsYear %v, NeedsZone %v", got.Problems, got.NeedsYear, got.NeedsZone)
	}
}

func TestScanFields(t *testing.T) {
	s := mustCompile(t, sigs(`exit (code (?P<code>\d+)|signal (?P<signal>\d+))( in (?P<code>.*))?`))
	text := "exit code 1\nexit signal 9\nexit signal 9 in a\xff\x00\nexit code 2 in b\n"
	want := []map[string]string{{"code": "1"}, {"signal": "9"}, {"signal": "9", "code": "a\xff\x00"}, {"code": "2"}}
	got := s.Scan(strings.NewReader(text), "l", "")
	if len(got.Hits) != len(want) {
		t.Fatalf("%d hits, want %d", len(got.Hits), len(want))
	}
	for i, h := range got.Hits {
		if !maps.Equal(h.Fields, want[i]) {
			t.Errorf("hit %d has fields %q, want %q", i, h.Fields, want[i])
		}
	}
}

func TestScanDaemons(t *testing.T) {
	s := mustCompile(t, []fact.Signature{
		{ID: "docker", Daemons: []string{"dockerd"}, Pattern: "timed out"},
		{ID: "any", Pattern: "timed out"},
	})
	text := "Nov 22 03:49:28 host kubelet[1]: timed out\n" +
		"Nov 22 03:49:29 host docker-current[2]: timed out\n" +
		"Nov 22 03:49:30 host k3s[3]: timed out\n" +
		"timed out\n"
	tests := []struct {
		daemon            string
		docker, all       int64
		dockerD, allD, of string
	}{
		{"", 3, 4, "", "", ""},
		{"dockerd", 3, 4, "", "", "dockerd"},
		{"kubelet", 2, 4, "", "", "kubelet"},
	}
	for _, tt := range tests {
		r := s.Scan(strings.NewReader(text), "l", tt.daemon)
		if r.Hits[0].Count != tt.docker || r.Hits[1].Count != tt.all || r.Log.Daemon != tt.of {
			t.Errorf("daemon %q: %d and %d hits, log of %q", tt.daemon, r.Hits[0].Count, r.Hits[1].Count, r.Log.Daemon)
		}
		if r.Hits[0].Daemon != tt.dockerD || r.Hits[1].Daemon != tt.allD {
			t.Errorf("daemon %q: hits of %q and %q", tt.daemon, r.Hits[0].Daemon, r.Hits[1].Daemon)
		}
	}
	r := s.Scan(strings.NewReader("Nov 22 03:49:29 host docker-current[2]: timed out\n"), "l", "kubelet")
	if len(r.Hits) != 2 || r.Hits[0].Daemon != "dockerd" {
		t.Errorf("a line's own prefix must win: %+v", r.Hits)
	}
}

func TestScanYearAndZone(t *testing.T) {
	s := mustCompile(t, sigs("oops"))
	text := "Dec 31 23:59:30 host kernel: oops\n" +
		"Jan  1 00:00:10 host kernel: oops\n" +
		"Jan  1 00:00:20 host dockerd[1]: time=\"2026-12-31T16:00:20Z\" level=info msg=oops\n"
	r := s.Scan(strings.NewReader(text), "l", "")
	if !r.NeedsYear || !r.NeedsZone || r.Hits[0].Times[0].Year() != 0 {
		t.Fatalf("NeedsYear %v NeedsZone %v times %v", r.NeedsYear, r.NeedsZone, r.Hits[0].Times)
	}
	east8 := time.FixedZone("CST", 8*3600)
	r.Resolve(time.Time{})
	if !r.NeedsYear {
		t.Fatal("a zero reference must change nothing")
	}
	r.Resolve(time.Date(2027, 1, 2, 0, 0, 0, 0, east8))
	h := r.Hits[0]
	want := []time.Time{
		time.Date(2026, 12, 31, 23, 59, 30, 0, east8),
		time.Date(2027, 1, 1, 0, 0, 10, 0, east8),
		time.Date(2026, 12, 31, 16, 0, 20, 0, time.UTC),
	}
	for i, w := range want {
		if !h.Times[i].Equal(w) {
			t.Errorf("time %d is %v, want %v", i, h.Times[i], w)
		}
	}
	if !h.First.Equal(want[0]) || !h.Last.Equal(want[2]) || !r.Log.First.Equal(want[0]) || !r.Log.Last.Equal(want[2]) {
		t.Errorf("hit %v to %v, log %v to %v", h.First, h.Last, r.Log.First, r.Log.Last)
	}
	if m := want[0].Unix() / 60; !maps.Equal(h.PerMinute, map[int64]int64{m: 1, m + 1: 2}) {
		t.Errorf("per minute %v, want %d:1 %d:2", h.PerMinute, m, m+1)
	}
	if r.NeedsYear || r.NeedsZone {
		t.Error("still needs year or zone")
	}
}

func TestScanReversedJournal(t *testing.T) {
	r := mustCompile(t, sigs("oops")).Scan(strings.NewReader(logrus(3, 0, 9, "oops")+logrus(3, 0, 1, "oops")), "l", "")
	if h := r.Hits[0]; h.First != stampAt(3, 0, 1) || h.Last != stampAt(3, 0, 9) || r.Log.First != h.First || r.Log.Last != h.Last {
		t.Errorf("hit %v to %v, log %v to %v", h.First, h.Last, r.Log.First, r.Log.Last)
	}
}

func TestScanCaps(t *testing.T) {
	s := mustCompile(t, sigs(`id (?P<id>\d+)`, `same`))
	var b strings.Builder
	for i := range maxFieldSets + 3 {
		fmt.Fprintf(&b, "id %d\n", i)
	}
	b.WriteString("id 1\n")
	for range maxTimes + 5 {
		b.WriteString(logrus(3, 0, 0, "same"))
	}
	r := s.Scan(strings.NewReader(b.String()), "l", "")
	if len(r.Hits) != maxFieldSets+2 {
		t.Fatalf("%d hits", len(r.Hits))
	}
	if rest := r.Hits[maxFieldSets]; rest.Fields != nil || rest.Count != 3 {
		t.Errorf("the rest has fields %v and count %d", rest.Fields, rest.Count)
	}
	if r.Hits[1].Count != 2 {
		t.Errorf("a known field set counted %d", r.Hits[1].Count)
	}
	if h := r.Hits[maxFieldSets+1]; h.Count != maxTimes+5 || len(h.Times) != maxTimes {
		t.Errorf("count %d, %d times", h.Count, len(h.Times))
	}
	if len(r.Problems) != 1 || r.Problems[0].Ref.Line != maxFieldSets+1 || !strings.Contains(r.Problems[0].Text, "signature s0: more than 1024") {
		t.Errorf("problems %+v", r.Problems)
	}
}

func TestScanLongLines(t *testing.T) {
	s := mustCompile(t, sigs("head", "tail"))
	long := "head" + strings.Repeat("x", line.MaxLine) + "tail\n"
	r := s.Scan(strings.NewReader("a\n"+long+long+"b\n"), "l", "")
	if len(r.Hits) != 1 || r.Hits[0].Signature != "s0" || r.Hits[0].Count != 2 || len(r.Hits[0].Text) != maxText {
		t.Errorf("hits %d", len(r.Hits))
	}
	want := []fact.Problem{{Ref: fact.Ref{Source: "l", Line: 2, Offset: 2}, Text: "2 lines longer than 1 MiB, scanned only at their head"}}
	if !reflect.DeepEqual(r.Problems, want) || r.Log.Lines != 4 || r.Log.CutTail {
		t.Errorf("problems %+v, %d lines, CutTail %v", r.Problems, r.Log.Lines, r.Log.CutTail)
	}
}

func TestScanReadError(t *testing.T) {
	text := logrus(3, 0, 0, "oops") + `time="2026-11-22T03:00:01Z" level=inf`
	in := io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("unexpected EOF")))
	r := mustCompile(t, sigs("oops")).Scan(in, "l", "")
	want := []fact.Problem{{Ref: fact.Ref{Source: "l", Line: 2, Offset: int64(strings.Index(text, "\n") + 1)}, Text: `reading stopped here: "unexpected EOF"`}}
	if !reflect.DeepEqual(r.Problems, want) || !r.Log.CutTail || r.Log.Last != stampAt(3, 0, 1) {
		t.Errorf("problems %+v, CutTail %v, last %v", r.Problems, r.Log.CutTail, r.Log.Last)
	}
	r = mustCompile(t, nil).Scan(iotest.ErrReader(io.ErrUnexpectedEOF), "l", "")
	if len(r.Problems) != 1 || r.Problems[0].Ref != (fact.Ref{Source: "l"}) || !r.Log.CutTail {
		t.Errorf("nothing readable: %+v", r)
	}
}

// everyLine is the plain way to scan: each regular expression on each line.
func everyLine(all []fact.Signature, text string) map[string][]int {
	hits := map[string][]int{}
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for _, sig := range all {
		re := regexp.MustCompile(sig.Pattern)
		for i, l := range lines {
			if i < len(lines)-1 || strings.HasSuffix(text, "\n") {
				l = strings.TrimSuffix(l, "\r")
			}
			if re.MatchString(l) {
				hits[sig.ID] = append(hits[sig.ID], i+1)
			}
		}
	}
	return hits
}

// fuzzSigs are patterns of every kind that the extraction of literals knows.
var fuzzSigs = sigs(`abc`, `(?i)aBc`, `(?i)ask`, `ab(c|d)e`, `(abc|bcd|cab)`, `a+bcd`, `(abc){2}`, `(abc)?d`, `^abc$`, `\babc\b`,
	`a\d+b`, `a.c`, "a\uFFFDbcd", `é`, `(?i)éab`, `(?P<x>a+)(?P<y>b*)cc`, `a[bc]d`, `(?s).abc.`, `(?i:AB)cab`, `(a|ab)(c|bcd)`)

// longSigs are patterns with literals that the sieve finds, every one: else it would not
// choose the lines.
var longSigs = sigs(`abcabcab`, `(?i)abcABCab`, `abcab(c|de)abcabc`, `(abcabcabc|bcdbcdbcd)(?P<x>e?)`, `a+bcdabcab`, `(abc)?abcabcabc\d`, `^abcabcabc$`,
	`(?P<x>a+) abcabcab(?P<y>b*)cc`, `abcabcab\d*/(?P<x>\w+)/bcd.*cab`, `cab\d*abcabcab\d*bcd`, `(?i)abcabcab(?-i)\d*abcabcab\d*bcd`,
	`(abcabcab\d)+bcd`, `abcabcab\d+abcabcab\d+bcd`, `(?i:abcabcab)cab`, `abcabcabcabcabcabcabcabcabcabcabcabcabcabc`)

func checkAgainstEveryLine(t *testing.T, s *Set, sigs []fact.Signature, text string) {
	t.Helper()
	r := s.Scan(strings.NewReader(text), "l", "")
	want := everyLine(sigs, text)
	count := map[string]int64{}
	last := map[string]int{}
	lines := strings.Count(text, "\n") + 1
	for _, h := range r.Hits {
		count[h.Signature] += h.Count
		first := h.Refs[0].Line
		if first < last[h.Signature] || first < 1 || h.Refs[len(h.Refs)-1].Line > lines || len(h.Text) > maxText {
			t.Errorf("signature %s: refs %v in %d lines, text of %d bytes", h.Signature, h.Refs, lines, len(h.Text))
		}
		last[h.Signature] = first
		if at := h.Refs[0].Offset; !strings.HasPrefix(text[at:], h.Text) {
			t.Errorf("signature %s: %q does not stand at offset %d", h.Signature, h.Text, at)
		}
	}
	for _, sig := range sigs {
		if count[sig.ID] != int64(len(want[sig.ID])) {
			t.Errorf("%s %q: %d lines, want %v, text %q", sig.ID, sig.Pattern, count[sig.ID], want[sig.ID], text)
		}
	}
}

func FuzzScan(f *testing.F) {
	anything, long := mustCompile(f, fuzzSigs), mustCompile(f, longSigs)
	if slow := long.Slow(); len(slow) > 0 {
		f.Fatalf("%q have no literal", slow)
	}
	var each []*Set // of longSigs alone: together one finds the lines of another
	for i := range longSigs {
		each = append(each, mustCompile(f, longSigs[i:i+1]))
	}
	f.Add("abc\nABC\r\nabcabc d\n\nab\xffcd a\u212Ab as\u212A as\u017f")
	f.Add("Nov 22 03:49:28 host kernel: abcab\ntime=\"2026-11-22T03:49:28Z\" level=info msg=abcd\n{\"ts\":1637553908,\"a\":\"abc\"}")
	f.Add("abcabcab\nxabcabcabcc abcabcab\r\nABCabcABcab\nbcdbcdbcde\nabcabdabcabc\nabcabcabc9aabcdabcab")
	f.Add("abcabcab/abcabcab/x/bcdcab\nabcabcab/bcd\nx/bcdcab\nbcd cab abcabcab/\ncab1abcabcab bcd cababcabcab2bcd\nABCabcab1abcabcabbcd abcabcab2abcabcab3bcd\r\nabcabcab")
	f.Add("aab12b a1b acc aabcc cabc \u00e9ab \u00c9AB")
	f.Fuzz(func(t *testing.T, text string) {
		checkAgainstEveryLine(t, anything, fuzzSigs, text)
		checkAgainstEveryLine(t, long, longSigs, text)
		for i, s := range each {
			checkAgainstEveryLine(t, s, longSigs[i:i+1], text)
		}
		r := anything.Scan(strings.NewReader(text), "l", "")
		r.Resolve(time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC))
		for _, h := range r.Hits {
			var n int64
			for _, c := range h.PerMinute {
				n += c
			}
			if n != int64(len(h.Times)) && len(h.Times) < maxTimes || n > h.Count || h.Last.Before(h.First) {
				t.Errorf("%d in minutes, %d times, count %d, %v to %v", n, len(h.Times), h.Count, h.First, h.Last)
			}
		}
	})
}
