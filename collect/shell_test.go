package collect_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// One fake root, collected under every shell: every bundle holds to the format, has
// the same members and the same manifest but for times, and no secret.
func TestShells(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	manifests := map[string]string{}
	t.Run("shells", func(t *testing.T) {
		eachShell(t, func(t *testing.T, u userland) {
			r := newRun(t, u.bare(t), "--root", root, "--interval", "1")
			r.do(t, 130*time.Second)
			o := r.bundle(t)
			t.Logf("%s: %.1f s, %d members", u.name, r.took.Seconds(), len(o.names))
			o.checkPlanted(t)
			o.checkProcesses(t)
			o.checkNoSecret(t)
			mu.Lock()
			defer mu.Unlock()
			manifests[u.name] = o.masked()
		})
	})
	golden(t, "testdata/manifest.golden", manifests["dash"])
	for _, u := range shells {
		if got := manifests[u.name]; got != manifests["dash"] {
			t.Errorf("the manifest under %s differs from dash's:\n%s", u.name, difference(manifests["dash"], got))
		}
	}
}

// checkPlanted compares the planted files byte for byte, secrets apart.
func (o *opened) checkPlanted(t *testing.T) {
	t.Helper()
	seen := map[string]string{} // secret -> number
	for _, f := range files {
		if f.at() != "" {
			o.compare(t, f.at(), f.text, seen)
		}
	}
	for _, p := range processes {
		if len(p.cmdline) > 0 {
			o.compare(t, fmt.Sprintf("proc/%d/cmdline", p.pid), strings.Join(p.cmdline, " ")+"\n", seen)
		}
	}
}

// compare holds a member to its template. A secret must have become the one
// number that it has everywhere.
func (o *opened) compare(t *testing.T, member, template string, seen map[string]string) {
	t.Helper()
	text, here := o.members[member]
	if !here {
		t.Errorf("%s is missing", member)
		return
	}
	var pattern strings.Builder
	var order []string
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(template, -1) {
		pattern.WriteString(regexp.QuoteMeta(template[last:at[0]]) + `<redacted:(\d+)>`)
		order = append(order, template[at[2]:at[3]])
		last = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(template[last:]))
	m := regexp.MustCompile(`^` + pattern.String() + `$`).FindSubmatch(text)
	if m == nil {
		t.Errorf("%s is not as planted, secrets apart:\n%s\nplanted:\n%s", member, text, template)
		return
	}
	for i, secret := range order {
		number := string(m[i+1])
		if before, known := seen[secret]; known && before != number {
			t.Errorf("%s: %s is number %s here and %s elsewhere", member, secret, number, before)
		}
		seen[secret] = number
	}
	for a, n := range seen {
		for b, m := range seen {
			if a < b && n == m {
				t.Errorf("%s and %s are both number %s", a, b, n)
			}
		}
	}
}

// checkProcesses wants what /proc says of every process, and of threads in D.
func (o *opened) checkProcesses(t *testing.T) {
	t.Helper()
	for _, p := range processes {
		texts := p.texts()
		names := []string{"stat", "status", "wchan", "cgroup", "stack"}
		if p.fds != nil {
			names = append(names, "limits")
		}
		if p.state == "D" {
			names = append(names, "syscall")
			for _, n := range []string{"stat", "status", "wchan", "stack"} {
				names = append(names, fmt.Sprintf("task/%d/%s", p.pid+1, n))
			}
		}
		for _, n := range names {
			o.same(t, fmt.Sprintf("proc/%d/%s", p.pid, n), texts[n])
		}
		want := fmt.Sprintf("mnt:[%d]\nnet:[%d]\npid:[4026531836]\n", p.mnt, p.net)
		if got := string(o.members[fmt.Sprintf("proc/%d/ns", p.pid)]); lines(got) != lines(want) {
			t.Errorf("proc/%d/ns: %q, planted %q", p.pid, got, want)
		}
	}
	if got := string(o.members["proc/246/fd"]); strings.Count(got, "socket:[") != 2 || !strings.Contains(got, "1 -> socket:[20001]") {
		t.Errorf("proc/246/fd: %q", got)
	}
	for _, pid := range []int{1, 507} { // the lowest of each mount namespace
		if len(o.members[fmt.Sprintf("proc/%d/mountinfo", pid)]) == 0 {
			t.Errorf("proc/%d/mountinfo is missing", pid)
		}
	}
	if _, here := o.members["proc/246/mountinfo"]; here {
		t.Error("proc/246/mountinfo is there, of a namespace that proc/1 stands for")
	}
}

// same holds a member to a planted text; a last newline may be added, and an empty
// file left out.
func (o *opened) same(t *testing.T, member, text string) {
	t.Helper()
	if got := string(o.members[member]); strings.TrimSuffix(got, "\n") != strings.TrimSuffix(text, "\n") {
		t.Errorf("%s: %q, planted %q", member, got, text)
	}
}

// lines sorts the lines of a text.
func lines(text string) string {
	l := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(l)
	return strings.Join(l, "\n")
}

// checkNoSecret looks for every planted value in every member.
func (o *opened) checkNoSecret(t *testing.T) {
	t.Helper()
	for name, value := range secrets {
		for _, part := range strings.Split(value, "\n") {
			for member, text := range o.members {
				if bytes.Contains(text, []byte(part)) {
					t.Errorf("%s stands in %s: ...%s", name, member, around(text, part))
				}
			}
		}
	}
}

// around is the line of text with part.
func around(text []byte, part string) string {
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// Without redaction the values are there, as planted.
func TestNoRedact(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	u := userlands(t)[0]
	r := newRun(t, u.bare(t), "--root", root, "--interval", "1", "--no-redact")
	r.do(t, 130*time.Second)
	o := r.bundle(t)
	for _, f := range files {
		if f.at() != "" && string(o.members[f.at()]) != fill(f.text) {
			t.Errorf("%s: %q, planted %q", f.at(), o.members[f.at()], fill(f.text))
		}
	}
	if got, want := string(o.members["proc/700/cmdline"]), fill(strings.Join(processes[7].cmdline, " "))+"\n"; got != want {
		t.Errorf("cmdline %q, want %q", got, want)
	}
	for member, text := range o.members {
		if bytes.Contains(text, []byte("<redacted")) {
			t.Errorf("%s is redacted", member)
		}
		if bytes.Contains(text, []byte(secrets["environ"])) {
			t.Errorf("an environment is in %s", member)
		}
	}
}

var volatile = regexp.MustCompile(`"(node|boot_id|kernel|start|started|sha256|zone|collector)":"[^"]*"|"(duration|bytes|epoch|monotonic)":[0-9.]+`)

// masked is the manifest with everything volatile masked, its items sorted.
func (o *opened) masked() string {
	lines := slices.Clone(o.lines)
	for i, line := range lines {
		lines[i] = volatile.ReplaceAllString(line, `"$1$2":"*"`)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// golden compares with a file of testdata, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (-update rewrites it):\n%s", file, difference(string(want), got))
	}
}

// difference lists the lines that only one text has.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	for _, l := range a {
		if !slices.Contains(b, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	return out.String()
}
