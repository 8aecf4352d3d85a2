package logs

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func sigs(patterns ...string) []fact.Signature {
	var all []fact.Signature
	for i, p := range patterns {
		all = append(all, fact.Signature{ID: fmt.Sprintf("s%d", i), Pattern: p})
	}
	return all
}

func mustCompile(t testing.TB, all []fact.Signature) *Set {
	t.Helper()
	s, err := Compile(all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRequired(t *testing.T) {
	tests := []struct {
		pattern string
		want    []literal
	}{
		{`no space left`, []literal{{"no space left", false}}},
		{`task (?P<comm>\S+) blocked for`, []literal{{" blocked for", false}}},
		{`ab(cde)f\bgh.*hijkl`, []literal{{"abcdefgh", false}}},
		{`reopen \S+: (EOF|broken pipe)`, nil},
		{`reopened \S+: (EOF|broken pipe)`, []literal{{"reopened ", false}}},
		{`(connection refused|no route to host)`, []literal{{"connection refused", false}, {"no route to host", false}}},
		{`libceph: (?P<t>(?:osd|mon|mds)\d+) down`, []literal{{"libceph: osd", false}, {"libceph: mon", false}, {"libceph: mds", false}}},
		{`accept4?: too many`, []literal{{"accept: too many", false}, {"accept4: too many", false}}},
		{`a(bb|cc)(dd|ee)(ff|gg)(hh|ii)(jj|kk)long enough`, []literal{{"jjlong enough", false}, {"kklong enough", false}}},
		{`a(?:` + strings.Repeat(`(?:bb|cc)`, 64) + `)?long enough`, []literal{{"long enough", false}}},
		{`a(x*|long enough)`, nil},
		{`^(abcdefgh|ab)$`, nil},
		{`(longer literal)? abcdefg`, []literal{{" abcdefg", false}, {"longer literal abcdefg", false}}},
		{`(longer literal)* abcdefg`, []literal{{" abcdefg", false}}},
		{`(longer literal)+ abcdefg`, []literal{{"longer literal", false}}},
		{`(longer literal){2,3} abcdefg`, []literal{{"longer literal", false}}},
		{`(longer literal){0,3} abcdefg`, []literal{{" abcdefg", false}}},
		{`(?i)Device Is BUSY`, []literal{{"device i", true}}},
		{`(?i)oom-ill foo`, []literal{{"oom-ill foo", true}}},
		{`Oom-(?i)ill foo`, nil},
		{`Oom-(?i)ill ffoo`, []literal{{"ill ffoo", true}}},
		{`(?i)ſk`, nil},
		{"ab\uFFFDcdefghij", []literal{{"cdefghij", false}}},
		{`\d+ \w+`, nil},
		{`abcdefg`, nil},
		{`[a-c]defghijk`, []literal{{"defghijk", false}}},
		{strings.Repeat("0123456789", 4), []literal{{strings.Repeat("0123456789", 4)[:maxLiteral], false}}},
	}
	for _, tt := range tests {
		re, err := syntax.Parse(tt.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := required(re); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("required(%q) = %v, want %v", tt.pattern, got, tt.want)
		}
	}
}

func TestSlow(t *testing.T) {
	s := mustCompile(t, sigs(`no space`, `\d+ss`, `a.b`, `(?i)abcdefgh`, `abc`))
	if got, want := s.Slow(), []string{"s1", "s2", "s4"}; !slices.Equal(got, want) {
		t.Errorf("Slow() = %v, want %v", got, want)
	}
}

func TestCompileNamesEverySignature(t *testing.T) {
	_, err := Compile([]fact.Signature{
		{ID: "good", Pattern: "abc"},
		{ID: "open", Pattern: "a("},
		{ID: "good", Pattern: "abc"},
		{Pattern: "abc"},
		{ID: "all", Pattern: ".*"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"signature open: error parsing regexp", "signature good: id used twice",
		"signature number 4 has no id", "signature all: the pattern matches an empty line"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
}

// What a pattern's pieces rule out does not match.
func TestPieces(t *testing.T) {
	for pattern, want := range map[string]string{
		`ab(?P<x>cd)+e?f*(gh|ij)k{2}`: "ab cd k",
		`a|b`:                         "",
		`(?i)abc`:                     "",
		"a\uFFFDb":                    "",
		`Calling POST /(?:v[0-9.]+/)?containers/(?P<id>\w+)/update`: "Calling POST / containers/ /update",
	} {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(bytes.Join(pieces(re), []byte(" "))); got != want {
			t.Errorf("pieces of %s: %q, want %q", pattern, got, want)
		}
	}
}

func TestWriter(t *testing.T) {
	for _, tt := range []struct {
		of     []string
		daemon string
		want   string
		ok     bool
	}{
		{nil, "", "", true},
		{nil, "kubelet", "kubelet", true},
		{[]string{"dockerd"}, "", "", true},
		{[]string{"dockerd"}, "dockerd", "dockerd", true},
		{[]string{"dockerd"}, "kubelet", "", false},
		{[]string{"dockerd"}, "containerd", "", false},
		{[]string{"kubelet", "containerd"}, "dockerd", "containerd", true},
		{[]string{"dockerd", "containerd"}, "dockerd", "dockerd", true},
	} {
		p := pattern{sig: fact.Signature{Daemons: tt.of}}
		if got, ok := p.writer(tt.daemon); got != tt.want || ok != tt.ok {
			t.Errorf("signature of %v, line of %q: %q %v", tt.of, tt.daemon, got, ok)
		}
	}
}

// One line is told apart as a scan tells it.
func TestSignature(t *testing.T) {
	set, err := Compile([]fact.Signature{
		{ID: "fifo", Pattern: `reading from a closed fifo`},
		{ID: "exit", Pattern: `Container [0-9a-f]+ failed to exit`, Daemons: []string{"dockerd"}},
		{ID: "slow", Pattern: `\bx+y\b`},
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"level=error msg=\"reading from a closed fifo\"":  "fifo",
		"Container ab12 failed to exit within 10 seconds": "exit",
		"Container QQ failed to exit":                     "",
		"a xxy b":                                         "slow",
		"xxy reading from a closed fifo":                  "fifo",
		"":                                                "",
	} {
		if got := set.Signature([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
