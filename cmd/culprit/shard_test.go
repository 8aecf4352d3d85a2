package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"culprit/analyze/bucket/buckettest"
)

// Workers over one plan, with nothing but a folder or a bucket between them: one is
// killed and started again, one shard is read twice at once, one finds its plan damaged.
// What is merged is what one machine would have found.
func TestShards(t *testing.T) {
	t.Run("folders", func(t *testing.T) { testShards(t, folders{t.TempDir()}) })
	t.Run("s3", func(t *testing.T) { testShards(t, objects{buckettest.New(t)}) })
}

// archive is where bundles, plans and results of a test lie, by names below it.
type archive interface {
	at(name string) string // what a command takes
	put(t *testing.T, name string, content []byte)
	get(t *testing.T, name string) []byte
	results() int // objects below results
}

type folders struct{ dir string }

func (f folders) at(name string) string { return filepath.Join(f.dir, name) }

func (f folders) put(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(f.at(name)), 0o755), os.WriteFile(f.at(name), content, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (f folders) get(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(f.at(name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (f folders) results() int {
	found, _ := filepath.Glob(f.at("results/*/*.json"))
	return len(found)
}

// objects are an archive in a bucket.
type objects struct{ *buckettest.Server }

func (o objects) at(name string) string                         { return o.URL(name) }
func (o objects) put(_ *testing.T, name string, content []byte) { o.Put(name, content) }
func (o objects) get(_ *testing.T, name string) []byte          { return o.Get(name) }
func (o objects) results() (n int) {
	for _, key := range o.Keys() {
		if strings.HasPrefix(key, "results/") {
			n++
		}
	}
	return n
}

func testShards(t *testing.T, where archive) {
	binary := built(t)
	const bundles, shards = 40, 4
	dir := manyBundles(t, bundles)
	for name, content := range map[string]string{"broken.tar.gz": "no bundle", "empty.tar.gz": ""} {
		folders{dir}.put(t, name, []byte(content))
	}
	copyTo(t, dir, where)
	must := func(args ...string) string { t.Helper(); return must(t, binary, args...) }
	plan, bad, results := where.at("plan.jsonl"), where.at("bad.jsonl"), where.at("results")
	must("plan", where.at("bundles"), "--shards", fmt.Sprint(shards), "-o", plan)
	text := where.get(t, "plan.jsonl")
	at := bytes.LastIndex(text, []byte(`{"shard":3,`))
	where.put(t, "bad.jsonl", append(bytes.Clone(text[:at]), text[at+1:]...))
	start := func(plan string, shard int) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(binary, "batch", "--plan", plan, "--results", results, "--workers", "1")
		cmd.Env = append(os.Environ(), fmt.Sprint("JOB_COMPLETION_INDEX=", shard))
		cmd.Stderr = &bytes.Buffer{}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	killed := start(plan, 0)
	for end := time.Now().Add(time.Minute); where.results() < 3 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	killed.Process.Kill()
	killed.Wait()
	if n := where.results(); n < 3 || n >= bundles/shards || killed.ProcessState.Success() {
		t.Fatalf("killed with %d results: %v\n%s", n, killed.ProcessState, killed.Stderr)
	}
	poisoned, known := start(bad, 3), where.results()
	again := start(plan, 0)
	for _, cmd := range []*exec.Cmd{again, start(plan, 1), start(plan, 1), start(plan, 2)} {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%q: %v\n%s", cmd.Args, err, cmd.Stderr)
		}
	}
	if got, want := fmt.Sprint(again.Stderr), fmt.Sprintf(": %d known already", known); !strings.Contains(got, want) {
		t.Errorf("the shard that was killed says %q, want %q", got, want)
	}
	if poisoned.Wait(); poisoned.ProcessState.ExitCode() != exitNever {
		t.Errorf("the shard with the damaged plan: %v\n%s", poisoned.ProcessState, poisoned.Stderr)
	}
	work := t.TempDir()
	store, one := filepath.Join(work, "merged.db"), filepath.Join(work, "one.db")
	must("merge", results, "--store", store)
	if n := strings.Count(must("fleet", "export", "--store", store), "\n"); n != (bundles+2)*3/shards && n != (bundles+2)*3/shards+1 {
		t.Errorf("%d results without those of one shard", n)
	}
	if err := start(plan, 3).Wait(); err != nil {
		t.Error(err)
	}
	for range 2 {
		must("merge", results, "--store", store)
	}
	must("batch", dir, "--store", one) // of files
	got, want := pathsOf(must("fleet", "export", "--store", store)), pathsOf(must("fleet", "export", "--store", one))
	if got != want {
		t.Errorf("merged results differ: %d bytes, %d of one machine", len(got), len(want))
	}
	if n := strings.Count(got, "\n"); n != bundles+2 || where.results() != n {
		t.Errorf("%d results of %d objects, want %d", n, where.results(), bundles+2)
	}
}

// must runs a command, which is to succeed, and is what it prints.
func must(t testing.TB, binary string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, &stderr)
	}
	return string(out)
}

// copyTo puts the files of a folder into an archive.
func copyTo(t *testing.T, dir string, to archive) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		to.put(t, "bundles/"+e.Name(), folders{dir}.get(t, e.Name()))
	}
}

// pathsOf is an export in which only the last element of a path is left of it.
func pathsOf(export string) string {
	return regexp.MustCompile(`"[^"]*/([^/"?]+)(\?[^"]*)?"`).ReplaceAllString(export, `"$1"`)
}

// A scheduler learns from the exit code whether to try again.
func TestShardExits(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	text := `{"format":"culprit.plan/1","shards":3,"bundles":3,"bytes":3}` + "\n" + `{"shard":0,"path":"` + file("empty.tar", "") + `","size":1,"stamp":"s"}` + "\n" +
		`{"shard":0,"path":"` + filepath.Join(dir, "gone.tar") + `","size":1,"stamp":"s"}` + "\n" + `{"shard":2,"path":"` + filepath.Join(dir, "gone2.tar") + `","size":1,"stamp":"s"}` + "\n"
	plan, results := file("plan.jsonl", text), filepath.Join(dir, "results")
	later := file("later.jsonl", strings.Replace(text, "plan/1", "plan/2", 1))
	cut := file("cut.jsonl", text[:len(text)-10])
	bad := filepath.Dir(file("ids.yaml", "x: ["))
	for _, tt := range []struct {
		args string
		env  string
		want int
		says string
	}{
		{"--shard 1", "", exitOK, "0 of 0 bundles"},
		{"--shard 0", "", exitOK, "0 known already, 2 unreadable"}, // which are results
		{"", "JOB_COMPLETION_INDEX=0", exitOK, "2 known already"},
		{"", "SLURM_ARRAY_TASK_ID=0", exitOK, "2 known already"},
		{"", "AWS_BATCH_JOB_ARRAY_INDEX=0", exitOK, "2 known already"},
		{"--shard 2", "", exitError, "none of the shard's bundles is there"},
		{"--shard 1", "JOB_COMPLETION_INDEX=x", exitOK, "0 of 0"},
		{"", "JOB_COMPLETION_INDEX=x", exitNever, `JOB_COMPLETION_INDEX "x": want a number`},
		{"", "", exitNever, "needs --shard I, or one of"},
		{"--shard 3", "", exitNever, "shard 3: the plan has 0 to 2"},
		{"--shard -1", "", exitNever, "shard -1"},
		{"--shard 0 --plan " + later, "", exitNever, `later.jsonl: line 1: format "culprit.plan/2"`},
		{"--shard 0 --plan " + cut, "", exitNever, "cut.jsonl: line 4"},
		{"--shard 0 --plan " + dir + "/none", "", exitNever, "none"},
		{"--shard 0 --rules " + dir + "/none", "", exitNever, "--rules"},
		{"--shard 0 --rules " + bad, "", exitNever, "ids.yaml"},
		{"--shard 0 --store x.db", "", exitNever, "no SRC, --store"},
		{"--shard 0 x.tar", "", exitNever, "no SRC"},
		{"--shard 0 --results ", "", exitNever, "needs --results"},
		{"--shard 0 --results " + plan, "", exitError, "not a directory"},
	} {
		for _, name := range shardIndexes {
			t.Setenv(name, "")
		}
		if name, value, ok := strings.Cut(tt.env, "="); ok {
			t.Setenv(name, value)
		}
		args := []string{"batch", "--plan", plan, "--results", results}
		if tt.args != "" {
			args = append(args, strings.Split(tt.args, " ")...)
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, nil, &stdout, &stderr); code != tt.want || !strings.Contains(stderr.String(), tt.says) || stdout.Len() > 0 {
			t.Errorf("%s %s: exit %d, want %d and %q\n%s%s", tt.env, tt.args, code, tt.want, tt.says, stdout.String(), stderr.String())
		}
	}
}
