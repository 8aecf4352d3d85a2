package join

import (
	"testing"
	"time"

	"culprit/analyze/fact"
)

func second(n int) time.Time { return time.Unix(1_900_000_000+int64(n), 0).UTC() }

func fails(container string, seconds ...int) fact.Hit {
	return execHit(fact.ExecFails, container, seconds)
}

func starts(container string, seconds ...int) fact.Hit {
	return execHit(fact.ExecStarts, container, seconds)
}

func execHit(what, container string, seconds []int) fact.Hit {
	h := fact.Hit{Signature: what, Exec: what, Count: int64(len(seconds)), Refs: []fact.Ref{{Source: "d.log", Line: 1}}, PerMinute: map[int64]int64{}}
	if container != "" {
		h.Fields = map[string]string{"container": container}
	}
	for _, s := range seconds {
		h.Times = append(h.Times, second(s))
		h.PerMinute[second(s).Unix()/60]++
	}
	h.First, h.Last = h.Times[0], h.Times[len(h.Times)-1]
	return h
}

func TestExecRecovered(t *testing.T) {
	yes, no := fact.Some(true), fact.Some(false)
	cut := starts(idA, 1, 100, 200, 900)
	cut.Times = cut.Times[:1]
	tests := []struct {
		name string
		hits []fact.Hit
		file string
		want fact.Opt[bool]
	}{
		{"nothing failed", []fact.Hit{starts(idA, 1, 2, 3)}, "", fact.Opt[bool]{}},
		{"two later ones", []fact.Hit{starts(idA, 1, 20, 30), fails(idA, 2)}, "", yes},
		{"one later one may hang", []fact.Hit{starts(idA, 1, 20), fails(idA, 2)}, "", fact.Opt[bool]{}},
		{"later ones of another container", []fact.Hit{starts(idB, 20, 30), fails(idA, 2)}, "", fact.Opt[bool]{}},
		{"all fail", []fact.Hit{starts(idA, 1, 10, 20), fails(idA, 2, 11, 21)}, "", no},
		{"all fail, the last is on its way", []fact.Hit{starts(idA, 1, 10, 20, 30), fails(idA, 2, 11, 21)}, "", no},
		{"two failures may be chance", []fact.Hit{starts(idA, 1, 10), fails(idA, 2, 11)}, "", fact.Opt[bool]{}},
		{"some fail", []fact.Hit{starts(idA, 1, 5, 10, 15, 20), fails(idA, 2, 11, 21)}, "", fact.Opt[bool]{}},
		{"no log of starts", []fact.Hit{fails(idA, 2, 11, 21)}, "", fact.Opt[bool]{}},
		{"told by two logs", []fact.Hit{starts(idA, 1, 10), fails(idA, 2, 11), {Signature: "fails", Exec: fact.ExecFails, Count: 2, First: second(2), Last: second(11),
			Fields: map[string]string{"container": idA}, Refs: []fact.Ref{{Source: "k.log"}}}}, "", fact.Opt[bool]{}},
		{"a broken file", []fact.Hit{fails(idA, 2)}, "empty", no},
		{"a broken file, and later ones work", []fact.Hit{starts(idA, 1, 20, 30), fails(idA, 2)}, "cut", yes},
		{"by minutes where times are not kept", []fact.Hit{cut, fails(idA, 2)}, "", yes},
	}
	for _, tt := range tests {
		tables := node()
		tables.Containers = []fact.Container{{ID: idA, StateFile: tt.file, Docker: "running"}, {ID: idB, Docker: "running"}}
		tables.Hits = tt.hits
		Join(tables)
		if got := tables.Containers[0].ExecRecovered; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestMembersOfPods(t *testing.T) {
	const uid = "d1aab5f0-ae8f-11eb-a151-080027049c65"
	tables := node()
	tables.Containers = []fact.Container{
		{ID: idA, Name: "k8s_c0_web-0_prod_" + uid + "_3", Docker: "running", Started: second(0)},
		{ID: idB, Name: "k8s_c0_web-0_prod_" + uid + "_4", Docker: "exited", Started: second(9)},
	}
	hit := func(pod, member, uid string) fact.Hit {
		return fact.Hit{Fields: map[string]string{"pod": pod, "member": member, "uid": uid}}
	}
	tables.Hits = []fact.Hit{hit("prod/web-0", "c0", uid), hit("web-0", "c0", uid), hit("prod/web-0", "c0", ""), hit("test/web-0", "c0", ""), hit("prod/web-0", "c1", uid), hit("prod/web-0", "c0", "another")}
	Join(tables)
	for i, want := range []string{idA, idA, idA, "test/web-0/c0", "prod/web-0/c1", "prod/web-0/c0"} {
		if got := tables.Hits[i].Container; got != want {
			t.Errorf("hit %d speaks of %q, want %q", i, got, want)
		}
	}
}

func TestNamelessFailures(t *testing.T) {
	err := func(h fact.Hit, text string) fact.Hit {
		fields := map[string]string{"error": text}
		for k, v := range h.Fields {
			fields[k] = v
		}
		h.Fields = fields
		return h
	}
	tables := node()
	tables.Hits = []fact.Hit{
		err(fails(idA, 1, 2), "EOF"), err(fails(idB, 3), "EOF"), // three that name a container
		err(fails("", 1, 2, 3), "EOF"), err(fails("", 1, 2, 3, 4), "EOF"), err(fails("", 1), "other"), starts("", 1),
	}
	Join(tables)
	for i, want := range []string{"", "", "repeats", "unnamed", "unnamed", ""} {
		h, got := tables.Hits[i], ""
		switch {
		case h.Repeats:
			got = "repeats"
		case h.Unnamed:
			got = "unnamed"
		}
		if got != want {
			t.Errorf("hit %d is %q, want %q", i, got, want)
		}
	}
}

func TestCPUManagerOverrides(t *testing.T) {
	told := func(policy string, by fact.Teller) fact.Daemon {
		return fact.Daemon{Name: "kubelet", CPUManager: policy, CPUManagerBy: by}
	}
	config, flags, itself := told("config", fact.ToldByConfig), told("flags", fact.ToldByFlags), told("itself", fact.ToldByItself)
	for want, daemons := range map[string][]fact.Daemon{
		"flags": {config, flags, {Name: "kubelet"}}, "itself": {flags, itself, config}, "config": {{Name: "kubelet"}, config}, "": {{Name: "kubelet"}},
	} {
		tables := node()
		tables.Daemons = daemons
		Join(tables)
		for _, d := range tables.Daemons {
			if d.Name == "kubelet" && d.CPUManager != want {
				t.Errorf("%q, want %q", d.CPUManager, want)
			}
		}
	}
	tables := node()
	tables.Daemons = []fact.Daemon{itself}
	tables.Processes = append(tables.Processes, fact.Process{PID: 77, Daemon: "kubelet", CPUManager: "process", ArgsRef: fact.Ref{Source: "ps"}, Refs: []fact.Ref{{Source: "stack"}}})
	Join(tables)
	for _, d := range tables.Daemons {
		if d.Name == "kubelet" && (d.CPUManager != "process" || d.CPUManagerRef.Source != "ps") {
			t.Errorf("%+v", d)
		}
	}
}

func TestUsedRunc(t *testing.T) {
	runc := fact.Daemon{Name: "runc", Version: "1.0.0-rc8"}
	told := fact.Daemon{Name: "runc", Version: "1.0.0-rc8", Told: true}
	containerd := fact.Daemon{Name: "containerd"}
	other := fact.Daemon{Name: "containerd", Runtime: "/opt/runc"}
	tests := []struct {
		name    string
		daemons []fact.Daemon
		log     string
		want    fact.Opt[bool]
	}{
		{"dockerd says so", []fact.Daemon{{Name: "dockerd"}, told}, "", fact.Some(true)},
		{"dockerd says so, whatever lies there", []fact.Daemon{{Name: "runc", Version: "1.1.5"}, {Name: "dockerd"}, told, {Name: "runc", Version: "1.1.6"}}, "", fact.Some(true)},
		{"it lies beside dockerd", []fact.Daemon{{Name: "dockerd"}, containerd, runc}, "", fact.Opt[bool]{}},
		{"it lies beside dockerd's log", []fact.Daemon{containerd, runc}, "dockerd", fact.Opt[bool]{}},
		{"containerd alone", []fact.Daemon{containerd, runc}, "", fact.Some(true)},
		{"containerd runs another one", []fact.Daemon{other, runc}, "", fact.Opt[bool]{}},
		{"nobody", []fact.Daemon{runc}, "", fact.Opt[bool]{}},
	}
	for _, tt := range tests {
		tables := node()
		tables.Daemons = tt.daemons
		if tt.log != "" {
			tables.Logs = []fact.Log{{Source: "x.log", Daemon: tt.log}}
		}
		tables.Processes = nil
		Join(tables)
		for _, d := range tables.Daemons {
			if d.Name == "runc" && (d.Used != tt.want || d.Version != "1.0.0-rc8") {
				t.Errorf("%s: %s used %+v, want %+v", tt.name, d.Version, d.Used, tt.want)
			}
		}
	}
}
