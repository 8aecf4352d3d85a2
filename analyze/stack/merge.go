package stack

import (
	"cmp"
	"slices"

	"culprit/analyze/fact"
)

// Merge makes the one view of a daemon instance at one moment out of its dumps, which
// the caller has chosen to be of that instance and moment.
//
// Counts come from one dump and are never summed: from the complete debug=1, else the
// complete protobuf, else the complete text dump with most goroutines, else the cut
// dump with most. States, ages, ids, creator and arguments come from the text dumps,
// the fullest first, by equal Frames; a group that only they have belongs to another
// moment and is left out, unless the counts themselves are from a cut dump.
//
// Refs: where the count stands, then the example with states and ages, then the other
// places of the count. Refs, Waits and the like may be shared with parts.
func Merge(parts []Part) []fact.Stack {
	var grouped, texts []Part
	for _, p := range parts {
		switch p.Dump.Form {
		case fact.FormDebug1, fact.FormProtobuf:
			grouped = append(grouped, p)
		case fact.FormDebug2, fact.FormSignal:
			texts = append(texts, p)
		}
	}
	all := append(slices.Clone(grouped), texts...)
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(texts, byWorth)
	base := slices.MinFunc(all, byWorth)
	out := slices.Clone(base.Stacks)
	if !base.Dump.Complete {
		out = addMissing(out, all)
	}
	describe(out, texts)
	for i := range out {
		for _, p := range all {
			out[i].Daemon = cmp.Or(out[i].Daemon, p.Dump.Daemon)
		}
	}
	return out
}

// byWorth orders dumps by how far their counts are trusted.
func byWorth(a, b Part) int {
	if a.Dump.Complete != b.Dump.Complete {
		return map[bool]int{true: -1, false: 1}[a.Dump.Complete]
	}
	if a.Dump.Complete {
		if c := cmp.Compare(formRank(a.Dump.Form), formRank(b.Dump.Form)); c != 0 {
			return c
		}
	}
	return cmp.Compare(counted64(b), counted64(a))
}

func formRank(f fact.DumpForm) int {
	switch f {
	case fact.FormDebug1:
		return 0
	case fact.FormProtobuf:
		return 1
	}
	return 2
}

// counted64 is the number of goroutines that the groups hold; a header may claim more.
func counted64(p Part) (n int64) {
	for _, s := range p.Stacks {
		n += s.Count
	}
	return n
}

// addMissing adds the groups that only other dumps have; what is seen anywhere is a
// lower bound.
func addMissing(out []fact.Stack, all []Part) []fact.Stack {
	have := map[string]bool{}
	for _, s := range out {
		have[frameKey(s.Frames)] = true
	}
	for _, p := range all {
		for _, s := range p.Stacks {
			if key := frameKey(s.Frames); !have[key] {
				have[key] = true
				out = append(out, s)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b fact.Stack) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// describe fills what groups of the forms debug=1 and protobuf do not know.
func describe(out []fact.Stack, texts []Part) {
	byKey := map[string]*fact.Stack{}
	for _, p := range texts {
		for i := range p.Stacks {
			if key := frameKey(p.Stacks[i].Frames); byKey[key] == nil {
				byKey[key] = &p.Stacks[i]
			}
		}
	}
	var rest []*fact.Stack // described by nothing yet
	taken := map[*fact.Stack]bool{}
	for i := range out {
		if out[i].MaxWait.Known {
			continue
		}
		if from := byKey[frameKey(out[i].Frames)]; from != nil {
			describeOne(&out[i], from)
			taken[from] = true
		} else if len(out[i].Frames) >= deepStack {
			rest = append(rest, &out[i])
		}
	}
	for _, s := range rest {
		for _, p := range texts {
			for i := range p.Stacks {
				if from := &p.Stacks[i]; !s.MaxWait.Known && !taken[from] && samePrefix(s.Frames, from.Frames) {
					describeOne(s, from)
					taken[from] = true
				}
			}
		}
	}
}

// deepStack is how many frames a stack has at least that a form cut. debug=1 and
// protobuf of older runtimes hold the innermost 32 program counters (the length of
// runtime.StackRecord.Stack0), the runtime's own among them; text dumps print the
// innermost and outermost 50 of more than 100 frames (runtime/traceback.go).
const deepStack = 20

// samePrefix reports whether two stacks are equal as far as both forms show them: one
// ends where its form cuts, or has the mark of frames left out.
func samePrefix(a, b []string) bool {
	a, b = beforeElided(a), beforeElided(b)
	n := min(len(a), len(b))
	return n >= deepStack && slices.Equal(a[:n], b[:n])
}

func beforeElided(frames []string) []string {
	if i := slices.Index(frames, elided); i >= 0 {
		return frames[:i]
	}
	return frames
}

func describeOne(s, from *fact.Stack) {
	s.Creator, s.State = from.Creator, from.State
	s.MinWait, s.MaxWait, s.Waits = from.MinWait, from.MaxWait, from.Waits
	s.IDs, s.Args = from.IDs, from.Args
	refs := fact.AppendRefs(nil, s.Refs[:min(1, len(s.Refs))]...)
	refs = fact.AppendRefs(refs, from.Refs...)
	s.Refs = fact.AppendRefs(refs, s.Refs...)
}
