package rules

import (
	"testing"

	"culprit/analyze/fact"
)

// pickedOf makes a selection's rows of stacks with the given counts.
func pickedOf(missing string, unsure int64, counts ...int64) picked {
	p := picked{sel: &Selection{Name: "s", Table: stacksTable}, missing: missing}
	for range unsure {
		p.unsure = append(p.unsure, Row{"stacks", &fact.Stack{Count: 1}})
	}
	for _, n := range counts {
		p.passed = append(p.passed, Row{"stacks", &fact.Stack{Count: n}})
	}
	return p
}

// TestWords holds every word to the table in README.md over complete, cut, missing
// and unsure selections.
func TestWords(t *testing.T) {
	whole := func(counts ...int64) picked { return pickedOf("", 0, counts...) }
	cut := func(counts ...int64) picked { return pickedOf("the dump is cut", 0, counts...) }
	unsure := func(counts ...int64) picked { return pickedOf("", 1, counts...) }
	for _, tt := range []struct {
		name string
		cond Condition
		a, b picked
		want Truth
	}{
		{"at_least reached", Condition{Word: AtLeast, N: 3}, whole(2, 1), picked{}, True},
		{"at_least reached in a cut dump", Condition{Word: AtLeast, N: 3}, cut(3), picked{}, True},
		{"at_least missed", Condition{Word: AtLeast, N: 3}, whole(2), picked{}, False},
		{"at_least missed in a cut dump", Condition{Word: AtLeast, N: 3}, cut(2), picked{}, Unknown},
		{"at_least missed, a row does not tell", Condition{Word: AtLeast, N: 3}, unsure(2), picked{}, Unknown},
		{"at_most kept", Condition{Word: AtMost, N: 3}, whole(3), picked{}, True},
		{"at_most kept so far", Condition{Word: AtMost, N: 3}, cut(3), picked{}, Unknown},
		{"at_most broken", Condition{Word: AtMost, N: 3}, cut(4), picked{}, False},
		{"none", Condition{Word: None}, whole(), picked{}, True},
		{"none seen, source missing", Condition{Word: None}, cut(), picked{}, Unknown},
		{"none seen, a row does not tell", Condition{Word: None}, unsure(), picked{}, Unknown},
		{"none broken", Condition{Word: None}, cut(1), picked{}, False},
		{"as many", Condition{Word: AtLeastAsMany, Slack: 1}, whole(4), whole(5), True},
		{"as many, a is a lower bound", Condition{Word: AtLeastAsMany, Slack: 1}, cut(4), whole(5), True},
		{"too few", Condition{Word: AtLeastAsMany, Slack: 1}, whole(3), whole(5), False},
		{"too few so far", Condition{Word: AtLeastAsMany}, cut(3), whole(5), Unknown},
		{"b is a lower bound", Condition{Word: AtLeastAsMany}, whole(5), cut(5), Unknown},
		{"too few even for a lower bound", Condition{Word: AtLeastAsMany}, whole(3), cut(5), False},
		{"paired by slack", Condition{Word: Paired, Slack: 3}, whole(800), whole(803), True},
		{"paired by share", Condition{Word: Paired, Within: 0.02}, whole(1000), whole(1020), True},
		{"not paired", Condition{Word: Paired, Slack: 3, Within: 0.001}, whole(800), whole(900), False},
		{"pairing of a sample", Condition{Word: Paired, Slack: 3}, cut(800), whole(900), Unknown},
	} {
		a, b := tt.a.sel, &Selection{Name: "b", Table: stacksTable}
		tt.cond.Of, tt.cond.A, tt.cond.B = a, a, b
		j := tt.cond.judge(func(s *Selection) picked {
			if s == b {
				return tt.b
			}
			return tt.a
		})
		if j.Truth != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, j.Truth, tt.want)
		}
		if j.Truth == Unknown && len(j.Unknown) == 0 {
			t.Errorf("%s: unknown without a reason", tt.name)
		}
	}
}

func TestCombinations(t *testing.T) {
	sel := map[Truth]*Selection{}
	for _, truth := range []Truth{False, Unknown, True} {
		sel[truth] = &Selection{Name: truth.String(), Table: stacksTable}
	}
	pick := func(s *Selection) picked {
		switch s {
		case sel[True]:
			return pickedOf("", 0, 1)
		case sel[Unknown]:
			return pickedOf("missing", 0)
		}
		return pickedOf("", 0)
	}
	leaf := func(truth Truth) *Condition { return &Condition{Word: AtLeast, N: 1, Of: sel[truth]} }
	for _, a := range []Truth{False, Unknown, True} {
		for _, b := range []Truth{False, Unknown, True} {
			all := Condition{Word: All, Sub: []*Condition{leaf(a), leaf(b)}}
			if got := all.judge(pick).Truth; got != min(a, b) {
				t.Errorf("all(%v, %v) = %v", a, b, got)
			}
			any := Condition{Word: Any, Sub: []*Condition{leaf(a), leaf(b)}}
			if got := any.judge(pick).Truth; got != max(a, b) {
				t.Errorf("any(%v, %v) = %v", a, b, got)
			}
		}
		not := Condition{Word: Not, Sub: []*Condition{leaf(a)}}
		if got := not.judge(pick).Truth; got != -a {
			t.Errorf("not(%v) = %v", a, got)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, tt := range []struct{ a, b string }{
		{"18.09.2", "20.10.10"}, {"20.10.9", "20.10.10"}, {"17.12.0-ce", "17.12.1-ce"}, {"1.0.0-rc8", "1.0.0-rc91"},
		{"1.0.0-rc95", "1.0.0"}, {"1.6.20~ds1-1+deb12u3", "1.6.21"}, {"v1.19.3", "1.20"}, {"20.10.24+dfsg1", "23.0.1"},
		{"1.0.0-rc8+dev", "1.0.0-rc91"}, {"1.0.0~rc6+dfsg1", "1.0.0-rc91"}, {"1.0.0-rc91", "1.0.0-rc93"}, {"1.0.0-rc93", "1.1.5"}, {"1.1.0-rc.1", "1.1.0"},
	} {
		if compareVersions(tt.a, tt.b) >= 0 || compareVersions(tt.b, tt.a) <= 0 {
			t.Errorf("%s is not below %s", tt.a, tt.b)
		}
	}
	for _, v := range []string{"20.10", "20.10.0", "20.10.0+dfsg1", "v20.10.0"} {
		if compareVersions(v, "20.10.0") != 0 {
			t.Errorf("%s is not 20.10.0", v)
		}
	}
	for _, tt := range []struct {
		version      string
		vendor       bool
		from, before string
		want         Truth
	}{
		{"18.09.2", false, "17.06", "20.10.10", True},
		{"20.10.10", false, "", "20.10.10", False},
		{"18.09.2+vendor", true, "", "20.10.10", Unknown},
		{"20.10.24+dfsg1", true, "", "20.10.10", False},
		{"20.10.24+dfsg1", true, "20.10.10", "", True},
		{"", false, "17.11", "", Unknown},
		{"17.03.1", false, "17.11", "", False},
	} {
		if got := versionBetween(&fact.Daemon{Version: tt.version, Vendor: tt.vendor}, tt.from, tt.before); got != tt.want {
			t.Errorf("%q from %q before %q: got %v, want %v", tt.version, tt.from, tt.before, got, tt.want)
		}
	}
}
