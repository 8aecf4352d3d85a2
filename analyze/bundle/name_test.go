package bundle

import (
	"slices"
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	for _, c := range []struct {
		name, want string
		odd        []string
	}{
		{"docker/info.txt", "docker/info.txt", nil},
		{"./docker//info.txt", "docker/info.txt", nil},
		{`etc/dev-disk-by\x2dlabel.device`, `etc/dev-disk-by\x2dlabel.device`, nil},
		{"/etc/passwd", "etc/passwd", []string{"absolute name"}},
		{"../../etc/passwd", "etc/passwd", []string{`name with ".."`}},
		{"a/../../b", "b", []string{`name with ".."`}},
		{"a..b/..c", "a..b/..c", nil},
		{"..", "unnamed", []string{`name with ".."`, "name without a last part"}},
		{"a\x00b\x1b[2Jc\x7f", `a\x00b\x1b[2Jc\x7f`, []string{"name with control characters"}},
		{"a\xffb", `a\xffb`, []string{"name with control characters"}},
		{"a\u202egpj.log", `a\xe2\x80\xaegpj.log`, []string{"name with control characters"}},
		{"日志/节点 1.log", "日志/节点 1.log", nil},
		{"\ufffd", "\ufffd", nil},
		{strings.Repeat("d/", 50) + "proc/7/stat", "/d/proc/7/stat"[1:], []string{"name of 111 bytes"}},
	} {
		limit := 1000
		if len(c.name) > 100 {
			limit = 13
		}
		got, odd := cleanName(c.name, limit)
		if got != c.want || !slices.Equal(odd, c.odd) {
			t.Errorf("cleanName(%q) = %q %q, want %q %q", c.name, got, odd, c.want, c.odd)
		}
	}
}

func TestNameSet(t *testing.T) {
	s := nameSet{}
	var got []string
	for _, n := range []string{"a", "a#2", "a", "a", "b", "a"} {
		u, _ := s.add(n)
		got = append(got, u)
	}
	if want := []string{"a", "a#2", "a#3", "a#4", "b", "a#5"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

func TestQuote(t *testing.T) {
	if got := quote("a\x1b\"b"); got != `"a\x1b\"b"` {
		t.Errorf("quote = %s", got)
	}
	if got, want := quote(strings.Repeat("é", 60)), `"`+strings.Repeat("é", 40)+`"...`; got != want {
		t.Errorf("quote = %s, want %s", got, want)
	}
	if got, want := quote("x"+strings.Repeat("é", 60)), `"x`+strings.Repeat("é", 39)+`"...`; got != want {
		t.Errorf("quote = %s, want %s", got, want)
	}
}
