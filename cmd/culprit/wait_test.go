//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// While one run writes into a store, others are refused, or wait with --wait, and say for
// whom. A run that is killed holds nobody up.
func TestTwoRuns(t *testing.T) {
	binary, work := built(t), t.TempDir()
	const bundles = 6
	dir, store := manyBundles(t, bundles), filepath.Join(work, "s.db")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	first := speak(t, binary, "batch", dir, "--store", store, "--workers", "1")
	who := fmt.Sprintf("process %d on %s", first.Process.Pid, host)
	until(t, "lock of "+who, func() bool {
		text, _ := os.ReadFile(store + ".lock")
		return string(text) == who
	})
	first.Process.Signal(syscall.SIGSTOP)
	if said := first.said(); said != "" {
		t.Fatalf("the first run was not stopped in time:\n%s", said)
	}
	locked := "culprit: --store " + store + ": another run writes into this store: " + who + " has " + store + ".lock"
	for _, args := range [][]string{{"batch", dir}, {"merge", work}} {
		refused := speak(t, binary, append(args, "--store", store)...)
		if refused.Wait(); refused.ProcessState.ExitCode() != exitError || refused.said() != locked+"; --wait waits for it\n" {
			t.Errorf("%q: %v\n%s", args, refused.ProcessState, refused.said())
		}
	}
	var waiting []*speaker
	for _, args := range [][]string{{"batch", dir}, {"merge", work}, {"batch", dir}} {
		w := speak(t, binary, append(args, "--store", store, "--wait")...)
		until(t, "run that waits", func() bool { return w.said() == locked+": waiting for it\n" })
		waiting = append(waiting, w)
	}
	bored := waiting[0]
	bored.Process.Signal(os.Interrupt)
	if bored.Wait(); bored.ProcessState.ExitCode() != exitError || !strings.HasSuffix(bored.said(), ": interrupt signal received\n") {
		t.Errorf("the run that was interrupted: %v\n%s", bored.ProcessState, bored.said())
	}
	first.Process.Kill()
	for _, w := range waiting[1:] {
		if err := w.Wait(); err != nil || strings.Count(w.said(), "waiting") != 1 {
			t.Errorf("%q: %v\n%s", w.Args, err, w.said())
		}
	}
	if n := strings.Count(must(t, binary, "fleet", "export", "--store", store), "\n"); n != bundles {
		t.Errorf("%d results, want %d", n, bundles)
	}
	if text, err := os.ReadFile(store + ".lock"); err != nil || len(text) > 0 {
		t.Errorf("nobody writes, and the lock says %q, %v", text, err)
	}
}

// speaker is a process of which can be read what it said on stderr so far.
type speaker struct {
	*exec.Cmd
	stderr string
}

func speak(t *testing.T, binary string, args ...string) *speaker {
	t.Helper()
	stderr, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	s := &speaker{exec.CommandContext(t.Context(), binary, args...), stderr.Name()}
	s.Stderr = stderr
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill(); s.Wait() })
	return s
}

func (s *speaker) said() string {
	text, _ := os.ReadFile(s.stderr)
	return string(text)
}

// until waits for something, for a minute.
func until(t testing.TB, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !there(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}
