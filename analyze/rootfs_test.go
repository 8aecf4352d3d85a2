package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// Processes of a node with one dockerd, one container and httpd.
const (
	psMounts = `  PID  PPID STAT WCHAN ELAPSED COMMAND
    1     0 Ss   -     41-02:10:33 /usr/lib/systemd/systemd
 1042     1 Ssl  -     30-04:11:09 /usr/bin/dockerd
 5190  1042 Sl   -     20-20:36:07 containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/3a0ccff1fd66877a62f0eca74749e1699ee195bf4c9bc5075256c333a671c120
 5210  5190 Ss   -     20-20:36:07 /srv/run
 7001     1 Ss   -      1-00:00:00 /usr/sbin/httpd -DFOREGROUND
`
	layer  = "6c77cfb6c0c4b1e809c47af3c5ff6a4732a783cc14ff53270a7709c837c96346"
	merged = "/home/docker_rt/overlay2/" + layer + "/merged"
	super  = " - overlay overlay rw,lowerdir=/home/docker_rt/overlay2/l/A,upperdir=/home/docker_rt/overlay2/" + layer + "/diff,workdir=/home/docker_rt/overlay2/" + layer + "/work\n"
	// The host's mounts, up to the graph root.
	hostTree = "39 1 8:3 / / rw shared:1 - ext4 /dev/sda3 rw\n44 39 8:4 / /home rw shared:28 - xfs /dev/sda4 rw\n"
	// The same as a service with PrivateTmp sees it.
	serviceTree = "139 100 8:3 / / rw shared:101 master:1 - ext4 /dev/sda3 rw\n144 139 8:4 / /home rw shared:128 master:28 - xfs /dev/sda4 rw\n"
	ownRoot     = "500 400 0:40 / / rw" + super
)

func TestRootfs(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"a running container, a service that follows", map[string]string{
			"proc/1/mountinfo":    hostTree + "218 44 0:40 / " + merged + " rw shared:109" + super,
			"proc/1042/mountinfo": hostTree + "218 44 0:40 / " + merged + " rw shared:109" + super,
			"proc/7001/mountinfo": serviceTree + "435 144 0:40 / " + merged + " rw shared:122 master:109" + super,
			"proc/5210/mountinfo": ownRoot,
		}, []string{"dockerd linked live", "process 7001 httpd linked live"}},
		{"docker 1.13: the graph root is private, the service keeps what is gone", map[string]string{
			"proc/1/mountinfo":    hostTree + "1143 44 8:4 /docker_rt/overlay2 /home/docker_rt/overlay2 rw - xfs /dev/sda4 rw\n",
			"proc/1042/mountinfo": hostTree + "1143 44 8:4 /docker_rt/overlay2 /home/docker_rt/overlay2 rw - xfs /dev/sda4 rw\n",
			"proc/7001/mountinfo": serviceTree + "227 144 8:4 /docker_rt/overlay2 /home/docker_rt/overlay2 rw shared:118 - xfs /dev/sda4 rw\n231 227 0:40 / " + merged + " rw shared:119" + super,
		}, []string{"process 7001 httpd unlinked"}},
		{"unshare -m: everything private", map[string]string{
			"proc/1042/mountinfo": hostTree + "218 44 0:40 / " + merged + " rw shared:109" + super,
			"proc/7001/mountinfo": "139 100 8:3 / / rw - ext4 /dev/sda3 rw\n144 139 8:4 / /home rw - xfs /dev/sda4 rw\n435 144 0:40 / " + merged + " rw" + super,
		}, []string{"dockerd linked", "process 7001 httpd unlinked"}},
		{"unshare -m --propagation unchanged: peers", map[string]string{
			"proc/1042/mountinfo": hostTree + "218 44 0:40 / " + merged + " rw shared:109" + super,
			"proc/7001/mountinfo": "139 100 8:3 / / rw shared:1 - ext4 /dev/sda3 rw\n144 139 8:4 / /home rw shared:28 - xfs /dev/sda4 rw\n435 144 0:40 / " + merged + " rw shared:109" + super,
		}, []string{"dockerd linked", "process 7001 httpd linked"}},
		{"a slave of a slave", map[string]string{
			"proc/1042/mountinfo": hostTree,
			"proc/5190/mountinfo": serviceTree,
			"proc/7001/mountinfo": "239 200 8:3 / / rw master:101 - ext4 /dev/sda3 rw\n244 239 8:4 / /home rw master:128 - xfs /dev/sda4 rw\n535 244 0:40 / " + merged + " rw master:122" + super,
		}, []string{"process 7001 httpd linked"}},
		{"a private recursive bind in dockerd's own namespace", map[string]string{
			"proc/1042/mountinfo": hostTree + "957 39 8:4 / /backup rw - xfs /dev/sda4 rw\n1062 957 0:40 / /backup/docker_rt/overlay2/" + layer + "/merged rw" + super,
		}, []string{"dockerd bound unlinked"}},
		{"a bind whose children stayed peers, but which is private itself", map[string]string{
			"proc/1042/mountinfo": hostTree + "218 44 0:40 / " + merged + " rw shared:109" + super +
				"957 39 8:4 / /backup rw - xfs /dev/sda4 rw\n1062 957 0:40 / /backup/docker_rt/overlay2/" + layer + "/merged rw shared:109" + super,
		}, []string{"dockerd linked", "dockerd bound unlinked"}},
		{"MountFlags=slave and live-restore: the shim's namespace keeps it", map[string]string{
			"proc/1/mountinfo":    hostTree,
			"proc/1042/mountinfo": "339 300 8:3 / / rw master:1 - ext4 /dev/sda3 rw\n344 339 8:4 / /home rw master:28 - xfs /dev/sda4 rw\n",
			"proc/5190/mountinfo": "539 500 8:3 / / rw master:1 - ext4 /dev/sda3 rw\n544 539 8:4 / /home rw master:28 - xfs /dev/sda4 rw\n635 544 0:40 / " + merged + " rw" + super,
			"proc/5210/mountinfo": ownRoot,
		}, []string{"shim 5190 containerd-shim unlinked live"}},
		{"no mountinfo of dockerd or init: a private mount receives nothing, a slave does", map[string]string{
			"proc/7001/mountinfo": "435 144 0:40 / " + merged + " rw" + super,
			"proc/7002/mountinfo": "436 145 0:40 / " + merged + " rw master:109" + super,
			"proc/7003/mountinfo": "437 146 0:40 / " + merged + " rw shared:110" + super,
		}, []string{"process 7001 httpd unlinked", "? linked", "? unknown"}},
		{"no mountinfo of dockerd: below a graph root that is cut off nothing without a master follows", map[string]string{
			"cli-session.txt": "[root@node-a17 ~]# grep -rwn " + merged + " /proc/*/mountinfo\n/proc/7001/mountinfo:40:231 227 0:40 / " + merged + " rw shared:119" + super +
				"[root@node-a17 ~]# grep -rw 1143 /proc/$$/mountinfo\n1143 44 8:4 /docker_rt/overlay2 /home/docker_rt/overlay2 rw - xfs /dev/sda4 rw\n" +
				"[root@node-a17 ~]# grep -rw 44 /proc/$$/mountinfo\n44 39 8:4 / /home rw shared:28 - xfs /dev/sda4 rw\n",
		}, []string{"process 7001 httpd unlinked"}},
		{"an -init layer and the container's own view are none", map[string]string{
			"proc/1042/mountinfo": hostTree + "218 44 0:41 / /home/docker_rt/overlay2/" + layer + "-init/merged rw - overlay overlay rw,upperdir=/home/docker_rt/overlay2/" + layer + "-init/diff\n",
			"proc/5210/mountinfo": ownRoot,
		}, nil},
	} {
		files := map[string]string{"ps-wchan.txt": psMounts}
		for name, text := range c.files {
			files[name] = text
		}
		tables, _ := tablesOf(t, files)
		var got []string
		for _, r := range tables.Rootfs {
			got = append(got, sketch(r))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// sketch is a row in a few words.
func sketch(r fact.Rootfs) string {
	words := []string{string(r.Side)}
	if r.Side == "" {
		words[0] = "?"
	}
	if r.Side != fact.SideDockerd && r.Holder != 0 {
		words = append(words, fmt.Sprint(r.Holder), r.HolderComm)
	}
	if r.Bound() {
		words = append(words, "bound")
	}
	switch {
	case !r.Linked.Known:
		words = append(words, "unknown")
	case r.Linked.V:
		words = append(words, "linked")
	default:
		words = append(words, "unlinked")
	}
	if r.Live.Or(false) {
		words = append(words, "live")
	}
	return strings.Join(words, " ")
}
