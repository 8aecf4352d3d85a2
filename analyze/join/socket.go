package join

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// dockerSocket is what dockerd's API socket is called in every default.
const dockerSocket = "docker.sock"

// endpoints are the sockets that daemons serve.
var endpoints = []string{dockerSocket, "containerd.sock", "containerd.sock.ttrpc", "docker-containerd.sock", "crio.sock", "dockershim.sock"}

// peers says which of a daemon's connections still have a client.
func (w *world) peers() {
	w.openSockets()
	owners := map[int64][]fact.SocketOwner{}
	for _, s := range w.sockets {
		if s.Inode != 0 {
			owners[s.Inode] = append(owners[s.Inode], s.Owners...)
		}
	}
	others := w.otherServers()
	for _, s := range w.sockets {
		for _, o := range s.Owners {
			s.Daemon = cmp.Or(w.roleOf(o), s.Daemon)
		}
		if name := endpointOf(s); name != "" && (s.Daemon != "" || !others[server{s.NetNS, name}]) {
			s.Endpoint = name
			if len(s.Owners) == 0 && s.Endpoint == dockerSocket {
				s.Daemon = "dockerd" // the path stands at the end that serves it
			}
		}
		if s.State != "ESTAB" || s.Endpoint == "" || !s.PeerInode.Known {
			continue
		}
		s.PeerState = "live"
		if s.PeerInode.V == 0 {
			s.PeerState = "gone"
		}
		s.PeerOwners = owners[s.PeerInode.V]
	}
}

// endpointOf is the daemon's socket that the path of s names, "" none.
func endpointOf(s *fact.Socket) string {
	if i := strings.LastIndexByte(s.Local, '/'); i >= 0 && slices.Contains(endpoints, s.Local[i+1:]) {
		return s.Local[i+1:]
	}
	return ""
}

// server is who serves an endpoint of one name in one network namespace.
type server struct{ netns, endpoint string }

// otherServers are those in another network namespace than the node's and its daemons':
// a docker in a container has a docker.sock of its own.
func (w *world) otherServers() map[server]bool {
	home := map[string]bool{"": true}
	for _, p := range w.processes {
		if slices.Contains(daemonNames, p.Daemon) { // not one inside a container: nest
			home[p.NetNS] = true
		}
	}
	out := map[server]bool{}
	for _, s := range w.sockets {
		if name := endpointOf(s); name != "" && s.State == "LISTEN" && !home[s.NetNS] {
			out[server{s.NetNS, name}] = true
		}
	}
	return out
}

// openSockets names the holders of sockets that were listed without them (ss
// without -p, /proc/net/unix) from the descriptors in /proc/PID/fd.
func (w *world) openSockets() {
	type holder struct {
		owner fact.SocketOwner
		ref   fact.Ref
	}
	held := map[string][]holder{}
	for _, p := range w.processes {
		var listing fact.Ref
		for _, r := range p.Refs {
			if strings.HasSuffix(r.Source, "fd") {
				listing = r
			}
		}
		for _, fd := range p.FDs {
			if strings.HasPrefix(fd.Target, "socket:[") {
				held[fd.Target] = append(held[fd.Target], holder{fact.SocketOwner{Name: p.Comm, PID: p.PID, FD: fd.N}, listing})
			}
		}
	}
	for _, s := range w.sockets {
		if len(s.Owners) > 0 || s.Inode == 0 {
			continue
		}
		for _, h := range held[socketLink(s.Inode)] {
			s.Owners = append(s.Owners, h.owner)
			s.Refs = fact.AppendRefs(s.Refs, h.ref)
		}
	}
}

// socketLink is how /proc/PID/fd names a socket.
func socketLink(inode int64) string { return "socket:[" + strconv.FormatInt(inode, 10) + "]" }
