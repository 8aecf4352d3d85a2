package collect_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noise writes log lines that hardly compress, with a secret at the end.
func noise(file string, size int) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	r := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < size; {
		m, _ := fmt.Fprintf(w, "Nov 22 04:10:01 node-a17 app[800]: %016x%016x%016x%016x\n", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
		n += m
	}
	fmt.Fprint(w, fill("Nov 22 04:10:02 node-a17 app[800]: last --password={{password}}\n"))
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// A bundle above --max-size loses its largest items, and says which.
func TestMaxSize(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	if err := noise(filepath.Join(root, "var/log/syslog"), 6<<20); err != nil {
		t.Fatal(err)
	}
	for _, u := range userlands(t)[:2] {
		t.Run(u.name, func(t *testing.T) {
			r := newRun(t, u.bare(t), "--root", root, "--interval", "1", "--max-size", "2", "-o", "x.tar.gz")
			r.do(t, 130*time.Second)
			o := r.bundle(t)
			info, err := os.Stat(filepath.Join(r.dir, "x.tar.gz"))
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > 2<<20 {
				t.Errorf("the bundle has %d bytes", info.Size())
			}
			if !o.has("skipped", "var/log/syslog") && !o.has("truncated", "var/log/syslog") {
				t.Errorf("nothing says what became of var/log/syslog: skipped %q", o.inState("skipped"))
			}
			if !strings.Contains(r.stderr.String(), "syslog") {
				t.Errorf("stderr does not say what was left out: %q", &r.stderr)
			}
			if len(o.members["proc/507/stack"]) == 0 || len(o.members["var/log/messages"]) == 0 {
				t.Errorf("what is small is gone too: %q", o.names)
			}
			o.checkNoSecret(t)
		})
	}
}

// Masking that does not end costs what was not masked, and nothing unmasked gets out.
func TestMaskingHangs(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	u := userlands(t)[0].bare(t)
	awk := filepath.Join(u.dir, "awk")
	real, err := filepath.EvalSymlinks(awk)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(awk); err != nil {
		t.Fatal(err)
	}
	wrapper := "#!/bin/sh\ncase \"$*\" in *list=*keep=*) exec sleep 100 ;; esac\nexec " + real + " \"$@\"\n"
	if err := os.WriteFile(awk, []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRun(t, u, "--root", root, "--interval", "1", "--deadline", "10")
	r.do(t, 15*time.Second)
	o := r.bundle(t)
	if len(o.members["proc/507/stack"]) == 0 {
		t.Errorf("what holds no secret is gone too: %q", o.names)
	}
	if !strings.Contains(r.stderr.String(), "masking") {
		t.Errorf("stderr does not say that masking failed: %q", &r.stderr)
	}
	if !o.has("skipped", "var/lib/kubelet/config.yaml") {
		t.Errorf("what was left out is not recorded: %q", o.inState("skipped"))
	}
	o.checkNoSecret(t)
}
