package analyze

import (
	"slices"
	"strings"
	"testing"
)

// release is how a range of releases names the functions that killRows writes as
// docker 19.03 to 20.10 as upstream builds it.
type release struct {
	docker string
	names  []string // from, to
}

var releases = []release{
	{"17.12.1-ce", []string{
		"libcontainerd/queue.(*Queue).Append.func1", "libcontainerd.(*queue).append.func1",
		"libcontainerd/remote.(*client)", "libcontainerd.(*client)",
		containerds + "api/services/tasks/v1", vendored + "containerd/containerd/api/services/tasks/v1",
	}},
	{"18.09.9", []string{
		"libcontainerd/queue.(*Queue).Append.func1", "libcontainerd.(*queue).append.func1",
		"libcontainerd/remote.(*client)", "libcontainerd.(*client)",
		"iptables.IPTable.Raw", "iptables.Raw",
	}},
	{"19.03.15", []string{"libcontainerd.(*client).processEventStream", "libcontainerd/remote.(*client).processEventStream"}},
	{"20.10.24", []string{ // Debian builds without the vendor folder in the names

		"libcontainerd.(*client).processEventStream", "libcontainerd/remote.(*client).processEventStream",
		moby + "vendor/", "",
	}},
	{"23.0.6", []string{
		"libcontainerd.(*client).processEventStream", "libcontainerd/remote.(*client).processEventStream",
		vendored + "docker/libnetwork", moby + "libnetwork",
	}},
	{"27.5.1", []string{
		"libcontainerd.(*client).processEventStream", "libcontainerd/remote.(*client).processEventStream",
		vendored + "docker/libnetwork", moby + "libnetwork", "(*controller)", "(*Controller)",
		"sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).lockSlow", "goroutine 1000 [semacquire", "goroutine 1000 [sync.Mutex.Lock",
	}},
	{"28.5.2", []string{
		"libcontainerd.(*client).processEventStream", "libcontainerd/remote.(*client).processEventStream",
		vendored + "docker/libnetwork", moby + "libnetwork", "(*controller)", "(*Controller)",
		"pkg/ioutils.(*BytesPipe)", "container/stream/bytespipe.(*BytesPipe)", "pkg/broadcaster.(*Unbuffered)", "container/stream.(*unbuffered)",
		"logger.(*RingLogger)", "logger.(*ringLogger)", "ContainerInspectCurrent", "ContainerInspect",
	}},
	{"29.1.3", []string{
		vendored + "docker/libnetwork", "github.com/moby/moby/v2/daemon/libnetwork", "(*controller)", "(*Controller)",
		moby + "vendor/", "",
		moby + "libcontainerd.(*client).processEventStream", "github.com/moby/moby/v2/daemon/internal/libcontainerd/remote.(*client).processEventStream",
		moby + "libcontainerd/", "github.com/moby/moby/v2/daemon/internal/libcontainerd/",
		moby + "pkg/ioutils.(*BytesPipe)", "github.com/moby/moby/v2/daemon/internal/stream/bytespipe.(*BytesPipe)",
		moby + "pkg/broadcaster.(*Unbuffered)", "github.com/moby/moby/v2/daemon/internal/stream.(*unbuffered)",
		moby + "container/stream.", "github.com/moby/moby/v2/daemon/internal/stream.",
		moby + "container.", "github.com/moby/moby/v2/daemon/container.",
		moby + "api/server/router", "github.com/moby/moby/v2/daemon/server/router",
		moby + "daemon", "github.com/moby/moby/v2/daemon",
		"logger.(*RingLogger)", "logger.(*ringLogger)", "ContainerInspectCurrent", "ContainerInspect",
	}},
}

// spelled are the rows that a release is applied to, by verdict, with the first and
// the last release index in releases that can have it.
var spelled = map[string][2]int{
	"dockerd-event-stream-exited":                 {0, 7},
	"dockerd-exit-blocked-by-stuck-stream-reader": {0, 7},
	"fluentd-async-close-block":                   {2, 3},
	"awslogs-nonblocking-exit-deadlock":           {4, 7},
	"firewalld-dbus-unresponsive":                 {0, 7},
	"volume-plugin-unresponsive":                  {0, 6},
	"containerd-grpc-stuck":                       {0, 7},
	"shim-died-dockerd-not-told":                  {3, 3},
	"shim-exit-event-publish-failed":              {0, 3},
	"exit-lost-while-containerd-down":             {0, 3},
	"filesystem-frozen":                           {0, 7},
}

// TestSpellings holds the verdicts over the names that releases give their functions.
func TestSpellings(t *testing.T) {
	set := ruleSet(t)
	tried := map[string]bool{}
	for _, row := range killRows {
		within, ok := spelled[row.verdict]
		if !ok {
			continue
		}
		for i, s := range releases {
			if i < within[0] || i > within[1] {
				continue
			}
			t.Run(row.name+" "+s.docker, func(t *testing.T) {
				sick := row.sick
				sick.docker = s.docker
				files := sick.bundle()
				files[dumpFile] = strings.NewReplacer(s.names...).Replace(files[dumpFile])
				want := row.verdict
				if got := verdictIDs(judgeFiles(t, set, files)); !slices.Equal(got, []string{want}) {
					t.Errorf("verdicts %q, want %q", got, want)
				}
			})
			tried[row.verdict] = true
		}
	}
	for id := range spelled {
		if !tried[id] {
			t.Errorf("no row has %s", id)
		}
	}
}
