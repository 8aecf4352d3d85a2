package host

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestParseFreezer(t *testing.T) {
	lines := "/sys/fs/cgroup/freezer/docker/" + idA + "/freezer.state: FROZEN\n" +
		"/sys/fs/cgroup/freezer/docker/" + idA + "/freezer.self_freezing:1\n" +
		"/sys/fs/cgroup/freezer/docker/" + idA + "/freezer.parent_freezing: 0\n" +
		"/sys/fs/cgroup/freezer/kubepods/freezer.self_freezing: 0\n" +
		"/sys/fs/cgroup/freezer/kubepods/freezer.state: FREEZING\n" +
		"/sys/fs/cgroup/system.slice/docker-" + idB + ".scope/cgroup.events: populated 1\n" +
		"/sys/fs/cgroup/system.slice/docker-" + idB + ".scope/cgroup.events:frozen 0\n" +
		"/sys/fs/cgroup/a/freezer.state: MELTED\n"
	at := func(n int) fact.Ref { return lineRef("f", lines, n) }
	tests := []struct {
		name, source, text string
		want               []CgroupState
		problems           []string
	}{
		{"lines", "f", lines, []CgroupState{
			{Path: "/docker/" + idA, State: "FROZEN", Self: fact.Some(true), Ref: at(1)},
			{Path: "/kubepods", State: "FREEZING", Self: fact.Some(false), Ref: at(5)},
			{Path: "/system.slice/docker-" + idB + ".scope", State: "THAWED", Ref: at(7)},
		}, []string{`f:8 not a state of a freezer: "/sys/fs/cgroup/a/freezer.state: MELTED"`}},
		{"one v1 file", "node/sys/fs/cgroup/freezer/docker/x/freezer.state", "THAWED\n",
			[]CgroupState{{Path: "/docker/x", State: "THAWED", Ref: ref("node/sys/fs/cgroup/freezer/docker/x/freezer.state", 1, 0)}}, nil},
		{"one v2 file", "sys/fs/cgroup/unified/x.scope/cgroup.events", "populated 1\nfrozen 1\n",
			[]CgroupState{{Path: "/x.scope", State: "FROZEN", Ref: ref("sys/fs/cgroup/unified/x.scope/cgroup.events", 2, 12)}}, nil},
		{"asked to freeze", "sys/fs/cgroup/x/cgroup.freeze", "1\n",
			[]CgroupState{{Path: "/x", State: "FREEZING", Self: fact.Some(true), Ref: ref("sys/fs/cgroup/x/cgroup.freeze", 1, 0)}}, nil},
		{"not asked says nothing of those above", "sys/fs/cgroup/x/cgroup.freeze", "0\n",
			[]CgroupState{{Path: "/x", Self: fact.Some(false), Ref: ref("sys/fs/cgroup/x/cgroup.freeze", 1, 0)}}, nil},
		{"asked, and not there yet", "f", "/sys/fs/cgroup/x/cgroup.freeze: 1\n/sys/fs/cgroup/x/cgroup.events: frozen 0\n",
			[]CgroupState{{Path: "/x", State: "FREEZING", Self: fact.Some(true), Ref: ref("f", 2, 34)}}, nil},
		{"the root", "sys/fs/cgroup/freezer/freezer.state", "THAWED", []CgroupState{{Path: "/", State: "THAWED", Ref: ref("sys/fs/cgroup/freezer/freezer.state", 1, 0)}}, nil},
		{"refused", "sys/fs/cgroup/freezer/x/freezer.state", "cat: x: No such device or permission denied\n", nil,
			[]string{`sys/fs/cgroup/freezer/x/freezer.state:1 the command failed: "cat: x: No such device or permission denied"`}},
		{"a path that tells nothing", "cgroup/freezer.txt", "FROZEN\n", nil, []string{`cgroup/freezer.txt:1 not a state of a freezer: "FROZEN"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseFreezer(strings.NewReader(tt.text), tt.source)
			equal(t, "rows", got, tt.want)
			equal(t, "problems", texts(problems), tt.problems)
		})
	}
}

func TestContainerOf(t *testing.T) {
	for path, want := range map[string]string{
		"/docker/" + idA: idA,
		"/kubepods/burstable/poda89a158e-ae8f-11eb-a151-080027049003/" + idA:                   idA,
		"/system.slice/docker-" + idA + ".scope":                                               idA,
		"/kubepods.slice/kubepods-podx.slice/cri-containerd-" + idA + ".scope":                 idA,
		"/kubepods.slice/crio-" + idA + ".scope/container":                                     idA,
		"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + idA: idA,
		"/docker/" + idA + "/kubepods/" + idB:                                                  idB,
		"/docker/" + idA + " (deleted)":                                                        idA,
		"/docker/" + idA + "/init.scope":                                                       idA,
		"/kubepods.slice/crio-conmon-" + idA + ".scope":                                        "",
		"/docker/x" + idA:                 "",
		"/docker/" + strings.ToUpper(idA): "",
		"/docker/" + idA[:63]:             "",
		"/docker":                         "",
		"/":                               "",
		"":                                "",
	} {
		if got := ContainerOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestParseTasks(t *testing.T) {
	text := "TASK                PID    STATUS    \n" + idA + "    264    RUNNING\n" + idB + "    0    STOPPED\n"
	at := func(n int) []fact.Ref { return []fact.Ref{lineRef("t", text, n)} }
	rows := []fact.Container{
		{ID: idA, Task: "RUNNING", TaskPID: fact.Some(264), Refs: at(2)},
		{ID: idB, Task: "STOPPED", TaskPID: fact.Some(0), Refs: at(3)},
	}
	tests := []struct {
		name, text string
		want       TaskListing
		problems   []string
	}{
		{"whole", text, TaskListing{rows, true}, nil},
		{"no tasks", "TASK    PID    STATUS\n", TaskListing{nil, true}, nil},
		{"cut", text[:len(text)-6], TaskListing{rows[:1], false}, []string{`t:3 not a task of ctr: "` + idB + `    0    ST"`}},
		{"cut at the end", text[:len(text)-1], TaskListing{rows, false}, []string{`t:3 ends in the middle of a line: "` + idB + `    0    STOPPED"`}},
		{"timeout", "command timed out after 10s: ctr -n moby tasks ls\n", TaskListing{}, []string{`t:1 the command failed: "command timed out after 10s: ctr -n moby tasks ls"`}},
		{"empty", "", TaskListing{}, []string{"t no header of ctr tasks ls"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseTasks(strings.NewReader(tt.text), "t")
			equal(t, "listing", got, tt.want)
			equal(t, "problems", texts(problems), tt.problems)
		})
	}
}

func TestParseContainers(t *testing.T) {
	text := "CONTAINER      IMAGE    RUNTIME\n" + idA + "    -    io.containerd.runtime.v1.linux    \n" + idB + "    docker.io/library/x:1    io.containerd.runc.v2\nrubbish\n"
	got, problems := ParseContainers(strings.NewReader(text), "c")
	equal(t, "problems", texts(problems), []string{`c:4 not a container of ctr: "rubbish"`})
	equal(t, "rows", got, []fact.Container{
		{ID: idA, Runtime: "io.containerd.runtime.v1.linux", Refs: []fact.Ref{lineRef("c", text, 2)}},
		{ID: idB, Runtime: "io.containerd.runc.v2", Refs: []fact.Ref{lineRef("c", text, 3)}},
	})
	_, problems = ParseContainers(strings.NewReader("ctr: failed to dial \"/run/c.sock\": context deadline exceeded\n"), "c")
	equal(t, "no daemon", texts(problems), []string{`c:1 the command failed: "ctr: failed to dial \"/run/c.sock\": context deadline exceeded"`})
}
