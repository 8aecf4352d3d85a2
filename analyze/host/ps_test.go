package host

import (
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestParsePSWithWchan(t *testing.T) {
	const text = "    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMMAND\n" +
		"      1       0 Ss   do_sigtimedwait.isra.0            1-02:03:04    1  1472 init\n" +
		"2939964      95 Dsl  percpu_rwsem_wait                      01:38  614 103432921 /bin/sh -c while :; do date; done\n" +
		"     17       2 I<   -                                      00:09    1     0 [kworker/0:0H-xfs]\n" +
		"     18       9 Z    -                                      00:09    1     0 [my prog] <defunct>\n"
	got, problems := ParsePS(strings.NewReader(text), "ps.txt")
	noProblems(t, problems)
	r := []fact.Ref{lineRef("ps.txt", text, 2), lineRef("ps.txt", text, 3), lineRef("ps.txt", text, 4), lineRef("ps.txt", text, 5)}
	equal(t, "listing", got, Listing{
		Complete: true, HasState: true, HasWchan: true, Source: "ps.txt", Ref: ref("ps.txt", 1, 0),
		Processes: []fact.Process{
			{PID: 1, PPID: fact.Some(0), Comm: "init", Args: "init", State: "S", StateRef: r[0], WChan: "do_sigtimedwait",
				Age: fact.Some(26*time.Hour + 3*time.Minute + 4*time.Second), Threads: fact.Some(1), RSS: fact.Some[int64](1472), Refs: r[:1]},
			{PID: 2939964, PPID: fact.Some(95), Comm: "sh", Args: "/bin/sh -c while :; do date; done", State: "D", StateRef: r[1],
				WChan: "percpu_rwsem_wait", Age: fact.Some(98 * time.Second), Threads: fact.Some(614), RSS: fact.Some[int64](103432921), Refs: r[1:2]},
			{PID: 17, PPID: fact.Some(2), Comm: "kworker/0:0H-xfs", State: "I", StateRef: r[2], WChan: "-",
				Age: fact.Some(9 * time.Second), Threads: fact.Some(1), RSS: fact.Some[int64](0), Refs: r[2:3]},
			{PID: 18, PPID: fact.Some(9), Comm: "my prog", State: "Z", StateRef: r[3], WChan: "-",
				Age: fact.Some(9 * time.Second), Threads: fact.Some(1), RSS: fact.Some[int64](0), Refs: r[3:4]},
		},
	})
}

// brief is the part of a row that the tests of forms compare.
type brief struct {
	pid         int
	comm, args  string
	state, wait string
}

func briefs(rows []fact.Process) []brief {
	var out []brief
	for _, p := range rows {
		out = append(out, brief{p.PID, p.Comm, p.Args, p.State, p.WChan})
	}
	return out
}

// psForms are listings of every format.
var psForms = []struct {
	name, text string
	want       []brief
}{
	{"aux, a number too wide for its column", "" +
		"USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n" +
		"root           1  0.0  0.0   2268  1472 ?        Ss   03:47   0:00 init\n" +
		"messagebus  1610  0.1  0.3 7812345 31744 ?       Ssl  Feb 09   0:04 /usr/bin/busd --address=unix: -v\n" +
		"root        1622  0.0  0.0   2268  1472 tty1     Ss    2019 217:04 -bash\n",
		[]brief{{1, "init", "init", "S", ""}, {1610, "busd", "/usr/bin/busd --address=unix: -v", "S", ""}, {1622, "bash", "-bash", "S", ""}}},
	{"ef", "" +
		"UID          PID    PPID  C STIME TTY          TIME CMD\n" +
		"root           1       0  0 03:47 ?        00:00:00 /sbin/init splash\n" +
		"root         318     300  0 03:47 ?        00:00:00 nginx: master process /usr/sbin/nginx\n",
		[]brief{{1, "init", "/sbin/init splash", "", ""}, {318, "nginx", "nginx: master process /usr/sbin/nginx", "", ""}}},
	{"alxwww, realtime without nice", "" +
		"F   UID     PID    PPID PRI  NI    VSZ   RSS WCHAN  STAT TTY        TIME COMMAND\n" +
		"4     0       1       0  20   0 101204 11208 ep_pol Ss   ?          0:17 /sbin/init\n" +
		"1     0       8       2 -100  -      0     0 smpboo S    ?         12:41 [migration/0]\n",
		[]brief{{1, "init", "/sbin/init", "S", "ep_pol"}, {8, "migration/0", "", "S", "smpboo"}}},
	{"axo with lstart", "" +
		"F S   UID     PID    PPID    PGID     SID CLS PRI ADDR    SZ WCHAN                                 STARTED TT           TIME CMD\n" +
		"4 S     0       1       0       1       1  TS  19    - 25301 ep_poll              Mon Mar 21 07:15:44 2022 ?        00:00:22 /sbin/init\n" +
		"1 D     0       2       0       0       0  TS  19    -     0 jbd2_log_wait_commit Tue Mar  1 21:09:30 2022 ?        00:00:00 [jbd2/sda1-8]\n",
		[]brief{{1, "init", "/sbin/init", "S", "ep_poll"}, {2, "jbd2/sda1-8", "", "D", "jbd2_log_wait_commit"}}},
	{"a command that is not last", "" +
		"    PID    PPID USER     GROUP        LWP NLWP START COMMAND         CGROUP\n" +
		"      1       0 root     root           1    1 07:15 systemd         1:name=systemd:/init.scope\n" +
		"     77       1 root     root          77    1 07:15 tmux: server    -\n",
		[]brief{{1, "systemd", "", "", ""}, {77, "tmux: server", "", "", ""}}},
	{"comm and args", "" +
		"    PID COMMAND         COMMAND\n" +
		"      1 systemd         /sbin/init splash\n" +
		"     77 tmux: server    tmux new -s a\n",
		[]brief{{1, "systemd", "/sbin/init splash", "", ""}, {77, "tmux: server", "tmux new -s a", "", ""}}},
	{"forest", "" +
		"USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n" +
		"root           1  0.0  0.0      0     0 ?        S    04:21   0:00 /sbin/init\n" +
		"root           4  0.0  0.0      0     0 ?        I<   04:21   0:00  \\_ [kworker/R-rcu_g]\n" +
		"root           5  0.0  0.0   9999     7 ?        S    04:21   0:00  |   \\_ /bin/sh -c x\n",
		[]brief{{1, "init", "/sbin/init", "S", ""}, {4, "kworker/R-rcu_g", "", "I", ""}, {5, "sh", "/bin/sh -c x", "S", ""}}},
	{"busybox", "" +
		"PID   USER     VSZ STAT COMMAND\n" +
		"    1 root      1280 S    sh -c sleep 9\n" +
		"    7 root      1.2g D    dd if=/dev/zero of=/data/x\n",
		[]brief{{1, "sh", "sh -c sleep 9", "S", ""}, {7, "dd", "dd if=/dev/zero of=/data/x", "D", ""}}},
	{"text before the header, header repeated, blank lines", "" +
		"your 131072x1 screen size is bogus. expect trouble\n" +
		"  PID  PPID NLWP COMMAND\n" +
		"    1     0    1 /usr/lib/systemd/systemd\n" +
		"  PID  PPID NLWP COMMAND\n" +
		"   13     2    1 grep -F PID COMMAND\n \n",
		[]brief{{1, "systemd", "/usr/lib/systemd/systemd", "", ""}, {13, "grep", "grep -F PID COMMAND", "", ""}}},
	{"no right to read wait channels", "" +
		"  PID STAT WCHAN  COMMAND\n" +
		"    1 Ss   -      init\n" +
		"   13 D    -      dd\n",
		[]brief{{1, "init", "init", "S", ""}, {13, "dd", "dd", "D", ""}}},
}

func TestParsePSForms(t *testing.T) {
	for _, tt := range psForms {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParsePS(strings.NewReader(tt.text), "ps")
			noProblems(t, problems)
			equal(t, "rows", briefs(got.Processes), tt.want)
			if !got.Complete {
				t.Error("not complete")
			}
		})
	}
}

func TestParsePSThreads(t *testing.T) {
	got, problems := ParsePS(strings.NewReader(""+
		"F S UID          PID    PPID     LWP  C NLWP PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD\n"+
		"4 S root           1       0       1  1    1  80   0 - 25301 ep_pol 07:15 ?        00:00:17 /sbin/init\n"+
		"4 S root         900       1     900  0    3  80   0 - 99999 futex_ 07:15 ?        00:00:00 /usr/bin/java -jar app\n"+
		"1 S root         900       1     901  0    3  80   0 - 99999 futex_ 07:15 ?        00:00:00 /usr/bin/java -jar app\n"+
		"1 D root         900       1     902  0    3  80   0 - 99999 rpc_wa 07:15 ?        00:00:00 /usr/bin/java -jar app\n"), "ps")
	noProblems(t, problems)
	equal(t, "ps -L", briefs(got.Processes), []brief{
		{1, "init", "/sbin/init", "S", "ep_pol"},
		{900, "java", "/usr/bin/java -jar app", "S", "futex_"},
		{902, "java", "/usr/bin/java -jar app", "D", "rpc_wa"},
	})
	equal(t, "threads", got.Processes[1].Threads, fact.Some(3))

	got, problems = ParsePS(strings.NewReader(""+
		"USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"+
		"root           1  0.0  0.0  10204  5120 ?        -    06:31   0:00 /sbin/init\n"+
		"root           -  0.0    -      -     - -        Ss   06:31   0:00 -\n"+
		"root        1514  0.0  0.0 812340 20480 ?        -    06:31   0:02 /usr/bin/java -jar app\n"+
		"root           -  0.0    -      -     - -        Ssl  06:31   0:00 -\n"+
		"root           -  0.0    -      -     - -        Dsl  06:31   0:00 -\n"+
		"root           -  0.0    -      -     - -        Ssl  06:31   0:00\n"), "ps")
	noProblems(t, problems)
	equal(t, "ps m", briefs(got.Processes), []brief{
		{1, "init", "/sbin/init", "S", ""}, {1514, "java", "/usr/bin/java -jar app", "D", ""},
	})
	equal(t, "threads", got.Processes[1].Threads, fact.Some(3))
	equal(t, "the thread in D is the state's ref", got.Processes[1].StateRef.Line, 6)
	equal(t, "rss", got.Processes[1].RSS, fact.Some[int64](20480))
}

func TestParsePSRefusesEditedStates(t *testing.T) {
	// ps aux | awk '$8="D"': awk joins words by one blank.
	got, problems := ParsePS(strings.NewReader(""+
		"USER PID %CPU %MEM VSZ RSS TTY D START TIME COMMAND\n"+
		"root 1 0.0 0.0 2268 1472 ? D 03:47 0:00 init\n"+
		"root 318 0.0 0.0 2268 1472 ? D 03:47 0:00 sh -c sleep 5\n"), "ps")
	equal(t, "problems", texts(problems), []string{
		`ps:1 the header's STAT column reads "D": the listing was edited (awk '$8="D"'?), its states are not believed`})
	equal(t, "rows", briefs(got.Processes), []brief{{1, "init", "init", "", ""}, {318, "sh", "sh -c sleep 5", "", ""}})
	if got.HasState || !got.Complete {
		t.Errorf("HasState %v, Complete %v", got.HasState, got.Complete)
	}

	// The same on ps -ef hits the command.
	got, problems = ParsePS(strings.NewReader(""+
		"UID PID PPID C STIME TTY TIME D\n"+
		"root 1 0 0 03:47 ? 00:00:00 D\n"), "ps")
	equal(t, "problems", texts(problems), []string{
		`ps:1 the header's last column reads "D": the listing was edited (awk '$8="D"'?), its states are not believed`})
	equal(t, "rows", briefs(got.Processes), []brief{{1, "", "", "", ""}})
}

func TestParsePSWithoutHeader(t *testing.T) {
	tests := []struct {
		name, text string
		want       []brief
		problems   []string
	}{
		{"ps -ef", "root 19973 1 0 15:13 ? 00:00:00 /usr/sbin/httpd -DFOREGROUND\napache   19974 19973  0 Nov22 pts/0    1-00:00:00 httpd -k\n",
			[]brief{{19973, "httpd", "/usr/sbin/httpd -DFOREGROUND", "", ""}, {19974, "httpd", "httpd -k", "", ""}}, nil},
		{"ps aux", "root          507  0.0  0.0   2268  1472 ?        D    03:47   0:00 sh -c echo\n",
			[]brief{{507, "sh", "sh -c echo", "D", ""}}, nil},
		{"a line of another form", "root 507 1 0 03:47 ? 00:00:00 sh -c echo\n507 is the one that hangs\n",
			[]brief{{507, "sh", "sh -c echo", "", ""}}, []string{`ps:2 not a line of this ps listing: "507 is the one that hangs"`}},
		{"states that awk wrote", "root 1 0.0 0.0 2268 1472 ? D 03:47 0:00 init\nroot 9 0.0 0.0 2268 1472 ? D 03:47 0:00 sh\n",
			[]brief{{1, "init", "init", "", ""}, {9, "sh", "sh", "", ""}},
			[]string{`ps:1 every state reads D and the blanks are squeezed: the listing was edited (awk '$8="D"'?), its states are not believed`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParsePS(strings.NewReader(tt.text), "ps")
			equal(t, "problems", texts(problems), tt.problems)
			equal(t, "rows", briefs(got.Processes), tt.want)
			if got.Complete {
				t.Error("complete without a header")
			}
		})
	}
}

func TestParsePSIncomplete(t *testing.T) {
	const header = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
	const first = "root           1  0.0  0.0   2268  1472 ?        Ss   03:47   0:00 init\n"
	tests := []struct {
		name, text string
		rows       int
		problems   []string
	}{
		{"cut in a command", header + first + "root          90  0.0  0.0   2268  1516 ?        Ss   03:47   0:00 /usr/sb", 2,
			[]string{`ps:3 ends in the middle of a line: "root          90  0.0  0.0   2268  1516 ?        Ss   03:47   0:00 /usr/sb"`}},
		{"cut in a number", header + first + "root          9", 1,
			[]string{`ps:3 not a line of this ps listing: "root          9"`, `ps:3 ends in the middle of a line: "root          9"`}},
		{"filtered, without pid 1", header + "root          90  0.0  0.0   2268  1516 ?        Ss   03:47   0:00 crond\n", 1, nil},
		{"no header", first, 1, nil},
		{"no header and columns of one's own", "1 Ss do_sigtimedwait init\n", 0, []string{"ps no ps header"}},
		{"empty", "", 0, []string{"ps no ps header"}},
		{"rubbish between", header + first + "bash: fork: retry: Resource temporarily unavailable, so sad it is\n", 1,
			[]string{`ps:3 pid "fork:" is no number in "bash: fork: retry: Resource temporarily unavailable, so sad it is"`}},
		{"a state that is none", header + first + "root          90  0.0  0.0   2268  1516 ?        03:47 Ss  0:00 crond\n", 2,
			[]string{`ps:3 "03:47" is no process state`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParsePS(strings.NewReader(tt.text), "ps")
			equal(t, "problems", texts(problems), tt.problems)
			if len(got.Processes) != tt.rows || got.Complete {
				t.Errorf("%d rows, Complete %v", len(got.Processes), got.Complete)
			}
		})
	}
}

func TestParsePSSecondListing(t *testing.T) {
	const one = "  PID STAT COMMAND\n    1 Ss   init\n   13 S    dd\n"
	got, problems := ParsePS(strings.NewReader(one+strings.ReplaceAll(one, "S    dd", "D    dd")), "ps")
	equal(t, "rows", briefs(got.Processes), []brief{{1, "init", "init", "S", ""}, {13, "dd", "dd", "S", ""}})
	equal(t, "problems", texts(problems), []string{"ps:5 pid 1 is listed again: a second listing, the first is kept"})
}

func TestParsePSCgroups(t *testing.T) {
	got, _ := ParsePS(strings.NewReader("  PID COMMAND         CGROUP\n"+
		"    1 systemd         3:cpu,cpuacct:/a,1:name=systemd:/a,b,0::/c\n"), "ps")
	equal(t, "cgroups", got.Processes[0].Cgroups, map[string]string{"cpu": "/a", "cpuacct": "/a", "name=systemd": "/a,b", "": "/c"})
}

func TestParseElapsed(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"00:07": 7 * time.Second, "01:00:07": time.Hour + 7*time.Second, "10-23:59:59": 11*24*time.Hour - time.Second, "86400": 24 * time.Hour,
	} {
		if got, ok := parseElapsed(s); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "-", "1-2", "00:60", "1:2:3:4", "a:b", "-00:07", "9999999-00:00:00"} {
		if got, ok := parseElapsed(s); ok {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	tests := [][3]string{
		{"[kthreadd]", "kthreadd", ""}, {"[NFSv4 callback]", "NFSv4 callback", ""}, {"[NFSv4", "NFSv4", ""},
		{"[sh] <defunct>", "sh", ""}, {"falcon-sensor <defunct>", "falcon-sensor", "falcon-sensor"},
		{"[ -f /x ]", "[", "[ -f /x ]"}, {"kworker/0:1", "kworker/0:1", "kworker/0:1"}, {"bin/server -v", "server", "bin/server -v"},
		{"(sd-pam)", "(sd-pam)", "(sd-pam)"}, {"-", "", ""}, {"", "", ""},
	}
	for _, tt := range tests {
		comm, args := splitCommand(tt[0])
		if !slices.Equal([]string{comm, args}, tt[1:]) {
			t.Errorf("%q: %q %q, want %q", tt[0], comm, args, tt[1:])
		}
	}
}
