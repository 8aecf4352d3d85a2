package collect_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// run is one run of the collector in folders of its own.
type run struct {
	dir    string // the working directory
	temp   string // TMPDIR
	cmd    *exec.Cmd
	stderr bytes.Buffer
	stdout bytes.Buffer
	start  time.Time
	took   time.Duration
	rc     int
}

// newRun prepares a run under a userland; nothing of the environment gets in but
// PATH.
func newRun(t *testing.T, u userland, args ...string) *run {
	t.Helper()
	r := &run{dir: t.TempDir(), temp: t.TempDir()}
	words := append(slices.Clone(u.shell), script(t))
	words = append(words, args...)
	r.cmd = exec.Command(words[0], words[1:]...)
	r.cmd.Dir = r.dir
	r.cmd.Env = []string{"PATH=" + u.path, "TMPDIR=" + r.temp, "HOME=/", "TZ=UTC-8"}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	r.cmd.WaitDelay = 10 * time.Second // pipes that somebody still holds
	return r
}

func (r *run) begin(t *testing.T) {
	t.Helper()
	r.start = time.Now()
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// end waits for the collector, and kills it after limit.
func (r *run) end(t *testing.T, limit time.Duration) {
	t.Helper()
	timer := time.AfterFunc(limit, func() {
		t.Errorf("not ended after %v", time.Since(r.start))
		r.cmd.Process.Kill()
	})
	defer timer.Stop()
	err := r.cmd.Wait()
	r.took, r.rc = time.Since(r.start), r.cmd.ProcessState.ExitCode()
	if _, exit := err.(*exec.ExitError); err != nil && !exit {
		t.Errorf("%v", err)
	}
	if left := names(t, r.temp); len(left) > 0 {
		t.Errorf("left in the temp folder: %q", left)
	}
}

// do runs the collector to its end.
func (r *run) do(t *testing.T, limit time.Duration) {
	t.Helper()
	r.begin(t)
	r.end(t, limit)
}

// bundle is the one file that the run left in its folder.
func (r *run) bundle(t *testing.T) *opened {
	t.Helper()
	left := names(t, r.dir)
	if len(left) != 1 || r.rc != 0 {
		t.Fatalf("status %d, files %q\n%s", r.rc, left, &r.stderr)
	}
	return open(t, filepath.Join(r.dir, left[0]))
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// oneLine wants text to be one line that has all words.
func oneLine(t *testing.T, text string, words ...string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("not one line: %q", text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not say %q", text, w)
		}
	}
}

// eachShell runs the test under every userland, side by side.
func eachShell(t *testing.T, test func(t *testing.T, u userland)) {
	t.Helper()
	for _, u := range userlands(t) {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			test(t, u)
		})
	}
}
