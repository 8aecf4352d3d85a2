package join

import (
	"fmt"
	"testing"

	"culprit/analyze/fact"
)

// TestCountCgroups: a container has the counts of its topmost cgroup out of the files of
// both controllers, and where that has no limit its pod's.
func TestCountCgroups(t *testing.T) {
	some := fact.Some[int64]
	for _, tt := range []struct {
		name   string
		counts []fact.CgroupCount
		want   string // pids max refused oom
	}{
		{"both controllers", []fact.CgroupCount{{Path: "/docker/" + idA, Container: idA, Pids: some(5), PidsMax: some(9), PidsRefused: some(2)}, {Path: "/docker/" + idA, Container: idA, OOMKills: some(3)}}, "5 9 2 3"},
		{"one inside of it", []fact.CgroupCount{{Path: "/docker/" + idA + "/init.scope", Container: idA, Pids: some(1), PidsMax: some(1)}, {Path: "/docker/" + idA, Container: idA, Pids: some(5), PidsMax: some(9)}}, "5 9 0 0"},
		{"its pod's", []fact.CgroupCount{{Path: "/kubepods/pod7", Pids: some(8), PidsMax: some(8)}, {Path: "/kubepods/pod7/" + idA, Container: idA, Pids: some(5), PidsMax: some(fact.Unlimited)}}, "8 8 0 0"},
		{"no pod's", []fact.CgroupCount{{Path: "/docker", Pids: some(8), PidsMax: some(8)}, {Path: "/docker/" + idA, Container: idA, Pids: some(5), PidsMax: some(fact.Unlimited)}}, fmt.Sprintf("5 %d 0 0", int64(fact.Unlimited))},
		{"another's", []fact.CgroupCount{{Path: "/docker/x", Pids: some(8)}}, "0 0 0 0"},
	} {
		tables := &fact.Tables{Nodes: []fact.Node{{}}, Containers: []fact.Container{{ID: idA}}, CgroupCounts: tt.counts}
		Join(tables)
		c := tables.Containers[0]
		if got := fmt.Sprint(c.Pids.V, c.PidsMax.V, c.PidsRefused.V, c.OOMKills.V); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
