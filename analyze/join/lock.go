package join

import (
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// lockArgs and containerArgs are the arguments, as package stack keeps them, that
// are a lock and a container.
var (
	lockArgs = []string{"sync.(*Mutex).lockSlow#0", "sync.(*Mutex).Lock#0", "sync.(*RWMutex).RLock#0", "sync.(*RWMutex).Lock#0"}

	containerArgs = []string{
		"daemon.(*Daemon).Kill#1", "daemon.(*Daemon).containerStop#1", "daemon.(*Daemon).containerStop#2",
		"daemon.(*Daemon).reducePsContainer#1", "daemon.(*Daemon).getInspectData#1", "daemon.(*Daemon).handleContainerExit#1",
		"daemon.(*Daemon).containerStart#1", "daemon.(*Daemon).cleanupContainer#1", "container.(*Container).Reset#0",
	}
)

// unlocked are the functions of dockerd that wait for a container without its lock.
var unlocked = []string{"daemon.(*Daemon).Kill", "daemon.(*Daemon).containerStop", "container.wait"}

// locks says of each group of goroutines whether it waits for locks and for how
// many, and which groups hold what others wait for: they work on the same container
// and are blocked elsewhere.
func (w *world) locks() {
	waited := map[string]map[string]bool{} // by daemon, containers
	for _, s := range w.stacks {
		s.LockWait = waitsForLock(s.Frames)
		if !s.LockWait {
			continue
		}
		if n := len(values(s, lockArgs)); n > 0 {
			s.Locks = fact.Some(n)
		}
		for c := range values(s, containerArgs) {
			if waited[s.Daemon] == nil {
				waited[s.Daemon] = map[string]bool{}
			}
			waited[s.Daemon][c] = true
		}
	}
	for _, s := range w.stacks {
		if len(s.Frames) == 0 || s.LockWait || oneOf(s.Frames[0], unlocked) {
			continue
		}
		for c := range values(s, containerArgs) {
			s.Holds = fact.Some(s.Holds.V || waited[s.Daemon][c])
		}
	}
}

// values are the different values of the arguments.
func values(s *fact.Stack, args []string) map[string]bool {
	out := map[string]bool{}
	for _, arg := range args {
		for _, v := range s.Args[arg] {
			out[v] = true
		}
	}
	return out
}

// waitsForLock reports whether the innermost frame that is not the semaphore's is a
// mutex: sync.(*Mutex).lockSlow, sync.(*RWMutex).RLock, and since Go 1.24
// internal/sync.(*Mutex).lockSlow.
func waitsForLock(frames []string) bool {
	for _, fn := range frames {
		fn = strings.TrimPrefix(fn, "internal/")
		switch {
		case strings.HasPrefix(fn, "sync.runtime_Sem"):
		case strings.HasPrefix(fn, "sync.(*Mutex)."), strings.HasPrefix(fn, "sync.(*RWMutex)."):
			return true
		default:
			return false
		}
	}
	return false
}

// oneOf reports whether fn is one of the functions, at a path boundary.
func oneOf(fn string, functions []string) bool {
	return slices.ContainsFunc(functions, func(f string) bool { return fn == f || strings.HasSuffix(fn, "/"+f) })
}

// calls reports whether a stack holds any of the functions.
func calls(s *fact.Stack, functions ...string) bool {
	return slices.ContainsFunc(s.Frames, func(fn string) bool { return oneOf(fn, functions) })
}
