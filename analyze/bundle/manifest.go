package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// ManifestFormat is the version of the bundle format that is read; see
// collect/FORMAT.md.
const ManifestFormat = "culprit.bundle/1"

const manifestFamily = "culprit.bundle/"

// Manifest is the header of manifest.jsonl: who collected, where and when.
type Manifest struct {
	// Format is ManifestFormat, or a later version of it.
	Format string
	// Collector is the version of the collector.
	Collector string
	// Node is the host name, Boot the boot id, Kernel the release (uname -r); ""
	// where the collector could not tell.
	Node, Boot, Kernel string
	Clock              Clock
	// Started is when the collection began, by the node's clock; zero unknown.
	Started time.Time
}

// Clock relates the node's clocks at the start of the collection.
type Clock struct {
	// Epoch is Unix time in seconds, Monotonic the seconds since boot.
	Epoch, Monotonic float64
	// Zone is the node's offset from UTC, "+08:00"; "" unknown.
	Zone string
}

// ReadManifest reads a manifest.jsonl, in the bundle at path src: one header
// line, then one line an item. Item paths are cleaned and relative to the folder
// of src. A missing header, a broken line and a value out of range are Problems
// and the rest is read; unknown keys are ignored.
func ReadManifest(r io.Reader, src string) (Manifest, []fact.Item, []fact.Problem) {
	m, lines, problems := readManifest(r, src, DefaultEntries)
	var items []fact.Item
	for _, l := range lines {
		items = append(items, l.Item)
	}
	return m, items, problems
}

// promise is one item with what the manifest says of its file.
type promise struct {
	fact.Item
	bytes fact.Opt[int64]
	sha   string
}

// headerLine and itemLine are the two records of manifest.jsonl:
//
//	{"format":"culprit.bundle/1","collector":"1.0.0","node":"node-a","boot_id":"…","kernel":"6.1.0",
//	 "clock":{"epoch":1795320000,"monotonic":4590.87,"zone":"+00:00"},"started":"2026-11-22T04:10:52Z"}
//	{"path":"docker/info.txt","command":"docker info","start":"2026-11-22T04:10:52.1Z","duration":15,
//	 "rc":124,"state":"timeout","bytes":0,"sha256":"…"}
type headerLine struct {
	Format    string `json:"format"`
	Collector string `json:"collector"`
	Node      string `json:"node"`
	BootID    string `json:"boot_id"`
	Kernel    string `json:"kernel"`
	Clock     struct {
		Epoch     float64 `json:"epoch"`
		Monotonic float64 `json:"monotonic"`
		Zone      string  `json:"zone"`
	} `json:"clock"`
	Started string `json:"started"`
}

type itemLine struct {
	Path     string   `json:"path"`
	Command  string   `json:"command"`
	Start    string   `json:"start"`
	Duration float64  `json:"duration"`
	RC       *int     `json:"rc"`
	State    string   `json:"state"`
	Bytes    *float64 `json:"bytes"`
	SHA256   string   `json:"sha256"`
}

// readManifest makes at most limit items and problems.
func readManifest(r io.Reader, src string, limit int) (m Manifest, items []promise, problems []fact.Problem) {
	l := newStepLines(r, src)
	var header bool
	for l.next() {
		if len(bytes.TrimSpace(l.text)) == 0 {
			continue
		}
		if len(items)+len(problems) >= limit {
			problems = append(problems, l.bad("%v (%d): the rest is not read", errEntries, limit))
			break
		}
		var probe struct {
			Format *string `json:"format"`
		}
		if err := json.Unmarshal(l.text, &probe); err != nil || l.long {
			problems = append(problems, l.bad("broken manifest line: %s", quote(string(l.text))))
			continue
		}
		if probe.Format != nil {
			if header {
				problems = append(problems, l.bad("another manifest header: %s", quote(string(l.text))))
				continue
			}
			var odd []fact.Problem
			if m, odd = l.header(); len(items) > 0 {
				odd = append(odd, l.bad("manifest header after %d items", len(items)))
			}
			header = true
			problems = append(problems, odd...)
			continue
		}
		it, odd, ok := l.item()
		problems = append(problems, odd...)
		if ok {
			items = append(items, it)
		}
	}
	problems = append(problems, l.end()...)
	if !header {
		problems = append(problems, fact.Problem{Ref: fact.Ref{Source: src}, Text: "manifest has no header line"})
	}
	return m, items, problems
}

func (l *stepLines) header() (Manifest, []fact.Problem) {
	var h headerLine
	var odd []fact.Problem
	if err := json.Unmarshal(l.text, &h); err != nil {
		odd = append(odd, l.bad("broken manifest header: %s", wrongType(err)))
	}
	if h.Format != ManifestFormat {
		odd = append(odd, l.bad("manifest of format %s, expected %q", quote(h.Format), ManifestFormat))
	}
	started, err := parseTime(h.Started)
	if err != nil {
		odd = append(odd, l.bad("started is no RFC 3339 time: %s", quote(h.Started)))
	}
	return Manifest{
		Format: h.Format, Collector: h.Collector, Node: h.Node, Boot: h.BootID, Kernel: h.Kernel,
		Clock: Clock(h.Clock), Started: started,
	}, odd
}

// item reads an item line; ok is false where it names no step.
func (l *stepLines) item() (p promise, odd []fact.Problem, ok bool) {
	var it itemLine
	if err := json.Unmarshal(l.text, &it); err != nil {
		return p, []fact.Problem{l.bad("broken manifest item: %s", wrongType(err))}, false
	}
	if it.Path == "" && it.Command == "" {
		return p, []fact.Problem{l.bad("manifest item without path and command: %s", quote(string(l.text)))}, false
	}
	p.Item = fact.Item{Path: memberPath(l.ref.Source, it.Path), Command: it.Command, Refs: []fact.Ref{l.ref}}
	p.Tool, p.Verb = toolVerb(it.Command)
	if it.RC != nil {
		p.RC = fact.Some(*it.RC)
	}
	var err error
	if p.Start, err = parseTime(it.Start); err != nil {
		odd = append(odd, l.bad("start is no RFC 3339 time: %s", quote(it.Start)))
	}
	if p.Duration, ok = seconds(it.Duration); !ok {
		odd = append(odd, l.bad("duration out of range: %g", it.Duration))
	}
	if p.State, ok = itemState(it.State); !ok {
		p.State = rcState(p.RC)
		odd = append(odd, l.bad("unknown state %s", quote(it.State)))
	}
	if b := it.Bytes; b != nil && *b >= 0 && *b < 1<<62 {
		p.bytes = fact.Some(int64(*b))
	}
	p.sha = strings.ToLower(it.SHA256)
	return p, odd, true
}

// wrongType words an error of encoding/json without Go's type names.
func wrongType(err error) string {
	if t, ok := err.(*json.UnmarshalTypeError); ok {
		return fmt.Sprintf("%s is a %s", t.Field, t.Value)
	}
	return err.Error()
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, s)
}

// seconds converts a duration; a collection step never takes a year.
func seconds(s float64) (time.Duration, bool) {
	if s < 0 || s > 366*24*3600 {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

func itemState(s string) (fact.State, bool) {
	switch st := fact.State(s); st {
	case fact.Complete, fact.TimedOut, fact.Denied, fact.Absent, fact.Truncated, fact.Skipped:
		return st, true
	}
	return "", false
}
