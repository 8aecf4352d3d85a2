package fact

import (
	"slices"
	"strings"
	"time"
)

// Client is who holds connections to a daemon's socket open: one process, or what
// the daemon's own dump shows beyond the connections that are listed.
type Client struct {
	At Place
	// Daemon serves Endpoint: "dockerd", "docker.sock".
	Daemon, Endpoint string
	// PID and Comm are the process at the other end; 0 and "" unknown.
	PID  int
	Comm string
	// Role is set where the client is itself a daemon: kubelet, containerd ...
	Role string
	// Connections that it holds open; those whose client is gone belong to nobody.
	Connections int64
	// Via says how the client is known.
	Via ClientVia
	// Idle is on how many of them at least no request runs; unknown without a whole
	// goroutine dump of the daemon, or of the client.
	Idle Opt[int64]
	// Kept are the connections that its own goroutine dump keeps for the next
	// request; unknown without one.
	Kept Opt[int64]
	// FDCount and NoFile are the client's open files and the soft limit.
	FDCount Opt[int]
	NoFile  Opt[int64]
	// Candidates are, where the process is unknown, the containers that have the
	// socket mounted.
	Candidates []string
	// Refs: a line of the daemon's end, one of the client's, its own dump.
	Refs []Ref
}

// ClientVia is how a client is known.
type ClientVia string

// The ways. Only peers ties every connection to its client.
const (
	// ViaPeers: the peer inodes lead from the daemon's sockets to the process.
	ViaPeers ClientVia = "peers"
	// ViaCounts: netstat prints no peers, and of all processes this one alone has as
	// many unnamed unix connections as the daemon has on the endpoint.
	ViaCounts ClientVia = "counts"
	// ViaDump: the daemon waits for requests on more connections than are listed.
	// The kernel ends a connection's goroutine when the client goes, so somebody
	// holds them, in another network namespace or in no listing.
	ViaDump ClientVia = "dump"
)

// HTTPUse is what a goroutine does for an HTTP connection, read off its frames.
type HTTPUse string

// The uses, with the functions of net/http that tell them.
const (
	HTTPNone HTTPUse = ""
	// HTTPIdle: a server waits for the next request on an open connection, in
	// conn.readRequest or in Peek right above conn.serve. When the client goes the
	// read ends and so does the goroutine.
	HTTPIdle HTTPUse = "idle"
	// HTTPRequest: the handler of a request, below serverHandler.ServeHTTP.
	HTTPRequest HTTPUse = "request"
	// HTTPWatch: the reader beside a running handler (Go 1.8 and later). It ends when
	// the client goes: a handler without one has lost its client.
	HTTPWatch HTTPUse = "watch"
	// HTTPCall: a client waits for the answer to its request.
	HTTPCall HTTPUse = "call"
	// HTTPKept: a client reads ahead on a connection of its pool: the connection is
	// kept for a next request, or an answer is awaited (then there is a HTTPCall).
	HTTPKept HTTPUse = "kept"
)

// handlerPackage is where dockerd's handlers live: debug=1 of old runtimes cuts
// stacks at 32 frames, and with them ServeHTTP.
const handlerPackage = "github.com/docker/docker/api/server"

// HTTP says what the goroutines of the group do for an HTTP connection.
func (s *Stack) HTTP() HTTPUse {
	has := func(fn string) bool { return slices.Contains(s.Frames, fn) }
	switch {
	case has("net/http.(*persistConn).roundTrip"):
		return HTTPCall
	case has("net/http.(*persistConn).readLoop"):
		if has("bufio.(*Reader).Peek") {
			return HTTPKept
		}
	case has("net/http.(*connReader).backgroundRead"):
		return HTTPWatch
	case has("net/http.serverHandler.ServeHTTP"), slices.ContainsFunc(s.Frames, func(fn string) bool {
		return strings.HasPrefix(fn, handlerPackage+"/router/") || strings.HasPrefix(fn, handlerPackage+".(*Server).makeHTTPHandler")
	}):
		return HTTPRequest
	case has("net/http.(*conn).serve") && (has("net/http.(*conn).readRequest") || has("bufio.(*Reader).Peek")):
		return HTTPIdle
	}
	return HTTPNone
}

// Waited counts the goroutines of the group with a printed age of d or more.
func (s *Stack) Waited(d time.Duration) (n int64) {
	for minutes, count := range s.Waits {
		if time.Duration(minutes)*time.Minute >= d {
			n += count
		}
	}
	return n
}
