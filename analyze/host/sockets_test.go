package host

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func queues(recv, send int64) (fact.Opt[int64], fact.Opt[int64]) {
	return fact.Some(recv), fact.Some(send)
}

func TestParseSS(t *testing.T) {
	const text = "Netid State  Recv-Q Send-Q      Local Address:Port   Peer Address:Port  Process\n" +
		"nl    UNCONN 4352   0                       4:9630               *\n" +
		"u_str ESTAB 0      0      /var/run/docker.sock 651023             * 0    users:((\"dockerd\",pid=106,fd=220))\n" +
		"u_str LISTEN 0     4096 /run/containerd/s/7d 645118             * 0    users:((\"containerd-shim\",pid=351,fd=13),(\"my (odd, one)\",pid=95,fd=31))\n" +
		"\t skmem:(r0,rb212992)\n" +
		"u_str ESTAB 0      0                         * 645021             * 645026\n" +
		"tcp   LISTEN 3     128               127.0.0.1:10248        0.0.0.0:*    users:((\"kubelet\",pid=801,tid=802,fd=19)) ino:77 sk:1\n" +
		"tcp   TIME-WAIT 0  0                 [::1]:1024             [::1]:443   timer:(timewait,1sec,0) ino:0 sk:2\n" +
		"tcp   LISTEN 0     128                     *:22                *:*      users:((\"sshd\",1231,3))\n" +
		"what is this\n"
	got, problems := ParseSS(strings.NewReader(text), "ss.txt")
	equal(t, "problems", texts(problems), []string{`ss.txt:10 not a socket of ss: "what is this"`})
	at := func(n int) []fact.Ref { return []fact.Ref{lineRef("ss.txt", text, n)} }
	var want []fact.Socket
	add := func(n int, recv, send int64, s fact.Socket) {
		s.RecvQ, s.SendQ = queues(recv, send)
		s.Refs = at(n)
		want = append(want, s)
	}
	add(2, 4352, 0, fact.Socket{Netid: "nl", State: "UNCONN", Local: "4:9630", Peer: "*"})
	add(3, 0, 0, fact.Socket{Netid: "u_str", State: "ESTAB", Local: "/var/run/docker.sock", Inode: 651023, Peer: "*", PeerInode: fact.Some[int64](0),
		Owners: []fact.SocketOwner{{Name: "dockerd", PID: 106, FD: 220}}})
	add(4, 0, 4096, fact.Socket{Netid: "u_str", State: "LISTEN", Local: "/run/containerd/s/7d", Inode: 645118, Peer: "*", PeerInode: fact.Some[int64](0),
		Owners: []fact.SocketOwner{{Name: "containerd-shim", PID: 351, FD: 13}, {Name: "my (odd, one)", PID: 95, FD: 31}}})
	add(6, 0, 0, fact.Socket{Netid: "u_str", State: "ESTAB", Local: "*", Inode: 645021, Peer: "*", PeerInode: fact.Some[int64](645026)})
	add(7, 3, 128, fact.Socket{Netid: "tcp", State: "LISTEN", Local: "127.0.0.1:10248", Peer: "0.0.0.0:*", Inode: 77,
		Owners: []fact.SocketOwner{{Name: "kubelet", PID: 801, FD: 19}}})
	add(8, 0, 0, fact.Socket{Netid: "tcp", State: "TIME-WAIT", Local: "[::1]:1024", Peer: "[::1]:443"})
	add(9, 0, 128, fact.Socket{Netid: "tcp", State: "LISTEN", Local: "*:22", Peer: "*:*", Owners: []fact.SocketOwner{{Name: "sshd", PID: 1231, FD: 3}}})
	equal(t, "rows", got, want)
}

func TestParseSSHeaders(t *testing.T) {
	tests := []struct {
		name, text   string
		netid, state string
		local        string
		inode        int64
	}{
		{"tcp only", "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nESTAB 0 0 10.0.0.1:22 10.0.0.2:999\n", "tcp", "ESTAB", "10.0.0.1:22", 0},
		{"udp only", "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nUNCONN 0 0 10.0.0.1:53 0.0.0.0:*\n", "udp", "UNCONN", "10.0.0.1:53", 0},
		{"unix only", "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nESTAB 0 0 /run/a 12 * 13\n", "", "ESTAB", "/run/a", 12},
		{"one state", "Netid Recv-Q Send-Q Local Address:Port Peer Address:Port\nu_str 0 0 @/a b 12 * 13\n", "u_str", "", "@/a b", 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseSS(strings.NewReader(tt.text), "ss")
			noProblems(t, problems)
			if len(got) != 1 || got[0].Netid != tt.netid || got[0].State != tt.state || got[0].Local != tt.local || got[0].Inode != tt.inode {
				t.Errorf("%+v", got)
			}
		})
	}
	_, problems := ParseSS(strings.NewReader("RTNETLINK answers: Invalid argument\n"), "ss")
	equal(t, "no header", texts(problems), []string{`ss:1 the command failed: "RTNETLINK answers: Invalid argument"`})
	got, problems := ParseSS(strings.NewReader("Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\nu_str ESTAB 0 0 /run/a 12 * 13\nu_str EST"), "ss")
	equal(t, "cut", texts(problems), []string{`ss:3 not a socket of ss: "u_str EST"`, `ss:3 ends in the middle of a line: "u_str EST"`})
	equal(t, "rows before the cut", len(got), 1)
}

func TestParseNetstat(t *testing.T) {
	const text = "Active Internet connections (servers and established)\n" +
		"Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer\n" +
		"tcp        2      0 0.0.0.0:8080            0.0.0.0:*               LISTEN      0          22405      239/docker-proxy     off (0.00/0/0)\n" +
		"tcp        0      0 10.9.0.1:41200          10.9.0.2:5432           TIME_WAIT   0          0          -                    timewait (10.04/0/0)\n" +
		"udp        0      0 0.0.0.0:68              0.0.0.0:*                           0          33         40213/my web server  off (0.00/0/0)\n" +
		"raw6       0      0 :::58                   :::*                    7           0          34         9/x                  off (0.00/0/0)\n" +
		"Active UNIX domain sockets (servers and established)\n" +
		"Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path\n" +
		"unix  2      [ ACC ]     STREAM     LISTENING     643813   106/dockerd          /var/run/docker.sock\n" +
		"unix  3      [ ]         STREAM     CONNECTED     10682393 40213/my web server  @a b\n" +
		"unix  3      [ ]         STREAM     CONNECTED     651023   1472/etcd\n" +
		"unix  2      [ ]         DGRAM                    20417    -                    /run/lab/notify\n" +
		"unix  2      [ ACC ]     SEQPACKET  LISTENING     52806    1/init               /run/udev/control\n" +
		"IPv6/IPv4 Group Memberships\n" +
		"lo              1      224.0.0.1\n"
	got, problems := ParseNetstat(strings.NewReader(text), "n")
	noProblems(t, problems)
	owner := func(name string, pid int) []fact.SocketOwner {
		return []fact.SocketOwner{{Name: name, PID: pid, FD: -1}}
	}
	want := []fact.Socket{
		{Netid: "tcp", State: "LISTEN", Local: "0.0.0.0:8080", Peer: "0.0.0.0:*", Inode: 22405, Owners: owner("docker-proxy", 239)},
		{Netid: "tcp", State: "TIME-WAIT", Local: "10.9.0.1:41200", Peer: "10.9.0.2:5432"},
		{Netid: "udp", State: "UNCONN", Local: "0.0.0.0:68", Peer: "0.0.0.0:*", Inode: 33, Owners: owner("my web server", 40213)},
		{Netid: "raw6", State: "UNCONN", Local: ":::58", Peer: ":::*", Inode: 34, Owners: owner("x", 9)},
		{Netid: "u_str", State: "LISTEN", Local: "/var/run/docker.sock", Inode: 643813, Owners: owner("dockerd", 106)},
		{Netid: "u_str", State: "ESTAB", Local: "@a b", Inode: 10682393, Owners: owner("my web server", 40213)},
		{Netid: "u_str", State: "ESTAB", Inode: 651023, Owners: owner("etcd", 1472)},
		{Netid: "u_dgr", State: "UNCONN", Local: "/run/lab/notify", Inode: 20417},
		{Netid: "u_seq", State: "LISTEN", Local: "/run/udev/control", Inode: 52806, Owners: owner("init", 1)},
	}
	for i, n := range []int{3, 4, 5, 6, 9, 10, 11, 12, 13} {
		want[i].Refs = []fact.Ref{lineRef("n", text, n)}
		if i < 4 {
			want[i].RecvQ, want[i].SendQ = queues(0, 0)
		}
	}
	want[0].RecvQ = fact.Some[int64](2)
	equal(t, "rows", got, want)
}

func TestParseNetstatForms(t *testing.T) {
	got, problems := ParseNetstat(strings.NewReader("Active UNIX domain sockets (w/o servers)\n"+
		"Proto RefCnt Flags       Type       State         I-Node   Path\n"+
		"unix  3      [ ]         STREAM     CONNECTED     651023   /var/run/docker.sock\n"+
		"unix  3      [ ]         STREAM     CONNECTED\n"), "n")
	equal(t, "problems", texts(problems), []string{`n:4 not a socket of netstat: "unix  3      [ ]         STREAM     CONNECTED"`})
	if len(got) != 1 || got[0].Local != "/var/run/docker.sock" || got[0].Owners != nil {
		t.Errorf("without -p: %+v", got)
	}
	_, problems = ParseNetstat(strings.NewReader("bash: netstat: command not found\n"), "n")
	equal(t, "missing", texts(problems), []string{`n:1 the command failed: "bash: netstat: command not found"`, "n no table of sockets"})
}

func TestParseNetUnix(t *testing.T) {
	const text = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
		"0000000049f35aaf: 00000002 00000000 00010000 0001 01 991040 /var/run/docker.sock\n" +
		"00000000fe425de1: 00000003 00000000 00000000 0001 03 995522 /var/run/docker.sock\n" +
		"000000004e3d7bc5: 00000003 00000000 00000000 0001 03 994860\n" +
		"000000005868926b: 00000002 00000000 00000000 0002 01 990459 /dev/log\n" +
		"0000000000000000: 00000002 00000000 00000000 0001 02     0 @a b\n" +
		"0000000000000000: 00000002 00000000 00010000 0005 01 7 /run/udev/control\n" +
		"0000000000000000: 00000002 00000000 00010000 0009 01 7 /x\n" +
		"00000000571cdd62: 0000"
	got, problems := ParseNetUnix(strings.NewReader(text), "u")
	equal(t, "problems", texts(problems), []string{
		`u:8 not a line of /proc/net/unix: "0000000000000000: 00000002 00000000 00010000 0009 01 7 /x"`,
		`u:9 not a line of /proc/net/unix: "00000000571cdd62: 0000"`,
		`u:9 ends in the middle of a line: "00000000571cdd62: 0000"`})
	want := []fact.Socket{
		{Netid: "u_str", State: "LISTEN", Inode: 991040, Local: "/var/run/docker.sock"},
		{Netid: "u_str", State: "ESTAB", Inode: 995522, Local: "/var/run/docker.sock"},
		{Netid: "u_str", State: "ESTAB", Inode: 994860},
		{Netid: "u_dgr", State: "UNCONN", Inode: 990459, Local: "/dev/log"},
		{Netid: "u_str", State: "SYN-SENT", Local: "@a b"},
		{Netid: "u_seq", State: "LISTEN", Inode: 7, Local: "/run/udev/control"},
	}
	for i := range want {
		want[i].Refs = []fact.Ref{lineRef("u", text, i+2)}
	}
	equal(t, "rows", got, want)
}
