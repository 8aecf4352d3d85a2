package collect_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// userland is a shell and the tools beside it.
type userland struct {
	name  string
	shell []string
	// path is a PATH in which sh is that shell.
	path string
	// dir is the folder of its own in that PATH.
	dir string
}

// The shells that are /bin/sh somewhere, or what people run scripts with: Debian's
// and Ubuntu's, Alpine's and rescue systems', Red Hat's and SUSE's, Android's, and
// two that take POSIX most literally. Between them they have the awks that there are.
var shells = []struct {
	name  string
	words []string
	apt   string
	awk   string // the one beside it
}{
	{"dash", []string{"dash"}, "dash", "mawk"},
	{"busybox ash", []string{"busybox", "ash"}, "busybox-static", "busybox"},
	{"bash", []string{"bash"}, "bash", "gawk"},
	{"bash --posix", []string{"bash", "--posix"}, "bash", "gawk"},
	{"mksh", []string{"mksh"}, "mksh", "mawk"},
	{"ksh93", []string{"ksh93"}, "ksh", "gawk"},
	{"yash", []string{"yash", "-o", "posixly-correct"}, "yash", "mawk"},
}

// userlands makes a userland of every shell. Busybox comes with its own awk, tar,
// gzip, sed and so on, and with nothing else.
func userlands(t testing.TB) []userland {
	t.Helper()
	var all []userland
	for _, sh := range shells {
		file, err := exec.LookPath(sh.words[0])
		need(t, err == nil, sh.apt)
		dir := t.TempDir()
		u := userland{name: sh.name, shell: append([]string{file}, sh.words[1:]...), path: dir, dir: dir}
		if sh.words[0] == "busybox" {
			applets, err := exec.Command(file, "--list").Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range strings.Fields(string(applets)) {
				link(t, file, filepath.Join(dir, name))
			}
		} else {
			link(t, file, filepath.Join(dir, "sh"))
			awk, err := exec.LookPath(sh.awk)
			need(t, err == nil, sh.awk)
			link(t, awk, filepath.Join(dir, "awk"))
			u.path += ":/usr/sbin:/usr/bin:/sbin:/bin"
		}
		all = append(all, u)
	}
	return all
}

func link(t testing.TB, file, name string) {
	t.Helper()
	if err := os.Symlink(file, name); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

// bare is the userland with no tool of a container node: what of them is installed
// here must not show in a golden.
func (u userland) bare(t testing.TB) userland {
	t.Helper()
	if u.path == u.dir {
		return u
	}
	for _, name := range coreTools {
		file, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		link(t, file, filepath.Join(u.dir, name))
	}
	u.path = u.dir
	return u
}

// coreTools are what a minimal Debian has.
var coreTools = strings.Fields(`awk sed grep tr cut sort uniq head tail wc cat cp mv ln rm ls mkdir rmdir mkfifo mktemp chmod touch
	tar gzip sha256sum cksum date sleep kill env id uname hostname stat find xargs readlink realpath dirname basename dd od df du mount
	nice ionice timeout ps expr printf test true false tee seq getconf sync mknod`)
