package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"culprit/analyze/fact"
)

// withWhere is the good rule with another predicate, on stacks for those that need a
// list.
func withWhere(where string) string {
	return strings.NewReplacer("from: containers", "from: stacks", ", on: container", "", "{gone.name}", "", "'!row.shim_alive'", "'"+where+"'").Replace(goodRule)
}

// TestHostileFilesAreRefused: each is refused at its place, in little text, and the
// mistake of the file beside it is still named.
func TestHostileFilesAreRefused(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	deep := func(open string, n int, closing string) string {
		return strings.Repeat(open, n) + "1" + strings.Repeat(closing, n)
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'h'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ","))
	}
	var selections, conditions strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&selections, "  s%d: {from: containers, where: 'row.name == \"%d\"', on: container}\n", i, i)
		conditions.WriteString(", {name: x, none: gone}")
	}
	for _, tt := range []struct{ name, text, want string }{
		{"a huge predicate", withWhere("true" + strings.Repeat(" || row.count > 1", 2000)), "where is longer than 4096 bytes"},
		{"a deep predicate", withWhere(deep("(", 1000, ")") + " == 1"), "r.yaml:7:31: expression recursion limit exceeded: 250"},
		{"nested comprehensions", withWhere("row.frames.all(a, row.frames.all(b, row.frames.all(c, a == b && b == c)))"), "r.yaml:7:64: comprehension exceeds nesting limit"},
		{"a bad expression", withWhere(`row.top.matches("(a+")`), "r.yaml:7:"},
		{"a regular expression that repeats too often", withWhere(`row.top.matches("(a{1000}){1000}")`), "r.yaml:7:"},
		{"a short regular expression of many steps", withWhere(`row.top.matches("(ab|cd|ef|gh){1000}")`), "the pattern is too large"},
		{"a regular expression out of the evidence", withWhere(`row.top.matches(row.creator)`), "must be written out"},
		{"an alias bomb", bomb + goodRule, "r.yaml:1:1: a rule: unknown key \"a\""},
		{"an alias as a list", strings.Replace(goodRule, "summary:", "explains: &e [shim-stopped-by-signal]\nrefs: [*e, *e]\nsummary:", 1), "an entry of refs must be text, this is an alias"},
		{"a million mistakes", strings.Replace(goodRule, "summary:", "refs: ["+strings.Repeat("[],", 300_000)+"[]]\nsummary:", 1), "r.yaml: and 299951 more"},
		{"a deep document", strings.Replace(goodRule, "no_rival: a test", "no_rival: "+deep("[", 200_000, "]"), 1), "r.yaml:"},
		{"deep conditions", strings.Replace(goodRule, "at_least: {of: gone, n: 1}", deep("not: {", 5000, "}"), 1), "r.yaml:8:"},
		{"many conditions", strings.Replace(goodRule, "n: 1}}", "n: 1}}"+conditions.String(), 1), "at most 128 conditions, 8 deep"},
		{"many selections", strings.Replace(goodRule, "cause:", selections.String()+"cause:", 1), "at most 64 selections"},
		{"a giant text", strings.Replace(goodRule, "title: t", "title: "+long, 1), "title is longer than 4096 bytes"},
		{"a giant key", strings.Replace(goodRule, "title: t", long+": t", 1), "r.yaml:2:1: "},
		{"a giant id", strings.Replace(goodRule, "id: shim-exec-init-exit-race", "id: "+long, 1), "r.yaml:1:5: "},
		{"a list as a key", strings.Replace(goodRule, "select:", "select:\n  ? [a]\n  : {from: nodes}", 1), "a key must be text, this is a list"},
		{"wrong UTF-8", strings.Replace(goodRule, "title: t", "title: \xff\xfe", 1), "r.yaml:2:8: this is not UTF-8"},
		{"a control character", strings.Replace(goodRule, "title: t", "title: \x1b]0;x\x07", 1), "r.yaml:2:8: a control character (U+001B)"},
		{"a control character in a mistake", strings.Replace(goodRule, "layer: shim", `layer: "\e[31mx"`, 1), "r.yaml:3:8: layer "},
		{"a huge file", goodRule + "#" + strings.Repeat("x", maxFileSize), "the file is larger than 1048576 bytes"},
		{"two documents", goodRule + "---\n" + goodRule, "r.yaml:12:1: a file holds one document, here begins another"},
		{"nothing", "", "the file holds no YAML document"},
		{"a NUL", "\x00", "r.yaml:1:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(fstest.MapFS{
				"defs/r.yaml": {Data: []byte(tt.text)},
				"defs/z.yaml": {Data: []byte("id: no-such-rule\n")},
			})
			if err == nil {
				t.Fatal("loaded")
			}
			text := err.Error()
			if !strings.Contains(text, tt.want) || !strings.Contains(text, "defs/z.yaml:1:5: id \"no-such-rule\"") {
				t.Errorf("no %q in\n%.2000s", tt.want, text)
			}
			if len(text) > 64<<10 {
				t.Errorf("the mistake is told in %d bytes", len(text))
			}
			if strings.ContainsAny(text, "\x00\x07\x1b") {
				t.Errorf("control characters in %q", text)
			}
		})
	}
}

// TestHostileSignatures: the patterns of a pack's signatures obey the same limits.
func TestHostileSignatures(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{"(ab|cd|ef|gh){1000}", "too large"},
		{"(a{1000}){1000}", "bad pattern"},
		{"a*", "matches an empty line"},
		{`(a)\1`, "bad pattern"},
		{strings.Repeat("a", 5000), "pattern is longer than 4096 bytes"},
	} {
		text := fmt.Sprintf("- {id: x, pattern: '%s', means: m, example: %s, near_miss: n}\n", tt.pattern, strings.Repeat("a", 1000))
		_, err := Load(fstest.MapFS{"signatures/s.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "s.yaml:1:") {
			t.Errorf("%.40s: %.300v, want %s", tt.pattern, err, tt.want)
		}
	}
}

// TestOddFilesOfAPack: what is no regular file is refused, not read for ever.
func TestOddFilesOfAPack(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "defs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"endless.yaml": "/dev/zero", "gone.yaml": "no-such-file", "loop.yaml": "loop.yaml"} {
		if err := os.Symlink(target, filepath.Join(dir, "defs", link)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Load(os.DirFS(dir))
	var load *LoadError
	if !errors.As(err, &load) || load.File != "defs/endless.yaml" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"endless.yaml", "gone.yaml", "loop.yaml"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}

// TestOneMistakeIsOneMistake: a broken selection or condition does not make mistakes
// of all that refers to it.
func TestOneMistakeIsOneMistake(t *testing.T) {
	for _, tt := range []struct{ old, new string }{
		{"from: containers", "from: container"},
		{"at_least: {of", "at_lest: {of"},
		{"of: gone", "of: gon"},
		{"n: 1}", "m: 1}"},
	} {
		_, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(strings.Replace(goodRule, tt.old, tt.new, 1))}})
		if err == nil {
			t.Fatalf("%s: loaded", tt.new)
		}
		for _, wrong := range []string{`no selection "gone"`, "used by no condition", "names no selection", "neither cause nor effect", "cause-level"} {
			if strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: %v", tt.new, err)
			}
		}
	}
}

// TestCostOfASelection: a predicate that is cheap on a row and dear on all of them is
// stopped; the rule is named, and the others judge on.
func TestCostOfASelection(t *testing.T) {
	set := testSet(t)
	w := testWorld()
	want := len(set.Evaluate(w).Findings)
	frames := make([]string, 4000)
	for i := range frames {
		frames[i] = "f"
	}
	for range 60_000 {
		w.Stacks = append(w.Stacks, fact.Stack{Daemon: "other", Count: 1, Frames: frames})
	}
	p, _, err := compilePredicate(envs{}, stacksTable, `row.daemon == "other" && row.frames.exists(f, f == "x")`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		if r.ID.ID == "t-symptom" {
			dear := *r
			dear.Select = []*Selection{{Name: "dear", Rule: "t-dear", Table: stacksTable, Where: p, File: "defs/dear.yaml", Line: 7}}
			dear.Effect = []*Condition{{Name: "dear", Word: AtLeast, Of: dear.Select[0], N: 1}}
			set.Rules = append(set.Rules, &dear)
			break
		}
	}
	got := set.Evaluate(w)
	if len(got.Findings) != want {
		t.Errorf("%d findings, %d without the dear rule", len(got.Findings), want)
	}
	if len(got.Problems) != 1 || got.Problems[0].Ref.String() != "defs/dear.yaml:7" || !strings.HasPrefix(got.Problems[0].Text, "rule t-dear: selection dear is not evaluated: ") {
		t.Errorf("%+v", got.Problems)
	}
}

// TestTooManyScopes: a rule that finds everything is cut short and named.
func TestTooManyScopes(t *testing.T) {
	set := testSet(t)
	w := &fact.Tables{Coverage: []fact.Coverage{{Table: "processes", Complete: true}}}
	for i := range 3 * maxScopes {
		w.Processes = append(w.Processes, fact.Process{PID: i, State: "D", Container: fmt.Sprintf("%064d", i), Wait: fact.Wait{Class: fact.WaitUninterruptible}})
	}
	got := set.Evaluate(w)
	n := 0
	for _, f := range got.Findings {
		if f.Rule.ID.ID == "t-mechanism" {
			n++
		}
	}
	if n != maxScopes {
		t.Errorf("%d findings", n)
	}
	var named bool
	for _, p := range got.Problems {
		named = named || strings.HasPrefix(p.Text, "rule t-mechanism: it has 6000 scopes")
	}
	if !named {
		t.Errorf("%+v", got.Problems)
	}
}
