package host

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestParseMountinfo(t *testing.T) {
	const text = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n" +
		`77 12 8:49 / /media/a\040b\134c rw shared:7 master:8 propagate_from:9 unbindable new:1 - fuse.x //host/A\040B rw,opt=a\054b` + "\n" +
		"40 36 0:45 / /run rw -  - rw\n" +
		"41 36 0:46 /x//deleted /run/y ro - tmpfs  rw\n"
	got, problems := ParseMountinfo(strings.NewReader(text), "proc/7/mountinfo")
	equal(t, "problems", texts(problems), []string{`proc/7/mountinfo:3 not a line of mountinfo: "40 36 0:45 / /run rw -  - rw"`})
	at := func(n int) []fact.Ref { return []fact.Ref{lineRef("proc/7/mountinfo", text, n)} }
	equal(t, "rows", got, []fact.Mount{
		{PIDs: []int{7}, ID: 36, Parent: 35, Dev: "98:0", Root: "/mnt1", Point: "/mnt2", Options: []string{"rw", "noatime"},
			Super: []string{"rw", "errors=continue"}, Master: 1, FSType: "ext3", Device: "/dev/root", Refs: at(1)},
		{PIDs: []int{7}, ID: 77, Parent: 12, Dev: "8:49", Root: "/", Point: `/media/a b\c`, Options: []string{"rw"},
			Super: []string{"rw", "opt=a,b"}, Shared: 7, Master: 8, PropagateFrom: 9, Unbindable: true, FSType: "fuse.x", Device: "//host/A B", Refs: at(2)},
		{PIDs: []int{7}, ID: 41, Parent: 36, Dev: "0:46", Root: "/x//deleted", Point: "/run/y", Options: []string{"ro"},
			Super: []string{"rw"}, FSType: "tmpfs", Device: "", Refs: at(4)},
	})
}

func TestParseMountinfoBroken(t *testing.T) {
	const good = "36 35 98:0 / / rw - ext4 /dev/sda1 rw\n"
	tests := []struct {
		name, text string
		rows       int
		problems   []string
	}{
		{"empty", "", 0, []string{"m an empty mountinfo: every mount namespace has a root"}},
		{"failed read", "cat: /proc/7/mountinfo: No such file or directory\n", 0,
			[]string{`m:1 the command failed: "cat: /proc/7/mountinfo: No such file or directory"`}},
		{"no separator", good + "21 1 253:1 / / rw,relatime  ext4 /dev/sda1 rw\n", 1,
			[]string{`m:2 not a line of mountinfo: "21 1 253:1 / / rw,relatime  ext4 /dev/sda1 rw"`}},
		{"cut after a whole line", good + good[:len(good)-1], 2, []string{`m:2 ends in the middle of a line: "36 35 98:0 / / rw - ext4 /dev/sda1 rw"`}},
		{"cut", good + "36 35 98:0 / / rw - ext4 /dev", 1,
			[]string{`m:2 not a line of mountinfo: "36 35 98:0 / / rw - ext4 /dev"`, `m:2 ends in the middle of a line: "36 35 98:0 / / rw - ext4 /dev"`}},
		{"no device number", good + "36 35 98 / / rw - ext4 /dev/sda1 rw\n", 1,
			[]string{`m:2 not a line of mountinfo: "36 35 98 / / rw - ext4 /dev/sda1 rw"`}},
		{"too short", "1 2 3:4 / /\n", 0, []string{`m:1 not a line of mountinfo: "1 2 3:4 / /"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseMountinfo(strings.NewReader(tt.text), "m")
			if len(got) != tt.rows {
				t.Errorf("%d rows, want %d", len(got), tt.rows)
			}
			for _, m := range got {
				if m.PIDs != nil {
					t.Errorf("pids %v out of nowhere", m.PIDs)
				}
			}
			equal(t, "problems", texts(problems), tt.problems)
		})
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		`a\040b`: "a b", `\011\012\134\043`: "\t\n\\#", `\04`: `\04`, `\999`: `\999`, `\`: `\`, `x\134040`: `x\040`, `\400`: `\400`,
	} {
		if got := unescape(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
