package stack

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"culprit/analyze/fact"
)

// profileLimit is the largest profile that is read; real ones have kilobytes, because
// the runtime groups before it writes.
const profileLimit = 64 << 20

// ReadProfile reads a pprof protobuf (github.com/google/pprof, proto/profile.proto),
// gzipped or not. A goroutine profile gives Stacks of form protobuf, a heap profile
// Heap. Refs point at the source as a whole. Anything else gives a problem.
//
// A Go heap profile is scaled by the sampling rate already; its values are taken as
// they stand.
func ReadProfile(r io.Reader, source string) (Part, []fact.Problem) {
	ref := fact.Ref{Source: source}
	fail := func(err error) (Part, []fact.Problem) {
		return Part{}, []fact.Problem{{Ref: ref, Text: "profile cannot be read: " + err.Error()}}
	}
	raw, err := readProfile(r)
	if err != nil {
		return fail(err)
	}
	prof, err := profile.ParseUncompressed(raw)
	if err == nil {
		err = prof.CheckValid()
	}
	if err != nil {
		return fail(err)
	}
	p := Part{Dump: fact.Dump{Taken: takenFrom(source), Refs: []fact.Ref{ref}}}
	if prof.TimeNanos != 0 {
		p.Dump.Taken = time.Unix(0, prof.TimeNanos).UTC()
	}
	switch names := (names{}); {
	case valueIndex(prof, "goroutine") >= 0:
		goroutineProfile(&p, prof, names, source)
	case valueIndex(prof, "inuse_space") >= 0:
		heapProfile(&p, prof, names, source)
	default:
		return fail(fmt.Errorf("it is neither of goroutines nor of the heap"))
	}
	return p, nil
}

// readProfile reads and, where it has gzip's magic, decompresses a profile.
func readProfile(r io.Reader) ([]byte, error) {
	raw, err := readAll(r)
	if err != nil || !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return readAll(z)
}

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, profileLimit+1))
	if err == nil && len(raw) > profileLimit {
		err = errors.New("it is larger than 64 MiB")
	}
	return raw, err
}

// valueIndex is the place of a sample type, -1 when the profile has none.
func valueIndex(prof *profile.Profile, kind string) int {
	return slices.IndexFunc(prof.SampleType, func(t *profile.ValueType) bool { return t.Type == kind })
}

// frames lists the functions of a sample, innermost first, inlined ones included.
func frames(s *profile.Sample, names names) (list frameList) {
	for _, at := range s.Location {
		if len(at.Line) == 0 {
			list.add(fmt.Sprintf("%#x", at.Address), "")
		}
		for _, line := range at.Line {
			fn := line.Function
			if fn == nil {
				list.add(fmt.Sprintf("%#x", at.Address), "")
				continue
			}
			place := ""
			if fn.Filename != "" {
				place = fn.Filename + ":" + strconv.FormatInt(line.Line, 10)
			}
			list.add(names.canonical(fn.Name), place)
		}
	}
	return list
}

func goroutineProfile(p *Part, prof *profile.Profile, names names, source string) {
	value := valueIndex(prof, "goroutine")
	f := newFold()
	for _, s := range prof.Sample {
		if n := s.Value[value]; n > 0 {
			f.add(frames(s, names), n, span{})
			p.Dump.Total += n
		}
	}
	p.Stacks = f.stacks(source, fact.FormProtobuf)
	p.Dump.Form, p.Dump.Complete, p.Dump.Groups = fact.FormProtobuf, true, len(p.Stacks)
	p.Dump.Daemon = daemonOf(p.Stacks, source)
	for i := range p.Stacks {
		p.Stacks[i].Daemon = p.Dump.Daemon
	}
}

func heapProfile(p *Part, prof *profile.Profile, names names, source string) {
	space, objects := valueIndex(prof, "inuse_space"), valueIndex(prof, "inuse_objects")
	by := map[string]int{}
	var sites []fact.Stack // for the program's name only
	for _, s := range prof.Sample {
		list := frames(s, names)
		if s.Value[space] == 0 || len(list.frames) == 0 {
			continue
		}
		sites = append(sites, fact.Stack{Frames: list.frames, Lines: list.lines})
		row := fact.Heap{Func: list.frames[0], InUseBytes: s.Value[space], Refs: p.Dump.Refs}
		if objects >= 0 {
			row.InUseObjects = s.Value[objects]
		}
		for _, fn := range list.frames[1:] {
			if !internalFrame(fn) {
				row.Callers = append(row.Callers, fn)
			}
		}
		key := row.Func + "\n" + frameKey(row.Callers)
		if i, ok := by[key]; ok {
			p.Heap[i].InUseBytes += row.InUseBytes
			p.Heap[i].InUseObjects += row.InUseObjects
			continue
		}
		by[key] = len(p.Heap)
		p.Heap = append(p.Heap, row)
	}
	p.Dump.Daemon = daemonOf(sites, source)
	for i := range p.Heap {
		p.Heap[i].Daemon = p.Dump.Daemon
	}
	slices.SortStableFunc(p.Heap, func(a, b fact.Heap) int {
		return cmp.Or(cmp.Compare(b.InUseBytes, a.InUseBytes), strings.Compare(a.Func, b.Func))
	})
}
