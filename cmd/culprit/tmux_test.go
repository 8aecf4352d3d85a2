package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// terminal is a real one, by tmux.
type terminal struct {
	t      *testing.T
	server string
}

// newTerminal starts a shell command in a terminal of 80x24.
func newTerminal(t *testing.T, command string, env ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		missing(t, "tmux is missing; .ci/run installs it")
	}
	term := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	args := []string{"-u", "new-session", "-d", "-x", "80", "-y", "24"}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	term.run(append(args, command)...)
	term.run("set-option", "-g", "set-clipboard", "on")
	t.Cleanup(func() { exec.Command("tmux", "-S", term.server, "kill-server").Run() })
	return term
}

// missing ends a test for want of something that .ci/run has.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func (x *terminal) run(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.server, "-f", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (x *terminal) screen() string { return x.run("capture-pane", "-p") }

func (x *terminal) keys(keys ...string) { x.run(append([]string{"send-keys"}, keys...)...) }

// wait waits for text on the screen.
func (x *terminal) wait(text string) string {
	x.t.Helper()
	var s string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if s = x.screen(); strings.Contains(s, text) {
			return s
		}
	}
	x.t.Fatalf("no %q on the screen:\n%s", text, s)
	return ""
}

// built is the binary, made once.
func built(t *testing.T) string {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var binary = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "build", "-o", builtFile(), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make builds it, also under the race detector
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return builtFile(), err
})

func builtFile() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("culprit-test-%d", os.Getpid()))
}

// The way from the verdict to a raw line and back on a real terminal, through a storm
// of sizes; what is copied arrives, and a signal gives the terminal back.
func TestTerminal(t *testing.T) {
	binary := built(t)
	sample, err := filepath.Abs("../../samples/dstate-stop-18.09.2/bundle.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	x := newTerminal(t, fmt.Sprintf("%s %s; echo left with $?; sleep 100", binary, sample), "TERM=screen-256color")
	x.wait("ROOT CAUSE  certain")
	x.keys("/", "b", "e", "c", "a", "u", "s", "e", "Enter")
	x.wait("/because  1/2 of")
	x.keys("Enter")
	x.wait("proc/507/status:39")
	x.keys("Enter")
	x.wait("percpu_rwsem_wait")
	for range 5 {
		for _, size := range [][2]int{{160, 45}, {20, 5}, {7, 2}, {200, 50}, {40, 10}, {80, 24}} {
			x.run("resize-window", "-x", fmt.Sprint(size[0]), "-y", fmt.Sprint(size[1]))
		}
	}
	x.wait("percpu_rwsem_wait")
	x.keys("t")
	x.wait("nothing is pinned")
	x.keys("[")
	x.wait("percpu_rwsem_wait")
	x.keys("Y")
	x.wait("sent to the terminal's clipboard")
	buffer := ""
	for range 50 {
		out, _ := exec.Command("tmux", "-S", x.server, "show-buffer").Output()
		if buffer = string(out); buffer != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !strings.HasPrefix(buffer, "proc/507/stack:1: ") || !strings.Contains(buffer, "percpu_rwsem_wait") {
		t.Errorf("copied %q", buffer)
	}
	x.keys("Escape")
	x.wait("proc/507/status:39")
	pid := strings.TrimSpace(x.run("list-panes", "-F", "#{pane_pid}"))
	out, err := exec.Command("pgrep", "-P", pid, "culprit").Output()
	if err != nil {
		t.Fatal(err)
	}
	var child int
	fmt.Sscan(string(out), &child)
	if err := syscall.Kill(child, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s := x.wait("left with ")
	if strings.Contains(s, "proc/507") || x.run("display-message", "-p", "#{alternate_on}#{mouse_any_flag}") != "00\n" {
		t.Errorf("the terminal is not as it was:\n%s", s)
	}
}

// color is an escape sequence that sets one; 39 and 49 take it back.
var color = regexp.MustCompile(`\x1b\[(?:3[0-8]|4[0-8]|9[0-7])`)

// Without colors and on a dumb terminal the cursor can still be told; where there are
// colors and a locale with UTF-8 they are used.
func TestPoorTerminals(t *testing.T) {
	binary := built(t)
	sample, err := filepath.Abs("../../samples/healthy-20.10.24/bundle.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env    string
		colors bool
		sign   string
	}{
		{"NO_COLOR=1 TERM=screen LC_ALL=C", false, "--"},
		{"TERM=dumb LC_ALL=C", false, "--"},
		{"TERM=screen-256color LC_ALL=C.UTF-8", true, "──"},
	} {
		x := newTerminal(t, fmt.Sprintf("env %s %s tui %s; echo left with $?; sleep 100", tt.env, binary, sample))
		x.wait("> NO ROOT CAUSE")
		x.keys("6")
		x.wait(tt.sign)
		x.keys("1", "down")
		x.wait("[1 sum]")
		if colored := x.run("capture-pane", "-p", "-e"); color.MatchString(colored) != tt.colors {
			t.Errorf("%s: colors:\n%q", tt.env, colored)
		}
		x.keys("q")
		x.wait("left with 0")
	}
}
