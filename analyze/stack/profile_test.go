package stack

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"culprit/analyze/fact"
)

// builder makes profiles whose locations are functions.
type builder struct {
	profile.Profile
	by map[string]*profile.Location
}

func newBuilder(kinds ...string) *builder {
	b := &builder{by: map[string]*profile.Location{}}
	for _, k := range kinds {
		b.SampleType = append(b.SampleType, &profile.ValueType{Type: k, Unit: "count"})
	}
	return b
}

// at is the location of "outer;inlined...", innermost last, as symbols are inlined.
func (b *builder) at(fns string) *profile.Location {
	if l := b.by[fns]; l != nil {
		return l
	}
	l := &profile.Location{ID: uint64(len(b.Location) + 1), Address: uint64(0x1000 + len(b.Location))}
	for _, fn := range strings.Fields(fns) {
		f := &profile.Function{ID: uint64(len(b.Function) + 1), Name: fn, Filename: "/src/" + fn[strings.LastIndexByte(fn, '.')+1:] + ".go"}
		b.Function = append(b.Function, f)
		l.Line = append(l.Line, profile.Line{Function: f, Line: int64(len(b.Function))})
	}
	b.Location = append(b.Location, l)
	b.by[fns] = l
	return l
}

func (b *builder) sample(stack []string, values ...int64) {
	s := &profile.Sample{Value: values}
	for _, fn := range stack {
		s.Location = append(s.Location, b.at(fn))
	}
	b.Sample = append(b.Sample, s)
}

func (b *builder) bytes(t testing.TB, gzipped bool) []byte {
	t.Helper()
	var out bytes.Buffer
	write := b.WriteUncompressed
	if gzipped {
		write = b.Write
	}
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func goroutineBuilder() *builder {
	b := newBuilder("goroutine")
	b.TimeNanos = time.Date(2026, 11, 22, 3, 49, 32, 0, time.UTC).UnixNano()
	kill := []string{"runtime.gopark", "runtime.chanrecv", "github.com/docker/docker/daemon.(*Daemon).Kill", "github.com/docker/docker/vendor/github.com/gorilla/mux.(*Router).ServeHTTP"}
	b.sample(kill, 800)
	b.sample([]string{"runtime.gopark", "main.inner main.outer", "runtime.main"}, 1)
	b.sample(kill, 2) // another label
	b.sample([]string{"runtime.gopark", ""}, 3)
	return b
}

func TestReadGoroutineProfile(t *testing.T) {
	const source = "dockerd-goroutine.pb.gz"
	ref := []fact.Ref{{Source: source}}
	want := Part{
		Dump: fact.Dump{Daemon: "dockerd", Form: fact.FormProtobuf, Total: 806, Complete: true, Groups: 3, Refs: ref,
			Taken: time.Date(2026, 11, 22, 3, 49, 32, 0, time.UTC)},
		Stacks: []fact.Stack{
			{Daemon: "dockerd", Form: fact.FormProtobuf, Count: 802, Refs: ref,
				Frames: []string{"github.com/docker/docker/daemon.(*Daemon).Kill", "github.com/gorilla/mux.(*Router).ServeHTTP"}, Lines: []string{"/src/Kill.go:3", "/src/ServeHTTP.go:4"}},
			{Daemon: "dockerd", Form: fact.FormProtobuf, Count: 3, Refs: ref, Frames: []string{"0x1006"}, Lines: []string{""}},
			{Daemon: "dockerd", Form: fact.FormProtobuf, Count: 1, Refs: ref, Frames: []string{"main.inner", "main.outer"}, Lines: []string{"/src/inner.go:5", "/src/outer.go:6"}},
		},
	}
	for _, gzipped := range []bool{true, false} {
		got, problems := ReadProfile(bytes.NewReader(goroutineBuilder().bytes(t, gzipped)), source)
		if len(problems) != 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("gzipped %v: problems %v\ngot  %+v\nwant %+v", gzipped, problems, got, want)
		}
	}
}

func TestReadHeapProfile(t *testing.T) {
	const source = "x/dockerd-heap.pb.gz"
	b := newBuilder("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
	b.sample([]string{"bufio.NewReaderSize", "github.com/docker/docker/vendor/net.Serve", "runtime.main"}, 9, 90, 2, 64)
	b.sample([]string{"main.leak", "main.main"}, 9, 90, 1, 512)
	b.sample([]string{"main.gone", "main.main"}, 9, 90, 0, 0)
	b.sample([]string{"bufio.NewReaderSize", "github.com/docker/docker/vendor/net.Serve", "runtime.goexit"}, 9, 90, 1, 32)
	ref := []fact.Ref{{Source: source}}
	want := Part{Dump: fact.Dump{Daemon: "dockerd", Refs: ref}, Heap: []fact.Heap{
		{Daemon: "dockerd", Func: "main.leak", Callers: []string{"main.main"}, InUseBytes: 512, InUseObjects: 1, Refs: ref},
		{Daemon: "dockerd", Func: "bufio.NewReaderSize", Callers: []string{"net.Serve"}, InUseBytes: 96, InUseObjects: 3, Refs: ref},
	}}
	got, problems := ReadProfile(bytes.NewReader(b.bytes(t, true)), source)
	if len(problems) != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("problems %v\ngot  %+v\nwant %+v", problems, got, want)
	}
}

func TestReadProfileRefuses(t *testing.T) {
	whole := goroutineBuilder().bytes(t, true)
	cpu := newBuilder("samples", "cpu")
	cpu.sample([]string{"main.f"}, 1, 10)
	for _, tt := range []struct {
		name string
		r    io.Reader
		text string
	}{
		{"cut", bytes.NewReader(whole[:len(whole)-9]), "unexpected EOF"},
		{"text", strings.NewReader(debug1), "profile cannot be read"},
		{"empty", strings.NewReader(""), "profile cannot be read"},
		{"cpu", bytes.NewReader(cpu.bytes(t, true)), "neither of goroutines nor of the heap"},
		{"too large", io.LimitReader(zeros{}, profileLimit+5), "larger than 64 MiB"},
	} {
		p, problems := ReadProfile(tt.r, "x")
		if !reflect.DeepEqual(p, Part{}) || len(problems) != 1 || !strings.Contains(problems[0].Text, tt.text) || problems[0].Ref.Source != "x" {
			t.Errorf("%s: got %+v, problems %v", tt.name, p, problems)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
