package host

import (
	"io"
	"regexp"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseNetstat reads net-tools' netstat(8) -anp, with -e and -o or without:
//
//	Active Internet connections (servers and established)
//	Proto Recv-Q Send-Q Local Address   Foreign Address  State   User Inode PID/Program name  Timer
//	tcp        0      0 0.0.0.0:8080    0.0.0.0:*        LISTEN  0    22405 239/docker-proxy  off (0.00/0/0)
//	Active UNIX domain sockets (servers and established)
//	Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path
//	unix  2      [ ACC ]     STREAM     LISTENING     643813   106/dockerd          /var/run/docker.sock
//
// States are given in ss's words. netstat does not know the peer of a unix socket
// and names one holder only. Other sections (multicast groups) are skipped. Rows that a
// filter left without any header are read by their shape.
func ParseNetstat(r io.Reader, source string) ([]fact.Socket, []fact.Problem) {
	l := newLines(r, source)
	n := netstat{}
	var rows []fact.Socket
	table, headless := false, false
	for l.scan() {
		text := strings.TrimRight(l.text, " \t")
		switch {
		case text == "":
		case strings.HasPrefix(text, "Proto "):
			table = true
			n = netstat{
				unix: strings.Contains(text, "RefCnt"), inet: strings.Contains(text, "Recv-Q"),
				program: strings.Contains(text, "PID/Program"), inode: strings.Contains(text, "Inode"),
			}
		case strings.HasPrefix(text, "Active ") || strings.HasPrefix(text, "(") || strings.HasSuffix(text, "Memberships"):
			n = netstat{}
		case !n.unix && !n.inet && !table && netstatShape(text) != (netstat{}):
			s, ok := netstatShape(text).socket(text)
			if !ok {
				l.refuse("a socket of netstat")
				continue
			}
			headless = true
			s.Refs = []fact.Ref{l.ref()}
			rows = append(rows, s)
		case !n.unix && !n.inet:
			if isFailure(text) {
				l.refuse("netstat")
			}
		default:
			s, ok := n.socket(text)
			if !ok {
				l.refuse("a socket of netstat")
				continue
			}
			s.Refs = []fact.Ref{l.ref()}
			rows = append(rows, s)
		}
	}
	if !table && !headless {
		l.problem(fact.Ref{Source: source}, "no table of sockets")
	} else if len(rows) > 0 {
		l.checkEnd()
	}
	return rows, l.problems()
}

// Rows of netstat without a header, as grep leaves them: -p or not, -e or not.
var (
	netstatInet = regexp.MustCompile(`^(?:tcp|udp|raw)6? +\d+ +\d+ +\S+:\S+ +\S+:\S+(?: +[A-Z][A-Z_0-9]+)?( +\d+ +\d+)?( +(?:\d+/\S.*|-))?(?: +(?:off|on|keepalive|timewait|probe|unkn-\S+) \(.*)?$`)
	netstatUnix = regexp.MustCompile(`^unix +\d+ +\[[A-Z ]*\] +[A-Z]+ +(?:[A-Z]+ +)?\d+( +(?:\d+/\S+|-))?(?: .*)?$`)
)

// netstatShape tells the columns of a row from the row itself; the zero value is no
// row.
func netstatShape(text string) netstat {
	if m := netstatInet.FindStringSubmatch(text); m != nil {
		return netstat{inet: true, inode: m[1] != "", program: m[2] != ""}
	}
	if m := netstatUnix.FindStringSubmatch(text); m != nil {
		return netstat{unix: true, program: m[1] != ""}
	}
	return netstat{}
}

// netstat is the section that a line stands in and the columns of its header.
type netstat struct{ unix, inet, program, inode bool }

func (n netstat) socket(text string) (fact.Socket, bool) {
	if n.unix {
		return n.unixSocket(text)
	}
	proto, rest := cutField(text)
	recv, rest := cutField(rest)
	send, rest := cutField(rest)
	s := fact.Socket{Netid: proto}
	s.Local, rest = cutField(rest)
	s.Peer, rest = cutField(rest)
	recvQ, err1 := strconv.ParseInt(recv, 10, 64)
	sendQ, err2 := strconv.ParseInt(send, 10, 64)
	if err1 != nil || err2 != nil || !strings.Contains(s.Local, ":") || !strings.Contains(s.Peer, ":") {
		return s, false
	}
	s.RecvQ, s.SendQ = fact.Some(recvQ), fact.Some(sendQ)
	s.State = "UNCONN" // a datagram socket without a peer has a blank
	if word, after := cutField(rest); netstatStates[word] != "" {
		s.State, rest = netstatStates[word], after
	} else if strings.HasPrefix(proto, "raw") && isDigits(word) {
		rest = after // raw sockets print the number of the state
	}
	if n.inode {
		var ino string
		_, rest = cutField(rest)
		ino, rest = cutField(rest)
		s.Inode, _ = strconv.ParseInt(ino, 10, 64)
	}
	if n.program {
		for _, timer := range []string{" off (", " on (", " keepalive (", " timewait (", " probe (", " unkn-"} {
			if i := strings.LastIndex(rest, timer); i >= 0 {
				rest = rest[:i]
			}
		}
		s.Owners = programOwner(rest)
	}
	return s, true
}

// unixSocket reads a unix line. The program name is padded or cut to 20 bytes and
// may hold blanks; type and path may be missing.
func (n netstat) unixSocket(text string) (fact.Socket, bool) {
	head, rest, ok := strings.Cut(text, "]")
	proto, _ := cutField(head)
	if !ok || proto != "unix" || !strings.Contains(head, "[") {
		return fact.Socket{}, false
	}
	kind, rest := cutField(rest)
	s := fact.Socket{Netid: map[string]string{"STREAM": "u_str", "DGRAM": "u_dgr", "SEQPACKET": "u_seq"}[kind], State: "UNCONN"}
	if strings.Contains(head, "ACC") {
		s.State = "LISTEN"
	}
	ino, rest := cutField(rest)
	if netstatStates[ino] != "" {
		s.State = netstatStates[ino]
		ino, rest = cutField(rest)
	}
	inode, err := strconv.ParseInt(ino, 10, 64)
	if s.Netid == "" || err != nil || inode < 0 {
		return s, false
	}
	s.Inode = inode
	rest = strings.TrimLeft(rest, " ")
	if n.program {
		const width = 20
		cut := min(width, len(rest))
		if len(rest) > width && rest[width] != ' ' {
			word, _ := cutField(rest)
			cut = len(word)
		}
		s.Owners = programOwner(rest[:cut])
		rest = rest[cut:]
	}
	s.Local = strings.TrimSpace(rest)
	return s, true
}

// programOwner reads "106/dockerd", or "-" where netstat may not know.
func programOwner(s string) []fact.SocketOwner {
	number, name, ok := strings.Cut(strings.TrimSpace(s), "/")
	pid, isPID := parsePID(number)
	if !ok || !isPID {
		return nil
	}
	return []fact.SocketOwner{{Name: name, PID: pid, FD: -1}}
}

// netstatStates maps netstat's words to those of ss.
var netstatStates = map[string]string{
	"ESTABLISHED": "ESTAB", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECV", "FIN_WAIT1": "FIN-WAIT-1",
	"FIN_WAIT2": "FIN-WAIT-2", "TIME_WAIT": "TIME-WAIT", "CLOSE": "UNCONN", "CLOSE_WAIT": "CLOSE-WAIT",
	"LAST_ACK": "LAST-ACK", "LISTEN": "LISTEN", "CLOSING": "CLOSING", "UNKNOWN": "UNKNOWN",
	"LISTENING": "LISTEN", "CONNECTED": "ESTAB", "CONNECTING": "SYN-SENT", "DISCONNECTING": "CLOSING", "FREE": "UNCONN",
}
