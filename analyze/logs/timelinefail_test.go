package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestMergeReadError(t *testing.T) {
	text := logrus(3, 0, 1, "a") + logrus(3, 0, 2, "b")
	broken := func(text string) *io.SectionReader {
		return io.NewSectionReader(failing{strings.NewReader(text), len(text)}, 0, int64(len(text))+100)
	}
	tl := mustMerge(t, Stream{Source: "a", Content: broken(text)}, Stream{Source: "b", Content: broken("")}, stream("c", text, time.Time{}))
	want := []fact.Problem{
		{Ref: fact.Ref{Source: "a", Line: 2}, Text: `reading stopped here: "input/output error"`},
		{Ref: fact.Ref{Source: "b"}, Text: `reading stopped here: "input/output error"`},
	}
	if tl.Len() != 4 || !reflect.DeepEqual(tl.Problems, want) || !slices.Equal(tl.Undated, []string{"b"}) {
		t.Errorf("%d rows, undated %v, problems %+v", tl.Len(), tl.Undated, tl.Problems)
	}
}

// failing gives an error behind its first n bytes.
type failing struct {
	io.ReaderAt
	n int
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p[:min(len(p), max(0, f.n-int(at)))], at)
	if n < len(p) {
		err = errors.New("input/output error")
	}
	return n, err
}

// full is a store with room for n bytes.
type full struct {
	memory
	n      int
	closed bool
}

func (f *full) WriteAt(p []byte, at int64) (int, error) {
	if int(at)+len(p) > f.n {
		return 0, errors.New("no space left on device")
	}
	return f.memory.WriteAt(p, at)
}

func (f *full) Close() error { f.closed = true; return nil }

func TestMergeStoreFails(t *testing.T) {
	text := logrus(3, 0, 1, "a") + logrus(3, 0, 2, "b")
	for room := range 4 * recordSize {
		store := &full{n: room}
		if tl, err := Merge(context.Background(), store, []Stream{stream("a", text, time.Time{})}, nil); err == nil || tl != nil || !store.closed {
			t.Errorf("room for %d bytes: %v, closed %v", room, err, store.closed)
		}
	}
	store := &full{n: 4 * recordSize}
	tl, err := Merge(context.Background(), store, []Stream{stream("a", text, time.Time{})}, nil)
	if err != nil || tl.Len() != 2 {
		t.Fatal(err)
	}
	store.b = store.b[:recordSize]
	if m := tl.At(1); m != (Moment{}) {
		t.Errorf("a row that cannot be read is %+v", m)
	}
	if row, ok := tl.Place("a", 4); ok {
		t.Errorf("a line that cannot be read has row %d", row)
	}
	if tl.Close(); !store.closed {
		t.Error("the store is still open")
	}
}

// TestMergeCancelled: at any moment of the reading, and while rows are put into
// order; progress goes up to the total and never back.
func TestMergeCancelled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	streams := []Stream{stream("u", strings.Repeat("no time\n", 20_000), time.Time{})}
	for i := range 3 {
		streams = append(streams, stream(fmt.Sprint("l", i), strings.Repeat("head\n", 20_000)+randomLog(rnd, 2000), time.Time{}))
	}
	var calls, last, all int64
	if _, err := Merge(context.Background(), &memory{}, streams, func(done, total int64) {
		calls++
		if done < last || done > total || all != 0 && total != all {
			t.Errorf("%d of %d after %d of %d", done, total, last, all)
		}
		last, all = done, total
	}); err != nil || last != all || calls < 10 {
		t.Fatalf("%v, %d of %d in %d calls", err, last, all, calls)
	}
	for stop := range calls {
		ctx, cancel := context.WithCancel(context.Background())
		store := &full{n: 1 << 30}
		tl, err := Merge(ctx, store, streams, func(int64, int64) {
			if stop--; stop < 0 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || tl != nil || !store.closed {
			t.Errorf("%v, closed %v", err, store.closed)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := mustMerge(t, streams[1]).merge(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled merge gives %v", err)
	}
}
