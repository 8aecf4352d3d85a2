package rules

import (
	"cmp"
	"fmt"
	"strings"

	"culprit/analyze/fact"
)

var clientsTable = func() *Schema {
	type T = fact.Client
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "clients", Weight: "connections",
		Doc: "who holds connections to a daemon's socket open, a row a process",
		Columns: []Column{
			strCol("daemon", "daemon that serves them", func(r *T) string { return r.Daemon }),
			strCol("endpoint", "socket that they are on: docker.sock", func(r *T) string { return r.Endpoint }),
			knownStr("comm", "the client's command name", func(r *T) string { return r.Comm }),
			intCol("pid", "the client's process id", func(r *T) fact.Opt[int64] { return fact.Opt[int64]{V: int64(r.PID), Known: r.PID != 0} }),
			strCol("who", "the client in words, also where its process is unknown", whoOf),
			strCol("role", "kubelet, containerd ... where the client is a daemon itself, empty for others", func(r *T) string { return r.Role }),
			intCol("connections", "connections that it holds", func(r *T) fact.Opt[int64] { return opt(r.Connections) }),
			strCol("via", `how it is known: "peers" by peer inodes, "counts" as the one process with as many (netstat), "dump" as what dockerd's dump shows beyond the listing`,
				func(r *T) string { return string(r.Via) }),
			intCol("idle", "connections of it on which at least no request runs; unknown without a whole dump of the daemon or of the client",
				func(r *T) fact.Opt[int64] { return r.Idle }),
			boolCol("judged", "a dump tells on which of its connections requests run", func(r *T) fact.Opt[bool] { return opt(r.Idle.Known) }),
			intCol("kept", "connections that its own goroutine dump keeps for a next request", func(r *T) fact.Opt[int64] { return r.Kept }),
			intCol("fds_percent", "its open files in percent of its soft limit", func(r *T) fact.Opt[int64] { return percent(r.FDCount, r.NoFile) }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Clients }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyDaemon: keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, r.Daemon, r.Daemon }),
		fact.KeyPID: keyed(fact.KeyPID, func(r *T) (fact.Place, string, string) {
			if r.PID == 0 {
				return r.At, "", ""
			}
			return r.At, fmt.Sprint(r.PID), r.Comm
		}),
		fact.KeyNode: nodeKey(place),
	}
	return s
}()

// whoOf names the client, or says what is known of one without a process.
func whoOf(c *fact.Client) string {
	switch {
	case c.PID != 0:
		return fmt.Sprintf("%s (%d)", cmp.Or(c.Comm, "process"), c.PID)
	case len(c.Candidates) > 0:
		return "a client that no listing names, perhaps in " + strings.Join(c.Candidates, ", ")
	}
	return "a client that no listing names"
}
