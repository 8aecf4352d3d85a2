// Command leakclient is a client of dockerd that makes a new HTTP client for every
// call and never closes one: each leaves an idle connection behind, as programs do
// that call a constructor of the docker client library once a job. The lab runs it
// in a container.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	socket := flag.String("socket", "/var/run/docker.sock", "dockerd's socket")
	n := flag.Int("n", 1000, "calls at once, one after the other")
	every := flag.Duration("every", 250*time.Millisecond, "time between the calls after them")
	flag.Parse()
	if err := leak(*socket, *n, *every); err != nil {
		fmt.Fprintln(os.Stderr, "leakclient:", err)
		os.Exit(1)
	}
}

// leak calls n times, says so, and goes on calling for ever.
func leak(socket string, n int, every time.Duration) error {
	var clients []*http.Client // kept, so that no connection is collected
	for {
		client := &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", socket)
			},
		}}
		if err := call(client); err != nil {
			return fmt.Errorf("call %d: %w", len(clients)+1, err)
		}
		clients = append(clients, client)
		if len(clients) == n {
			fmt.Printf("%d connections\n", n)
		}
		if len(clients) >= n {
			time.Sleep(every)
		}
	}
}

// call reads the answer to its end: only then the connection is idle.
func call(client *http.Client) error {
	resp, err := client.Get("http://docker/_ping")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
