package collect_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var (
	update     = flag.Bool("update", false, "rewrite the goldens")
	scriptFlag = flag.String("script", "collect.sh", "the collector to test, such as a copy without its deadlines")
)

// TestMain runs the tests, or the part of a scene that the environment names: a
// scene's processes are this binary again.
func TestMain(m *testing.M) {
	if part := os.Getenv(partEnv); part != "" {
		os.Exit(playPart(part, os.Args[1:]))
	}
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue {
		flag.Set("test.parallel", "4") // the runs wait more than they work
	}
	os.Exit(m.Run())
}

// script is the collector's absolute path.
func script(t testing.TB) string {
	t.Helper()
	file, err := filepath.Abs(*scriptFlag)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// inCI says that a missing tool or right is an error, not a reason to skip.
func inCI() bool { return os.Getenv("CI") != "" }

// need skips a test for want of something, except where everything is installed.
func need(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if inCI() {
		t.Fatalf("%s is missing; .ci/run installs it", what)
	}
	t.Skipf("%s is missing", what)
}
