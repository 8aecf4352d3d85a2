package analyze

import (
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
	"culprit/analyze/host"
)

const (
	ssHead   = "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
	ssServer = "u_str LISTEN 0 4096 /var/run/docker.sock 21017 * 0 users:((\"dockerd\",pid=507,fd=4))\n"
	unixHead = "Num       RefCount Protocol Flags    Type St Inode Path\n"
)

func TestNetNSOf(t *testing.T) {
	for source, want := range map[string]string{
		"netns/4026532728/ss-xan.txt":      "4026532728",
		"node-a/netns/4026532728/ss-x.txt": "4026532728",
		"netns/cni-1/ss-xan.txt":           "",
		"netns/ss-xan.txt":                 "",
		"netns/7":                          "",
		"ss-anp.txt":                       "",
	} {
		if got := host.NetNSOf(source); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// networked is a node with dockerd and an agent in network namespace 200, the node's
// being 100; hidden are sockets of dockerd that its descriptors name.
func networked(hidden int, more map[string]string) map[string]string {
	files := map[string]string{
		"ps-wchan.txt":  psHeader + "      1       0 Ss   do_sigtimedwait 3-00:00:00    1  1472 init\n    507       1 Ssl  futex_wait 3-00:00:00    9  1044 /usr/bin/dockerd\n    600       1 Ssl  futex_wait 3-00:00:00    9  1044 agent\n",
		"proc/1/ns_net": "net:[100]\n", "proc/507/ns_net": "net:[100]\n", "proc/600/ns_net": "net:[200]\n",
		"ss-anp.txt": ssHead + ssServer,
	}
	if hidden >= 0 {
		var fds strings.Builder
		fds.WriteString("4 -> socket:[21017]\n")
		for i := range hidden {
			fmt.Fprintf(&fds, "%d -> socket:[%d]\n", i+10, 70000+i)
		}
		files["proc/507/fd"] = fds.String()
	}
	for path, text := range more {
		if files[path] = text; text == "" {
			delete(files, path)
		}
	}
	return files
}

// TestSocketCoverage: the sockets of a node are known when those of each network
// namespace are listed with their peers, or dockerd's descriptors show that none of its
// connections is missing.
func TestSocketCoverage(t *testing.T) {
	const missing = "the sockets in the network namespace of agent (600) are not listed"
	for _, tt := range []struct {
		name  string
		files map[string]string
		why   string // "" complete
	}{
		{"nothing told", networked(-1, nil), missing},
		{"namespaces unknown", networked(-1, map[string]string{"proc/1/ns_net": "", "proc/507/ns_net": "", "proc/600/ns_net": ""}), ""},
		{"listed", networked(-1, map[string]string{"netns/200/ss-xan.txt": ssHead}), ""},
		{"nsenter failed", networked(-1, map[string]string{"netns/200/ss-xan.txt": "nsenter: cannot open /proc/600/ns/net\n"}), missing},
		{"pid 1 cannot be read", networked(-1, map[string]string{"proc/1/ns_net": "", "proc/2/ns_net": "net:[100]\n", "proc/2/status": "Name:\tkthreadd\nState:\tS (sleeping)\nPid:\t2\n",
			"ss-anp.txt": "", "netns/100/ss-xan.txt": ssHead, "netns/200/ss-xan.txt": ssHead}), ""},
		{"another one listed", networked(-1, map[string]string{"netns/300/ss-xan.txt": ssHead}), missing},
		{"two more", networked(-1, map[string]string{"proc/601/ns_net": "net:[201]\n", "proc/601/status": "Name:\tb\nState:\tS (sleeping)\nPid:\t601\n",
			"proc/602/ns_net": "net:[202]\n", "proc/602/status": "Name:\tc\nState:\tS (sleeping)\nPid:\t602\n"}), missing + ", nor those of 2 more"},
		{"without peers", networked(-1, map[string]string{"proc/600/net/unix": unixHead}), "the sockets in the network namespace of agent (600) are listed without peers"},
		{"all of dockerd's descriptors listed", networked(0, nil), ""},
		{"dockerd holds more", networked(30, nil), missing},
		{"dockerd holds more, all listed", networked(30, map[string]string{"netns/200/ss-xan.txt": ssHead}), ""},
		{"only the others' listing", networked(-1, map[string]string{"ss-anp.txt": "", "netns/200/ss-xan.txt": ssHead}), "no ss in the bundle: netstat does not tell peers"},
		{"the node's own by its number", networked(-1, map[string]string{"ss-anp.txt": "", "netns/100/ss-xan.txt": ssHead, "netns/200/ss-xan.txt": ssHead}), ""},
		{"cut", networked(-1, map[string]string{"netns/200/ss-xan.txt": ssHead,
			"manifest.jsonl": `{"format":"culprit.bundle/1","node":"a"}` + "\n" + `{"path":"netns/200/ss-xan.txt","command":"nsenter -t 600 -n ss -xan","rc":124,"state":"timeout"}` + "\n"}),
			"the sockets in the network namespace of agent (600) are listed in part"},
	} {
		tables, _ := tablesOf(t, tt.files)
		var rows []fact.Coverage
		for _, c := range tables.Coverage {
			if c.Table == "sockets" {
				rows = append(rows, c)
			}
		}
		if len(rows) != 1 || rows[0].Complete != (tt.why == "") || rows[0].Why != tt.why {
			t.Errorf("%s: %+v, want %q", tt.name, rows, tt.why)
		}
	}
}

// TestSocketsOfOtherNamespaces: rows know their namespace, those of the node's own have
// none; an inode is listed once, best where owners are named; internet sockets of one
// namespace do not hide those of another.
func TestSocketsOfOtherNamespaces(t *testing.T) {
	tables, problems := tablesOf(t, networked(-1, map[string]string{
		"netns/100/ss-xan.txt": ssHead + "u_str LISTEN 0 4096 /var/run/docker.sock 21017 * 0\nu_str ESTAB 0 0 * 5 * 6\n",
		"netns/200/ss-xan.txt": ssHead + "u_str ESTAB 0 0 * 70001 * 70000\ntcp ESTAB 0 0 10.0.0.2:40000 10.0.0.7:443\n",
		"proc/600/net/unix":    unixHead + "0: 00000003 00000000 00000000 0001 03 70001\n0: 00000003 00000000 00000000 0001 03 70009\n",
		"proc/1/net/unix":      unixHead + "0: 00000003 00000000 00000000 0001 03 8\n",
		"proc/9/net/unix":      unixHead + "0: 00000003 00000000 00000000 0001 03 9\n",
		"netstat-apn.txt":      "Active Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address Foreign Address State PID/Program name\ntcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 33/sshd\n",
	}))
	if len(problems) > 0 {
		t.Error(problems)
	}
	var got []string
	for _, s := range tables.Sockets {
		got = append(got, fmt.Sprintf("%s %s %d %d", s.NetNS, s.Netid, s.Inode, len(s.Owners)))
	}
	want := []string{" u_str 21017 1", " u_str 5 0", "200 u_str 70001 0", "200 tcp 0 0", " tcp 0 1", " u_str 8 0", "200 u_str 70009 0", "pid:9 u_str 9 0"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}
