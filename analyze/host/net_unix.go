package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseNetUnix reads /proc/net/unix, proc_pid_net(5):
//
//	Num       RefCount Protocol Flags    Type St Inode Path
//	0000000049f35aaf: 00000002 00000000 00010000 0001 01 991040 /var/run/docker.sock
//
// Type 1 is stream, 2 datagram, 5 seqpacket. Flags 00010000 marks a listener. St
// is 1 unconnected, 2 connecting (a connection that nobody has accepted yet; its
// inode is 0), 3 connected, 4 disconnecting. States are given in ss's words.
func ParseNetUnix(r io.Reader, source string) ([]fact.Socket, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Socket
	for l.scan() {
		if strings.TrimSpace(l.text) == "" || strings.HasPrefix(l.text, "Num ") {
			continue
		}
		s, ok := netUnixLine(l.text)
		if !ok {
			l.refuse("a line of /proc/net/unix")
			continue
		}
		s.Refs = []fact.Ref{l.ref()}
		rows = append(rows, s)
	}
	if len(rows) > 0 {
		l.checkEnd()
	}
	return rows, l.problems()
}

func netUnixLine(text string) (fact.Socket, bool) {
	num, rest := cutField(text)
	_, rest = cutField(rest)
	_, rest = cutField(rest)
	flagWord, rest := cutField(rest)
	kind, rest := cutField(rest)
	stWord, rest := cutField(rest)
	ino, path := cutField(rest)
	flags, err1 := strconv.ParseUint(flagWord, 16, 32)
	st, err2 := strconv.ParseUint(stWord, 16, 8)
	inode, err3 := strconv.ParseInt(ino, 10, 64)
	s := fact.Socket{
		Netid: map[string]string{"0001": "u_str", "0002": "u_dgr", "0005": "u_seq"}[kind],
		Local: strings.TrimSpace(path), Inode: inode,
	}
	if err1 != nil || err2 != nil || err3 != nil || inode < 0 || s.Netid == "" || !strings.HasSuffix(num, ":") {
		return s, false
	}
	const acceptsConnections = 0x10000 // SO_ACCEPTCON
	switch {
	case flags&acceptsConnections != 0:
		s.State = "LISTEN"
	case st >= 1 && st <= 4:
		s.State = []string{"UNCONN", "SYN-SENT", "ESTAB", "CLOSING"}[st-1]
	default:
		return s, false
	}
	return s, true
}
