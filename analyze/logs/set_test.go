package logs

import (
	"fmt"
	"math/rand/v2"
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
		{`a(bcd)e\bfg.*hi`, []literal{{"abcdefg", false}}},
		{`open \S+: (EOF|broken pipe)`, []literal{{"open ", false}}},
		{`(connection refused|no route to host)`, []literal{{"connection refused", false}, {"no route to host", false}}},
		{`^(abcd|ab)$`, nil},
		{`(longer literal)? abc`, []literal{{" abc", false}}},
		{`(longer literal)* abc`, []literal{{" abc", false}}},
		{`(longer literal)+ abc`, []literal{{"longer literal", false}}},
		{`(longer literal){2,3} abc`, []literal{{"longer literal", false}}},
		{`(longer literal){0,3} abc`, []literal{{" abc", false}}},
		{`(?i)Device Is BUSY`, []literal{{"device i", true}}},
		{`(?i)oom-ill foo`, []literal{{"oom-ill foo", true}}},
		{`Oom-(?i)ill foo`, []literal{{"ill foo", true}}},
		{`(?i)ſk`, nil},
		{"ab\uFFFDcdef", []literal{{"cdef", false}}},
		{`\d+ \w+`, nil},
		{`ab`, nil},
		{`[a-c]def`, []literal{{"def", false}}},
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
	s := mustCompile(t, sigs(`no space`, `\d+ss`, `a.b`, `(?i)abc`))
	if got, want := s.Slow(), []string{"s1", "s2"}; !slices.Equal(got, want) {
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

// TestAutomaton compares the automaton with a search for every literal at every
// place.
func TestAutomaton(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "aAbBc\xff"[rnd.IntN(6)]
		}
		return string(b)
	}
	for range 300 {
		var literals []literal
		for range 1 + rnd.IntN(6) {
			literals = append(literals, literal{text: word(1 + rnd.IntN(4))})
		}
		text := word(40)
		var want []found
		for end := 1; end <= len(text); end++ {
			for id, l := range literals {
				if strings.HasSuffix(lower(text[:end]), lower(l.text)) {
					want = append(want, found{int32(id), end})
				}
			}
		}
		got := newAutomaton(literals).find([]byte(text), nil)
		slices.SortFunc(got, func(a, b found) int { return (a.end-b.end)*100 + int(a.literal-b.literal) })
		if !slices.Equal(got, want) {
			t.Fatalf("literals %v in %q: found %v, want %v", literals, text, got, want)
		}
	}
}

func TestAutomatonWithoutLiterals(t *testing.T) {
	if got := newAutomaton(nil).find([]byte("abc"), nil); len(got) > 0 {
		t.Errorf("found %v", got)
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
