package join

import (
	"fmt"
	"testing"

	"culprit/analyze/fact"
)

func unix(local string, inode, peer int64, owner string, pid int) fact.Socket {
	s := fact.Socket{Netid: "u_str", State: "ESTAB", Local: local, Inode: inode, Refs: []fact.Ref{{Source: "ss", Line: int(inode)}}}
	if peer >= 0 {
		s.PeerInode = fact.Some(peer)
	}
	if owner != "" {
		s.Owners = []fact.SocketOwner{{Name: owner, PID: pid, FD: 3}}
	}
	return s
}

const sock = "/run/docker.sock"

// pairs are n connections of a process to dockerd; without peers as netstat lists them.
func pairs(from int64, n int, name string, pid int, peers bool) (out []fact.Socket) {
	for i := range int64(n) {
		server, client := from+2*i, from+2*i+1
		if peers {
			out = append(out, unix(sock, server, client, "dockerd", 90), unix("*", client, server, name, pid))
		} else {
			out = append(out, unix(sock, server, -1, "dockerd", 90), unix("", client, -1, name, pid))
		}
	}
	return out
}

func served(count int64, frames ...string) fact.Stack {
	return fact.Stack{Daemon: "dockerd", Count: count, Frames: append(frames, "net/http.(*conn).serve"), Refs: []fact.Ref{ref("dump")}}
}

func TestClients(t *testing.T) {
	idle := func(n int64) fact.Stack { return served(n, "bufio.(*Reader).Peek") }
	handlers := func(n int64) fact.Stack { return served(n, "net/http.serverHandler.ServeHTTP") }
	concat := func(lists ...[]fact.Socket) (out []fact.Socket) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	own := []fact.Stack{{Daemon: "agent", Count: 40, Frames: []string{"bufio.(*Reader).Peek", "net/http.(*persistConn).readLoop"}},
		{Daemon: "agent", Count: 10, Frames: []string{"net/http.(*persistConn).roundTrip"}}}
	for _, tt := range []struct {
		name    string
		sockets []fact.Socket
		stacks  []fact.Stack
		want    string // pid via connections idle ("?" unknown)
	}{
		{"both ends", pairs(100, 40, "agent", 7, true), []fact.Stack{idle(40)}, "[7 peers 40 40]"},
		{"no dump", pairs(100, 40, "agent", 7, true), nil, "[7 peers 40 ?]"},
		{"its own dump, ten requests under way", pairs(100, 40, "agent", 7, true), own, "[7 peers 40 30]"},
		{"handlers on all", pairs(100, 40, "agent", 7, true), []fact.Stack{handlers(40)}, "[7 peers 40 0]"},
		{"two clients, who is idle follows from the sum", concat(pairs(100, 60, "agent", 7, true), pairs(1000, 20, "other", 8, true)),
			[]fact.Stack{idle(60), handlers(20)}, "[7 peers 60 40 8 peers 20 0]"},
		{"handlers without a client leave the others idle", concat(pairs(100, 60, "agent", 7, true), []fact.Socket{unix(sock, 900, 0, "dockerd", 90)}),
			[]fact.Stack{idle(60), handlers(300)}, "[7 peers 60 60]"},
		{"idle ones elsewhere prove nothing of the listed", pairs(100, 40, "agent", 7, true), []fact.Stack{idle(100), handlers(40)}, "[0 dump 60 60 7 peers 40 0]"},
		{"a burst that was over when the dump came", pairs(100, 40, "agent", 7, true), []fact.Stack{idle(3)}, "[7 peers 40 3]"},
		{"peers gone", []fact.Socket{unix(sock, 100, 0, "dockerd", 90)}, []fact.Stack{idle(1)}, "[]"},
		{"dump alone", nil, []fact.Stack{idle(40)}, "[0 dump 40 40]"},
		{"the API on TCP too", []fact.Socket{{Netid: "tcp", State: "ESTAB", Owners: []fact.SocketOwner{{Name: "dockerd", PID: 90}}}}, []fact.Stack{idle(7)}, "[0 dump 6 6]"},
		{"counts of a moment differ", pairs(100, 200, "agent", 7, true), []fact.Stack{idle(204)}, "[7 peers 200 200]"},
		{"no owners", concat([]fact.Socket{unix(sock, 100, 101, "", 0), unix("*", 101, 100, "", 0)}, pairs(200, 9, "", 0, true)), []fact.Stack{idle(10)}, "[0 dump 10 10]"},
		{"netstat", pairs(100, 40, "agent", 7, false), []fact.Stack{idle(40)}, "[7 counts 40 40]"},
		{"netstat, two with as many", concat(pairs(100, 20, "agent", 7, false), []fact.Socket{}, pairs(1000, 20, "other", 8, false)), nil, "[]"},
		{"netstat, few", pairs(100, 19, "agent", 7, false), nil, "[]"},
		{"netstat, the client is a daemon", pairs(100, 40, "containerd", 95, false), nil, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := node(fact.Process{PID: 7, Comm: "agent", State: "S"})
			tables.Sockets, tables.Stacks = tt.sockets, tt.stacks
			for _, s := range tt.stacks {
				tables.Dumps = append(tables.Dumps, fact.Dump{Daemon: s.Daemon, Complete: true})
			}
			Join(tables)
			got := []any{}
			for _, c := range tables.Clients {
				var idle any = "?"
				if c.Idle.Known {
					idle = c.Idle.V
				}
				got = append(got, c.PID, c.Via, c.Connections, idle)
			}
			if fmt.Sprint(got) != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}

// TestCutDumpTellsNoIdleConnection: handlers may be among what was cut.
func TestCutDumpTellsNoIdleConnection(t *testing.T) {
	tables := node()
	tables.Sockets, tables.Stacks = pairs(100, 40, "agent", 7, true), []fact.Stack{served(40, "bufio.(*Reader).Peek")}
	tables.Dumps = []fact.Dump{{Daemon: "dockerd"}}
	Join(tables)
	if len(tables.Clients) != 1 || tables.Clients[0].Idle.Known {
		t.Errorf("%+v", tables.Clients)
	}
}

// TestExecs: of the shim's children one is the init, the others came by exec.
func TestExecs(t *testing.T) {
	tables := node(
		fact.Process{PID: 500, State: "S", PPID: fact.Some(400), NSPID: []int{500, 1}},
		fact.Process{PID: 501, State: "S", PPID: fact.Some(400), NSPID: []int{501, 9}},
		fact.Process{PID: 502, State: "S", PPID: fact.Some(501)},
		fact.Process{PID: 503, State: "S", PPID: fact.Some(1)},
	)
	Join(tables)
	got := map[int]fact.Opt[bool]{}
	for _, p := range tables.Processes {
		got[p.PID] = p.ByExec
	}
	if got[500] != fact.Some(false) || got[501] != fact.Some(true) || got[502] != fact.Some(false) || got[503].Known {
		t.Error(got)
	}
}

// TestClientsOfOtherNamespaces: without peers the counts name a client in each network
// namespace by itself, beside those that peers name; one that nothing names is unknown,
// and perhaps in the container that lives there.
func TestClientsOfOtherNamespaces(t *testing.T) {
	in := func(ns string, sockets []fact.Socket) []fact.Socket {
		for i := range sockets {
			sockets[i].NetNS = ns
			if sockets[i].Local == sock {
				sockets[i].Owners = nil
			}
		}
		return sockets
	}
	inner := append(in("9", pairs(300, 40, "agent", 7, true)), in("9", []fact.Socket{{Netid: "u_str", State: "LISTEN", Local: sock}})...)
	for _, tt := range []struct {
		name    string
		sockets []fact.Socket
		want    string // pid via connections candidates
	}{
		{"peers", append(in("9", pairs(100, 40, "agent", 7, true)), pairs(300, 5, "other", 8, true)...), "[7 peers 40 [] 8 peers 5 []]"},
		{"counts beside peers", append(in("9", pairs(100, 40, "agent", 7, false)), pairs(300, 5, "other", 8, true)...), "[7 counts 40 [] 8 peers 5 []]"},
		{"counts of another namespace do not agree", append(in("9", pairs(100, 40, "", 0, false)), in("10", pairs(300, 40, "agent", 7, false)[1:2])...), "[0 dump 40 [box]]"},
		{"nobody named", in("9", pairs(100, 40, "", 0, true)), "[0 dump 40 [box]]"},
		{"a docker of its own", inner, "[0 dump 40 []]"},
	} {
		tables := &fact.Tables{
			Nodes: []fact.Node{{}}, Sockets: tt.sockets,
			Containers: []fact.Container{{ID: idA, Name: "box", Docker: "running"}},
			Processes:  []fact.Process{{PID: 90, Comm: "dockerd", Daemon: "dockerd", NetNS: "1"}, {PID: 7, Comm: "agent", NetNS: "9", Container: idA}, {PID: 8, Comm: "other", NetNS: "1"}},
			Stacks:     []fact.Stack{served(40, "bufio.(*Reader).Peek")},
		}
		Join(tables)
		var got []any
		for _, c := range tables.Clients {
			got = append(got, c.PID, c.Via, c.Connections, c.Candidates)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
