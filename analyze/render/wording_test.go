package render

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ünïcode":   "plain, ünïcode",
		"\x1b[31mred\x07":  `\x1b[31mred\x07`,
		"a\tb\r\nc":        `a b\x0d\x0ac`,
		"bad \xff utf":     `bad \xff utf`,
		"\u009b31m":        `\x9b31m`,
		"txt\u202egnp.exe": `txt\u202egnp.exe`,
		"zero\u200bwidth":  `zero\u200bwidth`,
		"a\u2028b\u061cc":  `a\u2028b\u061cc`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzText: whatever stands in a bundle, the report holds no control character
// but the newline and no line that is too wide.
func FuzzText(f *testing.F) {
	f.Add("name\x1b]0;x\x07", "text \u202e\n\r", 80)
	f.Add(strings.Repeat("x", 500), "\xff\xfe", 41)
	f.Fuzz(func(t *testing.T, source, text string, width int) {
		width = 40 + width&0xff
		r := &analyze.Report{
			Bundle:   source,
			Problems: []fact.Problem{{Ref: fact.Ref{Source: source, Line: 3}, Text: text}},
			Gaps:     []analyze.Gap{{What: text, Refs: []fact.Ref{{Source: source}}}},
			Unusual:  []analyze.Unusual{{Text: text, Refs: []fact.Ref{{Source: source, Line: 1, EndLine: 9}}}},
			Nodes:    []analyze.NodeReport{{Name: text, Kernel: source}},
		}
		var b bytes.Buffer
		if err := Text(&b, r, Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if utf8.RuneCountInString(line) > width {
				t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
			}
			if Clean(line) != line {
				t.Errorf("unsafe: %q", line)
			}
		}
	})
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"a bb ccc", 4, "a bb|ccc"},
		{"abcdefgh ij", 3, "abc|def|gh|ij"},
		{"", 5, ""},
		{"  blanks   go ", 20, "blanks go"},
		{"éé éé", 2, "éé|éé"},
	} {
		if got := strings.Join(wrap(tt.text, tt.width), "|"); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

func TestEvidenceText(t *testing.T) {
	for _, tt := range []struct {
		table string
		row   any
		sum   int64
		want  string
	}{
		{"clients", &fact.Client{Endpoint: "docker.sock", PID: 7, Comm: "agent", Connections: 1500, Idle: fact.Some(int64(1490)), Kept: fact.Some(int64(1488))}, 1500,
			"1,500 docker.sock connections of agent (7), 1,490 without a request; its own dump keeps 1,488"},
		{"clients", &fact.Client{Endpoint: "docker.sock", Connections: 1}, 1, "1 docker.sock connection of an unknown client"},
		{"heap", &fact.Heap{Daemon: "dockerd", Func: "bufio.NewReaderSize", InUseObjects: 70000, InUseBytes: 287 << 20}, 70000,
			"70,000 objects, 287 MiB in the heap of dockerd, of bufio.NewReaderSize and the like"},
		{"stacks", &fact.Stack{Daemon: "dockerd", Count: 30, Frames: []string{"bufio.(*Reader).Peek", "net/http.(*conn).serve"}}, 33,
			"33 goroutines of dockerd, 30 of them on connections without a request"},
		{"daemons", &fact.Daemon{Name: "dockerd", PID: 9, Listeners: fact.Some(int64(300))}, 1, "dockerd (9), 300 /events streams"},
	} {
		if got := evidenceText(rules.Evidence{Table: tt.table, Rows: []rules.Row{{Table: tt.table, Value: tt.row}}, Sum: tt.sum}); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestSamplesText(t *testing.T) {
	row := func(metric string, value int64, second int) rules.Row {
		return rules.Row{Value: &fact.Sample{Daemon: "dockerd", PID: 7, Metric: metric, Value: value, Taken: time.Date(2026, 11, 22, 4, 9, second, 0, time.UTC)}}
	}
	for _, tt := range []struct {
		rows []rules.Row
		want string
	}{
		{[]rules.Row{row("goroutines", 1460, 28)}, "goroutines of dockerd: 1,460"},
		{[]rules.Row{row("goroutines", 1460, 28), row("goroutines", 1499, 33), row("fds", 50, 28), row("fds", 89, 33)},
			"goroutines of dockerd: 1,460 at 2026-11-22 04:09:28, 1,499 at 2026-11-22 04:09:33; fds of dockerd: 50 at 2026-11-22 04:09:28, 89 at 2026-11-22 04:09:33"},
		{[]rules.Row{row("a", 1, 0), row("b", 1, 0), row("c", 1, 0), row("d", 1, 0), row("e", 1, 0)}, "a of dockerd: 1; b of dockerd: 1; c of dockerd: 1; and 2 more"},
	} {
		if got := samplesText(rules.Evidence{Rows: tt.rows}); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
