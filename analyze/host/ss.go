package host

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseSS reads the output of iproute2's ss(8) with any of -a -n -p -x -t -u -e
// -m -i. The header says whether the columns Netid and State are there:
//
//	Netid State Recv-Q Send-Q      Local Address:Port   Peer Address:Port Process
//	u_str ESTAB 0      0      /var/run/docker.sock 651023          * 0    users:(("dockerd",pid=106,fd=220))
//	tcp   LISTEN 0     4096              127.0.0.1:10248     0.0.0.0:*    users:(("kubelet",pid=801,fd=19))
//
// A unix socket's address is a path, or "*" where it has none, and an inode; a
// peer inode 0 means that the other end is gone, or that a listener has none.
// Indented lines and the extras behind the addresses are ignored, but ino: of -e.
// Without a Netid column, states tell tcp from udp. Rows that a filter left without a
// header are read where a state stands in them.
func ParseSS(r io.Reader, source string) ([]fact.Socket, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Socket
	var h ssHeader
	for l.scan() {
		text := strings.TrimRight(l.text, " \t")
		switch {
		case text == "":
		case strings.Contains(text, "Recv-Q") && strings.Contains(text, "Send-Q"):
			h = ssHeader{seen: true, netid: strings.HasPrefix(text, "Netid"), state: strings.Contains(text, "State")}
		case text[0] == ' ' || text[0] == '\t': // details of the socket above: -m, -i
		case !h.seen && !ssShape(text).seen:
			l.refuse("a header of ss")
		default:
			columns := h
			if !h.seen {
				columns = ssShape(text)
			}
			if s, ok := columns.socket(text); ok {
				s.Refs = []fact.Ref{l.ref()}
				rows = append(rows, s)
			} else {
				l.refuse("a socket of ss")
			}
		}
	}
	if len(rows) > 0 {
		l.checkEnd()
	}
	return rows, l.problems()
}

type ssHeader struct{ seen, netid, state bool }

// ssShape tells the first columns of a row that a filter left without its header:
// with a state in them they are unmistakable. The zero value is no row.
func ssShape(text string) ssHeader {
	first, rest := cutField(text)
	second, _ := cutField(rest)
	switch {
	case isSocketState(first):
		return ssHeader{seen: true, state: true}
	case isSocketState(second) && slices.Contains(ssNetids, first):
		return ssHeader{seen: true, netid: true, state: true}
	}
	return ssHeader{}
}

// ssNetids are the words of ss's Netid column.
var ssNetids = strings.Fields("u_str u_dgr u_seq tcp udp raw nl p_raw p_dgr icmp6 v_str v_dgr sctp dccp mptcp xdp tipc ???")

func (h ssHeader) socket(text string) (fact.Socket, bool) {
	var s fact.Socket
	if i := strings.Index(text, " users:(("); i >= 0 {
		var extras string
		s.Owners, extras = ssOwners(text[i+len(" users:("):])
		text = text[:i] + extras
	}
	if h.netid {
		s.Netid, text = cutField(text)
	}
	if h.state {
		s.State, text = cutField(text)
	}
	recv, text := cutField(text)
	send, text := cutField(text)
	recvQ, err1 := strconv.ParseInt(recv, 10, 64)
	sendQ, err2 := strconv.ParseInt(send, 10, 64)
	words := strings.Fields(text)
	if err1 != nil || err2 != nil || len(words) < 2 || !isSocketState(s.State) && h.state {
		return s, false
	}
	s.RecvQ, s.SendQ = fact.Some(recvQ), fact.Some(sendQ)
	if strings.HasPrefix(s.Netid, "u_") || !h.netid && !strings.Contains(words[0], ":") {
		return s, setUnixEnds(&s, words)
	}
	s.Local, s.Peer = words[0], words[1]
	for _, extra := range words[2:] {
		if ino, found := strings.CutPrefix(extra, "ino:"); found {
			s.Inode, _ = strconv.ParseInt(ino, 10, 64)
		}
	}
	if !h.netid && h.state {
		if s.Netid = "tcp"; s.State == "UNCONN" {
			s.Netid = "udp"
		}
	}
	return s, true
}

// setUnixEnds reads "path inode peerpath peerinode"; a path may hold blanks.
func setUnixEnds(s *fact.Socket, words []string) bool {
	for k := 1; k+2 < len(words); k++ {
		inode, err1 := strconv.ParseInt(words[k], 10, 64)
		peer, err2 := strconv.ParseInt(words[k+2], 10, 64)
		if err1 != nil || err2 != nil || inode < 0 || peer < 0 {
			continue
		}
		s.Local, s.Inode = strings.Join(words[:k], " "), inode
		s.Peer, s.PeerInode = words[k+1], fact.Some(peer)
		return true
	}
	return false
}

// ssOwners reads ("dockerd",pid=106,fd=3),("systemd",pid=1,fd=41)) and returns
// what stands behind it; before iproute2 3.19 it was ("sshd",1231,3)). A name may
// hold anything but the mark `",` at its end.
func ssOwners(s string) (owners []fact.SocketOwner, rest string) {
	for strings.HasPrefix(s, `("`) {
		name, after, ok := strings.Cut(s[len(`("`):], `",`)
		values, tail, ok2 := strings.Cut(after, ")")
		if !ok || !ok2 {
			return owners, ""
		}
		if o := ssOwner(name, values); o.PID > 0 {
			owners = append(owners, o)
		}
		s = strings.TrimPrefix(tail, ",")
	}
	return owners, strings.TrimPrefix(s, ")")
}

// ssOwner reads the values of one owner, "pid=106,fd=3" or "106,3".
func ssOwner(name, values string) fact.SocketOwner {
	o := fact.SocketOwner{Name: name}
	for i, field := range strings.Split(values, ",") {
		key, value, named := strings.Cut(field, "=")
		if !named {
			key, value = [...]string{"pid", "fd", ""}[min(i, 2)], field
		}
		n, err := strconv.Atoi(value)
		switch {
		case err != nil || n < 0:
		case key == "pid":
			o.PID = n
		case key == "fd":
			o.FD = n
		}
	}
	return o
}

// socketStates are the states in ss's words.
var socketStates = strings.Fields(`ESTAB SYN-SENT SYN-RECV FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT UNCONN CLOSE-WAIT
	LAST-ACK LISTEN CLOSING NEW-SYN-RECV BOUND-INACTIVE UNKNOWN`)

func isSocketState(s string) bool { return slices.Contains(socketStates, s) }
