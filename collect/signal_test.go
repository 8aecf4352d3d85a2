package collect_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// A daemon without an endpoint is signalled only where that does no harm; the manifest
// says why not. The pids of a fake root are those of other processes here: none of them
// is ever signalled.
func TestNoSignal(t *testing.T) {
	for _, tt := range []struct{ name, sigcgt, state, rss, available, why string }{
		{"no handler", "0000000000000400", "S", "90000", "12288000", "does not handle SIGUSR1"},
		{"stopped", "fffffffe7fc1feff", "T", "90000", "12288000", "is in state T"},
		{"large", "fffffffe7fc1feff", "S", "2000001", "12288000", "has 2000001 KiB in memory"},
		{"too little memory", "fffffffe7fc1feff", "S", "90000", "359999", "would need memory that is not available"},
		{"another's pid", "fffffffe7fc1feff", "S", "90000", "12288000", "is in another pid namespace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := plantFiles(root); err != nil {
				t.Fatal(err)
			}
			replace(t, filepath.Join(root, "proc/246/status"), map[string]string{`(?m)^SigCgt:.*$`: "SigCgt:\t" + tt.sigcgt, `(?m)^State:.*$`: "State:\t" + tt.state, `(?m)^VmRSS:.*$`: "VmRSS:\t" + tt.rss + " kB"})
			replace(t, filepath.Join(root, "proc/meminfo"), map[string]string{`MemAvailable:.*`: "MemAvailable: " + tt.available + " kB"})
			r := newRun(t, userlands(t)[0], "--root", root, "--interval", "1")
			r.do(t, 60*time.Second)
			o := r.bundle(t)
			if !o.has("skipped", "kill -USR1 246 (dockerd): it "+tt.why) {
				t.Errorf("skipped are %q", o.inState("skipped"))
			}
		})
	}
}

// replace edits a planted file; every pattern must be there.
func replace(t *testing.T, file string, edits map[string]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for pattern, with := range edits {
		re := regexp.MustCompile(pattern)
		if !re.Match(text) {
			t.Fatalf("%s has no %s:\n%s", file, pattern, text)
		}
		text = re.ReplaceAll(text, []byte(with))
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
