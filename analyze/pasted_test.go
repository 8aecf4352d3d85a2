package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

const (
	efRow    = "root 19973 1 0 15:13 ? 00:00:00 /usr/sbin/httpd -DFOREGROUND\n"
	overlay  = "0:40 / /docker/merged rw,relatime shared:119 - overlay overlay rw,lowerdir=a\n"
	psListed = "    PID STAT WCHAN COMMAND\n      1 Ss   do_wait init\n    507 D    vfs_write sh -c x\n"
)

// rowsOf are the rows that a test compares, in one line each, sorted.
func rowsOf(t *fact.Tables) []string {
	var out []string
	for _, p := range t.Processes {
		out = append(out, fmt.Sprintf("process %s %d %s %s %s", p.At.Node, p.PID, p.Comm, p.State, p.Refs[0]))
	}
	for _, m := range t.Mounts {
		out = append(out, fmt.Sprintf("mount %s %v %d %s", m.At.Node, m.PIDs, m.ID, m.Refs[0]))
	}
	for _, s := range t.Sockets {
		out = append(out, fmt.Sprintf("socket %s %d %s", s.At.Node, s.Inode, s.Refs[0]))
	}
	for _, c := range t.Containers {
		out = append(out, fmt.Sprintf("container %s %s %s %s", c.At.Node, c.Name, c.Docker, c.Refs[0]))
	}
	for _, h := range t.Hits {
		out = append(out, fmt.Sprintf("hit %s %s %s %s", h.At.Node, h.Signature, h.First.UTC().Format("15:04:05"), h.Refs[0]))
	}
	for _, s := range t.Samples {
		out = append(out, fmt.Sprintf("sample %s %s %d %s %d %s %s", s.At.Node, s.Daemon, s.PID, s.Metric, s.Value, s.Taken.UTC().Format("15:04:05"), s.Refs[0]))
	}
	for _, c := range t.Coverage {
		if c.Complete && c.Table != "nodes" && c.Table != "daemons" {
			out = append(out, fmt.Sprintf("complete %s %s", c.At.Node, c.Table))
		}
	}
	slices.Sort(out)
	return out
}

func TestPasted(t *testing.T) {
	const docker = "CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\n"
	up := docker + "a5a5803818da   bb:1    \"sh\"      1 hour ago   Up 1 hour           app\n"
	gone := docker + "f650c0a5eec8   bb:1    \"sh\"      1 hour ago   Up 1 hour           web\n"
	tests := []struct {
		name    string
		files   map[string]string
		want    []string
		problem string
	}{
		{"a listing cites its own lines", map[string]string{"cli-session.txt": "[root@n1 ~]# date; ps -eo pid,stat,wchan:30,args\nSun Nov 22 04:10:52 UTC 2026\n" + psListed + "[exit 0]\n"},
			[]string{"complete n1 processes", "process n1 1 init S cli-session.txt:4", "process n1 507 sh D cli-session.txt:5"}, ""},
		{"a filter leaves the table incomplete", map[string]string{"s.txt": "[root@n1 ~]# ps -ef | grep httpd\n" + efRow + "[exit 0]\n"},
			[]string{"process n1 19973 httpd  s.txt:2"}, ""},
		{"lines of grep make rows of their processes", map[string]string{"s.txt": "[root@n1 ~]# grep -rwn merged /proc/*/mountinfo\n/proc/9/mountinfo:40:231 227 " + overlay + "/proc/10/mountinfo:40:231 227 " + overlay},
			[]string{"mount n1 [9 10] 231 s.txt:2"}, ""},
		{"a later grep that finds nothing", map[string]string{"s.txt": "[root@n1 ~]# grep -w /docker/merged /proc/9/mountinfo /proc/8/mountinfo\n/proc/9/mountinfo:231 227 " + overlay +
			"[root@n1 ~]# docker stop app\napp\n[root@n1 ~]# grep -w /docker/merged /proc/*/mountinfo\n[exit 1]\n"}, nil, ""},
		{"the last docker ps -a counts", map[string]string{"s.txt": "[root@n1 ~]# docker ps -a\n" + up + "[root@n1 ~]# docker ps -a\n" + gone + "[exit 0]\n"},
			[]string{"complete n1 containers", "container n1 web running s.txt:6"}, ""},
		{"files of the bundle go before what was typed", map[string]string{"hostname": "n1\n", "docker-ps.txt": gone, "s.txt": "[root@n1 ~]# docker ps -a\n" + up + "[exit 0]\n"},
			[]string{"complete n1 containers", "container n1 web running docker-ps.txt:2"}, ""},
		{"a prompt of another node", map[string]string{"hostname": "n1\n", "ps.txt": psListed, "s.txt": "[root@n2 ~]# ps -ef | grep httpd\n" + efRow + "[exit 0]\n"},
			[]string{"complete n1 processes", "process n1 1 init S ps.txt:2", "process n1 507 sh D ps.txt:3", "process n2 19973 httpd  s.txt:2"}, ""},
		{"a prompt without the domain", map[string]string{"hostname": "n1.example.com\n", "s.txt": "[root@n1 ~]# ps -ef | grep httpd\n" + efRow + "[exit 0]\n"},
			[]string{"process n1.example.com 19973 httpd  s.txt:2"}, ""},
		{"two nodes in one session", map[string]string{"s.txt": "[root@n1 ~]# ps -ef|grep httpd\n" + efRow + "[root@n2 ~]# ps -ef|grep httpd\n" + efRow},
			[]string{"process n1 19973 httpd  s.txt:2", "process n2 19973 httpd  s.txt:4"}, ""},
		{"an error of the client has the time of date", map[string]string{"s.txt": "[root@n1 ~]# date; docker stop app\nSun Nov 22 03:45:23 UTC 2026\nError response from daemon: cannot stop container: app: tried to kill container, but did not receive an exit event\n[exit 1]\n"},
			[]string{"hit n1 dockerd-no-exit-event 03:45:23 s.txt:3"}, ""},
		{"prose that quotes an error is none", map[string]string{"ticket.txt": "We saw that it said Error response from daemon: cannot stop container: app: tried to kill container, but did not receive an exit event\n\nroot@n1:~# uptime\n"}, nil, ""},
		{"ps in a container with its status files", map[string]string{
			"proc/486/status": "Name:\tsh\nState:\tD (disk sleep)\nPid:\t486\nPPid:\t467\nNSpid:\t486\t7\n",
			"proc/487/status": "Name:\tcat\nState:\tS (sleeping)\nPid:\t487\nPPid:\t467\nNSpid:\t487\t8\n",
			"s.txt":           "[root@n1 ~]# docker exec app ps -ef\nroot 7 0 0 15:13 ? 00:00:00 sh -c loop\nroot 8 0 0 15:13 ? 00:00:00 top -d 1\n[exit 0]\n"},
			[]string{"process n1 486 sh D proc/486/status:1", "process n1 487 cat S proc/487/status:1"}, "s.txt:2 1 processes of a listing from inside a container are left out"},
		{"ps in a container that nothing maps", map[string]string{"s.txt": "root@1ff1534fe70a:/# ps -ef\nroot 1 0 0 15:13 ? 00:00:00 sh -c loop\nroot@1ff1534fe70a:/# \n"},
			nil, "s.txt:2 1 processes of a listing from inside a container are left out"},
		{"ps in a container of which nothing tells but its pid 1", map[string]string{
			"proc/486/status": "Name:\tnginx\nState:\tS (sleeping)\nPid:\t486\nNSpid:\t486\t1\n",
			"s.txt":           "# ps -eo pid,stat,args\nPID STAT COMMAND\n1 S nginx\n507 D dd\n# ps -ef | grep x\n"},
			[]string{"process  486 nginx S proc/486/status:1"}, "s.txt:2 1 processes of a listing from inside"},
		{"mounts in a container", map[string]string{"s.txt": "[root@n1 ~]# docker exec app cat /proc/1/mountinfo\n1 0 " + overlay + "[exit 0]\n"},
			nil, "s.txt:2 mountinfo from inside a container is left out"},
		{"two screens of watch", map[string]string{"w.txt": "Every 1.0s: ls /proc/507/fd | wc -l      n1: Sun Nov 22 04:10:11 2026\n\n100\nEvery 1.0s: ls /proc/507/fd | wc -l      n1: Sun Nov 22 04:12:11 2026\n\n140\n" +
			"[root@n1 ~]# date; ps -eo pid,stat,wchan,args\nSun Nov 22 12:10:52 +08 2026\n" + psListed + "[exit 0]\n"},
			[]string{"complete n1 processes", "process n1 1 init S w.txt:10", "process n1 507 sh D w.txt:6",
				"sample n1 sh 507 fds 100 20:10:11 w.txt:3", "sample n1 sh 507 fds 140 20:12:11 w.txt:6"}, ""},
		{"open files without a moment", map[string]string{"s.txt": "root@n1:~# ls /proc/106/fd | wc -l\n1234\n"}, []string{"process n1 106   s.txt:2"}, ""},
		{"a host that only hostname tells", map[string]string{"s.txt": "# hostname; ps -ef | grep httpd\nn7\n" + efRow}, []string{"process n7 19973 httpd  s.txt:3"}, ""},
		{"sockets pasted twice count once", map[string]string{"s.txt": strings.Repeat("[root@n1 ~]# netstat -apn | grep agent\nunix 3 [ ] STREAM CONNECTED 50 9/agent\n", 2)},
			[]string{"socket n1 50 s.txt:4"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tables, problems := tablesOf(t, tt.files)
			if got := rowsOf(tables); !slices.Equal(got, tt.want) {
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
