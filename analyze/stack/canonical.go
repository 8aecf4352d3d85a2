package stack

import (
	"strings"
)

// move maps a name that starts with from to one that starts with to.
type move struct{ from, to string }

// modules maps repository and module generations. They apply once each, in order.
//
//	github.com/moby/moby/v2/...          docker 29+; docker/docker before
//	github.com/moby/moby/...             (*) other modules of that repository
//	github.com/docker/libnetwork         <= 20.10; docker/docker/libnetwork from 23.0
//	github.com/containerd/containerd/v2  (*) containerd 2.x
//	github.com/containerd/cri/pkg        (*) before it moved to containerd/pkg/cri
//	github.com/stevvooe/ttrpc            containerd 1.0-1.1
//	github.com/{boltdb/bolt,coreos/bbolt,etcd-io/bbolt}  (*) now go.etcd.io/bbolt
//
// Source: the project's catalogue causes-docker.md, section 0.2, which took them from
// moby's tags. Rows with (*) are not in it and have not been compared with releases.
var modules = []move{
	{"github.com/moby/moby/v2/", "github.com/docker/docker/"},
	{"github.com/moby/moby/", "github.com/docker/docker/"},
	{"github.com/docker/libnetwork", "github.com/docker/docker/libnetwork"},
	{"github.com/containerd/containerd/v2/client.", "github.com/containerd/containerd."},
	{"github.com/containerd/containerd/v2/internal/cri/", "github.com/containerd/containerd/pkg/cri/"},
	{"github.com/containerd/containerd/v2/core/", "github.com/containerd/containerd/"},
	{"github.com/containerd/containerd/v2/", "github.com/containerd/containerd/"},
	{"github.com/containerd/cri/pkg/", "github.com/containerd/containerd/pkg/cri/"},
	{"github.com/stevvooe/ttrpc", "github.com/containerd/ttrpc"},
	{"github.com/boltdb/bolt.", "go.etcd.io/bbolt."},
	{"github.com/coreos/bbolt.", "go.etcd.io/bbolt."},
	{"github.com/etcd-io/bbolt.", "go.etcd.io/bbolt."},
}

// engine maps what follows "github.com/docker/docker/". The first row that fits
// applies. Canonical is on the right; the releases are those of the left side, after
// causes-docker.md, section 0.2. The row daemon/internal/ only drops these words: not
// every package under it had that home before (builder-next did not).
//
//	daemon/internal/stream.(*unbuffered)     29+           pkg/broadcaster is <= 27
//	container/stream.(*unbuffered)           28
//	daemon/internal/stream/bytespipe         29+           pkg/ioutils is <= 27
//	container/stream/bytespipe               28
//	daemon/internal/stream                   29+           container/stream is <= 28
//	daemon/internal/libcontainerd            29+           libcontainerd is <= 28
//	daemon/internal/...                      29+
//	daemon/container                         29+           container is <= 28
//	daemon/exec.(*Store)                     <= 23.0       container is 24.0-28
//	daemon/server                            29+           api/server is <= 28
//	daemon/libnetwork                        29+           libnetwork is 23.0-28
//	libcontainerd.(*client)                  17.11-18.09   libcontainerd/remote is 19.03-28
//	libcontainerd.(*queue).append            <= 18.09      libcontainerd/queue is >= 19.03
//	daemon/logger.(*ringLogger)              28+           RingLogger is <= 27
var engine = []move{
	{"daemon/internal/stream.(*unbuffered)", "pkg/broadcaster.(*Unbuffered)"},
	{"container/stream.(*unbuffered)", "pkg/broadcaster.(*Unbuffered)"},
	{"daemon/internal/stream/bytespipe.", "pkg/ioutils."},
	{"container/stream/bytespipe.", "pkg/ioutils."},
	{"daemon/internal/stream.", "container/stream."},
	{"daemon/internal/", ""},
	{"daemon/container.", "container."},
	{"daemon/container/", "container/"},
	{"daemon/exec.(*Store)", "container.(*ExecStore)"},
	{"daemon/server.", "api/server."},
	{"daemon/server/", "api/server/"},
	{"daemon/libnetwork", "libnetwork"},
	{"libcontainerd.(*client).", "libcontainerd/remote.(*client)."},
	{"libcontainerd.(*queue).append", "libcontainerd/queue.(*Queue).Append"},
	{"daemon/logger.(*ringLogger)", "daemon/logger.(*RingLogger)"},
}

// networkTypes are exported from 24.0 (Network from 25.0) and were not before.
var networkTypes = []move{
	{"libnetwork.(*controller)", "libnetwork.(*Controller)"},
	{"libnetwork.(*network)", "libnetwork.(*Network)"},
	{"libnetwork.(*endpoint)", "libnetwork.(*Endpoint)"},
	{"libnetwork.(*sandbox)", "libnetwork.(*Sandbox)"},
	{"libnetwork.(*resolver)", "libnetwork.(*Resolver)"},
}

// Canonical is the one spelling under which a function is known in every release:
//
//   - everything up to the last "/vendor/" goes, also the "vendor/" of the standard
//     library's own copies;
//   - repositories, modules and packages that moved get one home (the tables above);
//   - a method value of Go <= 1.10, T.(path/pkg.Method)-fm, becomes T.Method-fm;
//   - type arguments "[...]" and " in goroutine N" go.
//
// The result W matches a wanted name w exactly if W == w or W ends in "/"+w; so
// "daemon.(*Daemon).Kill" and "docker/daemon.(*Daemon).Kill" both match docker's, and
// neither matches a longer type or method name. Closures (.func1) are names of their
// own.
func Canonical(fn string) string {
	if i := strings.Index(fn, " in goroutine "); i >= 0 {
		fn = fn[:i]
	}
	fn = methodValue(dropTypeArgs(strings.TrimSpace(fn)))
	if i := strings.LastIndex(fn, "/vendor/"); i >= 0 {
		fn = fn[i+len("/vendor/"):]
	}
	fn = strings.TrimPrefix(fn, "vendor/")
	for _, m := range modules {
		if rest, ok := strings.CutPrefix(fn, m.from); ok {
			fn = m.to + rest
		}
	}
	const root = "github.com/docker/docker/"
	rest, ok := strings.CutPrefix(fn, root)
	if !ok {
		return fn
	}
	return root + firstMove(networkTypes, firstMove(engine, rest))
}

func firstMove(moves []move, name string) string {
	for _, m := range moves {
		if rest, ok := strings.CutPrefix(name, m.from); ok {
			return m.to + rest
		}
	}
	return name
}

// methodValue rewrites the method values of Go <= 1.10, which carry the package path
// of the method a second time:
//
//	container.(*containerRouter).(github.com/docker/docker/api/server/router/container.postContainersStop)-fm
func methodValue(fn string) string {
	open := strings.LastIndex(fn, ".(")
	if open < 0 || !strings.HasSuffix(fn, ")-fm") || strings.HasPrefix(fn[open:], ".(*") {
		return fn
	}
	method := strings.TrimSuffix(fn[open+2:], ")-fm")
	return fn[:open] + method[max(0, strings.LastIndexByte(method, '.')):] + "-fm"
}

// dropTypeArgs removes balanced square brackets: "list.(*List[...]).Push" and the
// shapes that symbol tables print in full.
func dropTypeArgs(fn string) string {
	if strings.IndexByte(fn, '[') < 0 {
		return fn
	}
	var b strings.Builder
	depth := 0
	for i := range len(fn) {
		switch c := fn[i]; {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// internalFrame reports whether a function belongs to the runtime itself. debug=1
// hides such frames only on top of a stack, debug=2 nearly everywhere, protobuf
// nowhere, and debug=2 prints runtime.gopanic as "panic".
func internalFrame(fn string) bool {
	return strings.HasPrefix(fn, "runtime.") || strings.HasPrefix(fn, "runtime/internal/") ||
		strings.HasPrefix(fn, "internal/runtime/") || fn == "panic"
}

// elided stands in Frames where the runtime left frames out.
const elided = "..."

// frameList collects the frames of one stack, innermost first.
type frameList struct{ frames, lines []string }

func (l *frameList) add(fn, line string) {
	l.frames, l.lines = append(l.frames, fn), append(l.lines, line)
}

// visible drops the runtime's frames, except from a stack that has no others: there
// only runtime.goexit goes, as in debug=1.
func (l frameList) visible() frameList {
	keep := func(drop func(string) bool) (out frameList) {
		for i, fn := range l.frames {
			if !drop(fn) {
				out.add(fn, l.lines[i])
			}
		}
		return out
	}
	if out := keep(internalFrame); len(out.frames) > 0 {
		return out
	}
	return keep(func(fn string) bool { return fn == "runtime.goexit" })
}
