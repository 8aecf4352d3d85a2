package join

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// Connection counts of one moment may differ: ss, the dump and netstat are taken
// seconds apart. The catalogue (causes-docker.md, section 0.3) allows 5, or 2 %.
func agree(a, b int64) bool { return max(a-b, b-a) <= max(5, max(a, b)/50) }

// clients says who holds the connections to dockerd's socket: by peer inodes, or
// where no peers are printed by the counts of both ends; what only dockerd's dump
// shows becomes one row without a process. The fullest first.
func (w *world) clients() []fact.Client {
	out := w.peerClients()
	w.counted = map[string]bool{}
	for _, ns := range w.netNamespaces() {
		if c, ok := w.countedClient(ns); ok && (ns != "" || len(out) == 0) {
			out, w.counted[ns] = append(out, c), true
		}
	}
	if c, ok := w.unlistedClient(); ok {
		out = append(out, c)
	}
	for i := range out {
		w.describe(&out[i])
	}
	w.idle(out)
	slices.SortStableFunc(out, func(a, b fact.Client) int {
		return cmp.Or(cmp.Compare(b.Connections, a.Connections), cmp.Compare(a.PID, b.PID))
	})
	return out
}

// clientCoverage says how much of the clients the listings tell.
func (w *world) clientCoverage(coverage []fact.Coverage) []fact.Coverage {
	c := fact.Coverage{At: w.at, Table: "clients"}
	listed := false
	for _, k := range coverage {
		if k.At == w.at && (k.Table == "sockets" || k.Table == "stacks" && k.Daemon == "dockerd") {
			listed = listed || k.Table == "sockets"
			c.Complete = c.Complete || k.Table == "sockets" && k.Complete
			c.Why = cmp.Or(c.Why, k.Why)
			c.Refs = fact.AppendRefs(c.Refs, k.Refs...)
		}
	}
	nameless := 0
	for _, s := range w.sockets {
		if atDockerd(s) && w.unnamed(s) {
			nameless++
		}
	}
	switch {
	case len(c.Refs) == 0 && !listed:
		return nil
	case !listed:
		c.Why = "no socket listing in the bundle"
	case c.Complete && nameless > 0:
		c.Complete, c.Why = false, "the socket listing does not name the clients of dockerd"
	}
	return []fact.Coverage{c}
}

// atDockerd reports whether s is dockerd's end of an API connection.
func atDockerd(s *fact.Socket) bool {
	return s.State == "ESTAB" && s.Endpoint == dockerSocket && s.Daemon == "dockerd"
}

// peerClients makes a row of each process that holds the other end of dockerd's
// connections.
func (w *world) peerClients() []fact.Client {
	ends := map[int64]*fact.Socket{}
	for _, s := range w.sockets {
		if s.Inode != 0 {
			ends[s.Inode] = s
		}
	}
	byPID := map[int]*fact.Client{}
	for _, s := range w.sockets {
		if !atDockerd(s) || len(s.PeerOwners) == 0 {
			continue
		}
		owner := slices.MinFunc(s.PeerOwners, func(a, b fact.SocketOwner) int { return cmp.Compare(a.PID, b.PID) })
		c := byPID[owner.PID]
		if c == nil {
			c = &fact.Client{At: w.at, Daemon: "dockerd", Endpoint: dockerSocket, PID: owner.PID, Comm: owner.Name, Via: fact.ViaPeers}
			byPID[owner.PID] = c
		}
		if c.Connections++; c.Connections == 1 {
			c.Refs = fact.AppendRefs(c.Refs, s.Refs...)
			if end := ends[s.PeerInode.V]; end != nil {
				c.Refs = fact.AppendRefs(c.Refs, end.Refs...)
			}
		}
	}
	var out []fact.Client
	for _, c := range byPID {
		out = append(out, *c)
	}
	return out
}

// unnamed reports whether a connection has a client and nothing says who: ss without -p,
// or without the right to look. A listing of another network namespace without peers,
// /proc/N/net/unix, names nobody either, unless the counts tell.
func (w *world) unnamed(s *fact.Socket) bool {
	return s.PeerState == "live" && len(s.PeerOwners) == 0 || s.NetNS != "" && !s.PeerInode.Known && !w.counted[s.NetNS]
}

// fewest is the least number of connections by whose count alone a client can be
// told: smaller counts agree by chance.
const fewest = 20

// netNamespaces are the network namespaces whose sockets are listed.
func (w *world) netNamespaces() []string {
	seen := map[string]bool{}
	for _, s := range w.sockets {
		seen[s.NetNS] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// countedClient is the one process with as many unnamed unix connections as dockerd
// has on its socket, where the listing prints no peers. Both ends of a connection are in
// one network namespace, the client's.
func (w *world) countedClient(ns string) (fact.Client, bool) {
	var served int64
	var serving []fact.Ref
	type end struct {
		name string
		n    int64
		refs []fact.Ref
	}
	byPID := map[int]*end{}
	for _, s := range w.sockets {
		if s.NetNS != ns || s.State != "ESTAB" || s.Netid != "u_str" || s.PeerInode.Known {
			continue
		}
		if atDockerd(s) {
			if served++; served == 1 {
				serving = s.Refs
			}
			continue
		}
		for _, o := range s.Owners {
			if s.Local != "" || w.roleOf(o) != "" {
				continue
			}
			if byPID[o.PID] == nil {
				byPID[o.PID] = &end{name: o.Name, refs: s.Refs}
			}
			byPID[o.PID].n++
		}
	}
	var found []fact.Client
	for pid, e := range byPID {
		if served >= fewest && agree(e.n, served) {
			found = append(found, fact.Client{
				At: w.at, Daemon: "dockerd", Endpoint: dockerSocket, PID: pid, Comm: e.name,
				Connections: min(e.n, served), Via: fact.ViaCounts, Refs: fact.AppendRefs(slices.Clone(serving), e.refs...),
			})
		}
	}
	if len(found) != 1 {
		return fact.Client{}, false
	}
	return found[0], true
}

// unlistedClient stands for the connections on which dockerd waits for a request
// and whose client no listing names. TCP connections of dockerd count as listed: the API
// may be served there, and so do those of a netstat.
func (w *world) unlistedClient() (fact.Client, bool) {
	var idle, listed int64
	nameless := map[string]bool{} // namespaces of connections whose client is not named
	c := fact.Client{At: w.at, Daemon: "dockerd", Endpoint: dockerSocket, Via: fact.ViaDump}
	for _, s := range w.stacks {
		if s.Daemon == "dockerd" && s.HTTP() == fact.HTTPIdle {
			idle += s.Count
			c.Refs = fact.AppendRefs(c.Refs, s.Refs...)
		}
	}
	for _, s := range w.sockets {
		switch {
		case s.State == "ESTAB" && s.Daemon == "dockerd" && strings.HasPrefix(s.Netid, "tcp"):
			listed++
		case !atDockerd(s) || s.PeerState == "gone":
		case w.unnamed(s):
			nameless[s.NetNS] = true
		default:
			listed++
		}
	}
	if idle <= listed || agree(idle, listed) {
		return c, false
	}
	c.Connections = idle - listed
	if c.Candidates = w.livingIn(nameless); len(c.Candidates) == 0 {
		c.Candidates = w.socketMounted()
	}
	return c, true
}

// livingIn are the containers with a process in one of the network namespaces, which are
// not the node's.
func (w *world) livingIn(namespaces map[string]bool) []string {
	has := map[string]bool{}
	for _, p := range w.processes {
		if p.Container != "" && (p.NetNS != "" && namespaces[p.NetNS] || namespaces["pid:"+strconv.Itoa(p.PID)]) {
			has[p.Container] = true
		}
	}
	var names []string
	for _, c := range w.containers {
		if has[c.ID] {
			names = append(names, c.Label())
		}
	}
	return names
}

// socketMounted are the containers that have docker's socket mounted, by their
// mountinfo or by docker inspect, and as far as is known a network namespace of their
// own that is not listed.
func (w *world) socketMounted() []string {
	has := map[string]bool{}
	for _, m := range w.mounts {
		if !strings.HasSuffix(m.Root, "/"+dockerSocket) {
			continue
		}
		for _, pid := range m.PIDs {
			if p := w.byPID[pid]; p != nil && p.Container != "" {
				has[p.Container] = true
			}
		}
	}
	listed := map[string]bool{}
	for _, ns := range w.netNamespaces() {
		listed[ns] = true
	}
	if dockerd := w.process("dockerd"); dockerd != nil {
		listed[dockerd.NetNS] = true
	}
	delete(listed, "")
	for _, p := range w.processes {
		if listed[p.NetNS] {
			delete(has, p.Container) // it would stand in the listing
		}
	}
	var names []string
	for _, c := range w.containers {
		init := w.byPID[c.PID.Or(0)]
		if has[c.ID] || c.DockerSocket && !(init != nil && listed[init.NetNS]) && c.Docker != "exited" {
			names = append(names, c.Label())
		}
	}
	return names
}

// describe adds what is known of the client's process, and what its own goroutine
// dump says.
func (w *world) describe(c *fact.Client) {
	p := w.byPID[c.PID]
	if c.PID == 0 {
		return
	}
	c.Role = w.roleOf(fact.SocketOwner{Name: c.Comm, PID: c.PID})
	program := c.Comm
	if p != nil {
		c.Comm = cmp.Or(p.Comm, c.Comm)
		c.FDCount, c.NoFile = p.FDCount, p.NoFile
		if argv := strings.Fields(p.Args); len(argv) > 0 {
			program = argv[0][strings.LastIndexByte(argv[0], '/')+1:]
		}
	}
	var calls int64
	for _, s := range w.stacks {
		if s.Daemon == "" || s.Daemon != program && s.Daemon != c.Comm {
			continue
		}
		if !c.Kept.Known {
			c.Kept = fact.Some(int64(0))
		}
		switch s.HTTP() {
		case fact.HTTPKept:
			c.Kept.V += s.Count
			c.Refs = fact.AppendRefs(c.Refs, s.Refs...)
		case fact.HTTPCall:
			calls += s.Count
		}
	}
	c.Kept.V = max(0, c.Kept.V-calls)
}

// idle says on how many of a client's connections at least no request runs. Each
// request on a live connection has its handler in dockerd's dump: what is more than
// all handlers is idle. Where every connection is listed, so are the idle
// goroutines that exceed the connections of all others. There are never more than
// the dump, taken at another second, shows idle. Without dockerd's dump the client's
// own must do.
func (w *world) idle(clients []fact.Client) {
	var handlers, idle, live int64
	dump := false
	for _, d := range w.dumps {
		dump = dump || d.Daemon == "dockerd" && d.Complete
	}
	for _, s := range w.stacks {
		switch {
		case s.Daemon != "dockerd":
		case s.HTTP() == fact.HTTPRequest:
			handlers += s.Count
		case s.HTTP() == fact.HTTPIdle:
			idle += s.Count
		}
	}
	for _, s := range w.sockets {
		if atDockerd(s) && s.PeerState != "gone" {
			live++
		}
	}
	unlisted := slices.ContainsFunc(clients, func(c fact.Client) bool { return c.Via == fact.ViaDump })
	for i := range clients {
		c := &clients[i]
		switch {
		case c.Via == fact.ViaDump:
			c.Idle = fact.Some(c.Connections)
		case dump:
			n := c.Connections - handlers
			if !unlisted {
				n = max(n, idle-(live-c.Connections))
			}
			c.Idle = fact.Some(min(max(0, n), c.Connections, idle))
		case c.Kept.Known:
			c.Idle = fact.Some(min(c.Kept.V, c.Connections))
		}
	}
}

// roleOf is the daemon that a socket's holder is, "" any other program.
func (w *world) roleOf(o fact.SocketOwner) string {
	if p := w.byPID[o.PID]; p != nil && (p.Comm != "" || p.Args != "") {
		return p.Daemon
	}
	if slices.Contains(daemonNames, o.Name) {
		return o.Name
	}
	return ""
}
