package logs

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

// memory is a Store.
type memory struct{ b []byte }

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if grow := int(at) + len(p) - len(m.b); grow > 0 {
		m.b = append(m.b, make([]byte, grow)...)
	}
	return copy(m.b[at:], p), nil
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) Close() error { m.b = nil; return nil }

// stream is a log of text, collected at ref.
func stream(source, text string, ref time.Time) Stream {
	return Stream{Source: source, Content: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Collected: ref}
}

func mustMerge(t testing.TB, streams ...Stream) *Timeline {
	t.Helper()
	tl, err := Merge(context.Background(), &memory{}, streams, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

func rowsOf(tl *Timeline) (rows []Moment) {
	for i := range tl.Len() {
		rows = append(rows, tl.At(i))
	}
	return rows
}

// placed is a line with what it is ordered by.
type placed struct {
	Moment
	key time.Time
}

// slowly merges by sorting all lines, each taken apart wholly.
func slowly(streams []Stream) (all []placed, undated []string) {
	for i, s := range streams {
		var own []placed
		var first, last, latest time.Time
		dated := false
		in := line.NewReader(io.NewSectionReader(s.Content, 0, s.Content.Size()))
		for l, ok := in.Next(); ok; l, ok = in.Next() {
			e := line.Parse(l.Text)
			if !e.Stamp.IsZero() {
				last = e.Stamp.Resolve(s.Collected)
				if !dated {
					dated, first = true, last
				}
			}
			level := fact.LevelOther
			switch e.Level {
			case "error", "fatal", "panic":
				level = fact.LevelError
			case "warning":
				level = fact.LevelWarning
			}
			own = append(own, placed{Moment: Moment{Time: last, Stream: i, Line: l.No, Offset: l.Offset, Level: level}})
		}
		if !dated {
			undated = append(undated, s.Source)
			continue
		}
		for j := range own {
			if own[j].Time.IsZero() {
				own[j].Time = first
			}
			if j == 0 || own[j].Time.After(latest) {
				latest = own[j].Time
			}
			own[j].key = latest
		}
		all = append(all, own...)
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.key.Compare(b.key) })
	return all, undated
}

// checkTimeline compares a timeline with the slow way in all that it answers.
func checkTimeline(t *testing.T, streams []Stream) *Timeline {
	t.Helper()
	tl := mustMerge(t, streams...)
	want, undated := slowly(streams)
	if !slices.Equal(tl.Undated, undated) {
		t.Errorf("undated %v, want %v", tl.Undated, undated)
	}
	if tl.Len() != len(want) {
		t.Fatalf("%d rows, want %d", tl.Len(), len(want))
	}
	minutes := map[int64]*Minute{}
	for i, w := range want {
		got := tl.At(i)
		if !got.Time.Equal(w.Time) {
			t.Fatalf("row %d at %v, want %v", i, got.Time, w.Time)
		}
		if got.Time = w.Time; got != w.Moment {
			t.Fatalf("row %d is %+v, want %+v", i, got, w.Moment)
		}
		m := minutes[minute(w.key)]
		if m == nil {
			m = &Minute{Minute: minute(w.key)}
			minutes[m.Minute] = m
		}
		m.Lines++
		if w.Level == fact.LevelError {
			m.Errors++
		}
		if row, ok := tl.Place(streams[w.Stream].Source, w.Line); !ok || row != i {
			t.Fatalf("line %d of stream %d at row %d %v, want %d", w.Line, w.Stream, row, ok, i)
		}
	}
	checkMinutes(t, tl, minutes)
	checkFind(t, tl, want)
	return tl
}

func checkMinutes(t *testing.T, tl *Timeline, want map[int64]*Minute) {
	t.Helper()
	got := tl.Minutes()
	if len(got) != len(want) {
		t.Errorf("%d minutes, want %d", len(got), len(want))
	}
	for i, m := range got {
		if w := want[m.Minute]; w == nil || *w != m || i > 0 && got[i-1].Minute >= m.Minute {
			t.Errorf("minute %d is %+v, want %+v", i, m, w)
		}
	}
}

func checkFind(t *testing.T, tl *Timeline, want []placed) {
	t.Helper()
	step := max(1, len(want)/200)
	for i := 0; i < len(want); i += step {
		for _, at := range []time.Time{want[i].key, want[i].key.Add(1), want[i].key.Add(-1)} {
			first := slices.IndexFunc(want, func(p placed) bool { return !p.key.Before(at) })
			if first < 0 {
				first = len(want)
			}
			if got := tl.Find(at); got != first {
				t.Errorf("Find(%v) = %d, want %d", at, got, first)
			}
		}
	}
}

func TestMergeFormats(t *testing.T) {
	east8 := time.FixedZone("CST", 8*3600)
	ref := time.Date(2027, 1, 2, 0, 0, 0, 0, east8)
	utc := func(h, m, s, nano int) time.Time { return time.Date(2026, 12, 31, h, m, s, nano, time.UTC) }
	for _, tt := range []struct {
		name, text string
		boot       time.Time
		want       []time.Time // of each line
		levels     []fact.Level
	}{
		{"klog has no year", "I1231 23:58:00.000001       1 a.go:1] a\nE0101 00:00:01.500000       1 a.go:1] b\n", time.Time{},
			[]time.Time{utc(15, 58, 0, 1000), utc(16, 0, 1, 5e8)}, []fact.Level{fact.LevelOther, fact.LevelError}},
		{"logrus", "time=\"2026-12-31T23:00:00.123456789+08:00\" level=warning msg=a\r\ntime=\"2026-12-31T15:00:01Z\" level=fatal msg=b", time.Time{},
			[]time.Time{utc(15, 0, 0, 123456789), utc(15, 0, 1, 0)}, []fact.Level{fact.LevelWarning, fact.LevelError}},
		{"syslog has no year and no zone", "Dec 31 23:00:00 host dockerd[1]: a\nDec 31 23:00:01 host kernel: [   1.000000] b\n", time.Time{},
			[]time.Time{utc(15, 0, 0, 0), utc(15, 0, 1, 0)}, []fact.Level{0, 0}},
		{"seconds since boot", "[    0.000000] a\n[   62.500000][    T1] b\n  c\n", utc(10, 0, 0, 0),
			[]time.Time{utc(10, 0, 0, 0), utc(10, 1, 2, 5e8), utc(10, 1, 2, 5e8)}, []fact.Level{0, 0, 0}},
		{"seconds since an unknown boot", "[    0.000000] a\n[   62.500000] b\n", time.Time{}, nil, nil},
		{"JSON", `{"level":"error","ts":1798729200.25,"msg":"a"}` + "\n" + `{"level":"info","time":"2026-12-31T15:00:01Z","msg":"b"}` + "\n", time.Time{},
			[]time.Time{utc(15, 0, 0, 25e7), utc(15, 0, 1, 0)}, []fact.Level{fact.LevelError, 0}},
		{"docker's json-file", `{"log":"W1231 23:58:00.000001 1 a.go:1] b\n","stream":"stderr","time":"2026-12-31T15:58:00.123456789Z"}` + "\n", time.Time{},
			[]time.Time{utc(15, 58, 0, 123456789)}, []fact.Level{fact.LevelWarning}},
		{"lines without a time", "-- Logs begin --\n\ntime=\"2026-12-31T15:00:00Z\" level=error msg=a\n\tat b\n\ntime=\"2026-12-31T15:00:01Z\" level=info msg=c\nlast", time.Time{},
			[]time.Time{utc(15, 0, 0, 0), utc(15, 0, 0, 0), utc(15, 0, 0, 0), utc(15, 0, 0, 0), utc(15, 0, 0, 0), utc(15, 0, 1, 0), utc(15, 0, 1, 0)},
			[]fact.Level{0, 0, fact.LevelError, 0, 0, 0, 0}},
		{"no time at all", "a\nb\n", time.Time{}, nil, nil},
		{"nothing", "", time.Time{}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stream("l", tt.text, ref)
			s.Boot = tt.boot
			tl := mustMerge(t, s)
			if (tt.want == nil) != slices.Equal(tl.Undated, []string{"l"}) {
				t.Errorf("undated %v", tl.Undated)
			}
			if tl.Len() != len(tt.want) {
				t.Fatalf("%d rows, want %d", tl.Len(), len(tt.want))
			}
			for i, w := range tt.want {
				if m := tl.At(i); !m.Time.Equal(w) || m.Line != i+1 || m.Level != tt.levels[i] || m.Time.Location() != east8 {
					t.Errorf("row %d is %+v, want %v and level %d", i, m, w, tt.levels[i])
				}
			}
		})
	}
}

// TestMergeOrder: ties go by stream, a clock that jumps back moves no line before
// another of its log, and shows what it printed.
func TestMergeOrder(t *testing.T) {
	a := logrus(3, 0, 1, "a1") + logrus(3, 0, 9, "a2") + logrus(3, 0, 2, "a3") + logrus(3, 0, 9, "a4")
	b := logrus(3, 0, 1, "b1") + logrus(3, 0, 5, "b2") + logrus(3, 0, 9, "b3")
	tl := checkTimeline(t, []Stream{stream("a", a, time.Time{}), stream("none", "x\n", time.Time{}), stream("b", b, time.Time{})})
	var got []string
	for _, m := range rowsOf(tl) {
		got = append(got, fmt.Sprintf("%s%d@%d", tl.Streams[m.Stream].Source, m.Line, m.Time.Second()))
	}
	if want := []string{"a1@1", "b1@1", "b2@5", "a2@9", "a3@2", "a4@9", "b3@9"}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	for at, want := range map[int]int{0: 0, 1: 0, 2: 2, 5: 2, 6: 3, 9: 3, 10: 7} {
		if got := tl.Find(stampAt(3, 0, at)); got != want {
			t.Errorf("Find(%d s) = %d, want %d", at, got, want)
		}
	}
	for _, tt := range []struct {
		source string
		line   int
	}{{"a", 0}, {"a", 5}, {"none", 1}, {"c", 1}} {
		if row, ok := tl.Place(tt.source, tt.line); ok {
			t.Errorf("line %d of %s is row %d", tt.line, tt.source, row)
		}
	}
	for _, i := range []int{-1, tl.Len()} {
		if m := tl.At(i); m != (Moment{}) {
			t.Errorf("row %d is %+v", i, m)
		}
	}
}

// TestMergePieces: two pieces of one pasted text are two streams of one source.
func TestMergePieces(t *testing.T) {
	head, first, between := "# docker logs\n", logrus(3, 0, 5, "a")+logrus(3, 0, 6, "b"), "# journalctl\n"
	text := head + first + between + logrus(3, 0, 1, "c")
	piece := func(line int, offset, lines int) Stream {
		s := stream("p", text[offset:], time.Time{})
		s.Line, s.Offset, s.Lines = line, int64(offset), int64(lines)
		return s
	}
	tl := mustMerge(t, piece(2, len(head), 2), piece(5, len(head+first+between), 0))
	if tl.Len() != 3 {
		t.Fatalf("%d rows", tl.Len())
	}
	for i, want := range []int{5, 2, 3} {
		m := tl.At(i)
		lines := strings.SplitAfter(text[:m.Offset], "\n")
		if row, ok := tl.Place("p", want); m.Line != want || len(lines) != want || !ok || row != i {
			t.Errorf("row %d is line %d at offset %d, and line %d at row %d %v", i, m.Line, m.Offset, want, row, ok)
		}
	}
	if row, ok := tl.Place("p", 4); ok {
		t.Errorf("line 4 at row %d", row)
	}
}

// randomLog is a log with jumps of its clock, lines without a time and long ones.
func randomLog(rnd *rand.Rand, lines int) string {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC).Add(time.Duration(rnd.IntN(600)) * time.Second)
	format := rnd.IntN(4)
	var b strings.Builder
	for range lines {
		switch rnd.IntN(20) {
		case 0:
			now = now.Add(-time.Duration(rnd.IntN(300)) * time.Second)
		case 1:
			now = now.Add(time.Duration(rnd.IntN(300)) * time.Second)
		case 2, 3, 4:
			b.WriteString("\tgithub.com/docker/docker/daemon.(*Daemon).Kill(0xc0)\n")
			continue
		default:
			now = now.Add(time.Duration(rnd.IntN(3)) * time.Second / 2)
		}
		switch format {
		case 0:
			fmt.Fprintf(&b, "time=%q level=%s msg=a\n", now.Format(time.RFC3339Nano), []string{"info", "error", "warning", "debug"}[rnd.IntN(4)])
		case 1:
			fmt.Fprintf(&b, "%c%s       1 a.go:1] a\r\n", "IWEF"[rnd.IntN(4)], now.Format("0102 15:04:05.000000"))
		case 2:
			fmt.Fprintf(&b, "%s host dockerd[1]: %s\n", now.Format(time.Stamp), strings.Repeat("x", rnd.IntN(2000)))
		case 3:
			fmt.Fprintf(&b, "{\"log\":\"level=error msg=a\\n\",\"stream\":\"stderr\",\"time\":%q}\n", now.Format(time.RFC3339Nano))
		}
	}
	return b.String()
}

func TestMergeAgainstSort(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var streams []Stream
		for i := range rnd.IntN(8) {
			streams = append(streams, stream(fmt.Sprint("l", i), randomLog(rnd, rnd.IntN(3*pageRows)), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
		}
		checkTimeline(t, streams)
	}
}

// TestMergeManyStreams: more logs than a merge has whole buffers for.
func TestMergeManyStreams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	var streams []Stream
	for i := range 1000 {
		streams = append(streams, stream(fmt.Sprint("l", i), randomLog(rnd, 10), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
	}
	checkTimeline(t, streams)
}

func TestMinutesAreBounded(t *testing.T) {
	tl := Timeline{}
	c := cursor{key: stampAt(0, 0, 0)}
	for range keptMinutes + 10 {
		tl.count(&c)
		c.key = c.key.Add(time.Minute)
	}
	m := tl.Minutes()
	if len(m) != keptMinutes/2+10 || m[len(m)-1] != (Minute{Minute: minute(c.key) - 1, Lines: 1}) || m[0].Minute != m[len(m)-1].Minute-int64(len(m))+1 {
		t.Errorf("%d minutes, the last %+v", len(m), m[len(m)-1])
	}
}

func TestRecord(t *testing.T) {
	for _, want := range []Moment{
		{Time: time.Unix(0, 0).UTC()},
		{Time: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), Stream: 1<<24 - 1, Line: 1<<48 - 1, Offset: 1<<47 - 1, Level: fact.LevelError},
		{Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), Stream: 1, Line: 1 << 32, Offset: 1, Level: fact.LevelWarning},
	} {
		var b [recordSize]byte
		want.put(b[:])
		if got := readMoment(b[:]); got != want {
			t.Errorf("read %+v, want %+v", got, want)
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("time=\"2026-11-22T03:49:28.5Z\" level=error msg=a\n\tb\n", "E1122 03:49:28.000000 1 a.go:1] b\r\nNov 22 03:49:28 h p[1]: a\n")
	f.Add("\n\n[1.5] a\n{\"ts\":1637553908,\"level\":\"error\"}\n", "2026-11-22T23:59:60Z stdout F a\n0001-01-01T00:00:00+23:59 a")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, ref := range []time.Time{{}, time.Date(2026, 11, 22, 4, 0, 0, 0, time.FixedZone("", -3600))} {
			streams := []Stream{stream("a", a, ref), stream("b", b, ref)}
			tl := mustMerge(t, streams...)
			want, _ := slowly(streams)
			if tl.Len() != len(want) {
				t.Fatalf("%d rows, want %d", tl.Len(), len(want))
			}
			for i, w := range want {
				if m := tl.At(i); m.Stream != w.Stream || m.Line != w.Line || m.Offset != w.Offset || !m.Time.Equal(w.Time) {
					t.Fatalf("row %d is %+v, want %+v", i, m, w)
				}
			}
		}
	})
}
