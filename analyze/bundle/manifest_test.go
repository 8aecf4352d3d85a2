package bundle

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"culprit/analyze/fact"
)

const header = `{"format":"culprit.bundle/1","collector":"1.0.0","node":"node-a","boot_id":"0b8e","kernel":"6.1.0","clock":{"epoch":1795320652.5,"monotonic":4590.87,"zone":"+08:00"},"started":"2026-11-22T04:10:52Z","later":[1]}` + "\n"

func TestReadManifest(t *testing.T) {
	text := header +
		`{"path":"docker/info.txt","command":"docker info","start":"2026-11-22T04:10:52.125Z","duration":15.5,"rc":124,"state":"timeout","bytes":0,"sha256":"E3"}` + "\n" +
		"\n" +
		`{"path":"/../etc/x","state":"ok"}` + "\r\n" +
		`{"command":"ctr -n moby tasks ls","state":"absent"}`
	m, items, problems := ReadManifest(strings.NewReader(text), "node-a/manifest.jsonl")
	want := Manifest{
		Format: "culprit.bundle/1", Collector: "1.0.0", Node: "node-a", Boot: "0b8e", Kernel: "6.1.0",
		Clock:   Clock{Epoch: 1795320652.5, Monotonic: 4590.87, Zone: "+08:00"},
		Started: time.Date(2026, 11, 22, 4, 10, 52, 0, time.UTC),
	}
	if m != want {
		t.Errorf("header %+v, want %+v", m, want)
	}
	at := func(line, offset int) []fact.Ref {
		return []fact.Ref{{Source: "node-a/manifest.jsonl", Line: line, Offset: int64(offset)}}
	}
	line := strings.SplitAfter(text, "\n")
	second := len(line[0])
	fourth := second + len(line[1]) + len(line[2])
	wantItems := []fact.Item{
		{
			Path: "node-a/docker/info.txt", Command: "docker info", Tool: "docker", Verb: "info", State: fact.TimedOut,
			RC: fact.Some(124), Start: time.Date(2026, 11, 22, 4, 10, 52, 125e6, time.UTC), Duration: 15500 * time.Millisecond,
			Refs: at(2, second),
		},
		{Path: "node-a/etc/x", State: fact.Complete, Refs: at(4, fourth)},
		{Command: "ctr -n moby tasks ls", Tool: "ctr", Verb: "tasks ls", State: fact.Absent, Refs: at(5, fourth+len(line[3]))},
	}
	if !reflect.DeepEqual(items, wantItems) {
		t.Errorf("items\n%+v, want\n%+v", items, wantItems)
	}
	if len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestReadManifestProblems(t *testing.T) {
	long := `{"path":"a","state":"ok","command":"` + strings.Repeat("x", maxStepLine) + `"}`
	for _, c := range []struct {
		text  string
		want  []string // "line: text"
		items int
	}{
		{"", []string{"m: manifest has no header line"}, 0},
		{`{"path":"a","state":"ok"}`, []string{"m: manifest has no header line"}, 1},
		{header + "{\"path\":\n" + `{"path":"b","state":"ok"}`, []string{`m:2: broken manifest line: "{\"path\":"`}, 1},
		{header + header, []string{`m:2: another manifest header: ` + quote(strings.TrimSpace(header))}, 0},
		{`{"path":"a","state":"ok"}` + "\n" + header, []string{"m:2: manifest header after 1 items"}, 1},
		{`{"format":"culprit.bundle/2"}`, []string{`m:1: manifest of format "culprit.bundle/2", expected "culprit.bundle/1"`}, 0},
		{`{"format":"culprit.bundle/1","started":"noon"}`, []string{`m:1: started is no RFC 3339 time: "noon"`}, 0},
		{`{"format":"culprit.bundle/1","clock":7}`, []string{`m:1: broken manifest header: clock is a number`}, 0},
		{header + `{"path":"a","state":"ok","rc":"0"}`, []string{`m:2: broken manifest item: rc is a string`}, 0},
		{header + `{"path":"a","state":"gone","rc":124,"duration":-1,"start":"x"}`, []string{
			`m:2: start is no RFC 3339 time: "x"`, "m:2: duration out of range: -1", `m:2: unknown state "gone"`}, 1},
		{header + `{"state":"ok"}`, []string{`m:2: manifest item without path and command: "{\"state\":\"ok\"}"`}, 0},
		{header + long + "\n" + `{"path":"b","state":"ok"}`, []string{"m:2: broken manifest line: " + quote(long)}, 1},
		{header + "[1]", []string{`m:2: broken manifest line: "[1]"`}, 0},
	} {
		_, items, problems := ReadManifest(strings.NewReader(c.text), "m")
		if got := texts(problems); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%.80q: problems\n%q, want\n%q", c.text, got, c.want)
		}
		if len(items) != c.items {
			t.Errorf("%.80q: %d items, want %d", c.text, len(items), c.items)
		}
	}
}

func TestReadManifestBrokenReader(t *testing.T) {
	r := io.MultiReader(strings.NewReader(header+`{"path":"a","state":"ok"}`+"\n"), iotest.ErrReader(errors.New("torn")))
	m, items, problems := ReadManifest(r, "m")
	if m.Node != "node-a" || len(items) != 1 {
		t.Errorf("node %q, %d items, want what came before the error", m.Node, len(items))
	}
	if got, want := texts(problems), []string{"m:2: unreadable after this line: torn"}; !reflect.DeepEqual(got, want) {
		t.Errorf("problems %q, want %q", got, want)
	}
}

func TestManifestLimit(t *testing.T) {
	text := header + strings.Repeat(`{"path":"a","state":"ok"}`+"\n", 5)
	_, items, problems := readManifest(strings.NewReader(text), "m", 3)
	if len(items) != 3 || len(problems) != 1 || problems[0].Ref.Line != 5 {
		t.Errorf("%d items, problems %v, want 3 and one at line 5", len(items), problems)
	}
}

// texts are problems as "ref: text".
func texts(problems []fact.Problem) (list []string) {
	for _, p := range problems {
		list = append(list, p.Ref.String()+": "+p.Text)
	}
	return list
}
