package rules

import (
	"strings"
	"testing"
	"testing/fstest"
)

// wordRule holds every word that compares events, values or samples.
const wordRule = `id: shim-exec-init-exit-race
title: t
layer: shim
severity: warning
per: container
select:
  fails: {from: hits, signature: dockerd-no-exit-event}
  forced: {from: hits, signature: dockerd-failed-to-exit-after-kill}
  gone: {from: containers, where: '!row.shim_alive', on: container}
  looks: {from: samples, where: 'row.metric == "goroutines"'}
  docker: {from: daemons, where: 'row.name == "dockerd"'}
cause:
  - {name: joined, joined: {a: fails, b: gone, by: container, with: id, n: 2}}
  - {name: within, within: {a: fails, b: forced, window: 90s}}
  - {name: sequence, sequence: {of: [forced, fails], window: 2m, n: 3}}
  - {name: grows, grows: {of: looks, n: 100}}
  - {name: paired, paired: {a: fails, b: forced, within: 0.5}}
  - {name: version, version: {of: docker, from: "17.06"}}
support:
  - {name: periodic, periodic: {of: forced, covers: fails, tolerance: 500ms}}
no_rival: a test
summary: '{scope}'
next: {}
`

func TestEveryWordLoads(t *testing.T) {
	s, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(wordRule)}})
	if err != nil {
		t.Fatal(err)
	}
	r, _, _ := s.Find("shim-exec-init-exit-race")
	var got []string
	for _, c := range r.conditions() {
		got = append(got, c.String())
	}
	want := []string{
		"joined: at least 2 of fails whose container is the id of one of gone",
		"within: at least 1 of fails within 1m30s of one of forced",
		"sequence: at least 3 chains of forced, then fails, each within 2m0s of the one before",
		"grows: a series of looks grows by at least 100",
		"paired: fails and forced paired within 0 or 0.5",
		`version: version of docker from "17.06" before ""`,
		"periodic: forced periodic over at least 5 events, within 500ms, with fails on its grid",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestStrictWords(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"no times", "b: forced, window: 90s", "b: gone, window: 90s", `r.yaml:14:42: rows of containers are no events with exact times`},
		{"no window", "b: forced, window: 90s", "b: forced", `r.yaml:14:28: within needs window`},
		{"bad window", "window: 90s", "window: 90", `r.yaml:14:58: window must be a time span such as "10s" or "2m", this is "90"`},
		{"window too long", "window: 90s", "window: 9000h", `window must be a time span`},
		{"negative window", "window: 90s", "window: -1s", `window must be a time span`},
		{"itself", "b: forced, window: 90s", "b: fails, window: 90s", `r.yaml:14:42: within compares "fails" with itself`},
		{"no column", "by: container, with: id", "by: contaner, with: id", `r.yaml:13:52: hits has no column "contaner"; did you mean "container"?`},
		{"no partner column", "by: container, with: id", "by: container", `r.yaml:13:52: containers has no column "container"`},
		{"types differ", "by: container, with: id", "by: container, with: pid", `r.yaml:13:69: column "container" is a string, column "pid" a int`},
		{"no joining type", "by: container, with: id", "by: span, with: id", `only text and whole numbers join, column "span" of hits is a google.protobuf.Duration`},
		{"one step", "of: [forced, fails]", "of: [forced]", `r.yaml:15:37: a sequence has 2 to 16 selections`},
		{"no list", "of: [forced, fails]", "of: forced", `of must be a list`},
		{"step twice", "of: [forced, fails]", "of: [forced, fails, forced]", `"forced" stands already in the sequence`},
		{"unknown step", "of: [forced, fails]", "of: [forced, fail]", `r.yaml:15:46: there is no selection "fail"; did you mean "fails"?`},
		{"grows of others", "of: looks", "of: gone", `r.yaml:16:31: grows judges rows of samples, not of containers`},
		{"grows by nothing", "n: 100", "n: 0", `grows 0 always holds`},
		{"version of others", "of: docker", "of: gone", `version judges rows of daemons, not of containers`},
		{"paired always", "within: 0.5", "within: 1", `r.yaml:17:58: paired within 1 of the larger number always holds`},
		{"not a number", "within: 0.5", "within: NaN", `within must be a number`},
		{"tolerance without unit", "tolerance: 500ms", "tolerance: 5", `tolerance must be a time span`},
		{"tolerance too wide", "tolerance: 500ms", "tolerance: 30%", `tolerance must be a share up to "25%" or a time span, this is "30%"`},
		{"two events", "tolerance: 500ms", "n: 2", `a period needs at least 3 events`},
		{"covers no events", "covers: fails", "covers: gone", `rows of containers are no events`},
		{"unknown key", "tolerance: 500ms", "tolerence: 500ms", `periodic: unknown key "tolerence"; did you mean "tolerance"?`},
	} {
		text := strings.Replace(wordRule, tt.old, tt.new, 1)
		if text == wordRule {
			t.Fatalf("%s: nothing replaced", tt.name)
		}
		_, err := Load(fstest.MapFS{"defs/r.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got\n%v\nwant %s", tt.name, err, tt.want)
		}
	}
}
