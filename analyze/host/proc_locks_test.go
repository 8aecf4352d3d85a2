package host

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestParseLocks(t *testing.T) {
	text := "1: FLOCK  ADVISORY  WRITE 27445 fe:00:9986023 0 EOF\n" +
		"1: -> FLOCK  ADVISORY  WRITE 27452 fe:00:9986023 0 EOF\n" +
		"1:  -> FLOCK  ADVISORY  WRITE 27457 fe:00:9986023 0 EOF\n" +
		"2: OFDLCK ADVISORY  READ -1 00:1a:3 0 EOF\n" +
		"3: POSIX  ADVISORY  READ  3548 08:01:7867240 128 128\n" +
		"4: LEASE  ACTIVE    READ  3361 08:01:719 0 EOF\n" +
		"5: POSIX  *NOINODE* WRITE 3361 <none>:0 0 EOF\n" +
		"\n" +
		"6: FLOCK  ADVISORY  WRITE 27445 fe:00 0 EOF\n" +
		"7: FLOCK  ADVISORY  WRITE x fe:00:1 0 EOF\n" +
		"8: FLOCK  ADVISORY  WRITE\n" +
		"cat: /proc/locks: Permission denied\n" +
		"9: FLOCK  ADVISORY  WRITE 7 00:1a:5 0"
	rows, problems := ParseLocks(strings.NewReader(text), "proc/locks")
	var got []string
	for i, r := range rows {
		got = append(got, fmt.Sprintf("%d %s %s %d %s %d %v", r.Number, r.Kind, r.Access, r.PID, r.Dev, r.Inode, r.Waits))
		if want := lineRef("proc/locks", text, i+1); r.Refs[0] != want {
			t.Errorf("row %d at %v, want %v", i, r.Refs[0], want)
		}
	}
	want := []string{
		"1 FLOCK WRITE 27445 254:0 9986023 false", "1 FLOCK WRITE 27452 254:0 9986023 true", "1 FLOCK WRITE 27457 254:0 9986023 true",
		"2 OFDLCK READ 0 0:26 3 false", "3 POSIX READ 3548 8:1 7867240 false", "4 LEASE READ 3361 8:1 719 false", "5 POSIX WRITE 3361  0 false",
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if len(problems) != 6 {
		t.Errorf("%d problems, want 6: %v", len(problems), problems)
	}
}

func FuzzParseLocks(f *testing.F) {
	f.Add([]byte("1: FLOCK  ADVISORY  WRITE 27445 fe:00:9986023 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 27452 fe:00:9986023 0 EOF\n"))
	f.Add([]byte("2: OFDLCK ADVISORY  READ -1 00:1a:3 0 EOF\n5: POSIX  *NOINODE* WRITE 3361 <none>:0 0 EOF\n9: x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ParseLocks(bytes.NewReader(b), "proc/locks")
		checkProblems(t, b, problems)
		checkRows(t, b, len(rows))
		for _, r := range rows {
			checkRefs(t, b, r.Kind, r.Refs)
			if r.PID < 0 || r.Number < 0 || r.Inode < 0 || r.Kind == "" {
				t.Fatalf("lock %+v", r)
			}
		}
	})
}
