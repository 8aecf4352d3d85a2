package bundle

import "testing"

func TestToolVerb(t *testing.T) {
	for _, c := range []struct{ command, tool, verb string }{
		{"", "", ""},
		{"ps auxww", "ps", ""},
		{"/usr/bin/df -h", "df", ""},
		{"timeout 5 df -h", "df", ""},
		{"timeout -k 2 -s KILL 5s /bin/df -h", "df", ""},
		{"sudo -n env LC_ALL=C timeout --kill-after=1 5 docker info", "docker", "info"},
		{"LC_ALL=C docker ps -a --no-trunc", "docker", "ps"},
		{"docker inspect 0123abcd", "docker", "inspect"},
		{"docker -H unix:///run/docker.sock --log-level=debug container ls -a", "docker", "container ls"},
		{"docker system", "docker", "system"},
		{"docker", "docker", ""},
		{"docker -H", "docker", ""},
		{"ctr --address /run/containerd/containerd.sock -n moby tasks ls", "ctr", "tasks ls"},
		{"ctr -n k8s.io c ls", "ctr", "c ls"},
		{"ctr --address A pprof --debug-socket /run/containerd/debug.sock goroutines", "ctr", "pprof goroutines"},
		{"crictl --runtime-endpoint unix:///x.sock ps -a", "crictl", "ps"},
		{"curl -s -S --unix-socket /var/run/docker.sock http://localhost/debug/pprof/goroutine?debug=2", "curl", "debug/pprof/goroutine"},
		{"curl --unix-socket /var/run/docker.sock 'http://localhost/debug/vars'", "curl", "debug/vars"},
		{"curl -V", "curl", ""},
		{"nsenter -t 1 -m -- systemctl --no-pager cat docker", "systemctl", "cat"},
		{"timeout", "", ""},
		{"nice -n 10 ionice -c 3 busybox ps", "ps", ""},
		{"chroot /host df -i", "df", ""},
	} {
		if tool, verb := toolVerb(c.command); tool != c.tool || verb != c.verb {
			t.Errorf("toolVerb(%q) = %q %q, want %q %q", c.command, tool, verb, c.tool, c.verb)
		}
	}
}
