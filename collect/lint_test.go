package collect_test

import (
	"os/exec"
	"testing"
)

// The collector is plain POSIX sh, and shellcheck has nothing to say, style included.
func TestShellcheck(t *testing.T) {
	file, err := exec.LookPath("shellcheck")
	need(t, err == nil, "shellcheck")
	if out, err := exec.Command(file, "-s", "sh", "-S", "style", script(t)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every shell takes every line of it.
func TestSyntax(t *testing.T) {
	for _, u := range userlands(t) {
		words := append(u.shell[1:len(u.shell):len(u.shell)], "-n", script(t))
		if out, err := exec.Command(u.shell[0], words...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", u.name, err, out)
		}
	}
}
