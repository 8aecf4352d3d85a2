package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/analyze/bucket/buckettest"
)

// An archive in a bucket is asked as one in a folder is, and wherever something goes
// wrong no output has a secret in it.
func TestObjects(t *testing.T) {
	binary := built(t)
	s := buckettest.New(t)
	const bundles = 4
	dir := manyBundles(t, bundles)
	copyTo(t, dir, objects{s})
	s.Put("bundles/forbidden.tar", nil)
	work := t.TempDir()
	store, one := filepath.Join(work, "objects.db"), filepath.Join(work, "one.db")
	signed := "https://incidents.s3.amazonaws.com/a.tar?X-Amz-Signature=" + buckettest.Secret
	typed := strings.Replace(s.URL("bundles"), "://", "://AKIAIOSFODNN7EXAMPLE:"+buckettest.Secret+"@", 1)
	var said bytes.Buffer
	run := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, args...)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("%q: exit %d, want %d\n%s", args, code, want, stderr.String())
		}
		said.Write(out.Bytes())
		said.Write(stderr.Bytes())
		return out.String() + stderr.String()
	}
	s.Break(buckettest.Answers(-1, http.MethodGet, "bundles/forbidden.tar", 403, "AccessDenied"))
	if text := run(exitOK, "batch", s.URL("bundles"), "--store", store); !strings.Contains(text, "5 of 5 bundles") || !strings.Contains(text, "0 known already, 1 unreadable") {
		t.Errorf("batch says %s", text)
	}
	s.Asked()
	if text := run(exitOK, "batch", s.URL("bundles"), "--store", store); !strings.Contains(text, "5 known already") {
		t.Errorf("the second time batch says %s", text)
	}
	if asked := s.Asked(); len(asked) != 1 {
		t.Errorf("the second time it asks %q", asked)
	}
	run(exitOK, "batch", dir, "--store", one)
	export := run(exitOK, "fleet", "export", "--store", store, "--path", "s3://incidents/bundles/0")
	if want := run(exitOK, "fleet", "export", "--store", one); pathsOf(export) != pathsOf(want) || strings.Count(want, "\n") != bundles {
		t.Errorf("results of objects differ: %d bytes, %d of files", len(export), len(want))
	}
	first := s.URL("bundles/000.tar.zst")
	for _, args := range [][]string{{"fleet", "show", first}, {"fleet", "similar", first}} {
		if text := run(exitOK, append(args, "--store", store)...); !strings.Contains(text, "s3://incidents/bundles/00") {
			t.Errorf("%q: %s", args, text)
		}
	}
	if got, want := run(exitOK, "analyze", first), run(exitOK, "analyze", filepath.Join(dir, "000.tar.zst")); got != want {
		t.Errorf("analyze of an object:\n%s\nof a file:\n%s", got, want)
	}

	for _, args := range [][]string{
		{"batch", typed}, {"batch", signed}, {"plan", typed, "--shards", "1"}, {"analyze", typed}, {typed}, {signed}, {"merge", typed, "--store", store},
		{"fleet", "similar", typed, "--store", store}, {"fleet", "show", signed, "--store", store}, {"plan", dir, "--shards", "1", "-o", signed},
	} {
		run(exitError, args...)
	}
	run(exitNever, "batch", "--plan", typed, "--shard", "0", "--results", work)
	run(exitOK, "plan", s.URL("bundles"), "--shards", "1", "-o", filepath.Join(work, "plan.jsonl"))
	run(exitNever, "batch", "--plan", s.URL("none.jsonl"), "--shard", "0", "--results", work)
	run(exitNever, "batch", "--plan", filepath.Join(work, "plan.jsonl"), "--shard", "0", "--results", typed)
	run(exitUnreadable, "batch", s.URL("none"))
	s.Break(buckettest.Answers(-1, http.MethodGet, "", 403, "SignatureDoesNotMatch"), buckettest.Answers(-1, http.MethodGet, "plan.jsonl", 400, "ExpiredToken"),
		buckettest.Answers(-1, http.MethodPut, "plan.jsonl", 403, "InvalidAccessKeyId"))
	run(exitError, "batch", s.URL("bundles"))
	run(exitError, "merge", s.URL("results"), "--store", store)
	run(exitError, "batch", "--plan", s.URL("plan.jsonl"), "--shard", "0", "--results", s.URL("results"))
	run(exitError, "plan", dir, "--shards", "1", "-o", s.URL("plan.jsonl"))
	for _, file := range []string{store, store + "-wal", filepath.Join(work, "plan.jsonl")} {
		content, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		said.Write(content)
	}
	for _, secret := range []string{buckettest.Secret, "AKIAIOSFODNN7EXAMPLE"} {
		if at := bytes.Index(said.Bytes(), []byte(secret)); at >= 0 {
			t.Errorf("a secret is told: %s", said.Bytes()[max(0, at-200):min(said.Len(), at+100)])
		}
	}
}
