//go:build linux

package collect_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faults set up what is wrong in a scene, before the collector runs.
var faults = map[string]func(*stage) error{
	"healthy": func(*stage) error { return nil },
	// df and stat of the mount wait, and SIGKILL ends the wait.
	"fuse-stopped": func(s *stage) error {
		pid, err := s.wedge(filepath.Join(s.Dir, "mnt"))
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return err
		}
		return await(pid, "T")
	},
	// df and stat of the mount wait, and nothing ends the wait.
	"fuse-unanswered": func(s *stage) error {
		return s.wedgeArmed(filepath.Join(s.Dir, "mnt"))
	},
	// The same below a folder that is listed.
	"fuse-below-run": func(s *stage) error {
		return s.wedgeArmed("/run/wedged/mnt")
	},
	// A read of /proc/PID/cmdline never comes back, of a process that calls itself
	// like a daemon.
	"cmdline": func(s *stage) error {
		dir := filepath.Join(s.Dir, "mnt")
		if _, err := s.wedge(dir); err != nil {
			return err
		}
		pid, _, err := s.part("writer", filepath.Join(dir, "dirty"), "dockerd")
		if err != nil {
			return err
		}
		return s.hangs("cat", fmt.Sprintf("/proc/%d/cmdline", pid))
	},
	"output-full": func(s *stage) error {
		return tmpfs(filepath.Join(s.Dir, "out"), "16k")
	},
	"temp-full": func(s *stage) error {
		return tmpfs(filepath.Join(s.Dir, "tmp"), "64k")
	},
	// More logs than the temp folder holds.
	"temp-fills": func(s *stage) error {
		root := filepath.Join(s.Dir, "root")
		if err := plantFiles(root); err != nil {
			return err
		}
		for _, log := range []string{"messages", "syslog", "kern.log"} {
			if err := noise(filepath.Join(root, "var/log", log), 25<<20); err != nil {
				return err
			}
		}
		return tmpfs(filepath.Join(s.Dir, "tmp"), "40m")
	},
	// Files below --root that cannot be opened, cannot be read, and whose read waits.
	"unreadable": func(s *stage) error {
		mnt, root := filepath.Join(s.Dir, "mnt"), filepath.Join(s.Dir, "root")
		if _, err := s.wedge(mnt); err != nil {
			return err
		}
		if err := plantFiles(root); err != nil {
			return err
		}
		for file, on := range map[string]string{
			"proc/246/status": "denied", "proc/300/limits": "broken", "proc/locks": "denied",
			"proc/410/cmdline": "hung", "etc/docker/daemon.json": "hung", "var/log/messages": "hung",
		} {
			if err := syscall.Mount(filepath.Join(mnt, on), filepath.Join(root, file), "", syscall.MS_BIND, ""); err != nil {
				return fmt.Errorf("bind %s: %v", file, err)
			}
		}
		return nil
	},
	"5000-processes": func(s *stage) error {
		cmd, err := s.start("parent of 5000", "dash", "-c", `i=0; while [ $i -lt 5000 ]; do busybox sleep 3600 & i=$((i+1)); done; : >`+filepath.Join(s.Dir, "forked")+`; wait`)
		if err != nil {
			return err
		}
		for range 6000 {
			if _, err := os.Stat(filepath.Join(s.Dir, "forked")); err == nil {
				children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
				for _, pid := range strings.Fields(string(children)) {
					var n int
					fmt.Sscan(pid, &n)
					s.victims = append(s.victims, victim{name: "sleeper", pid: n})
				}
				time.Sleep(time.Second) // the last ones become sleep
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
		return fmt.Errorf("5000 processes were not forked within a minute")
	},
}

// wedgeArmed mounts a filesystem that takes statfs and getattr and never answers.
func (s *stage) wedgeArmed(dir string) error {
	pid, err := s.wedge(dir)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	return s.hangs("stat", dir)
}

// hangs runs a command and proves that it waits. It stays, waiting. What it is to wait
// for may take a moment to come: a command that ends is run again.
func (s *stage) hangs(command ...string) error {
	for try := 0; ; try++ {
		cmd, err := s.start(command[0], command...)
		if err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
		now, err := stat(cmd.Process.Pid)
		if err == nil && now[0] != 'Z' {
			return nil
		}
		if try == 20 {
			return fmt.Errorf("%q does not hang: %q, %v", command, now, err)
		}
	}
}

func tmpfs(dir, size string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=755")
}

// faultShells are the userlands of the fault tests: Debian's, and nothing but
// busybox.
func faultShells(t *testing.T) map[string]userland {
	t.Helper()
	all := map[string]userland{}
	for _, u := range userlands(t) {
		if u.name == "dash" || u.name == "busybox ash" {
			all[u.name] = u
		}
	}
	return all
}

// wedged plays a fault under a shell with the whole PATH, and holds the run to what
// every run keeps: the deadline, the status, a bundle that opens, no harm done and
// nothing left but what cannot die.
func wedged(t *testing.T, u userland, s stage, deadline int) (*opened, outcome) {
	t.Helper()
	s.Shell, s.Script, s.Limit = u.shell, script(t), float64(deadline+30)
	s.Env = append([]string{"PATH=" + u.path, "TMPDIR=%DIR%/tmp", "HOME=/", "TZ=UTC"}, s.Env...)
	bundle := "out/bundle.tar.gz"
	if s.Piped {
		s.Args = append(s.Args, "-o", "-")
	} else {
		s.Args = append(s.Args, "-o", "%DIR%/"+bundle)
	}
	s.Args = append(s.Args, "--deadline", fmt.Sprint(deadline))
	out := play(t, s)
	t.Logf("%s under %s: %.1f s, rc %d, left behind %q", s.Name, u.name, out.Seconds, out.RC, out.Left)
	if !out.Ended {
		t.Fatalf("the collector had not ended after %.0f s\n%s", out.Seconds, out.Stderr)
	}
	checkOutcome(t, out, deadline)
	if out.RC != 0 {
		t.Fatalf("status %d\n%s", out.RC, out.Stderr)
	}
	if want := []string{"bundle.tar.gz"}; !slices.Equal(out.Output, want) {
		t.Fatalf("output %q, want %q\n%s", out.Output, want, out.Stderr)
	}
	o := open(t, filepath.Join(out.Dir, bundle))
	if t.Failed() {
		t.Logf("stderr:\n%s", out.Stderr)
	}
	return o, out
}

// checkOutcome holds what is true of every run.
func checkOutcome(t *testing.T, out outcome, deadline int) {
	t.Helper()
	if out.Seconds > float64(deadline+5) {
		t.Errorf("the run took %.1f s, its deadline is %d s", out.Seconds, deadline)
	}
	if len(out.Harmed) > 0 {
		t.Errorf("harmed: %q", out.Harmed)
	}
	for _, p := range out.Left {
		if !strings.HasPrefix(p, "D ") {
			t.Errorf("left behind alive: %s", p)
		}
	}
	if len(out.Temp) > 0 {
		t.Errorf("left in the temp folder: %q", out.Temp)
	}
}

// rest wants what has nothing to do with a fault to be in the bundle.
func (o *opened) rest(t *testing.T) {
	t.Helper()
	for _, name := range []string{"hostname.txt", "uname.txt", "uptime.txt", "proc/meminfo", "proc/loadavg", "proc/1/stat", "proc/1/status", "proc/1/mountinfo"} {
		if len(o.members[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

// longest lists the n steps that took longest.
func (o *opened) longest(n int) string {
	items := slices.Clone(o.items)
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(seconds(b), seconds(a)) })
	var list []string
	for _, it := range items[:min(n, len(items))] {
		list = append(list, fmt.Sprintf("%.1f s %s", seconds(it), it.Command))
	}
	return strings.Join(list, ", ")
}

func seconds(it item) float64 {
	if it.Duration == nil {
		return 0
	}
	return *it.Duration
}

const short = 20 // seconds, the deadline of scenes in which something hangs

func eachUserland(t *testing.T, test func(t *testing.T, u userland)) {
	t.Helper()
	for name, u := range faultShells(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, u)
		})
	}
}

func TestHealthyScene(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "healthy"}, 60)
		o.rest(t)
		if list := o.inState("timeout"); len(list) > 0 {
			t.Errorf("timed out: %q", list)
		}
		if len(out.Left) > 0 {
			t.Errorf("left behind: %q", out.Left)
		}
	})
}

// df hangs on a mount whose daemon is stopped; a killed df dies.
func TestStoppedFUSE(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "fuse-stopped"}, short)
		o.rest(t)
		wantHung(t, o, "df")
		if len(out.Left) > 0 {
			t.Errorf("left behind: %q", out.Left)
		}
	})
}

// df hangs on a mount whose daemon took the request: no signal ends it, and the
// collector must not wait for it.
func TestUnansweredFUSE(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "fuse-unanswered"}, short)
		o.rest(t)
		wantHung(t, o, "df")
		if len(out.Left) == 0 {
			t.Error("nothing was left behind: the fixture does not hang")
		}
	})
}

func TestWedgedMountBelowRun(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, _ := wedged(t, u, stage{Name: "fuse-below-run"}, short)
		o.rest(t)
		wantHung(t, o, "df")
	})
}

// A pipe closes although a process that held it cannot die.
func TestPipeCloses(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "fuse-unanswered", Piped: true}, short)
		o.rest(t)
		wantHung(t, o, "df")
		if len(out.Left) == 0 {
			t.Error("nothing was left behind: the fixture does not hang")
		}
	})
}

// A read of one process's cmdline hangs; everybody else's cmdline is there, and what
// of this process can be read.
func TestHangingCmdline(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, _ := wedged(t, u, stage{Name: "cmdline"}, short)
		o.rest(t)
		pid := ""
		for name, text := range o.members {
			if strings.HasSuffix(name, "/stat") && strings.Contains(string(text), " (dockerd) ") {
				pid = strings.Split(name, "/")[1]
			}
		}
		if pid == "" {
			t.Fatalf("no stat says dockerd: %q", o.names)
		}
		for _, file := range []string{"stat", "status", "cgroup"} {
			if len(o.members["proc/"+pid+"/"+file]) == 0 {
				t.Errorf("proc/%s/%s is missing", pid, file)
			}
		}
		if !o.has("timeout", "/"+pid+"/", "cmdline") {
			t.Errorf("no item says that the cmdline of %s timed out; timeouts: %q", pid, o.inState("timeout"))
		}
		if len(o.members["proc/1/cmdline"]) == 0 {
			t.Error("proc/1/cmdline is missing")
		}
	})
}

// wantHung wants at least one timed-out item of a command, within the run's time.
func wantHung(t *testing.T, o *opened, command string) {
	t.Helper()
	if !o.has("timeout", command) {
		t.Errorf("no item says that %s timed out; timeouts: %q", command, o.inState("timeout"))
	}
}

// Nothing but a line on stderr comes of a full output disk.
func TestFullOutput(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		s := stage{Name: "output-full", Shell: u.shell, Script: script(t), Limit: 50,
			Env:  []string{"PATH=" + u.path, "TMPDIR=%DIR%/tmp", "HOME=/"},
			Args: []string{"-o", "%DIR%/out/bundle.tar.gz", "--deadline", "20"}}
		out := play(t, s)
		t.Logf("%.1f s, rc %d\n%s", out.Seconds, out.RC, out.Stderr)
		checkOutcome(t, out, short)
		if !out.Ended || out.RC == 0 {
			t.Errorf("ended %t, status %d: want a failure", out.Ended, out.RC)
		}
		if len(out.Output) > 0 {
			t.Errorf("left in the output folder: %q", out.Output)
		}
		last := lastLine(out.Stderr)
		if !strings.Contains(last, "No space left") {
			t.Errorf("the last line on stderr does not say why: %q", last)
		}
	})
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// A full temp folder costs items, not the bundle.
func TestFullTemp(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "temp-full"}, short)
		if len(o.members["manifest.jsonl"]) == 0 {
			t.Errorf("members %q\n%s", o.names, out.Stderr)
		}
	})
}

// A temp folder that fills up while logs are copied costs logs.
func TestTempFills(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "temp-fills", Args: []string{"--root", "%DIR%/root", "--interval", "1"}}, 60)
		for _, name := range []string{"proc/507/stack", "proc/700/cmdline", "var/lib/kubelet/config.yaml"} {
			if len(o.members[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		if len(o.inState("truncated"))+len(o.inState("skipped")) == 0 {
			t.Errorf("nothing is truncated or skipped\n%s", out.Stderr)
		}
		o.checkNoSecret(t)
	})
}

// Of files that are denied, broken or hung the manifest tells, and the others are there.
func TestUnreadable(t *testing.T) {
	eachUserland(t, func(t *testing.T, u userland) {
		o, out := wedged(t, u, stage{Name: "unreadable", Args: []string{"--root", "%DIR%/root", "--interval", "1"}}, 30)
		for _, name := range []string{"proc/1/stat", "proc/2/status", "proc/246/stat", "proc/300/status", "proc/410/status", "proc/700/cmdline",
			"var/lib/kubelet/config.yaml", "var/log/kern.log"} {
			if len(o.members[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		for _, want := range []struct{ state, word string }{
			{"denied", "/proc/246/status"}, {"denied", "/proc/locks"},
			{"timeout", "/proc/410/cmdline"}, {"timeout", "/etc/docker/daemon.json"}, {"timeout", "/var/log/messages"},
		} {
			if !o.has(want.state, want.word) {
				t.Errorf("no item %s in state %s: denied %q, timeouts %q", want.word, want.state, o.inState("denied"), o.inState("timeout"))
			}
		}
		if len(out.Left) == 0 {
			t.Error("nothing was left behind: the fixture does not hang")
		}
	})
}

func Test5000Processes(t *testing.T) {
	for _, u := range faultShells(t) { // one after the other: both cores are needed
		t.Run(u.name, func(t *testing.T) {
			o, out := wedged(t, u, stage{Name: "5000-processes", Env: []string{"TMPDIR="}}, 120) // where the script chooses
			n := 0
			for _, name := range o.names {
				if strings.HasPrefix(name, "proc/") && strings.HasSuffix(name, "/stat") && strings.Count(name, "/") == 2 {
					n++
				}
			}
			if n < 5000 {
				t.Errorf("%d processes in the bundle", n)
			}
			t.Logf("%d processes in %.1f s, %.1f s of CPU (to be below 30 s on two idle cores); longest: %s", n, out.Seconds, out.CPU, o.longest(3))
		})
	}
}
