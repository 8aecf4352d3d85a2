package join

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

const engine = "github.com/docker/docker/"

func stackOf(daemon, frames string) fact.Stack {
	return fact.Stack{Daemon: daemon, Frames: strings.Fields(frames), Refs: []fact.Ref{ref("goroutines/" + daemon + ".txt")}}
}

func TestLockWait(t *testing.T) {
	for _, tt := range []struct {
		frames string
		want   bool
	}{
		{"sync.(*Mutex).Lock main.x", true},
		{"sync.runtime_SemacquireMutex sync.(*Mutex).lockSlow sync.(*Mutex).Lock main.x", true},
		{"internal/sync.runtime_SemacquireMutex internal/sync.(*Mutex).lockSlow sync.(*Mutex).Lock main.x", true},
		{"sync.runtime_SemacquireRWMutexR sync.(*RWMutex).RLock main.x", true},
		{"sync.runtime_Semacquire sync.(*WaitGroup).Wait main.x", false},
		{"sync.runtime_notifyListWait sync.(*Cond).Wait main.x", false},
		{"main.x sync.(*Mutex).Lock", false},
		{"", false},
	} {
		tables := node()
		tables.Stacks = []fact.Stack{stackOf("dockerd", tt.frames)}
		Join(tables)
		if got := tables.Stacks[0].LockWait; got != tt.want {
			t.Errorf("%s: %v", tt.frames, got)
		}
	}
}

// TestHolder: who works on a container whose lock others wait for holds it, unless it
// waits for that lock or for the container's end.
func TestHolder(t *testing.T) {
	args := func(s fact.Stack, pairs ...string) fact.Stack {
		s.Args = map[string][]string{}
		for i := 0; i < len(pairs); i += 2 {
			s.Args[pairs[i]] = append(s.Args[pairs[i]], pairs[i+1])
		}
		return s
	}
	const ps, start, kill, lock = "daemon.(*Daemon).reducePsContainer#1", "daemon.(*Daemon).containerStart#1", "daemon.(*Daemon).Kill#1", "sync.(*Mutex).Lock#0"
	tables := node()
	tables.Stacks = []fact.Stack{
		args(stackOf("dockerd", "sync.(*Mutex).Lock "+engine+"daemon.(*Daemon).reducePsContainer"), ps, "0xc1", lock, "0xa1", lock, "0xa2"),
		args(stackOf("dockerd", "syscall.Mount "+engine+"daemon.(*Daemon).containerStart"), start, "0xc1"),
		args(stackOf("dockerd", "syscall.Mount "+engine+"daemon.(*Daemon).containerStart"), start, "0xc2"),
		args(stackOf("dockerd", engine+"daemon.(*Daemon).Kill"), kill, "0xc1"),
		stackOf("dockerd", "syscall.Mount"),
		args(stackOf("other", "syscall.Mount "+engine+"daemon.(*Daemon).containerStart"), start, "0xc1"),
	}
	Join(tables)
	for i, want := range []fact.Opt[bool]{{}, fact.Some(true), fact.Some(false), {}, {}, fact.Some(false)} {
		if got := tables.Stacks[i].Holds; got != want {
			t.Errorf("stack %d holds %v, want %v", i, got, want)
		}
	}
	if got := tables.Stacks[0].Locks; got != fact.Some(2) || tables.Stacks[1].Locks.Known {
		t.Errorf("locks %v, %v", got, tables.Stacks[1].Locks)
	}
}

const handlerFrames = "sync.(*WaitGroup).Wait " + engine + "daemon.(*Daemon).ProcessEvent " + engine + "libcontainerd/queue.(*Queue).Append.func1"

func TestStandFor(t *testing.T) {
	inspect := func(id string, state fact.State) fact.Item {
		return fact.Item{Tool: "docker", Verb: "inspect", Command: "docker inspect " + id, State: state, Refs: []fact.Ref{ref("collect.log")}}
	}
	victim := stackOf("dockerd", "sync.(*Mutex).Lock "+engine+"daemon.(*Daemon).ContainerInspectCurrent")
	shim := stackOf("containerd-shim", "main.main")
	named := shim
	named.Refs = []fact.Ref{ref("goroutines/shim-400.txt")}
	tables := node()
	tables.Containers = append(tables.Containers, fact.Container{ID: idB, Name: "db", Docker: "running", PID: fact.Some(90)})
	tables.Items = []fact.Item{inspect("web", fact.TimedOut), inspect(idB[:12], fact.Complete), {Tool: "docker", Verb: "stats", Command: "docker stats", State: fact.TimedOut}}
	tables.Stacks = []fact.Stack{stackOf("dockerd", handlerFrames), victim, named, shim, stackOf("dockerd", "main.main")}
	Join(tables)
	for i, want := range []string{"web db", "web", "web", "web", ""} {
		if got := points(tables.Stacks[i].Containers); got != want {
			t.Errorf("stack %d stands for %q, want %q", i, got, want)
		}
	}
	if a, b := tables.Items[0], tables.Items[1]; a.Container != idA || !a.Alone || b.Container != idB || b.Alone {
		t.Errorf("items %+v, %+v", a, b)
	}
}

// TestAllInspectsHang: then it is the daemon, and no container alone.
func TestAllInspectsHang(t *testing.T) {
	tables := node()
	tables.Items = []fact.Item{{Tool: "docker", Verb: "inspect", Command: "docker inspect web", State: fact.TimedOut}}
	tables.Stacks = []fact.Stack{stackOf("dockerd", "sync.(*Mutex).Lock "+engine+"daemon.(*Daemon).ContainerInspectCurrent")}
	Join(tables)
	if tables.Items[0].Alone || len(tables.Stacks[0].Containers) > 0 {
		t.Errorf("%+v", tables.Items[0])
	}
}

func TestShimBlocked(t *testing.T) {
	blocked := func(s fact.Stack) string {
		tables := node()
		tables.Stacks = []fact.Stack{s}
		Join(tables)
		return tables.Containers[0].ShimBlocked
	}
	const service = "github.com/containerd/containerd/runtime/v1/shim.(*Service).Kill"
	reap := stackOf("containerd-shim", "github.com/containerd/containerd/sys/reaper.Reap")
	if got := blocked(reap); got != "" {
		t.Errorf("an idle reaper is blocked in %s", got)
	}
	reap.State = "chan send"
	if got := blocked(reap); got != reap.Frames[0] {
		t.Errorf("reaper blocked in %q", got)
	}
	if got := blocked(stackOf("containerd-shim", "sync.(*Mutex).Lock "+service)); got != service {
		t.Errorf("service blocked in %q", got)
	}
	if got := blocked(stackOf("containerd-shim", service)); got != "" {
		t.Errorf("a running service is blocked in %s", got)
	}
}

// TestEndedWithoutPID: containerd has no task, and inspect did not answer.
func TestEndedWithoutPID(t *testing.T) {
	tables := node()
	tables.Containers = []fact.Container{{ID: idA, Name: "web", Docker: "running", NoTask: true, Up: fact.Some(longCollection)}}
	Join(tables)
	if c := tables.Containers[0]; c.InitAlive != fact.Some(false) || c.Settled != fact.Some(true) {
		t.Errorf("init %v, settled %v", c.InitAlive, c.Settled)
	}
	tables = node(fact.Process{PID: 510, State: "S", PPID: fact.Some(400)})
	tables.Containers = []fact.Container{{ID: idA, Name: "web", Docker: "running", NoTask: true, Up: fact.Some(longCollection - 1)}}
	Join(tables)
	if c := tables.Containers[0]; c.InitAlive != fact.Some(true) || c.Settled.Known {
		t.Errorf("init %v, settled %v", c.InitAlive, c.Settled)
	}
}

// TestRuncOfAShim: the shim runs the node's runc; one deeper is the container's own.
func TestRuncOfAShim(t *testing.T) {
	tables := node(
		fact.Process{PID: 500, State: "S", Comm: "sh", PPID: fact.Some(400)},
		fact.Process{PID: 510, State: "S", Comm: "runc", Daemon: "runc", PPID: fact.Some(400)},
		fact.Process{PID: 511, State: "S", Comm: "runc", Daemon: "runc", PPID: fact.Some(500)})
	Join(tables)
	role := map[int]string{}
	for _, p := range tables.Processes {
		role[p.PID] = p.Daemon
	}
	if role[510] != "runc" || role[511] != "" {
		t.Errorf("roles %q, %q", role[510], role[511])
	}
}
