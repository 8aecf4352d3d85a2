package host

import (
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// What grep leaves of a listing, with the blanks that a web page leaves of it.
func TestSocketsWithoutHeader(t *testing.T) {
	netstat := func(s string) ([]fact.Socket, []fact.Problem) { return ParseNetstat(strings.NewReader(s), "t") }
	ss := func(s string) ([]fact.Socket, []fact.Problem) { return ParseSS(strings.NewReader(s), "t") }
	tests := []struct {
		name, text string
		parse      func(string) ([]fact.Socket, []fact.Problem)
		want       string
	}{
		{"netstat tcp", "tcp 0 0 192.168.2.1:62028 192.168.2.2:6666 ESTABLISHED 9329/drone-agent\n", netstat, "tcp ESTAB 192.168.2.1:62028 192.168.2.2:6666 0 drone-agent/9329"},
		{"netstat with inode and timer", "tcp        0      0 0.0.0.0:8080    0.0.0.0:*    LISTEN  0    22405 239/docker-proxy  off (0.00/0/0)\n", netstat, "tcp LISTEN 0.0.0.0:8080 0.0.0.0:* 22405 docker-proxy/239"},
		{"netstat udp without a state", "udp 0 0 0.0.0.0:68 0.0.0.0:* 77/dhclient\n", netstat, "udp UNCONN 0.0.0.0:68 0.0.0.0:* 0 dhclient/77"},
		{"netstat without -p", "tcp6 0 0 :::3000 :::* LISTEN\n", netstat, "tcp6 LISTEN :::3000 :::* 0"},
		{"netstat unix", "unix 3 [ ] STREAM CONNECTED 5004600 9329/drone-agent\n", netstat, "u_str ESTAB   5004600 drone-agent/9329"},
		{"netstat unix with a path", "unix  2      [ ACC ]     STREAM     LISTENING     643813   106/dockerd          /var/run/docker.sock\n", netstat, "u_str LISTEN /var/run/docker.sock  643813 dockerd/106"},
		{"netstat unix without -p", "unix  2      [ ACC ]     STREAM     LISTENING     643813   /var/run/docker.sock\n", netstat, "u_str LISTEN /var/run/docker.sock  643813"},
		{"a sentence about tcp", "tcp 0 means nothing here\n", netstat, ""},
		{"ss with Netid", "u_str ESTAB 0 0 /var/run/docker.sock 651023 * 0 users:((\"dockerd\",pid=106,fd=220))\n", ss, "u_str ESTAB /var/run/docker.sock * 651023 dockerd/106"},
		{"ss without Netid", "LISTEN 0 128 127.0.0.1:10248 0.0.0.0:*\n", ss, "tcp LISTEN 127.0.0.1:10248 0.0.0.0:* 0"},
		{"ss without a state", "0 0 127.0.0.1:1 127.0.0.1:2\n", ss, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, problems := tt.parse(tt.text)
			if tt.want == "" {
				if len(rows) != 0 || len(problems) == 0 {
					t.Errorf("%+v, problems %q", rows, texts(problems))
				}
				return
			}
			if len(rows) != 1 || len(problems) != 0 {
				t.Fatalf("%d rows, problems %q", len(rows), texts(problems))
			}
			s := rows[0]
			got := fmt.Sprintf("%s %s %s %s %d", s.Netid, s.State, s.Local, s.Peer, s.Inode)
			for _, o := range s.Owners {
				got += fmt.Sprintf(" %s/%d", o.Name, o.PID)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseDockerPSWithoutHeader(t *testing.T) {
	tests := []struct{ row, want string }{
		{`a58ad55546a7 hub.example.com/paas/agent:v1.0.2 "/bin/sh -c '/usr/bi…" 3 days ago Up 3 days drone-agent`, "a58ad55546a7 drone-agent running"},
		{`5483dd82b3f5 a:1 "sh" 12 seconds ago Up 11 seconds 0.0.0.0:80->80/tcp, :::80->80/tcp web`, "5483dd82b3f5 web running"},
		{`5483dd82b3f5 a:1 "sh" About a minute ago Up About a minute (Paused) web`, "5483dd82b3f5 web paused"},
		{`5483dd82b3f5 a:1 "sh -c \"x\"" 2 hours ago Exited (137) 3 seconds ago web`, "5483dd82b3f5 web exited"},
		{`5483dd82b3f5 a:1 "sh" 2 hours ago Removal In Progress web`, "5483dd82b3f5 web removing"},
		{`5483dd82b3f5 was up 3 days ago`, ""},
	}
	for _, header := range []string{"", "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES\n"} {
		for _, tt := range tests {
			got := ""
			if rows, _ := ParseDockerPS(strings.NewReader(header+tt.row+"\n"), "t"); len(rows) == 1 && rows[0].Docker != "" {
				got = rows[0].ID + " " + rows[0].Name + " " + rows[0].Docker
			}
			if got != tt.want {
				t.Errorf("header %q, %s: got %q, want %q", header, tt.row, got, tt.want)
			}
		}
	}
}
