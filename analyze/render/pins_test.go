package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// pinsOf are pins in which text stands wherever it can, and one with a place only.
func pinsOf(text string) []Pin {
	at := fact.Ref{Source: text, Line: 3}
	return []Pin{{Ref: at, Text: text, Note: text}, {Ref: at, Text: text}, {Text: text, Note: text}, {Ref: at}}
}

// hostileLines are lines that mean something to a terminal, a page or a tracker.
var hostileLines = []string{
	"x\x1b]0;owned\x07", "a\nb", "a\r\x1b[2Kb", "`a` ```b```", "<script>alert(1)</script>", "@team #12 GH-7", "a\u202eb", "\xff\xfe", "- [ ] x",
}

// TestPinsAreText: no byte of a pinned line or of its note is more than text.
func TestPinsAreText(t *testing.T) {
	for _, hostile := range hostileLines {
		for _, full := range []bool{false, true} {
			o := Options{Full: full, Pins: pinsOf(hostile)}
			var text, md bytes.Buffer
			if err := Text(&text, commentOf("word"), o); err != nil {
				t.Fatal(err)
			}
			if err := Markdown(&md, commentOf("word"), o); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(text.String()+md.String(), "\n") {
				if Clean(line) != line {
					t.Errorf("%q gives the line %q", hostile, line)
				}
			}
			var want bytes.Buffer
			if err := Markdown(&want, commentOf("word"), Options{Full: full, Pins: pinsOf("word")}); err != nil {
				t.Fatal(err)
			}
			if got, want := skeleton(t, md.Bytes()), skeleton(t, want.Bytes()); got != want {
				t.Errorf("%q makes other blocks:\n got %s\nwant %s", hostile, got, want)
			}
		}
	}
}

// TestPinned: where the section stands, and how a pin reads with and without its parts.
func TestPinned(t *testing.T) {
	pins := []Pin{
		{Ref: fact.Ref{Source: "proc/507/stack", Line: 1}, Text: "[<0>]  percpu_rwsem_wait+0x1/0x2\t\x1b[m", Note: "frozen here, see @ops"},
		{Ref: fact.Ref{Source: "log", Line: 7, EndLine: 9}, Text: "a `b`"},
		{Ref: fact.Ref{Source: "ps.txt"}, Text: " \t", Note: "no line"},
		{Text: "no place"},
	}
	text := `
PINNED
  -           frozen here, see @ops                             proc/507/stack:1
              [<0>] percpu_rwsem_wait+0x1/0x2 \x1b[m
  -           a ` + "`b`" + `                                                      log:7-9
  -           no line                                                     ps.txt
  -           no place

`
	md := "\n**Pinned**\n\n" +
		"- frozen here, see `@ops`: `proc/507/stack:1`: `[<0>] percpu_rwsem_wait+0x1/0x2 \\x1b[m`\n" +
		"- `log:7-9`: `` a `b` ``\n" +
		"- no line: `ps.txt`\n" +
		"- `no place`\n\n"
	for _, silent := range []bool{false, true} {
		r := commentOf("word")
		above, below := "**What to do**", "**Also found**"
		if silent {
			r.Verdicts, r.Findings = nil, r.Findings[2:]
			above = "**Stands out**"
		}
		for _, tt := range []struct{ format, section, above, below string }{
			{"text", text, "word", "ALSO FOUND"}, {"md", md, above, below},
		} {
			f, ok := FormatNamed(tt.format)
			if !ok {
				t.Fatalf("no format %s", tt.format)
			}
			var b, plain bytes.Buffer
			if err := f.Write(&b, r, Options{Pins: pins}); err != nil {
				t.Fatal(err)
			}
			if err := f.Write(&plain, r, Options{}); err != nil {
				t.Fatal(err)
			}
			before, after, found := strings.Cut(b.String(), tt.section)
			if !found || !strings.Contains(before, tt.above) || !strings.Contains(after, tt.below) || strings.Contains(before, tt.below) {
				t.Errorf("silent %t: want below %q and above %q:\n%s\nin\n%s", silent, tt.above, tt.below, tt.section, b.String())
			}
			if rest := before + "\n" + after; rest != plain.String() {
				t.Errorf("silent %t: pins change the rest:\n%s", silent, rest)
			}
		}
	}
}

// TestPinsBounded: 512 bytes of a line; 40 pins of a comment unless it is full.
func TestPinsBounded(t *testing.T) {
	var pins []Pin
	for i := range 50 {
		pins = append(pins, Pin{Text: fmt.Sprintf("pin-%d ", i) + strings.Repeat("é", 400)})
	}
	for full, want := range map[bool]int{false: 40, true: 50} {
		got := comment(commentOf("word"), Options{Full: full, Pins: pins}).b.String()
		if n := strings.Count(got, "pin-"); n != want || strings.Contains(got, "- and 10 more\n") == full {
			t.Errorf("full %t: %d pins", full, n)
		}
		if !strings.Contains(got, "`pin-7 "+strings.Repeat("é", 253)+"...`") {
			t.Errorf("full %t: a long line is not cut at 512 bytes:\n%s", full, got)
		}
	}
}

// TestPinnedLinesLead: in the lines of a screen a pin leads to its place.
func TestPinnedLinesLead(t *testing.T) {
	at := fact.Ref{Source: "log", Line: 7}
	n := 0
	for _, l := range Lines(commentOf("word"), Options{Pins: []Pin{{Ref: at, Text: "the line", Note: "the note"}}}) {
		if strings.Contains(l.Text, "the note") || strings.Contains(l.Text, "the line") {
			if len(l.Refs) != 1 || l.Refs[0] != at {
				t.Errorf("%q leads to %v", l.Text, l.Refs)
			}
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d lines", n)
	}
}

// TestFormats: names are unique, each writes what it is named after, and what quotes
// lines says which.
func TestFormats(t *testing.T) {
	r := commentOf("word")
	begins := map[string]string{"text": "ROOT CAUSE  certain", "md": "## Root cause (certain)", "json": "{\n  \"schema\""}
	for _, f := range Formats() {
		var b bytes.Buffer
		if err := f.Write(&b, r, Options{}); err != nil || !strings.HasPrefix(b.String(), begins[f.Name]) || begins[f.Name] == "" || !strings.HasSuffix(b.String(), "\n") {
			t.Errorf("%s, %v:\n%s", f.Name, err, b.String())
		}
		if quotes := f.Cited != nil && len(f.Cited(r, Options{})) > 0; quotes != (f.Name == "md") {
			t.Errorf("%s: quotes %t", f.Name, quotes)
		}
		if f.Title == "" || f.Ext != map[string]string{"text": ".txt", "md": ".md", "json": ".json"}[f.Name] {
			t.Errorf("%+v", f)
		}
		delete(begins, f.Name)
	}
	if _, ok := FormatNamed("yaml"); ok || len(begins) > 0 {
		t.Errorf("yaml is there: %t, missing: %v", ok, begins)
	}
}
