package collect_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A scene is a node in small with something wrong on it: this binary again, as pid 1
// of a PID and a mount namespace of its own with its own /proc and an empty /run. It
// sets its fault up, runs the collector, writes down what came of it, and whatever
// it mounted or started ends with it.

// partEnv names the part that a process of this binary plays.
const partEnv = "COLLECT_TEST_PART"

// stage is what a scene is told.
type stage struct {
	Name   string   // the fault, a key of faults
	Dir    string   // a folder that is seen from outside too
	Shell  []string // the collector's shell, such as {"busybox", "ash"}
	Script string
	Args   []string // the collector's, %DIR% stands for Dir
	Env    []string // the collector's whole environment
	Piped  bool     // the script comes on stdin and the bundle goes to a pipe
	// Limit, in seconds, is when a collector that has not ended is given up.
	Limit float64

	victims []victim
}

// outcome is what came of it.
type outcome struct {
	Dir     string  // the stage's folder
	Err     string  // the scene could not be played
	Ended   bool    // the collector, before the stage's limit
	RC      int     // its exit status
	Seconds float64 // its time
	CPU     float64 // seconds that it and its children used
	Stderr  string
	Harmed  []string // processes of the scene that are not as they were
	Left    []string // processes of the collector that are still there and not yet dead
	Output  []string // files of DIR/out afterwards
	Temp    []string // files of DIR/tmp afterwards
}

// victim is a process that no collector may harm.
type victim struct {
	name string
	pid  int
	stat string // state and start time before the collector ran
}

// playPart is main of every process of a scene.
func playPart(part string, args []string) int {
	var err error
	switch part {
	case "scene":
		err = playScene(args[0])
	case "wedge":
		err = mountWedge(args[0])
	case "writer":
		err = hangCmdline(args[0], args[1])
	default:
		err = fmt.Errorf("no part %q", part)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, part+":", err)
		return 1
	}
	return 0
}

// playScene is pid 1 of a scene. The outcome goes to Dir/outcome.json.
func playScene(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s := &stage{}
	if err := json.Unmarshal(text, s); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	out := outcome{}
	if err := s.furnish(); err != nil {
		out.Err = err.Error()
	} else if err := faults[s.Name](s); err != nil {
		out.Err = err.Error()
	} else {
		s.collect(&out)
	}
	text, err = json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.Dir, "outcome.json"), text, 0o644)
}

// furnish makes the namespaces a node: nothing of the scene shows outside, and
// nothing of the processes and daemons outside inside.
func (s *stage) furnish() error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"none", "/", "", syscall.MS_REC | syscall.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"tmpfs", "/run", "tmpfs", 0},
	} {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %v", m.target, err)
		}
	}
	for _, dir := range []string{"out", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	_, err := s.start("bystander", "sleep", "3600")
	return err
}

// start runs a process that is to outlive the collector unharmed.
func (s *stage) start(name string, command ...string) (*exec.Cmd, error) {
	cmd := exec.Command(command[0], command[1:]...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.victims = append(s.victims, victim{name: name, pid: cmd.Process.Pid})
	return cmd, nil
}

// part runs another part of this binary and waits until it says that it is ready.
// Lines before that are returned.
func (s *stage) part(part string, args ...string) (pid int, said []string, err error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), partEnv+"="+part)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	s.victims = append(s.victims, victim{name: part, pid: cmd.Process.Pid})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return cmd.Process.Pid, said, nil
		}
		said = append(said, lines.Text())
	}
	return 0, said, fmt.Errorf("%s did not become ready", part)
}

// wedge mounts a wedged filesystem at dir, still answering, and returns its daemon.
func (s *stage) wedge(dir string) (pid int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	pid, said, err := s.part("wedge", dir)
	if err != nil {
		return 0, err
	}
	for _, line := range said {
		if number, ok := strings.CutPrefix(line, "connection "); ok {
			f, err := os.OpenFile(filepath.Join(s.Dir, "connections"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return 0, err
			}
			defer f.Close()
			if _, err := fmt.Fprintln(f, number); err != nil {
				return 0, err
			}
		}
	}
	return pid, nil
}

// await waits until the process is in the state, a letter of /proc/PID/stat.
func await(pid int, state string) error {
	for range 500 {
		if now, _ := stat(pid); strings.HasPrefix(now, state) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	now, _ := stat(pid)
	return fmt.Errorf("process %d is %q, not in state %s", pid, now, state)
}

// stat is the state and start time of a process: "S 4711".
func stat(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return "", errors.New("short stat")
	}
	return fields[0] + " " + fields[19], nil
}

// steady says whether two stats are of one process in one state; running and
// sleeping are one.
func steady(before, after string) bool {
	norm := strings.NewReplacer("R ", "S ")
	return norm.Replace(before) == norm.Replace(after)
}

// collect runs the collector and compares the scene before and after.
func (s *stage) collect(out *outcome) {
	for i, v := range s.victims {
		now, err := stat(v.pid)
		if err != nil {
			out.Err = fmt.Sprintf("%s: %v", v.name, err)
			return
		}
		s.victims[i].stat = now
	}
	if err := s.run(out); err != nil {
		out.Err = err.Error()
		return
	}
	for _, v := range s.victims {
		if now, err := stat(v.pid); err != nil || !steady(v.stat, now) {
			out.Harmed = append(out.Harmed, fmt.Sprintf("%s (%d) was %q and is %q", v.name, v.pid, v.stat, now))
		}
	}
	for range 40 { // what was killed may need a moment to die, and a sleep of 3 s is no harm
		if out.Left = s.leftBehind(); len(out.Left) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	out.Output, out.Temp = list(filepath.Join(s.Dir, "out")), list(filepath.Join(s.Dir, "tmp"))
}

func (s *stage) run(out *outcome) error {
	stderr, err := os.Create(filepath.Join(s.Dir, "stderr"))
	if err != nil {
		return err
	}
	defer stderr.Close()
	words := slices.Clone(s.Shell)
	if s.Piped {
		words = append(words, "-s", "--")
	} else {
		words = append(words, s.Script)
	}
	for _, a := range s.Args {
		words = append(words, strings.ReplaceAll(a, "%DIR%", s.Dir))
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Stderr = s.Dir, stderr
	for _, e := range s.Env {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "%DIR%", s.Dir))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	started, piped := func() {}, make(chan error, 1)
	if s.Piped {
		w, err := s.pipe(cmd, piped)
		if err != nil {
			return err
		}
		started = func() { w.Close() } // its end of the pipe is the collector's now
	} else {
		piped <- nil
	}
	start := time.Now()
	err = cmd.Start()
	started()
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		<-piped
		close(ended)
	}()
	select {
	case <-ended:
		out.Ended, out.RC = true, cmd.ProcessState.ExitCode()
		out.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	case <-time.After(time.Duration(s.Limit * float64(time.Second))):
	}
	out.Seconds = time.Since(start).Seconds()
	text, err := os.ReadFile(stderr.Name())
	out.Stderr = string(text)
	return err
}

// pipe gives the command the script as its stdin and a pipe as its stdout, which is
// copied to DIR/out/bundle.tar.gz until every writer is gone.
func (s *stage) pipe(cmd *exec.Cmd, done chan<- error) (*os.File, error) {
	in, err := os.Open(s.Script)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	to, err := os.Create(filepath.Join(s.Dir, "out", "bundle.tar.gz"))
	if err != nil {
		return nil, err
	}
	go func() {
		_, err := io.Copy(to, r)
		done <- errors.Join(err, to.Close())
	}()
	cmd.Stdin, cmd.Stdout = in, w
	return w, nil
}

// leftBehind lists the processes of the scene that nobody placed there and that are
// not dead: what the collector left. One in D state cannot be helped.
func (s *stage) leftBehind() []string {
	known := map[string]bool{"1": true}
	for _, v := range s.victims {
		known[fmt.Sprint(v.pid)] = true
	}
	var left []string
	for _, pid := range list("/proc") {
		if pid[0] < '0' || pid[0] > '9' || known[pid] {
			continue
		}
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		rest := string(text[strings.LastIndexByte(string(text), ')')+1:])
		comm := string(text[strings.IndexByte(string(text), '('):])
		comm, _, _ = strings.Cut(comm, ")")
		if state := strings.Fields(rest)[0]; state != "Z" && state != "X" {
			left = append(left, state+" "+pid+" "+comm+")")
		}
	}
	return left
}

// list names the entries of a folder.
func list(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// play plays a scene and tears it down, also when the collector hangs.
func play(t *testing.T, s stage) outcome {
	t.Helper()
	need(t, os.Geteuid() == 0, "root")
	s.Dir = t.TempDir()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.Dir, "stage.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.Limit+60)*time.Second)
	defer cancel()
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Killing pid 1 ends every process of the namespace, and with its daemon a FUSE
	// connection ends too; the abort is for what that leaves.
	cmd := exec.CommandContext(ctx, self, file)
	cmd.Env = append(os.Environ(), partEnv+"=scene")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setsid: true,
	}
	// The scene ends when this pipe does, however this process ends.
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	t.Cleanup(func() {
		numbers, _ := os.ReadFile(filepath.Join(s.Dir, "connections"))
		for _, n := range strings.Fields(string(numbers)) {
			abortConnection(n)
		}
	})
	err = cmd.Run()
	said, _ := os.ReadFile(log.Name())
	var out outcome
	text, _ = os.ReadFile(filepath.Join(s.Dir, "outcome.json"))
	if jerr := json.Unmarshal(text, &out); err != nil || jerr != nil || out.Err != "" {
		t.Fatalf("the scene failed: %v, %v, %s\n%s", err, jerr, out.Err, said)
	}
	out.Dir = s.Dir
	return out
}
