package analyze

import (
	"fmt"
	"strconv"
	"strings"

	"culprit/analyze/fact"
	"culprit/analyze/host"
)

// listedNetNS is the network namespace that a listing's path names: an inode number,
// "pid:N" for /proc/N/net/unix, which shows the namespace of N, "" none.
func listedNetNS(source string) string {
	if ns := host.NetNSOf(source); ns != "" {
		return ns
	}
	if pid, ok := host.PIDOf(source); ok {
		return fmt.Sprintf("pid:%d", pid)
	}
	return ""
}

// netNamespaces are the network namespaces of the processes: ns of each pid, and own,
// the one of the node itself, in which ss runs. That is the one of pid 1, and where that
// cannot be read the one of the kernel's threads.
type netNamespaces struct {
	byPID map[int]string
	own   string
}

func (a *assembly) netNamespaces() netNamespaces {
	n := netNamespaces{byPID: map[int]string{}}
	for _, p := range a.t.Processes {
		if p.At == a.at && p.NetNS != "" {
			n.byPID[p.PID] = p.NetNS
			if p.PID == 1 || p.Comm == "kthreadd" && n.own == "" {
				n.own = p.NetNS
			}
		}
	}
	return n
}

// of turns what listedNetNS says into the namespace, "" the node's own.
func (n netNamespaces) of(listed string) string {
	if number, ok := strings.CutPrefix(listed, "pid:"); ok {
		pid, _ := strconv.Atoi(number)
		if pid == 1 {
			return ""
		}
		if ns := n.byPID[pid]; ns != "" {
			listed = ns
		}
	}
	if listed == n.own {
		return ""
	}
	return listed
}

// sockets takes ss where it exists, and from netstat and /proc/net/unix only what ss did
// not list: a unix socket's inode is unique on the node, others are told apart by their
// network namespace only. The node's own listing goes first, as it names owners.
func (a *assembly) sockets() {
	namespaces := a.netNamespaces()
	unixSeen := map[int64]bool{}
	internet := map[string]bool{}
	for _, kind := range []fact.Kind{fact.KindSS, fact.KindNetstat, fact.KindNetUnix} {
		had := map[string]bool{}
		for ns := range internet {
			had[ns] = true
		}
		for _, others := range []bool{false, true} {
			for _, s := range a.parts.sockets[kind] {
				if others != (s.NetNS != "") {
					continue
				}
				s.NetNS = namespaces.of(s.NetNS)
				isUnix := strings.HasPrefix(s.Netid, "u_")
				if isUnix && s.Inode != 0 && unixSeen[s.Inode] || !isUnix && had[s.NetNS] {
					continue
				}
				if isUnix {
					unixSeen[s.Inode] = true
				} else {
					internet[s.NetNS] = true
				}
				s.At = a.at
				a.t.Sockets = append(a.t.Sockets, s)
			}
		}
	}
}
