package collect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// secrets stand in the planted files as {{name}}; none of them may leave the node.
var secrets = map[string]string{
	"env-unit":      "unitEnvV4lue77",
	"env-dropin":    "dropin-Env-9931",
	"env-quoted":    "two words of s3cret",
	"env-inspect":   "inspectEnv0x51",
	"env-cmdline":   "cmdlineEnv6620",
	"env-long":      "longOptEnv1177",
	"env-sysconf":   "sysconfEnv4410",
	"environ":       "procEnviron8825",
	"password":      "Pa55w0rdOnCmdline",
	"token":         "t0kenAsNextWord",
	"secret-flag":   "cl13ntSecretFlag",
	"registry-auth": "cmVnaXN0cnk6UGE1NXJlZ2lzdHJ5",
	"registry-pass": "Reg1stryT0mlPass",
	"identity":      "1dent1tyT0kenToml",
	"proxy-auth":    "proxyuser:Pr0xyPa55",
	"proxy-env":     "http://proxyuser:Pr0xyPa55@proxy.example:3128",
	"mirror-auth":   "mirror:M1rr0rPa55",
	"bearer":        "bearer.0paque-T0ken_value~1",
	"jwt":           "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlX29mX3Rva2Vu",
	"key-data":      "LS0tLS1CRUdJTiBLRVktREFUQQ0KMTIzNDU2",
	"kube-token":    "kubec0nfigT0ken.abcdef",
	"private-key":   "MIIEpAIBAAKCAQEAfakekeyfakekeyfakekey0\nx7Jkq0fakekeyfakekeyfakekeyfakekeyfake\n-----END RSA PRIVATE KEY-----",
	"log-password":  "l0ggedPa55word",
	"key-cut":       "MIIEcutfakekeyfakekeyfakekeyfakekey7",
	"key-one-line":  "\\nMIIEonelinefakekeyfakekeyfakekey3",
}

// planted is one file of the fake root.
type planted struct {
	path, text string
	// member is where it comes to lie in the bundle; "" at its own path, "-" not.
	member string
}

const (
	writerID = "1ff1534fe70a90c5761828e8373485a82c94fecd02fa6eece7b7ed4c2af6a3b4"
	bootID   = "6d0e7f0c-30f2-4b6f-9b93-0b8e5a1f2c3d"
)

// process is one folder of the fake /proc.
type process struct {
	pid, ppid   int
	comm, state string
	cmdline     []string
	wchan       string
	stack       string
	cgroup      string
	mnt, net    int
	fds         []string
}

var processes = []process{
	{pid: 1, comm: "systemd", state: "S", cmdline: []string{"/sbin/init"}, wchan: "ep_poll", cgroup: "0::/init.scope", mnt: 4026531840, net: 4026531992},
	{pid: 2, comm: "kthreadd", state: "S", wchan: "kthreadd", cgroup: "0::/", mnt: 4026531840, net: 4026531992},
	{pid: 246, ppid: 1, comm: "dockerd", state: "S", cmdline: []string{"/usr/bin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock", "--log-level=debug"},
		wchan: "futex_wait_queue", cgroup: "0::/system.slice/docker.service", mnt: 4026531840, net: 4026531992,
		fds: []string{"/dev/null", "socket:[20001]", "socket:[20002]"}},
	{pid: 300, ppid: 1, comm: "containerd", state: "S", cmdline: []string{"/usr/bin/containerd"}, wchan: "futex_wait_queue", cgroup: "0::/system.slice/containerd.service", mnt: 4026531840, net: 4026531992,
		fds: []string{"/dev/null", "socket:[20003]"}},
	{pid: 410, ppid: 1, comm: "containerd-shim", state: "S", cmdline: []string{"/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", writerID, "-address", "/run/containerd/containerd.sock"},
		wchan: "futex_wait_queue", cgroup: "0::/system.slice/containerd.service", mnt: 4026531840, net: 4026531992},
	{pid: 507, ppid: 410, comm: "sh) D (x", state: "D", cmdline: []string{"sh", "-c", "while :; do echo x >>/data/b.0; done"},
		wchan: "percpu_rwsem_wait", stack: "[<0>] percpu_rwsem_wait+0x11e/0x140\n[<0>] vfs_write+0x2e5/0x400\n[<0>] ksys_write+0x5f/0xe0\n",
		cgroup: "0::/system.slice/docker-" + writerID + ".scope", mnt: 4026532201, net: 4026532203},
	{pid: 620, ppid: 1, comm: "kubelet", state: "S", cmdline: []string{"/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml", "--kubeconfig=/etc/kubernetes/kubelet.conf", "--bootstrap-token={{token}}"},
		wchan: "futex_wait_queue", cgroup: "0::/system.slice/kubelet.service", mnt: 4026531840, net: 4026531992},
	{pid: 700, ppid: 1, comm: "backup", state: "S", cmdline: []string{"/usr/bin/backup", "--password={{password}}", "--token", "{{token}}", "--client-secret={{secret-flag}}", "--level", "3", "https://{{proxy-auth}}@store.example/x"},
		wchan: "hrtimer_nanosleep", cgroup: "0::/system.slice/backup.service", mnt: 4026531840, net: 4026531992},
	{pid: 710, ppid: 1, comm: "docker", state: "S", cmdline: []string{"docker", "run", "-e", "DB_PASSWORD={{env-cmdline}}", "--env=API_KEY={{env-long}}", "-v", "/data:/data", "busybox", "sed", "-e", "s/a/b/"},
		wchan: "futex_wait_queue", cgroup: "0::/user.slice", mnt: 4026531840, net: 4026531992},
}

// files of the fake root beside its processes.
var files = []planted{
	{path: "etc/hostname", member: "-", text: "node-a17\n"},
	{path: "etc/os-release", member: "os-release", text: "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n"},
	{path: "proc/sys/kernel/random/boot_id", member: "-", text: bootID + "\n"},
	{path: "proc/sys/kernel/hostname", member: "-", text: "node-a17\n"},
	{path: "proc/sys/kernel/osrelease", member: "-", text: "6.1.0-18-amd64\n"},
	{path: "proc/sys/fs/file-nr", member: "-", text: "4711\t0\t9223372036854775807\n"},
	{path: "proc/version", member: "-", text: "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)\n"},
	{path: "proc/uptime", member: "-", text: "4590.87 9000.11\n"},
	{path: "proc/loadavg", text: "803.00 790.12 640.40 2/900 7110\n"},
	{path: "proc/meminfo", text: "MemTotal:       16384000 kB\nMemFree:         8192000 kB\nMemAvailable:   12288000 kB\n"},
	{path: "proc/locks", text: "1: FLOCK  ADVISORY  WRITE 246 08:01:1234 0 EOF\n"},
	{path: "proc/diskstats", text: "   8       1 sda1 100 0 800 50 200 0 1600 90 0 100 140\n"},
	{path: "proc/mounts", member: "-", text: "/dev/sda1 / ext4 rw 0 0\n"},
	{path: "proc/net/unix", member: "-", text: "Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/docker.sock\n"},
	{path: "sys/fs/cgroup/cgroup.controllers", member: "-", text: "cpuset cpu io memory pids\n"},
	{path: "sys/fs/cgroup/system.slice/docker-" + writerID + ".scope/cgroup.events", member: "-", text: "populated 1\nfrozen 0\n"},
	{path: "sys/fs/cgroup/system.slice/docker-" + writerID + ".scope/cgroup.freeze", member: "-", text: "0\n"},
	{path: "sys/fs/cgroup/system.slice/docker-" + writerID + ".scope/pids.current", member: "-", text: "2\n"},
	{path: "sys/fs/cgroup/system.slice/docker-" + writerID + ".scope/pids.max", member: "-", text: "max\n"},
	{path: "sys/fs/cgroup/system.slice/docker-" + writerID + ".scope/memory.events", member: "-", text: "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n"},
	{path: "etc/docker/daemon.json", text: `{
  "data-root": "/var/lib/docker",
  "live-restore": true,
  "registry-mirrors": ["https://{{mirror-auth}}@mirror.example:5000"],
  "auths": {"registry.example": {"auth": "{{registry-auth}}"}},
  "log-opts": {"max-size": "10m"}
}
`},
	{path: "lib/systemd/system/docker.service", text: `[Unit]
Description=Docker Application Container Engine
[Service]
Environment=API_SECRET={{env-unit}}
Environment="QUOTED={{env-quoted}}" PLAIN={{env-dropin}}
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
MountFlags=slave
LimitNOFILE=infinity
`},
	{path: "etc/systemd/system/docker.service.d/proxy.conf", text: `[Service]
Environment="HTTP_PROXY={{proxy-env}}"
`},
	{path: "etc/containerd/config.toml", text: `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.example/pause:3.6"
[plugins."io.containerd.grpc.v1.cri".registry.configs."registry.example".auth]
  username = "puller"
  password = "{{registry-pass}}"
  auth = "{{registry-auth}}"
  identitytoken = "{{identity}}"
`},
	{path: "var/lib/kubelet/config.yaml", text: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cpuManagerPolicy: static
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 4h0m0s
token: {{kube-token}}
`},
	{path: "var/lib/kubelet/kubeadm-flags.env", text: `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --cpu-manager-policy=static --bootstrap-token={{token}}"
`},
	{path: "etc/default/kubelet", text: "KUBELET_EXTRA_ARGS=--v=2\nAWS_SECRET_ACCESS_KEY={{env-sysconf}}\n"},
	{path: "etc/kubernetes/kubelet.conf", member: "-", text: `apiVersion: v1
kind: Config
users:
- name: node
  user:
    client-key-data: {{key-data}}
    token: {{kube-token}}
`},
	{path: "var/lib/kubelet/cpu_manager_state", text: `{"policyName":"static","defaultCpuSet":"0-3","checksum":14413152}
`},
	// A key that is cut takes nothing with it but itself.
	{path: "var/log/daemon.log", text: `Nov 22 04:10:02 node-a17 app[800]: read "-----BEGIN PRIVATE KEY-----" and went on
-----BEGIN PRIVATE KEY-----
{{key-cut}}
Nov 22 04:10:03 node-a17 app[800]: "kept"
-----BEGIN PRIVATE KEY-----
Nov 22 04:10:04 node-a17 app[800]: "kept too", --password={{log-password}}
{"key":"-----BEGIN RSA PRIVATE KEY-----{{key-one-line}}
{"Env": [
Nov 22 04:10:05 node-a17 app[800]: "kept as well", --token={{token}}
`},
	{path: "var/log/messages", text: `Nov 22 04:10:01 node-a17 kernel: INFO: task sh:507 blocked for more than 120 seconds.
Nov 22 04:10:02 node-a17 kubelet[620]: request failed: Authorization: Bearer {{bearer}}
Nov 22 04:10:03 node-a17 backup[700]: retry with --password={{password}} and token bucket full
Nov 22 04:10:04 node-a17 app[800]: jwt {{jwt}} expired
Nov 22 04:10:05 node-a17 app[800]: -----BEGIN RSA PRIVATE KEY-----
{{private-key}}
Nov 22 04:10:06 node-a17 app[800]: dial postgres://{{proxy-auth}}@db.example/x: password={{log-password}} user=app
Nov 22 04:10:07 node-a17 dockerd[246]: time="2026-11-22T04:10:07.000000001+08:00" level=error msg="Container ` + writerID + ` failed to exit within 10 seconds of kill"
`},
	{path: "var/log/kern.log", text: "Nov 22 04:10:01 node-a17 kernel: INFO: task sh:507 blocked for more than 120 seconds.\n"},
}

// at is the file's place in the bundle, "" for none.
func (f planted) at() string {
	switch f.member {
	case "":
		return f.path
	case "-":
		return ""
	}
	return f.member
}

var placeholder = regexp.MustCompile(`\{\{([a-z-]+)\}\}`)

// fill puts the secrets in.
func fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		value, ok := secrets[p[2:len(p)-2]]
		if !ok {
			panic("no secret " + p)
		}
		return value
	})
}

// plantFiles builds the fake root at dir.
func plantFiles(dir string) error {
	for _, f := range files {
		if err := plant(dir, f.path, f.text); err != nil {
			return err
		}
	}
	for _, p := range processes {
		if err := p.plant(dir); err != nil {
			return err
		}
	}
	return os.Symlink("1", filepath.Join(dir, "proc/self"))
}

func plant(dir, path, text string) error {
	file := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(fill(text)), 0o644)
}

// cmdlineText is the template of /proc/PID/cmdline.
func (p process) cmdlineText() string {
	if len(p.cmdline) == 0 {
		return ""
	}
	return strings.Join(p.cmdline, "\x00") + "\x00"
}

// statText is /proc/PID/stat, proc_pid_stat(5).
func (p process) statText(tid int) string {
	return fmt.Sprintf("%d (%s) %s %d %[1]d %[1]d 0 -1 4194560 500 0 0 0 10 5 0 0 20 0 1 0 %[5]d 12000000 900 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n",
		tid, p.comm, p.state, p.ppid, 1000+p.pid)
}

// statusText is /proc/PID/status, proc_pid_status(5).
func (p process) statusText(tid int) string {
	fdsize := 64
	if p.fds != nil {
		fdsize = 512
	}
	return fmt.Sprintf("Name:\t%s\nState:\t%s\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\nFDSize:\t%d\nThreads:\t1\nNSpid:\t%[4]d\nVmRSS:\t    4096 kB\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigCgt:\t0000000000000000\n",
		p.comm, map[string]string{"S": "S (sleeping)", "D": "D (disk sleep)"}[p.state], p.pid, tid, p.ppid, fdsize)
}

func (p process) mountinfoText() string {
	return fmt.Sprintf("21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n%d 21 7:0 / /data rw,relatime - ext4 /dev/loop0 rw\n", p.mnt%1000+22)
}

// texts are the plain files of the process, by name below its folder.
func (p process) texts() map[string]string {
	texts := map[string]string{
		"stat": p.statText(p.pid), "status": p.statusText(p.pid), "comm": p.comm + "\n", "cmdline": p.cmdlineText(),
		"wchan": p.wchan, "stack": p.stack, "cgroup": p.cgroup + "\n",
		"limits":    "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n",
		"syscall":   "1 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n",
		"mountinfo": p.mountinfoText(),
		"environ":   "HOME=/\x00SECRET={{environ}}\x00",
		"net/unix":  "Num       RefCount Protocol Flags    Type St Inode Path\n",
	}
	for _, name := range []string{"stat", "status", "wchan", "stack", "syscall", "comm"} {
		texts[fmt.Sprintf("task/%d/%s", p.pid, name)] = texts[name]
	}
	if p.state == "D" {
		tid := p.pid + 1
		for _, name := range []string{"wchan", "stack", "syscall", "comm"} {
			texts[fmt.Sprintf("task/%d/%s", tid, name)] = texts[name]
		}
		texts[fmt.Sprintf("task/%d/stat", tid)], texts[fmt.Sprintf("task/%d/status", tid)] = p.statText(tid), p.statusText(tid)
	}
	return texts
}

func (p process) plant(dir string) error {
	base := fmt.Sprintf("proc/%d", p.pid)
	for name, text := range p.texts() {
		if err := plant(dir, base+"/"+name, text); err != nil {
			return err
		}
	}
	links := map[string]string{
		// yash expands no pattern to a link whose target is missing
		"ns/mnt": fmt.Sprintf("mnt:[%d]", p.mnt), "ns/net": fmt.Sprintf("net:[%d]", p.net), "ns/pid": "pid:[4026531836]",
		"exe": "/usr/bin/" + p.comm,
	}
	for i, target := range p.fds {
		links[fmt.Sprintf("fd/%d", i)] = target
	}
	for name, target := range links {
		if strings.HasPrefix(name, "ns/") {
			if err := plant(dir, base+"/ns/"+target, ""); err != nil {
				return err
			}
		}
		file := filepath.Join(dir, base, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, file); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, base, "fd"), 0o755)
}
