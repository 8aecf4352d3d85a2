package host

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestParseUnit(t *testing.T) {
	const text = "# a comment\n[Unit]\nDescription=Docker\n; another\n[Service]\nMountFlags = slave\nExecStart=\n" +
		"ExecStart=-/usr/bin/dockerd -H fd:// \\\n  # in between\n  --containerd=/run/c.sock   --live-restore -D=false\nKillMode=process\n"
	got, problems := ParseUnit(strings.NewReader(text), "config/docker.service")
	noProblems(t, problems)
	at := func(n, end int) fact.Ref {
		r := lineRef("config/docker.service", text, n)
		r.EndLine = end
		return r
	}
	equal(t, "rows", got, []fact.Daemon{{
		Name: "dockerd", Containerd: "/run/c.sock", LiveRestore: fact.Some(true), Debug: fact.Some(false),
		UnitOptions: []string{"Description=Docker", "MountFlags=slave", "ExecStart=",
			"ExecStart=-/usr/bin/dockerd -H fd:// --containerd=/run/c.sock --live-restore -D=false", "KillMode=process"},
		Refs: []fact.Ref{at(6, 0), at(7, 0), at(8, 10), at(11, 0)},
	}})
}

func TestParseUnitNames(t *testing.T) {
	tests := []struct {
		name, source, text string
		daemons            []string
		options            int
		problems           []string
	}{
		{"a drop-in is named by its folder", "etc/systemd/system/docker.service.d/10.conf", "[Service]\nLimitNOFILE=1024\n", []string{"dockerd"}, 1, nil},
		{"ExecStart before the file name", "x.service", "[Service]\nExecStart=/usr/bin/kubelet --v=2\n", []string{"kubelet"}, 1, nil},
		{"another program", "httpd.service", "[Service]\nExecStart=/usr/sbin/httpd -f\nPrivateTmp=true\n", nil, 0, nil},
		{"systemctl cat", "units.txt", "# /lib/systemd/system/containerd.service\n[Service]\nExecStart=/usr/bin/containerd\n\n" +
			"# /lib/systemd/system/docker.service\n[Service]\nExecStart=/usr/bin/dockerd --containerd=/a\n\n" +
			"# /etc/systemd/system/docker.service.d/flags.conf\n[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug\n",
			[]string{"containerd", "dockerd"}, 4, nil},
		{"broken", "docker.service", "Restart=always\n[Service]\nwhat is this\nRestart=no\n", []string{"dockerd"}, 1,
			[]string{`docker.service:1 an option outside of any section: "Restart=always"`, `docker.service:3 not a line of a unit: "what is this"`}},
		{"not a unit", "docker.service", "\n", nil, 0, []string{"docker.service no section of a systemd unit"}},
		{"continued at the end", "docker.service", "[Service]\nExecStart=/usr/bin/dockerd \\", []string{"dockerd"}, 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseUnit(strings.NewReader(tt.text), tt.source)
			equal(t, "problems", texts(problems), tt.problems)
			var names []string
			options := 0
			for _, d := range got {
				names = append(names, d.Name)
				options += len(d.UnitOptions)
				if len(d.Refs) == 0 || d.Refs[0].Line == 0 {
					t.Errorf("%s has refs %v", d.Name, d.Refs)
				}
			}
			equal(t, "daemons", names, tt.daemons)
			equal(t, "options", options, tt.options)
		})
	}
}

func TestRoleOf(t *testing.T) {
	tests := []struct{ comm, args, want string }{
		{"dockerd", "/usr/bin/dockerd -H fd://", "dockerd"},
		{"dockerd", "", "dockerd"},
		{"dockerd-current", "/usr/bin/dockerd-current --x", "dockerd"},
		{"docker", "/usr/bin/docker daemon -H fd://", "dockerd"},
		{"docker", "docker -d", "dockerd"},
		{"docker", "docker --debug daemon", "dockerd"},
		{"docker", "docker run -d nginx", ""},
		{"docker", "docker ps", ""},
		{"docker-proxy", "/usr/bin/docker-proxy -proto tcp", ""},
		{"containerd", "/usr/bin/containerd", "containerd"},
		{"docker-containe", "docker-containerd --config x", "containerd"},
		{"docker-containe", "", ""},
		{"containerd-shim", "", "containerd-shim"},
		{"containerd-shim", "/usr/bin/containerd-shim-runc-v2 -id x", "containerd-shim"},
		{"docker-containe", "docker-containerd-shim x", "containerd-shim"},
		{"containerd-stre", "containerd-stress", ""},
		{"kubelet", "/usr/bin/kubelet --v=2", "kubelet"},
		{"hyperkube", "/hyperkube kubelet --v=2", "kubelet"},
		{"hyperkube", "/hyperkube", ""},
		{"crio", "/usr/bin/crio", "crio"},
		{"runc", "runc --root /run exec", "runc"},
		{"grep", "grep dockerd", ""},
		{"vim", "vim /usr/bin/dockerd", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := RoleOf(tt.comm, tt.args); got != tt.want {
			t.Errorf("%q %q: %q, want %q", tt.comm, tt.args, got, tt.want)
		}
	}
}

func TestShimOf(t *testing.T) {
	tests := []struct {
		args, id, ns string
		v1           bool
	}{
		{"containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/" + idA + " -address /run/c.sock", idA, "moby", true},
		{"containerd-shim -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/k8s.io/" + idA + "/", idA, "k8s.io", true},
		{"/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + idB + " -address /run/c.sock", idB, "moby", false},
		{"/usr/bin/containerd-shim-runc-v1 --namespace=k8s.io --id=" + idB, idB, "k8s.io", false},
		{"docker-containerd-shim " + idA + " /var/run/docker/libcontainerd/" + idA + " docker-runc", idA, "", true},
		{"containerd-shim -namespace", "", "", false},
		{"grep containerd-shim -id " + idA, "", "", false},
		{"", "", "", false},
	}
	for _, tt := range tests {
		id, ns, v1 := ShimOf(tt.args)
		if id != tt.id || ns != tt.ns || v1 != tt.v1 {
			t.Errorf("%s: %s %s %v", tt.args, id, ns, v1)
		}
	}
}
