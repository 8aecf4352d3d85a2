package join

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

const exitQueue = "libcontainerd/queue.(*Queue).Append.func1"

// exitHandlers are what dockerd's queue of one container's events runs when that
// container, or an exec in it, has ended.
var exitHandlers = []string{"daemon.(*Daemon).handleContainerExit", "daemon.(*Daemon).ProcessEvent", "daemon.(*Daemon).StateChanged"}

// lockVictims are what requests for one container run when they ask for its lock.
var lockVictims = []string{
	"daemon.(*Daemon).ContainerInspectCurrent", "daemon.(*Daemon).ContainerInspect", "daemon.(*Daemon).reducePsContainer",
	"daemon.(*Daemon).ContainerStop", "daemon.(*Daemon).ContainerExecStart", "container.(*State).IsRunning", "container.(*State).SetRemovalInProgress",
}

// standFor says which containers goroutines are about. A dump names none: an exit
// handler stands for a container that has ended and is shown running, a request
// that waits for a container's lock for one whose inspect hangs, a shim for what it
// serves.
func (w *world) standFor() {
	ended := w.keysOf(func(c *fact.Container) bool {
		return c.Docker == "running" && c.InitAlive.Known && !c.InitAlive.V && c.Settled.Or(true)
	})
	hung := w.keysOf(w.inspectHangs)
	for _, s := range w.stacks {
		switch {
		case s.Daemon == "containerd-shim":
			s.Containers = w.servedBy(s)
		case s.Daemon == "dockerd" && calls(s, exitQueue) && calls(s, exitHandlers...):
			s.Containers = ended
		case s.Daemon == "dockerd" && s.LockWait && calls(s, lockVictims...):
			s.Containers = hung
		}
		if fn := shimBlockedIn(s); fn != "" && len(s.Containers) == 1 {
			for _, c := range w.containers {
				if c.ID == s.Containers[0].ID {
					c.ShimBlocked = fn
				}
			}
		}
	}
}

// inspectHangs reports whether inspect of this container alone hangs.
func (w *world) inspectHangs(c *fact.Container) bool {
	return slices.ContainsFunc(w.items, func(item *fact.Item) bool {
		return item.Container == c.ID && item.Alone && (item.Verb == "inspect" || item.Verb == "container inspect")
	})
}

func (w *world) keysOf(fits func(*fact.Container) bool) []fact.Key {
	var out []fact.Key
	for _, c := range w.containers {
		if fits(c) {
			out = append(out, fact.NewKey(fact.KeyContainer, w.at, c.ID, c.Label()))
		}
	}
	return out
}

// servedBy is the container of the shim that a dump is of: the one whose id or whose
// shim's pid is a word of the file's name, else any whose shim lives.
func (w *world) servedBy(s *fact.Stack) []fact.Key {
	if len(s.Refs) == 0 {
		return nil
	}
	words := strings.FieldsFunc(path.Base(s.Refs[0].Source), func(r rune) bool { return strings.ContainsRune(".-_", r) })
	if named := w.keysOf(func(c *fact.Container) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			return len(word) >= 12 && strings.HasPrefix(c.ID, word) || c.Shim != 0 && word == strconv.Itoa(c.Shim)
		})
	}); len(named) == 1 {
		return named
	}
	return w.keysOf(func(c *fact.Container) bool { return c.ShimAlive.V })
}

// shimBlockedIn is the function that keeps a shim from handling exits or calls, ""
// none: its reaper in a channel send, its service in the service's own lock.
func shimBlockedIn(s *fact.Stack) string {
	if s.Daemon != "containerd-shim" {
		return ""
	}
	for _, fn := range s.Frames {
		switch {
		case oneOf(fn, []string{"shim.Reap", "reaper.Reap"}) && s.State == "chan send":
			return fn
		case s.LockWait && (strings.Contains(fn, "/shim.(*Service).") || strings.Contains(fn, "/task.(*service).")):
			return fn
		}
	}
	return ""
}

// speakTo finds the container that each docker command of the collector names, and
// those that hang for one container alone.
func (w *world) speakTo() {
	answered := map[string]bool{} // by verb
	for _, item := range w.items {
		if item.Tool != "docker" {
			continue
		}
		for _, c := range w.containers {
			if namedIn(item.Command, c) {
				item.Container = c.ID
				answered[item.Verb] = answered[item.Verb] || item.State == fact.Complete
				break
			}
		}
	}
	for _, item := range w.items {
		item.Alone = item.Container != "" && item.State == fact.TimedOut && answered[item.Verb]
	}
}

// namedIn reports whether a command's words name the container.
func namedIn(command string, c *fact.Container) bool {
	return slices.ContainsFunc(strings.Fields(command), func(word string) bool {
		return word == c.Name || len(word) >= 12 && strings.HasPrefix(c.ID, word)
	})
}
