//go:build linux

package collect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangingRoot is the fake root with fifos in it: the open of one waits for ever.
func hangingRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"var/log/kern.log", "etc/default/kubelet", "proc/507/cmdline"} {
		name := filepath.Join(root, file)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A read of /proc that waits is timed out, everything else is there, and a fifo
// that is no file of the kernel's is not opened.
func TestFifos(t *testing.T) {
	root := hangingRoot(t)
	eachShell(t, func(t *testing.T, u userland) {
		r := newRun(t, u.bare(t), "--root", root, "--deadline", "30", "--interval", "1")
		r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		r.do(t, 36*time.Second)
		o := r.bundle(t)
		for _, name := range []string{"os-release", "proc/meminfo", "proc/1/stat", "proc/507/stack", "proc/700/cmdline", "var/lib/kubelet/config.yaml", "var/log/messages"} {
			if len(o.members[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		if got, want := o.inState("timeout"), []string{"proc/507/cmdline cat /proc/507/cmdline"}; !slices.Equal(got, want) {
			t.Errorf("timeouts %q, want %q", got, want)
		}
		noneLeft(t, r)
	})
}

// An interrupt ends the run within seconds, with a bundle of what there is.
func TestInterrupt(t *testing.T) {
	root := hangingRoot(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			eachShell(t, func(t *testing.T, u userland) {
				if sig != syscall.SIGTERM && u.name != "dash" && u.name != "busybox ash" {
					return // one signal in every shell, every signal in two
				}
				r := newRun(t, u, "--root", root)
				r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				r.begin(t)
				time.Sleep(4 * time.Second)
				at := time.Now()
				if err := r.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				r.end(t, time.Minute)
				if late := time.Since(at); late > 5*time.Second {
					t.Errorf("ended %v after the signal", late)
				}
				o := r.bundle(t)
				if len(o.members["os-release"]) == 0 || len(o.members["proc/1/stat"]) == 0 {
					t.Errorf("only %q", o.names)
				}
				if len(o.inState("skipped")) == 0 {
					t.Errorf("nothing is said to be skipped; was the run over already (%v)?", at.Sub(r.start))
				}
				noneLeft(t, r)
			})
		})
	}
}

// noneLeft wants no process of the run to be alive: they are of its session, or
// work in one of its folders. Environments are not asked, since reading one can hang.
func noneLeft(t *testing.T, r *run) {
	t.Helper()
	var left []string
	for range 20 {
		left = nil
		for _, pid := range names(t, "/proc") {
			if pid[0] < '0' || pid[0] > '9' {
				continue
			}
			cwd, _ := os.Readlink("/proc/" + pid + "/cwd")
			text, _ := os.ReadFile("/proc/" + pid + "/stat")
			fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
			if len(fields) < 4 || fields[0] == "Z" {
				continue
			}
			if fields[3] == fmt.Sprint(r.cmd.Process.Pid) || strings.HasPrefix(cwd, r.dir) || strings.HasPrefix(cwd, r.temp) {
				left = append(left, strings.TrimSpace(string(text)))
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("still running: %q", left)
}

// Without root the run gives what it may, says what it was denied, and warns.
func TestNotRoot(t *testing.T) {
	need(t, os.Geteuid() == 0, "root") // to become somebody else
	eachShell(t, func(t *testing.T, u userland) {
		r := newRun(t, u, "--deadline", "60")
		for _, dir := range []string{r.dir, r.temp, u.dir} {
			openPath(t, dir)
		}
		for _, dir := range []string{r.dir, r.temp} {
			if err := os.Chown(dir, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(script(t))
		if err != nil {
			t.Fatal(err)
		}
		// The checkout may lie where only root can go.
		r.cmd.Args = append(append([]string{}, u.shell...), "-s", "--", "--deadline", "60")
		r.cmd.Stdin = strings.NewReader(string(text))
		r.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		r.do(t, 65*time.Second)
		o := r.bundle(t)
		if !strings.Contains(r.stderr.String(), "root") {
			t.Errorf("no warning on stderr: %q", &r.stderr)
		}
		if len(o.inState("denied")) == 0 {
			t.Errorf("nothing is recorded as denied")
		}
		for _, name := range []string{"proc/meminfo", "proc/1/stat", "proc/1/status"} {
			if len(o.members[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		t.Logf("%.1f s, denied: %q", r.took.Seconds(), o.inState("denied"))
	})
}

// openPath lets everybody pass through the folders down to dir.
func openPath(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
