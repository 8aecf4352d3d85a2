// Package plan shares out bundles to workers on many machines, which need no coordinator
// then: a plan says which shard reads what, and a Job starts one worker a shard.
package plan

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Place is where a bundle lies, and what tells one state of it from another without
// reading it.
type Place struct {
	Path string
	// Size is that of the file or object, or of all files of a folder; Stamp their latest
	// modification, and of an object its etag too: see bucket.Object.
	Size  int64
	Stamp string
}

// Plan says which shard reads which bundle, so that workers need no coordinator. As a
// file it has one JSON object a line, a header and then the places in the order of their
// paths, each once:
//
//	{"format":"culprit.plan/1","shards":3,"bundles":2,"bytes":30}
//	{"shard":0,"path":"a.tar.gz","size":10,"stamp":"2026-11-03T08:00:00Z"}
//	{"shard":1,"path":"b.tar.gz","size":20,"stamp":"2026-11-03T09:00:00Z"}
//
// Shards count from 0; bundles and bytes are the sums over the lines below, so that a
// plan that is cut is told from a whole one.
type Plan struct {
	Shards int
	Places []Planned
}

// Planned is a place and the shard that reads it.
type Planned struct {
	Shard int
	Place
}

const planFormat = "culprit.plan/1"

// ExitNever is the exit code of a shard that cannot succeed by being started again; a
// Job gives its index up. Any other code but 0 may be tried again.
const ExitNever = 42

// MaxShards is how many shards a plan may have: above, Kubernetes warns of a Job with so
// many completions.
const MaxShards = 100_000

type planHeader struct {
	Format  string `json:"format"`
	Shards  int    `json:"shards"`
	Bundles int    `json:"bundles"`
	Bytes   int64  `json:"bytes"`
}

type planLine struct {
	Shard *int   `json:"shard"` // nil: not said, which is not shard 0
	Path  string `json:"path"`
	Size  *int64 `json:"size"`
	Stamp string `json:"stamp"`
}

// New packs places into shards by size: the largest first, each into the shard with
// the least so far. Same places, same plan. The order of places is that of Find.
func New(places []Place, shards int) (Plan, error) {
	if err := CheckShards(shards); err != nil {
		return Plan{}, err
	}
	p := Plan{Shards: shards}
	for _, place := range places {
		if !utf8.ValidString(place.Path) {
			return Plan{}, fmt.Errorf("%q: a plan holds names in UTF-8 only", place.Path)
		}
		p.Places = append(p.Places, Planned{Place: place})
	}
	bySize := make([]*Planned, len(p.Places))
	for i := range p.Places {
		bySize[i] = &p.Places[i]
	}
	slices.SortFunc(bySize, func(a, b *Planned) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	loads := make(loads, shards) // equal loads in the order of shards are a heap
	for i := range loads {
		loads[i].shard = i
	}
	for _, place := range bySize {
		least := &loads[0]
		place.Shard = least.shard
		least.bytes += place.Size
		least.bundles++
		heap.Fix(&loads, 0)
	}
	return p, nil
}

// CheckShards refuses a number of shards that no plan has.
func CheckShards(n int) error {
	if n < 1 || n > MaxShards {
		return fmt.Errorf("%d shards: want 1 to %d", n, MaxShards)
	}
	return nil
}

// load is what a shard has to read.
type load struct {
	bytes          int64
	bundles, shard int
}

// loads is a heap with the least load on top.
type loads []load

func (l loads) Len() int      { return len(l) }
func (l loads) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l loads) Less(i, j int) bool {
	a, b := l[i], l[j]
	return cmp.Or(cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.bundles, b.bundles), cmp.Compare(a.shard, b.shard)) < 0
}
func (l *loads) Push(any) { panic("the number of shards is fixed") }
func (l *loads) Pop() any { panic("the number of shards is fixed") }

// Of are the places of one shard, in the order of their paths.
func (p Plan) Of(shard int) ([]Place, error) {
	if shard < 0 || shard >= p.Shards {
		return nil, fmt.Errorf("shard %d: the plan has 0 to %d", shard, p.Shards-1)
	}
	var out []Place
	for _, place := range p.Places {
		if place.Shard == shard {
			out = append(out, place.Place)
		}
	}
	return out, nil
}

// Load is the bytes of the shard that has the most of them, and of all.
func (p Plan) Load() (largest, all int64) {
	of := make([]int64, p.Shards)
	for _, place := range p.Places {
		of[place.Shard] += place.Size
		all += place.Size
	}
	return slices.Max(of), all
}

// Write writes the plan as a file has it.
func (p Plan) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	_, all := p.Load()
	if err := lines.Encode(planHeader{planFormat, p.Shards, len(p.Places), all}); err != nil {
		return err
	}
	for _, place := range p.Places {
		if err := lines.Encode(planLine{&place.Shard, place.Path, &place.Size, place.Stamp}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Read reads a plan as Write writes it. Whatever is not as it should be is an error
// with its line: half a plan would be half the results.
func Read(r io.Reader) (Plan, error) {
	const longest = 1 << 20 // bytes of a line
	in := bufio.NewScanner(r)
	in.Buffer(nil, longest)
	var p Plan
	var header planHeader
	var bytes int64
	n := 0
	for in.Scan() {
		n++
		var err error
		if n == 1 {
			header, err = readHeader(in.Bytes())
			p.Shards = header.Shards
		} else if err = p.add(in.Bytes()); err == nil {
			bytes += p.Places[len(p.Places)-1].Size
		}
		if err != nil {
			return Plan{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch {
	case in.Err() != nil:
		return Plan{}, fmt.Errorf("line %d: %w", n+1, in.Err())
	case n == 0:
		return Plan{}, errors.New("line 1: the plan is empty")
	case header.Bundles != len(p.Places) || header.Bytes != bytes:
		return Plan{}, fmt.Errorf("line 1: %d bundles of %d bytes are announced, the lines have %d of %d", header.Bundles, header.Bytes, len(p.Places), bytes)
	}
	return p, nil
}

func readHeader(line []byte) (planHeader, error) {
	var h planHeader
	// Which format it is comes first: another one has other fields.
	if err := json.Unmarshal(line, &struct{ Format *string }{&h.Format}); err != nil {
		return h, err
	}
	if h.Format != planFormat {
		return h, fmt.Errorf("format %q: this culprit reads %s", h.Format, planFormat)
	}
	if err := StrictJSON(line, &h); err != nil {
		return h, err
	}
	return h, CheckShards(h.Shards)
}

// add reads the line of a place.
func (p *Plan) add(line []byte) error {
	var l planLine
	if err := StrictJSON(line, &l); err != nil {
		return err
	}
	switch {
	case l.Shard == nil || *l.Shard < 0 || *l.Shard >= p.Shards:
		return fmt.Errorf("no shard, or none of 0 to %d", p.Shards-1)
	case l.Size == nil || *l.Size < 0:
		return errors.New("no size, or one below 0")
	case l.Path == "" || l.Stamp == "":
		return errors.New("no path or no stamp")
	case len(p.Places) > 0 && l.Path <= p.Places[len(p.Places)-1].Path:
		return fmt.Errorf("%q is twice there, or paths are not in order", l.Path)
	}
	p.Places = append(p.Places, Planned{*l.Shard, Place{l.Path, *l.Size, l.Stamp}})
	return nil
}

// StrictJSON reads one JSON value, of known fields only, and nothing after it.
func StrictJSON(raw []byte, into any) error {
	if !utf8.Valid(raw) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}
