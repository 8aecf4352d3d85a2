package stack

import (
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	const d = "github.com/docker/docker/"
	for _, tt := range []struct{ in, want string }{
		{d + "daemon.(*Daemon).Kill", d + "daemon.(*Daemon).Kill"},
		{"github.com/moby/moby/v2/daemon.(*Daemon).Kill", d + "daemon.(*Daemon).Kill"},
		{"github.com/moby/moby/client.(*Client).Ping", d + "client.(*Client).Ping"},
		{"github.com/moby/moby/v2/daemon/container.(*State).Wait.func1", d + "container.(*State).Wait.func1"},
		{"github.com/moby/moby/v2/daemon/container.(*ExecStore).Get", d + "container.(*ExecStore).Get"},
		{d + "daemon/exec.(*Store).Get", d + "container.(*ExecStore).Get"},
		{d + "libcontainerd.(*client).processEventStream", d + "libcontainerd/remote.(*client).processEventStream"},
		{d + "libcontainerd/remote.(*client).processEventStream", d + "libcontainerd/remote.(*client).processEventStream"},
		{"github.com/moby/moby/v2/daemon/internal/libcontainerd/remote.(*client).processEventStream", d + "libcontainerd/remote.(*client).processEventStream"},
		{d + "libcontainerd.(*queue).append.func1", d + "libcontainerd/queue.(*Queue).Append.func1"},
		{d + "libcontainerd.(*remote).handleEventStream", d + "libcontainerd.(*remote).handleEventStream"},
		{"github.com/moby/moby/v2/daemon/internal/stream.(*Config).Wait", d + "container/stream.(*Config).Wait"},
		{"github.com/moby/moby/v2/daemon/internal/stream/bytespipe.(*BytesPipe).Read", d + "pkg/ioutils.(*BytesPipe).Read"},
		{d + "container/stream/bytespipe.(*BytesPipe).Read", d + "pkg/ioutils.(*BytesPipe).Read"},
		{d + "container/stream.(*unbuffered).Write", d + "pkg/broadcaster.(*Unbuffered).Write"},
		{"github.com/moby/moby/v2/daemon/internal/stream.(*unbuffered).Write", d + "pkg/broadcaster.(*Unbuffered).Write"},
		{"github.com/moby/moby/v2/daemon/internal/metrics.Serve", d + "metrics.Serve"},
		{"github.com/moby/moby/v2/daemon/server/router/container.(*containerRouter).postContainersStop", d + "api/server/router/container.(*containerRouter).postContainersStop"},
		{d + "daemon/logger.(*ringLogger).run", d + "daemon/logger.(*RingLogger).run"},
		{d + "vendor/github.com/docker/libnetwork.(*controller).watchLoop", d + "libnetwork.(*Controller).watchLoop"},
		{"github.com/docker/libnetwork.(*controller).watchLoop", d + "libnetwork.(*Controller).watchLoop"},
		{"github.com/docker/libnetwork/drivers/bridge.(*driver).CreateEndpoint", d + "libnetwork/drivers/bridge.(*driver).CreateEndpoint"},
		{d + "libnetwork.(*sandbox).Delete", d + "libnetwork.(*Sandbox).Delete"},
		{"github.com/moby/moby/v2/daemon/libnetwork.(*Endpoint).sbJoin", d + "libnetwork.(*Endpoint).sbJoin"},
		{d + "vendor/github.com/containerd/fifo.(*fifo).Read", "github.com/containerd/fifo.(*fifo).Read"},
		{"a/vendor/b/vendor/c.F", "c.F"},
		{"vendor/golang.org/x/net/http2/hpack.(*Decoder).Write", "golang.org/x/net/http2/hpack.(*Decoder).Write"},
		{d + "api/server/router/container.(*containerRouter).(" + d + "api/server/router/container.postContainersStop)-fm", d + "api/server/router/container.(*containerRouter).postContainersStop-fm"},
		{d + "api/server/router/container.(*containerRouter).postContainersStop-fm", d + "api/server/router/container.(*containerRouter).postContainersStop-fm"},
		{"main.(*T).(main.serve)-fm", "main.(*T).serve-fm"},
		{"main.(*queue[...]).Push", "main.(*queue).Push"},
		{"main.Map[go.shape.struct { A [2]int }].func1", "main.Map.func1"},
		{"net/http.(*Server).Serve in goroutine 6", "net/http.(*Server).Serve"},
		{"github.com/containerd/containerd/vendor/github.com/stevvooe/ttrpc.(*Client).Call", "github.com/containerd/ttrpc.(*Client).Call"},
		{"github.com/containerd/containerd/v2/client.(*eventRemote).Subscribe.func1", "github.com/containerd/containerd.(*eventRemote).Subscribe.func1"},
		{"github.com/containerd/containerd/v2/core/metadata.(*DB).View", "github.com/containerd/containerd/metadata.(*DB).View"},
		{"github.com/containerd/containerd/v2/internal/cri/server.(*criService).StopContainer", "github.com/containerd/containerd/pkg/cri/server.(*criService).StopContainer"},
		{"github.com/containerd/cri/pkg/server.(*criService).StopContainer", "github.com/containerd/containerd/pkg/cri/server.(*criService).StopContainer"},
		{"github.com/boltdb/bolt.(*DB).beginRWTx", "go.etcd.io/bbolt.(*DB).beginRWTx"},
		{"main.main", "main.main"},
		{"", ""},
	} {
		if got := Canonical(tt.in); got != tt.want {
			t.Errorf("Canonical(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if again := Canonical(tt.want); again != tt.want {
			t.Errorf("Canonical(%q) = %q: not a fixed point", tt.want, again)
		}
	}
}

// TestCanonicalMatching is the whole rule by which a wanted name matches.
func TestCanonicalMatching(t *testing.T) {
	for _, tt := range []struct {
		fn, want string
		match    bool
	}{
		{"github.com/moby/moby/v2/daemon.(*Daemon).Kill", "daemon.(*Daemon).Kill", true},
		{"github.com/docker/docker/daemon.(*Daemon).KillAll", "daemon.(*Daemon).Kill", false},
		{"github.com/docker/docker/daemon.(*Daemon).Kill.func1", "daemon.(*Daemon).Kill", false},
		{"example.com/mydaemon.(*Daemon).Kill", "daemon.(*Daemon).Kill", false},
		{"internal/sync.(*Mutex).lockSlow", "sync.(*Mutex).lockSlow", true},
		{"sync.(*Mutex).lockSlow", "sync.(*Mutex).lockSlow", true},
	} {
		fn := Canonical(tt.fn)
		if got := fn == tt.want || strings.HasSuffix(fn, "/"+tt.want); got != tt.match {
			t.Errorf("%q matches %q: %v, want %v", tt.fn, tt.want, got, tt.match)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, tt := range []struct {
		in      string
		id      int64
		state   string
		minutes int
		ok      bool
	}{
		{"goroutine 5212 [chan receive, 5940 minutes]:", 5212, "chan receive", 5940, true},
		{"goroutine 1 [running]:", 1, "running", 0, true},
		{"goroutine 7 [running, locked to thread]:", 7, "running", 0, true},
		{"goroutine 7 [syscall, 3 minutes, locked to thread]:", 7, "syscall", 3, true},
		{"goroutine 8 [chan send (leaked)]:", 8, "chan send", 0, true},
		{"goroutine 8 [chan send (leaked), 2 minutes]:", 8, "chan send", 2, true},
		{"goroutine 8 [select (no cases), 2 minutes]:", 8, "select (no cases)", 2, true},
		{"goroutine 8 [sleep (durable), synctest bubble 4]:", 8, "sleep", 0, true},
		{`goroutine 9 [sleep labels:{"pod": "web-0"}]:`, 9, "sleep", 0, true},
		{`goroutine 9 [sleep, 12 minutes labels:{"a": "x, y]:z", "b": "c"}]:`, 9, "sleep", 12, true},
		{`goroutine 9 [sleep labels:{"a": "x, 7 minutes", "b": "]"}]:`, 9, "sleep", 0, true},
		{"goroutine 18 gp=0xc0000061c0 m=0 mp=0x5c2a00 [GC worker (idle), 4 minutes]:", 18, "GC worker (idle)", 4, true},
		{"goroutine 18 gp=0xc0000061c0 m=nil [sync.Cond.Wait]:", 18, "sync.Cond.Wait", 0, true},
		{"goroutine 18 [running]", 0, "", 0, false},
		{"goroutine x [running]:", 0, "", 0, false},
		{"goroutine 18 running]:", 0, "", 0, false},
		{"goroutine 18446744073709551616 [running]:", 0, "", 0, false},
		{"goroutine profile: total 12]:", 0, "", 0, false},
		{"", 0, "", 0, false},
	} {
		h, ok := parseHeader([]byte(tt.in))
		if ok != tt.ok {
			t.Errorf("parseHeader(%q) = %v", tt.in, ok)
			continue
		}
		if ok && (h.id != tt.id || string(h.state) != tt.state || h.minutes != tt.minutes) {
			t.Errorf("parseHeader(%q) = %d %q %d", tt.in, h.id, h.state, h.minutes)
		}
	}
}
