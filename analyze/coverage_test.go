package analyze

import (
	"slices"
	"testing"

	"culprit/analyze/fact"
)

// A bundle with the heaps of two daemons knows both.
func TestHeapCoverage(t *testing.T) {
	at := fact.Place{Node: "n"}
	a := assembly{parts: &parts{}, at: at, t: &fact.Tables{Heap: []fact.Heap{
		{At: at, Daemon: "containerd"}, {At: at, Daemon: "containerd"}, {At: at, Daemon: "dockerd"}, {At: fact.Place{Node: "m"}, Daemon: "kubelet"},
	}}}
	a.coverage()
	var got []string
	for _, c := range a.t.Coverage {
		if c.Table == "heap" {
			got = append(got, c.Daemon)
		}
	}
	if want := []string{"containerd", "dockerd"}; !slices.Equal(got, want) {
		t.Errorf("covered are the heaps of %q, want %q", got, want)
	}
}
