package rules

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

const goodRule = `id: shim-exec-init-exit-race
title: t
layer: shim
severity: warning
per: container
select:
  gone: {from: containers, where: '!row.shim_alive', on: container}
cause: [{name: gone, at_least: {of: gone, n: 1}}]
no_rival: a test
summary: '{scope} {gone.name}'
next: {now: ['look at {gone.name}']}
`

func TestGoodRuleLoads(t *testing.T) {
	if _, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(goodRule)}}); err != nil {
		t.Fatal(err)
	}
}

// TestStrictLoad breaks the good rule in one place and wants the mistake named
// with its place.
func TestStrictLoad(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"unknown key", "severity: warning", "severity: warning\nseverty: info", `r.yaml:5:1: a rule: unknown key "severty"; did you mean "severity"?`},
		{"unknown id", "id: shim-exec-init-exit-race", "id: shim-exec-init-exit-rase", `r.yaml:1:5: id "shim-exec-init-exit-rase" is not in ids.yaml; did you mean "shim-exec-init-exit-race"?`},
		{"wrong layer", "layer: shim", "layer: kernel", `r.yaml:3:8: ids.yaml says layer shim`},
		{"wrong type", "severity: warning", "severity: [warning]", `r.yaml:4:11: severity must be text, this is a list`},
		{"unknown choice", "severity: warning", "severity: warnin", `severity "warnin" is none of critical, warning, info; did you mean "warning"?`},
		{"unknown table", "from: containers", "from: container", `r.yaml:7:16: table "container" is none of`},
		{"unknown column", "row.shim_alive", "row.shim_aliv", `r.yaml:7:40: undefined field 'shim_aliv'; did you mean "shim_alive"?`},
		{"not a bool", "'!row.shim_alive'", "'row.name'", `r.yaml:7:35: a predicate must be a bool, this is a string`},
		{"bad predicate", "'!row.shim_alive'", "'!row.shim_alive &&'", `Syntax error`},
		{"wrong comparison", "'!row.shim_alive'", "'row.shim_alive == 3'", `no matching overload`},
		{"unknown selection", "of: gone", "of: gon", `r.yaml:8:37: there is no selection "gon"; did you mean "gone"?`},
		{"unknown word", "at_least: {of", "at_lest: {of", `unknown key "at_lest"; did you mean "at_least"?`},
		{"missing n", ", n: 1}", "}", `at_least needs n`},
		{"always true", "n: 1}", "n: 0}", `at_least 0 always holds`},
		{"two words", "at_least: {of: gone, n: 1}", "at_least: {of: gone, n: 1}, none: gone", `a condition has one word, this one has at_least already`},
		{"no name", "{name: gone, at_least", "{at_least", `the condition has no name`},
		{"dead selection", "cause: [", "  dead: {from: nodes, where: 'true'}\ncause: [", `r.yaml:8:3: selection "dead" is used by no condition`},
		{"wrong scope", "on: container}", "on: node}", `selection "gone" is on node, the rule is per container`},
		{"no such key", "on: container}", "on: mount}", `rows of containers have no mount`},
		{"unknown place", "{gone.name}'\nnext", "{gone.nme}'\nnext", `containers has no column "nme"; did you mean "name"?`},
		{"open brace", "{scope}", "{scope", `{scope {gone.name} names no selection`},
		{"no rival", "no_rival: a test\n", "", `the rule rules out no rival`},
		{"unknown rival", "no_rival: a test", "rules_out: {shim-stoped: {none: gone}}", `id "shim-stoped" is not in ids.yaml; did you mean`},
		{"duplicate key", "title: t", "title: t\ntitle: u", `r.yaml:3:1: a rule: key "title" stands already in line 2`},
		{"hits without signature", "from: containers, where: '!row.shim_alive'", "from: hits", `needs a signature`},
		{"unknown signature", "from: containers, where: '!row.shim_alive'", "from: hits, signature: containerd-startin", `there is no signature "containerd-startin"; did you mean "containerd-starting"?`},
		{"bad indent", "cause: [", " cause: [", `r.yaml:8`},
		{"alias", "title: t", "title: &t t\nrefs: *t", `aliases are not used`},
		{"not yaml", "id: shim-exec-init-exit-race", "{{", `r.yaml:3:6: did not find`},
	} {
		text := strings.Replace(goodRule, tt.old, tt.new, 1)
		if text == goodRule {
			t.Fatalf("%s: nothing replaced", tt.name)
		}
		_, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got\n%v\nwant %s", tt.name, err, tt.want)
		}
	}
}

// TestAllMistakesAtOnce: three files, three mistakes, one error.
func TestAllMistakesAtOnce(t *testing.T) {
	_, err := LoadTested(fstest.MapFS{
		"defs/a.yaml":       {Data: []byte(strings.ReplaceAll(strings.Replace(goodRule, "severity: warning", "severity: bad", 1), "gone.name", "gone.nam"))},
		"defs/b.yaml":       {Data: []byte("id: [")},
		"signatures/s.yaml": {Data: []byte("- {id: x, pattern: 'a(', means: m, example: e, near_miss: n}\n- {id: y, pattern: 'aa', means: m, example: b, near_miss: aa}\n")},
		"tests/t.yaml":      {Data: []byte("rule: shim-exec-init-exit-race\nname: n\nfiles: {a: b}\nwant: {confidence: sure}\n")},
	})
	if err == nil {
		t.Fatal("loaded")
	}
	for _, want := range []string{"a.yaml:4:", "a.yaml:10:", "a.yaml:11:", "b.yaml:2:1:", "s.yaml:1:", "does not match its example", `t.yaml:4:20: confidence "sure"`, "a firing test states the refs"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestCaretStandsUnderTheMistake(t *testing.T) {
	_, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(strings.Replace(goodRule, "row.shim_alive", "row.shim_aliv", 1))}})
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1][strings.Index(lines[2], "^"):], ".shim_aliv") {
		t.Errorf("\n%v", err)
	}
}

func TestDuplicateRule(t *testing.T) {
	_, err := Load(fstest.MapFS{"defs/a.yaml": {Data: []byte(goodRule)}, "defs/b.yaml": {Data: []byte(goodRule)}})
	if err == nil || !strings.Contains(err.Error(), "rule shim-exec-init-exit-race stands already in defs/") {
		t.Error(err)
	}
}

// TestUserPackDeclaresItsIDs: an id that is in no table is an error, one that the
// pack declares is not.
func TestUserPackDeclaresItsIDs(t *testing.T) {
	rule := strings.Replace(goodRule, "shim-exec-init-exit-race", "our-own", 1)
	if _, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(rule)}}); err == nil {
		t.Error("an undeclared id loaded")
	}
	ids := "our-own: {role: cause, layer: shim, per: container, rivals: [shim-exec-init-exit-race], meaning: ours}\n"
	s, err := Load(fstest.MapFS{"ids.yaml": {Data: []byte(ids)}, "defs/r.yaml": {Data: []byte(rule)}})
	if err != nil {
		t.Fatal(err)
	}
	if r, _, ok := s.Find("our-own"); !ok || r == nil || r.Builtin {
		t.Errorf("found %v, %v", r, ok)
	}
}

func TestFindByAlias(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, id, ok := s.Find("nfs-volume-unreachable"); !ok || id.ID != "nfs-server-unreachable" {
		t.Errorf("alias gives %q", id.ID)
	}
}

// TestLintIsClean holds the built-in pack to lint.
func TestLintIsClean(t *testing.T) {
	s, err := LoadTested()
	if err != nil {
		t.Fatal(err)
	}
	errs, _ := s.Lint()
	for _, e := range errs {
		t.Error(e)
	}
}

func TestLintFinds(t *testing.T) {
	bad := strings.Replace(goodRule, "no_rival: a test", "rules_out: {container-shown-up-but-dead: {name: x, none: gone}}", 1)
	s, err := LoadTested(fstest.MapFS{"defs/r.yaml": {Data: []byte(bad)}})
	if err != nil {
		t.Fatal(err)
	}
	errs, _ := s.Lint()
	all := strings.Join(errs, "\n")
	for _, want := range []string{
		"rule shim-exec-init-exit-race has no firing test", "rule shim-exec-init-exit-race has no silent test",
		"does not rule out exit-lost-while-containerd-down", "rules out container-shown-up-but-dead, which is among its causes or effects",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("lint does not say %q:\n%s", want, all)
		}
	}
}

// FuzzLoad: no file makes loading fail but with an error that names the file.
func FuzzLoad(f *testing.F) {
	f.Add(goodRule)
	for _, file := range []string{"defs/storage/filesystem-frozen.yaml", "signatures/kernel.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	ids := map[string]ID{"shim-exec-init-exit-race": {ID: "shim-exec-init-exit-race", Layer: "shim", Role: RoleCause, Per: "container"}}
	f.Fuzz(func(t *testing.T, text string) {
		l := &loader{ids: ids, seen: map[string]string{}, envs: envs{}, compiled: map[sieve]*predicate{}}
		r, err := l.rule("r.yaml", []byte(text), false)
		if err == nil && (r.ID.ID == "" || r.Summary == nil) {
			t.Error("an empty rule loaded")
		}
		if err != nil && !strings.Contains(err.Error(), "r.yaml:") {
			t.Errorf("no place in %v", err)
		}
	})
}
