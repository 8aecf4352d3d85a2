package tui

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze/fact"
)

// manyLines is a text of n lines in a file.
func manyLines(b *testing.B, n int) *source {
	b.Helper()
	f, err := os.CreateTemp(b.TempDir(), "lines")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	line := "2026-11-22T04:10:52Z some line of a log that is neither short nor very long\n"
	var block []byte
	for range min(n, 1000) {
		block = append(block, line...)
	}
	for range max(n/1000, 1) {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	t, err := newSource(context.Background(), f, int64(n*len(line)))
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// BenchmarkFrame is one key and the screen after it.
func BenchmarkFrame(b *testing.B) {
	m := opened(b, "dstate-stop-18.09.2", 160, 45)
	for _, n := range []int{100, 1_000_000} {
		m.history.here = newRoute(sourceView)
		m.page = page{rows: raw{source: manyLines(b, n)}, alone: true}
		m.history.here.list = list{cur: n / 2}
		b.Run(fmt.Sprint("lines=", n), func(b *testing.B) {
			for i := range b.N {
				m.move(1 - i%2*2)
				m.View()
			}
		})
	}
	for _, v := range views {
		b.Run(v.name, func(b *testing.B) {
			press(m, "esc", "esc", v.key)
			for b.Loop() {
				press(m, "down")
				m.View()
			}
		})
	}
}

// BenchmarkLarge is one key and the screen after it over tables of a large node.
func BenchmarkLarge(b *testing.B) {
	const n = 100_000
	m := opened(b, "dstate-stop-18.09.2", 160, 45)
	r, t := *m.report, *m.report.Tables
	grow(&t.Processes, n, func(p *fact.Process, i int) { p.PID = i; p.PPID = fact.Some(i / 2) })
	grow(&t.Mounts, n, func(mnt *fact.Mount, i int) { mnt.ID, mnt.Parent = i, i/2; mnt.NS = fmt.Sprint(i % 100) })
	grow(&t.Sockets, n, func(*fact.Socket, int) {})
	grow(&t.Containers, 2000, func(*fact.Container, int) {})
	r.Tables = &t
	m.report = &r
	for _, keys := range [][]string{{"5"}, {"6"}, {"6", "B"}, {"7"}, {"8"}, {"0"}} {
		b.Run(strings.Join(keys, ""), func(b *testing.B) {
			press(m, keys...)
			for b.Loop() {
				press(m, "down")
				m.View()
			}
		})
	}
}

// grow repeats rows until there are n, each changed a little.
func grow[T any](rows *[]T, n int, change func(row *T, i int)) {
	old := *rows
	out := make([]T, n)
	for i := range out {
		out[i] = old[i%len(old)]
		change(&out[i], i)
	}
	*rows = out
}

// BenchmarkOpen is the time to the first screen: nothing is read yet.
func BenchmarkOpen(b *testing.B) {
	in := answers(b, "dstate-stop-18.09.2")
	for b.Loop() {
		m := newTestModel(in)
		m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
		m.Init()
		m.View()
	}
}

// BenchmarkIndex is finding the lines of a text: B/op is what stays of it and a buffer.
func BenchmarkIndex(b *testing.B) {
	const n = 1_000_000
	t := manyLines(b, n)
	b.SetBytes(t.size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newSource(context.Background(), t.content, t.size); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFilter is a whole filter over a million lines of a file.
func BenchmarkFilter(b *testing.B) {
	const n = 1_000_000
	m := newTestModel(incident{})
	m.w, m.h = 160, 45
	m.page = page{rows: raw{source: manyLines(b, n)}, alone: true}
	m.history.here = newRoute(sourceView)
	m.history.here.only, m.history.here.find = true, "nothing like that"
	for b.Loop() {
		run(m, m.filter())
	}
}
