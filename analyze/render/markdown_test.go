package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

func TestInline(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"sh (507) waits, 1,661 times.":       "sh (507) waits, 1,661 times.",
		"waits in a_b < c_d, twice":          "waits in `a_b < c_d`, twice",
		"at 03:49:28 +0000":                  "at 03:49:28 +0000",
		"see (/proc/1/stack) and 18.09.2":    "see (`/proc/1/stack`) and `18.09.2`",
		"12. a list":                         "`12.` a list",
		"- a list":                           "`-` a list",
		"took 12.":                           "took 12.",
		"@team #12 GH-7 deadbeef0":           "`@team #12 GH-7 deadbeef0`",
		"a `b` ``c``":                        "a ``` `b` ``c`` ```",
		"<b> &amp; [a](b) ![c](d)":           "`<b> &amp`; `[a](b) ![c](d)`",
		"in daemon.(*Daemon).Kill() (pid 7)": "in `daemon.(*Daemon).Kill()` (pid 7)",
		`a\b *c* ~d~ $e$ |f|`:                "`a\\b *c* ~d~ $e$ |f|`",
		"www.a https://b c@d :smile:":        "`www.a https://b c@d :smile`:",
		"at www., 5":                         "at `www`., 5",
		"line\nbreak\x1b[0m":                 "`line\\x0abreak\\x1b[0m`",
	} {
		if got := inline(in); got != want {
			t.Errorf("inline(%q)\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"plain":  "`plain`",
		"":       "`   `",
		"a`b":    "``a`b``",
		"`a`":    "`` `a` ``",
		"```":    "```` ``` ````",
		" a ":    "`  a  `",
		"a\tb\n": "`a b\\x0a`",
	} {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
}

// commentOf is a report in which text stands wherever a bundle can put it.
func commentOf(text string) *analyze.Report {
	ref := fact.Ref{Source: text, Line: 7}
	stack := fact.Ref{Source: text, Line: 1, EndLine: 2}
	process := &fact.Process{PID: 7, Comm: text, Wait: fact.Wait{Class: fact.WaitUninterruptible, Frame: text, File: text, Refs: []fact.Ref{ref}}}
	rule := &rules.Rule{ID: rules.ID{ID: "filesystem-frozen", Role: rules.RoleCause}, Title: "frozen", Severity: "critical"}
	root := &rules.Finding{
		Rule: rule, Summary: text, Confidence: rules.Certain, Status: rules.Active, Explains: []int{1},
		Next: rules.Steps{Now: []string{text}, ForGood: []string{text}, Collect: []string{text}},
		Evidence: []rules.Evidence{
			{Name: "a", Table: "processes", Rows: []rules.Row{{Table: "processes", Value: process}}, Sum: 1},
			{Name: "b", Table: "hits", Rows: []rules.Row{{Table: "hits", Value: &fact.Hit{Text: text, Refs: []fact.Ref{{Source: text, Line: 9}}}}}, Sum: 3},
			{Name: "c", Table: "stacks", Rows: []rules.Row{{Table: "stacks", Value: &fact.Stack{Daemon: text, Frames: []string{text}, Count: 3, Refs: []fact.Ref{stack}}}}, Sum: 3},
			{Name: "d", Table: "items", Rows: []rules.Row{{Table: "items", Value: &fact.Item{Command: text, State: fact.TimedOut, Refs: []fact.Ref{ref}}}}, Sum: 1},
		},
		RuledOut: []rules.RuledOut{{Rival: "cgroup-frozen", Name: text}},
		Open:     []rules.Open{{Rival: "nfs", Name: "x", Why: []string{text}}, {Name: text}},
	}
	link := &rules.Finding{Rule: &rules.Rule{ID: rules.ID{ID: "stuck"}, Title: "stuck"}, Summary: text, Confidence: rules.Certain, ExplainedBy: []int{0}}
	other := &rules.Finding{Rule: &rules.Rule{ID: rules.ID{ID: "other"}, Title: "other"}, Summary: text, Confidence: rules.Suspected}
	return &analyze.Report{
		Bundle: text, Findings: []*rules.Finding{root, link, other}, Verdicts: []int{0},
		Problems: []fact.Problem{{Ref: ref, Text: text}},
		Gaps:     []analyze.Gap{{What: text, Refs: []fact.Ref{ref}}},
		Unusual:  []analyze.Unusual{{Text: text, Refs: []fact.Ref{ref}}},
		Nodes:    []analyze.NodeReport{{Name: text, Kernel: text, Daemons: []fact.Daemon{{Name: "dockerd", Version: text}}}},
		Seen:     []analyze.Seen{{Table: "processes", N: 3}, {Table: "mounts"}},
		Excerpts: map[fact.Ref]string{ref: text, stack: text + "\n" + text},
	}
}

// skeleton is the kinds of all blocks of a document, and what inline markup it
// holds beside code and the labels that the renderer writes itself.
func skeleton(t *testing.T, source []byte) string {
	t.Helper()
	var b strings.Builder
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if found := tracked.FindString(string(n.Value(source))); found != "" {
				t.Errorf("%q in running text:\n%s", found, source)
			}
		case *ast.Emphasis:
			fmt.Fprintf(&b, "Emphasis%d ", n.Level)
		case *ast.String:
			t.Errorf("replaced text %q:\n%s", n.Value, source)
		default:
			if n.Type() == ast.TypeInline {
				t.Errorf("%s in the comment:\n%s", n.Kind(), source)
			}
			fmt.Fprintf(&b, "%s ", n.Kind())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tracked is what trackers turn into links and pictures in running text; a time of day is neither.
var tracked = regexp.MustCompile(`@|#\d|[!~$%&^*|]\w|:(\d{3,}|[a-zA-Z+-]\w*):|://|www\.\S|[A-Z]{2,}-\d|\b[0-9a-f]{7,}\b`)

// FuzzMarkdown: whatever stands in a bundle, it is text: the comment has the
// same blocks as with a harmless word, no markup but the renderer's own, nothing
// that a tracker would link, and no control character.
func FuzzMarkdown(f *testing.F) {
	for _, text := range []string{
		"<img src=x onerror=alert(1)>", "[a](javascript:x)", "![a](http://b)", "a|b\n-|-\n", "`", "``` ```", "a`<b>`c", "\\`<i>\\",
		"# h", "- l", "1. l", "12)", "> q", "---", "===", "    code", "\ttab", "~~~", "&lt;b&gt;", "@team", "#123", "org/repo#1",
		"GH-12", "0123456789abcdef", "http://a.b", "www.a.b", "a@b.c", "<http://a>", "*a* _b_ ~c~ $d$", ":smile:", "[ ] task", "[^1]: note",
		": definition", "a\r\nb", "\x1b[31m", "txt\u202egnp", "\xff\xfe", " ` ", "(`)", "`)", "'`'", "12:100:30", "%1 !2 &3 ^4",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, hostile string) {
		for _, full := range []bool{false, true} {
			for _, silent := range []bool{false, true} {
				render := func(text string) []byte {
					r := commentOf(text)
					if silent {
						r.Verdicts, r.Findings = nil, r.Findings[2:]
					}
					var b bytes.Buffer
					if err := Markdown(&b, r, Options{Full: full, Pins: pinsOf(text)}); err != nil {
						t.Fatal(err)
					}
					return b.Bytes()
				}
				if strings.TrimSpace(hostile) == "" || strings.Contains(hostile, "\n") {
					// An excerpt of more or fewer lines is another list of lines.
					hostile = "x" + strings.ReplaceAll(hostile, "\n", "\r")
				}
				got := render(hostile)
				if blocks, want := skeleton(t, got), skeleton(t, render("word")); blocks != want {
					t.Errorf("blocks\n got %s\nwant %s\n%s", blocks, want, got)
				}
				for line := range strings.SplitSeq(string(got), "\n") {
					if Clean(line) != line {
						t.Errorf("unsafe: %q", line)
					}
				}
			}
		}
	})
}

// TestTelling: five pieces of many are one a condition, the root's first, and what
// was seen before what was not.
func TestTelling(t *testing.T) {
	row := func(line int) []rules.Row {
		return []rules.Row{{Table: "items", Value: &fact.Item{Refs: []fact.Ref{{Source: "s", Line: line}}}}}
	}
	of := func(name string, step int, effect bool, rows []rules.Row) piece {
		return piece{Evidence: rules.Evidence{Name: name, Rows: rows}, Step: step, Effect: effect}
	}
	pieces := []piece{
		of("cause", 0, false, row(1)),
		of("cause", 0, false, row(2)), // a second one of the condition
		of("nothing", 0, false, nil),  // looked for only
		of("seen", 0, true, row(3)),
		of("why", 1, false, row(4)), // the step before is the cause of the step
		of("what", 1, true, row(5)),
		of("same line", 2, true, row(5)),
		of("what", 2, true, row(6)),
	}
	for n, want := range []string{"", "1", "1 3", "1 3 5", "1 3 5 6", "1 3 4 5 6", "1 none 3 4 5 6", "1 2 none 3 4 5 6"} {
		var got []string
		for _, p := range telling(pieces, n) {
			at := "none"
			if len(p.Rows) > 0 {
				at = fmt.Sprint(tellingRef(p.Evidence).Line)
			}
			got = append(got, at)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: %v, want %s", n, got, want)
		}
	}
}

// TestUnread: what cannot be read again is cited without its line, and that is
// said; a log line is kept by its row.
func TestUnread(t *testing.T) {
	r := commentOf("word")
	r.Excerpts = nil
	var b bytes.Buffer
	if err := Markdown(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"   - `word:7`\n", "   - `word:9`: `word`\n", "\n3 places could not be read a second time and are not quoted.\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
