package rules

import (
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// version judges the versions of the selected daemons. A distribution's build older
// than a change may carry it all the same, be it the fault or the fix: unknown.
func (c *Condition) version(p picked) Judgement {
	truth := False
	for _, row := range p.passed {
		truth = truth.Or(versionBetween(row.Value.(*fact.Daemon), c.From, c.Before))
	}
	for _, row := range p.unsure {
		truth = truth.Or(min(Unknown, versionBetween(row.Value.(*fact.Daemon), c.From, c.Before)))
	}
	// What is not listed has a version all the same.
	if truth == False && (p.missing != "" || len(p.passed) == 0) {
		truth = Unknown
	}
	return c.outcome(truth, p).because("the version is not told, or is a distribution's build that may carry the change")
}

func versionBetween(d *fact.Daemon, from, before string) Truth {
	if !isRelease(d.Version) {
		return Unknown
	}
	old := from != "" && compareVersions(d.Version, from) < 0
	switch {
	case before != "" && compareVersions(d.Version, before) >= 0:
		return False
	case d.Vendor && (old || before != ""):
		return Unknown
	}
	return truthOf(!old)
}

// isRelease reports whether the version can be ordered: builds from a branch print
// "dev", "master-..." or "0.0.0-20190101".
func isRelease(version string) bool {
	numbers, _ := versionNumbers(version)
	return slices.ContainsFunc(numbers, func(n int) bool { return n > 0 })
}

// compareVersions orders "18.09.2", "20.10.24+dfsg1", "1.0.0-rc90" by their
// dotted numbers; a pre-release comes before its release. Epochs and
// distribution suffixes (+dfsg1, ~ds1, -0ubuntu1) are ignored.
func compareVersions(a, b string) int {
	na, prea := versionNumbers(a)
	nb, preb := versionNumbers(b)
	for i := range max(len(na), len(nb)) {
		var x, y int
		if i < len(na) {
			x = na[i]
		}
		if i < len(nb) {
			y = nb[i]
		}
		if x != y {
			return x - y
		}
	}
	return prea - preb
}

// versionNumbers splits a version into its numbers and its release candidate,
// where no candidate counts above all.
func versionNumbers(v string) (numbers []int, candidate int) {
	const release = 1 << 30
	v = strings.Replace(strings.TrimPrefix(v, "v"), "~rc", "-rc", 1) // Debian's spelling
	candidate = release
	if main, rest, ok := strings.Cut(v, "-rc"); ok {
		v, candidate = main, leadingInt(strings.TrimLeft(rest, ".-"))
	}
	for part := range strings.SplitSeq(v, ".") {
		if part == "" || part[0] < '0' || part[0] > '9' {
			break
		}
		n := leadingInt(part)
		numbers = append(numbers, n)
		if strings.Trim(part, "0123456789") != "" {
			break
		}
	}
	return numbers, candidate
}

func leadingInt(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<24 {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
