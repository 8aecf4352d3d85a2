package join

import (
	"fmt"
	"testing"

	"culprit/analyze/fact"
)

// BenchmarkMountNamespaces joins the mounts of a full node: 250 containers and a host
// namespace that 1,500 processes share.
func BenchmarkMountNamespaces(b *testing.B) {
	t := &fact.Tables{Processes: []fact.Process{{PID: 1, MntNS: "host"}, {PID: 90, Daemon: "dockerd", MntNS: "host"}}}
	pids := []int{1, 90}
	for i := range 1500 {
		t.Processes = append(t.Processes, fact.Process{PID: 1000 + i, PPID: fact.Some(1), MntNS: "host"})
		pids = append(pids, 1000+i)
	}
	mount := func(ns string, pids []int, id, parent int, point, super string) {
		t.Mounts = append(t.Mounts, fact.Mount{NS: ns, PIDs: pids, ID: id, Parent: parent, Dev: fmt.Sprintf("0:%d", id), Root: "/", Point: point, Shared: id, Super: []string{super}, FSType: "overlay"})
	}
	mount("host", pids, 1, 0, "/", "rw")
	for c := range 250 {
		layer := fmt.Sprintf("%064x", c)
		super := "upperdir=/var/lib/docker/overlay2/" + layer + "/diff"
		mount("host", pids, 10+c, 1, "/var/lib/docker/overlay2/"+layer+"/merged", super)
		ns, own := fmt.Sprint("c", c), 5000+c
		t.Processes = append(t.Processes, fact.Process{PID: own, PPID: fact.Some(1000), MntNS: ns, Container: layer})
		for m := range 60 {
			if m == 0 {
				mount(ns, []int{own}, 10000+100*c, 9999, "/", super)
				continue
			}
			mount(ns, []int{own}, 10000+100*c+m, 10000+100*c, fmt.Sprint("/m", m), "rw")
		}
	}
	for b.Loop() {
		w := newWorld(t, fact.Place{})
		list := w.mountNamespaces()
		markMounts(list)
		if got := len(w.rootfs(list)); got != 250 {
			b.Fatalf("%d root filesystems", got)
		}
	}
}
