package stack

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestMerge(t *testing.T) {
	counts, _ := one(t, debug1, "d1")
	ages, _ := one(t, debug2, "d2")
	binary, _ := ReadProfile(bytes.NewReader(goroutineBuilder().bytes(t, true)), "pb")
	later, _ := one(t, strings.Replace(debug2, "5940", "5941", 1), "goroutine-stacks-x.log")

	kill := debug1Rows("d1")[1]
	from := debug2Rows("d2")[0]
	kill.Creator, kill.State, kill.MinWait, kill.MaxWait, kill.Waits, kill.IDs, kill.Args = from.Creator, from.State, from.MinWait, from.MaxWait, from.Waits, from.IDs, from.Args
	kill.Refs = []fact.Ref{kill.Refs[0], from.Refs[0], kill.Refs[1]}

	got := Merge([]Part{later, binary, ages, counts})
	if len(got) != 3 || got[0].Count != 803 || got[0].MaxWait.Known || got[0].State != "" || got[2].State != "chan receive" {
		t.Fatalf("got %+v", got)
	}
	// Equally full text dumps: the first one given describes.
	kill.MaxWait, kill.Refs[1].Source, kill.Waits = some(5941*minute), "goroutine-stacks-x.log", map[int]int64{0: 1, 5920: 1}
	if !reflect.DeepEqual(got[1], kill) {
		t.Errorf("got  %+v\nwant %+v", got[1], kill)
	}
	if again := debug1Rows("d1"); !reflect.DeepEqual(counts.Stacks, again) {
		t.Error("Merge changed its parts")
	}
}

func TestMergeChoosesCounts(t *testing.T) {
	part := func(form fact.DumpForm, complete bool, n int64, more ...fact.Stack) Part {
		s := fact.Stack{Form: form, Count: n, Frames: []string{"main.f"}, Lines: []string{""}}
		return Part{Dump: fact.Dump{Daemon: "agent", Form: form, Complete: complete, Total: n}, Stacks: append([]fact.Stack{s}, more...)}
	}
	other := fact.Stack{Form: fact.FormSignal, Count: 7, Frames: []string{"main.other"}, Lines: []string{""}}
	for _, tt := range []struct {
		name  string
		parts []Part
		count []int64
		form  fact.DumpForm
	}{
		{"debug=1 first", []Part{part(fact.FormDebug2, true, 90), part(fact.FormProtobuf, true, 80), part(fact.FormDebug1, true, 70)}, []int64{70}, fact.FormDebug1},
		{"then protobuf", []Part{part(fact.FormDebug2, true, 90), part(fact.FormProtobuf, true, 80), part(fact.FormDebug1, false, 99)}, []int64{80}, fact.FormProtobuf},
		{"then the fullest text", []Part{part(fact.FormDebug2, true, 90), part(fact.FormSignal, true, 91), part(fact.FormDebug1, false, 99)}, []int64{91}, fact.FormSignal},
		{"a complete one before a fuller cut one", []Part{part(fact.FormDebug2, false, 900), part(fact.FormSignal, true, 91)}, []int64{91}, fact.FormSignal},
		{"all cut: what is only elsewhere counts too", []Part{part(fact.FormDebug2, false, 90), part(fact.FormSignal, false, 5, other), part(fact.FormSignal, false, 4, other)}, []int64{90, 7}, fact.FormDebug2},
		{"another moment's group is left out", []Part{part(fact.FormDebug1, true, 70), part(fact.FormSignal, true, 5, other)}, []int64{70}, fact.FormDebug1},
		{"a heap profile is no dump", []Part{{Heap: []fact.Heap{{Func: "main.f"}}}}, nil, ""},
		{"nothing", nil, nil, ""},
	} {
		got := Merge(tt.parts)
		var count []int64
		for _, s := range got {
			count = append(count, s.Count)
			if s.Daemon != "agent" {
				t.Errorf("%s: daemon %q", tt.name, s.Daemon)
			}
		}
		if !reflect.DeepEqual(count, tt.count) || len(got) > 0 && got[0].Form != tt.form {
			t.Errorf("%s: got %+v", tt.name, got)
		}
	}
}

// TestMergeDeepStacks joins what debug=1 cuts at 32 program counters and what text
// dumps elide.
func TestMergeDeepStacks(t *testing.T) {
	deep := func(n int, mark int) (frames []string) {
		for i := range n {
			if i == mark {
				frames = append(frames, elided)
			}
			frames = append(frames, "main.f"+strconv.Itoa(i))
		}
		return frames
	}
	text := func(frames []string) Part {
		return Part{Dump: fact.Dump{Form: fact.FormDebug2}, Stacks: []fact.Stack{{Form: fact.FormDebug2, Count: 1, Frames: frames, State: "select", MaxWait: some(minute)}}}
	}
	for _, tt := range []struct {
		name         string
		short, whole []string
		joined       bool
	}{
		{"cut", deep(29, -1), deep(60, -1), true},
		{"elided", deep(120, -1), deep(100, 50), true},
		{"shallow", deep(12, -1), deep(60, -1), false},
		{"different", append(deep(28, -1), "main.g"), deep(60, -1), false},
	} {
		counts := Part{Dump: fact.Dump{Form: fact.FormDebug1, Complete: true}, Stacks: []fact.Stack{{Form: fact.FormDebug1, Count: 1, Frames: tt.short}}}
		got := Merge([]Part{counts, text(tt.whole)})
		if len(got) != 1 || (got[0].State == "select") != tt.joined {
			t.Errorf("%s: got %+v", tt.name, got)
		}
	}
}
