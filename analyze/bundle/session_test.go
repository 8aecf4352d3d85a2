package bundle

import (
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// brief is an excerpt in one line: kind, path, host, container, the lines of the
// pasted text, and what is known of its end.
func brief(e Excerpt) string {
	b := fmt.Sprintf("%s %s", e.Kind, e.Path)
	if e.Host != "" {
		b += " on " + e.Host
	}
	if e.Inside != "" {
		b += " in " + e.Inside
	}
	for i, r := range e.Refs {
		if i == 0 || r.Line != e.Refs[i-1].Line+1 {
			b += " " + strings.TrimPrefix(r.String(), "t")
		}
	}
	if e.Whole {
		b += " whole"
	}
	if e.All {
		b += " all"
	}
	if e.Clock != "" {
		b += " at " + e.Clock
	}
	return b
}

func TestExcerpts(t *testing.T) {
	const (
		mount  = "231 227 0:40 / /data/merged rw,relatime shared:119 - overlay overlay rw,lowerdir=a"
		psHead = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n"
		psRow  = "root 507 0.0 0.0 2268 1472 ? D 03:47 0:00 sh -c echo\n"
		efRow  = "root 19973 1 0 15:13 ? 00:00:00 /usr/sbin/httpd\n"
		dockPS = "CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\na5a5803818da   bb:1    \"sh\"      1 hour ago   Up 1 hour           app\n"
		unix   = "unix  3      [ ]         STREAM     CONNECTED     5004600  9329/agent\n"
	)
	tests := []struct {
		name, text string
		want       []string
		problem    string
	}{
		{"brackets, date and status", "[root@n1 ~]# date; docker ps -a\nSun Nov 22 04:10:49 UTC 2026\n" + dockPS + "[exit 0]\n",
			[]string{"date date on n1 :2 whole all", "docker-ps docker-ps on n1 :3 whole all"}, ""},
		{"docker ps lists the running only", "root@n1:/# docker ps\n" + dockPS, []string{"docker-ps docker-ps on n1 :2"}, ""},
		{"docker ps, then another prompt", "root@n1:/# docker ps\n" + dockPS + "root@n1:/# \n", []string{"docker-ps docker-ps on n1 :2 whole"}, ""},
		{"user and path", "me@n1:~$ sudo ps aux | grep D\n" + psRow + "me@n1:~$ \n", []string{"ps ps on n1 :2"}, ""},
		{"a filter cuts the header off", "[a@n1 x]$ ps -eo pid,stat,wchan:30,args | grep D\n 507 D vfs_write sh\n", []string{"ps ps on n1 :2 :2"}, ""},
		{"busybox", "/ # ps aux\n" + psHead + psRow + "/ # \n", []string{"ps ps :2 whole all"}, ""},
		{"shell without a host", "bash-4.2# cat /proc/2990/stack\n[<0>] vfs_write+0x1/0x2\nbash-4.2# \n", []string{"proc-stack proc/2990/stack :2 whole all"}, ""},
		{"bare prompts with a command of ours", "# ps -ef | head -3\n" + efRow + "$ cat /proc/7/wchan\nfutex_wait\n# docker hangs again, see below\n",
			[]string{"ps ps :2", "terminal t :4"}, ""},
		{"host and #", "node-5# cat /proc/7/mountinfo\n" + mount + "\nnode-5# uname -r\n", []string{"mountinfo proc/7/mountinfo on node-5 :2 whole"}, ""},
		{"a bracket lost in copying", "text\n[stupig@h2 ps -ef|grep httpd|head -n 1\n" + efRow, []string{"ps ps on h2 :3"}, ""},
		{"grep over several files", "[root@n1 ~]# grep -rwn x /proc/*/mountinfo\n/proc/19973/mountinfo:40:" + mount + "\n/proc/19974/mountinfo:40:" + mount + "\n",
			[]string{"mountinfo proc/19973/mountinfo on n1 :2", "mountinfo proc/19974/mountinfo on n1 :3"}, ""},
		{"grep that finds nothing any more", "[root@n1 ~]# grep -w x /proc/1/mountinfo /proc/9/mountinfo\n[exit 1]\n",
			[]string{"mountinfo proc/1/mountinfo on n1", "mountinfo proc/9/mountinfo on n1"}, ""},
		{"grep of the shell's own mounts", "[root@n1 ~]# grep -rw x /proc/$$/mountinfo\n" + mount + "\n[root@n1 ~]# \n",
			[]string{"mountinfo proc/self/mountinfo on n1 :2"}, ""},
		{"only lines of grep", "proc/2990/stack:[<0>] vfs_write+0x1/0x2\nproc/2990/cgroup:3:cpu:/docker/a\nproc/2990/cgroup:2:9:name=systemd:/b\n",
			[]string{"proc-stack proc/2990/stack :1", "proc-cgroup proc/2990/cgroup :2"}, ""},
		{"frames that a grep chose", "[root@n1 ~]# grep xfs /proc/7/stack /proc/8/stack\n/proc/7/stack:[<0>] xfs_log_reserve+0x1/0x2\n", nil, "t:2 some frames only"},
		{"frames with a gap", "/proc/7/stack:1:[<0>] io_schedule+0x1/0x2\n/proc/7/stack:3:[<0>] vfs_write+0x1/0x2\n", nil, "t:1 some frames only"},
		{"all frames of all stacks", "[root@n1 ~]# grep . /proc/*/stack\n/proc/7/stack:[<0>] xfs_log_reserve+0x1/0x2\n", []string{"proc-stack proc/7/stack on n1 :2"}, ""},
		{"frames behind a pipe", "[root@n1 ~]# cat /proc/7/stack | grep xfs\n[<0>] xfs_log_reserve+0x1/0x2\n", nil, "t:2 some frames only"},
		{"the innermost frames", "[root@n1 ~]# cat /proc/7/stack | head -3\n[<0>] xfs_log_reserve+0x1/0x2\n", []string{"proc-stack proc/7/stack on n1 :2"}, ""},
		{"zgrep with context", "dockerd.log.1.gz-122-time=\"2026-11-22T03:47:48Z\" msg=a\ndockerd.log.1.gz:123:time=\"2026-11-22T03:47:48Z\" msg=b\n",
			[]string{"log dockerd.log.1.gz :1"}, ""},
		{"netstat without a header, and an ellipsis", "[root@n1 x]# netstat -apn |grep 9329\n" + unix + "...\n\ndrone\n",
			[]string{"netstat netstat on n1 :2 :4"}, ""},
		{"watch", "Every 2.0s: docker ps -a          n1: Sun Nov 22 03:49:28 2026\n\n" + dockPS + "\nEvery 2.0s: docker ps -a          n1: Sun Nov 22 03:49:30 2026\n\n" + dockPS,
			[]string{"docker-ps docker-ps on n1 :3 at Sun Nov 22 03:49:28 2026", "docker-ps docker-ps on n1 :8 at Sun Nov 22 03:49:30 2026"}, ""},
		{"a number is no listing", "root@n1:~# ls /proc/106/fd | wc -l\n1234\n", nil, ""},
		{"edited by awk", "root@n1:~# ps aux | awk '$8=\"D\"'\n" + psHead + psRow, nil, "t:1 the output of"},
		{"chosen by awk", "root@n1:~# ps aux | awk '$8==\"D\"'\n" + psRow, []string{"ps ps on n1 :2"}, ""},
		{"inside by docker exec", "root@n1:~# docker exec app ps -ef\n" + efRow, []string{"ps ps on n1 in app :2"}, ""},
		{"inside by kubectl exec", "me@lap:~$ kubectl -n x exec pod-1 -c c -- ps -ef\n" + efRow, []string{"ps ps on lap in pod-1 :2"}, ""},
		{"inside by the prompt's host", "root@1ff1534fe70a:/# ps -ef\n" + efRow + "root@1ff1534fe70a:/# \n", []string{"ps ps in 1ff1534fe70a :2 whole all"}, ""},
		{"a shell in a container, and out", "[root@n1 ~]# docker exec -it app sh\n/ # ps -ef\n" + efRow + "/ # exit\n[root@n1 ~]# ps -ef\n" + efRow + "[root@n1 ~]# \n",
			[]string{"ps ps on n1 in app :3 whole all", "ps ps on n1 :6 whole all"}, ""},
		{"a shell in a container with the host's name", "[root@n1 ~]# docker exec -it agent bash\n[root@n1 /]# ps -ef\n" + efRow + "[root@n1 /]# exit\n[root@n1 ~]# ps -ef\n" + efRow,
			[]string{"ps ps on n1 in agent :3 whole all", "ps ps on n1 :6"}, ""},
		{"namespaces of another process", "[root@n1 ~]# nsenter -t 486 -n ss -anp\nESTAB 0 0 a:1 b:2\n", []string{"ss ss on n1 in ? :2"}, ""},
		{"namespaces of pid 1", "[root@n1 ~]# nsenter -t 1 -m ps -ef\n" + efRow, []string{"ps ps on n1 :2"}, ""},
		{"over ssh", "me@lap:~$ ssh root@n5 'ps -ef'\n" + efRow + "me@lap:~$ \n", []string{"ps ps on n5 :2 whole all"}, ""},
		{"two nodes", "[root@n1 ~]# ps -ef\n" + efRow + "[root@n2 ~]# ps -ef\n" + efRow + "[exit 0]\n",
			[]string{"ps ps on n1 :2 whole all", "ps ps on n2 :4 whole all"}, ""},
		{"a client's error", "[root@n1 ~]# docker rm app\nError response from daemon: device or resource busy\n[exit 1]\n", []string{"terminal t on n1 :2"}, ""},
		{"prose with a log line that the page broke", "看 kubelet 日志:\n\nI0507 03:43:28.310630 57003 prober.go:112] probe for \"a(d1aab5f0- \nae8f):c0\" failed: EOF \n  • 1.\nand this says EOF too\n",
			[]string{"terminal t :3-4"}, ""},
		{"prose with a listing", "Look what ps shows:\n\n" + psHead + psRow + "\nIt hangs since noon.\n", []string{"ps ps :3"}, ""},
		{"an HTML gutter before a table", "1\n2\n3\n" + dockPS + "\n说明\n", []string{"docker-ps docker-ps :4"}, ""},
		{"a continued command", "[root@n1 ~]# grep -w x \\\n> /proc/7/mountinfo\n" + mount + "\n", []string{"mountinfo proc/7/mountinfo on n1 :3"}, ""},
		{"a goroutine dump between prompts", "root@n1:~# curl -s http://localhost/debug/pprof/goroutine?debug=2\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1 +0x1\n\ngoroutine 2 [select]:\nmain.f()\n\t/a.go:2 +0x1\nroot@n1:~# \n",
			[]string{"goroutines goroutine on n1 :2 whole all"}, ""},
		{"an indented block in a ticket", "It hangs:\n\n    [root@n1 ~]# ps -ef | grep x\n    " + efRow + "    [root@n1 ~]# \n\nPlease help, root 1 0 0 15:13 ? 00:00:00 x\n", []string{"ps ps on n1 :4"}, ""},
		{"a fenced block", "It hangs:\n```\nroot@n1:~# docker version\nClient:\n API version: 1.39\n Git commit: a\n\nServer:\n Version: 18.09.2\n```\nWhy?\n", []string{"docker-version docker-version on n1 :4 whole all"}, ""},
		{"code in a fence", "```go\nlogrus.Error(\"Error response from daemon: no\")\n```\n", nil, ""},
		{"a quoted block in a mail", "> root@n1:~# cat /proc/7/mountinfo\n> " + mount + "\nThat is odd.\n", []string{"mountinfo proc/7/mountinfo on n1 :2 whole"}, ""},
		{"colours and a title", "\x1b]0;root@n1\x07\x1b[01;32m[root@n1 ~]#\x1b[0m ps -ef\r\n" + efRow + "[root@n1 ~]# \r\n", []string{"ps ps on n1 :2 whole all"}, ""},
		{"markup of a page", "[root@n1 ~]# cat /proc/7/stack\n[&lt;0&gt;]\u00a0vfs_write+0x1/0x2\n", []string{"proc-stack proc/7/stack on n1 :2"}, ""},
		{"prose alone", "The Error response from daemon was odd.\n# docker hangs\n## ps\n", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, _, problems := Excerpts([]byte(tt.text), "t")
			var got []string
			for _, e := range list {
				if e.Kind == PastedText && len(e.Refs) == 0 {
					continue
				}
				got = append(got, brief(e))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
			said := ""
			for _, p := range problems {
				said += p.Ref.String() + " " + p.Text
			}
			if tt.problem == "" && said != "" || !strings.Contains(said, tt.problem) {
				t.Errorf("problems %q, want %q", said, tt.problem)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	watch := func(command, body string) string {
		return "Every 0.3s: " + command + "           Mon Aug 10 14:52:11 2020\n\n" + body
	}
	tests := []struct{ text, want string }{
		{watch("docker ps && netstat -apn |grep drone-agent|wc -l", "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES\na58ad55546a7 a:1 \"sh\" 3 days ago Up 3 days agent\n126\n\nthen 3\n4\n"),
			"sockets drone-agent 0 126 Mon Aug 10 14:52:11 2020 t:5"},
		{watch("ls /proc/106/fd | wc -l", "1234\n"), "fds  106 1234 Mon Aug 10 14:52:11 2020 t:3"},
		{"[root@n1 ~]# date; ls -l /proc/106/fd | wc -l\nSun Nov 22 04:10:49 UTC 2026\n1235\n", "fds  106 1234 Sun Nov 22 04:10:49 UTC 2026 t:3"},
		{watch("ps -o rss= -p 106", " 26000000\n"), "rss_kib  106 26000000 Mon Aug 10 14:52:11 2020 t:3"},
		{watch("ss -xp | grep ESTAB | grep -c dockerd", "803\n"), "sockets dockerd 0 803 Mon Aug 10 14:52:11 2020 t:3"},
		{watch("netstat -apn | grep tcp | wc -l", "803\n"), ""},
		{watch("netstat -apn | grep -v dockerd | wc -l", "803\n"), ""},
		{watch("docker ps | wc -l", "12\n"), ""},
		{"[root@n1 ~]# ls /proc/106/fd | wc -l\n1234\n", "fds  106 1234  t:2"},
		{watch("docker exec a ls /proc/1/fd | wc -l", "1234\n"), ""},
	}
	for _, tt := range tests {
		_, counts, _ := Excerpts([]byte(tt.text), "t")
		got := ""
		for _, c := range counts {
			got += fmt.Sprintf("%s %s %d %d %s %s", c.Metric, c.Daemon, c.PID, c.Value, c.Clock, c.Ref)
		}
		if got != tt.want {
			t.Errorf("%q:\ngot  %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// Every line of an excerpt stands in the pasted text where its Ref says.
func FuzzExcerpts(f *testing.F) {
	for _, s := range []string{session, "[root@a ~]# date; ps -ef|grep x\nSun Nov 22 04:10:49 UTC 2026\nroot 1 0 0 15:13 ? 00:00:00 x\n[exit 0]\n",
		"proc/2990/stack:1:[<0>] a\n", "Every 2.0s: ls /proc/1/fd | wc -l   Sun Nov 22 03:49:28 2026\n\n12\n", "# docker exec -it a sh\n/ # ps\n/ # exit\n", "time=\"2026 a\\\nb\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := cutLines(text)
		list, counts, _ := Excerpts(text, "t")
		for _, c := range counts {
			if c.Ref.Line < 1 || c.Ref.Line > len(lines) || c.Value < 0 || c.Metric == "" || c.Daemon == "" && c.PID <= 0 {
				t.Errorf("%+v", c)
			}
		}
		for _, e := range list {
			if len(e.Refs) != strings.Count(string(e.Text), "\n") || len(e.Dates) != len(e.Refs) {
				t.Fatalf("%s: %d refs for %q", e.Path, len(e.Refs), e.Text)
			}
			if e.Kind == fact.KindUnknown {
				t.Errorf("%s has no kind", e.Path)
			}
			for i, r := range e.Refs {
				if r.Line < 1 || r.Line > len(lines) || r.EndLine != 0 && r.EndLine <= r.Line || r.EndLine > len(lines) || r.Offset != lines[r.Line-1].offset {
					t.Errorf("%s line %d: %+v of %d lines", e.Path, i, r, len(lines))
				}
			}
		}
	})
}
