package collect_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// echo stands for a tool of the node: it prints how it was called.
const echo = "#!/bin/sh\necho \"${0##*/} $*\"\n"

// The tools of a node in another root, each with the arguments that it gets there.
// What is asked of a kubelet, of journald or of CRI-O is run nowhere else in the tests.
func TestTools(t *testing.T) {
	need(t, os.Getuid() == 0, "root (for chroot)")
	busybox, err := exec.LookPath("busybox")
	need(t, err == nil, "busybox-static")
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	tools := map[string]string{
		"bin/sh": string(binary),
		// systemd before 234
		"usr/bin/journalctl": "#!/bin/sh\ncase \"$*\" in *precise*) exit 1 ;; esac\necho \"journalctl $*\"\n",
		"usr/bin/docker":     "#!/bin/sh\n[ \"$1\" != ps ] || echo '" + writerID + "   bb:1'\necho \"docker $*, $DOCKER_HOST\"\n",
	}
	for _, name := range []string{"ctr", "crictl", "kubectl", "curl", "ss", "nsenter", "runc", "ps", "df", "mount", "dmesg"} {
		tools["usr/bin/"+name] = echo
	}
	for path, text := range tools {
		if err := plant(root, path, text); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(root, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"run/log/journal", "run/containerd", "var/run/crio"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, socket := range []string{"run/containerd/containerd.sock", "run/containerd/debug.sock", "var/run/docker.sock", "var/run/crio/crio.sock"} {
		l := listen(t, filepath.Join(root, socket))
		defer l.Close()
	}
	crio := process{pid: 800, ppid: 1, comm: "crio", state: "S", cmdline: []string{"/usr/bin/crio"}, cgroup: "0::/system.slice/crio.service", mnt: 4026531840, net: 4026531992}
	if err := crio.plant(root); err != nil {
		t.Fatal(err)
	}

	r := newRun(t, userlands(t)[0], "--root", root, "--interval", "1", "--since", "3h")
	r.do(t, 60*time.Second)
	o := r.bundle(t)
	for member, want := range map[string]string{
		"docker/version.txt":                      "docker version, unix:///var/run/docker.sock",
		"docker/ps-a.txt":                         "docker ps -a --no-trunc --format table {{.ID}}",
		"docker/inspect-1.json":                   "docker inspect " + writerID,
		"containerd/tasks-ls.txt":                 "ctr --address /run/containerd/containerd.sock -n moby tasks ls",
		"containerd/k8s.io/containers-ls.txt":     "ctr --address /run/containerd/containerd.sock -n k8s.io containers ls",
		"crictl/ps.txt":                           "crictl ps -a",
		"crictl/pods.txt":                         "crictl pods",
		"kubectl/pods.txt":                        "kubectl --kubeconfig /etc/kubernetes/kubelet.conf get pods -A -o wide --field-selector spec.nodeName=node-a17",
		"kubectl/events.txt":                      "kubectl --kubeconfig /etc/kubernetes/kubelet.conf get events -A -o wide",
		"kubectl/node.txt":                        "describe node node-a17",
		"config/configz.json":                     "get --raw /api/v1/nodes/node-a17/proxy/configz",
		"goroutines/kubelet-goroutine-debug1.txt": "get --raw /api/v1/nodes/node-a17/proxy/debug/pprof/goroutine?debug=1",
		"goroutines/kubelet-goroutine-debug2.txt": "get --raw /api/v1/nodes/node-a17/proxy/debug/pprof/goroutine?debug=2",
		"goroutines/dockerd-goroutine-debug1.txt": "curl -s -S -f --unix-socket /var/run/docker.sock http://localhost/debug/pprof/goroutine?debug=1",
		"goroutines/crio-goroutine-debug2.txt":    "curl -s -S -f --unix-socket /var/run/crio/crio.sock http://localhost/debug/goroutines",
		"logs/docker.log":                         "journalctl --no-pager -q --since=-3h -o short-iso -u docker",
		"logs/kubelet.log":                        "journalctl --no-pager -q --since=-3h -o short-iso -u kubelet",
		"logs/crio.log":                           "journalctl --no-pager -q --since=-3h -o short-iso -u crio",
		"logs/kernel.log":                         "journalctl --no-pager -q --since=-3h -o short-iso -k",
		"logs/dmesg.txt":                          "dmesg ",
		"ss-anp.txt":                              "ss -anp",
		"netns/4026532203/ss-xan.txt":             "nsenter -t 507 -n ss -xan",
		"ps-wchan.txt":                            "ps -eo pid,ppid,stat,wchan:32,etime,nlwp,rss,comm=COMM",
		"runc-version.txt":                        "runc --version",
		"df.txt":                                  "df -Pk",
	} {
		if got := string(o.members[member]); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", member, got, want)
		}
	}
	o.checkNoSecret(t)
	for _, it := range o.items {
		if it.State == "absent" && it.Command != "ionice" && !strings.Contains(it.Command, " ") {
			t.Errorf("%s is recorded as absent", it.Command)
		}
	}
}

// listen makes a socket whose path may be too long for one: it is made by way of a
// short name for its folder.
func listen(t *testing.T, file string) net.Listener {
	t.Helper()
	short, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	link := filepath.Join(short, "d")
	if err := os.Symlink(filepath.Dir(file), link); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(link, filepath.Base(file)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}
