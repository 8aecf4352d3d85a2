package render

import (
	"regexp"
	"strings"
	"unicode"
)

// inline writes text as Markdown (CommonMark 0.31) in which nothing is markup, nor
// becomes a mention, an issue or a link where a tracker looks for them: words of
// letters and digits stand as they are, everything else, names, paths, commands,
// in code spans. Backslashes would not do: trackers read the text behind them.
func inline(s string) string {
	var b strings.Builder
	var span []string // words of a code span that is open
	flush := func() {
		if len(span) > 0 {
			b.WriteString(code(strings.Join(span, " ")))
			span = nil
		}
	}
	for i, word := range strings.Fields(Clean(s)) {
		lead, core, trail := peel(word)
		// At the beginning of a block "12." and "12)" begin a list.
		if i == 0 && strings.IndexAny(trail, ".)") == 0 && isNumber(core) {
			core, trail = core+trail, ""
		}
		if lead != "" || plain(core) {
			flush()
		}
		if i > 0 && len(span) == 0 {
			b.WriteByte(' ')
		}
		b.WriteString(lead)
		if plain(core) {
			b.WriteString(core + trail)
			continue
		}
		if span = append(span, core); trail != "" {
			flush()
			b.WriteString(trail)
		}
	}
	flush()
	return b.String()
}

// peel splits a word from the punctuation around it.
func peel(word string) (lead, core, trail string) {
	core = strings.TrimLeft(word, `("'`)
	lead = word[:len(word)-len(core)]
	marks := `"',;.:?%)`
	if strings.Contains(core, "(") { // a bracket of its own, as in a function's name
		marks = marks[:len(marks)-1]
	}
	rest := strings.TrimRight(core, marks)
	return lead, rest, core[len(rest):]
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

var (
	// clockTime and zone are the parts of a stamp, the only words with a colon or a
	// sign that stay plain.
	clockTime = regexp.MustCompile(`^\d\d:\d\d:\d\d$|^[+-]\d\d\d\d$`)
	// reference is what trackers link: commit ids, PROJECT-123, and "www" where a full stop
	// follows.
	reference = regexp.MustCompile(`\b[0-9a-fA-F]{7,}\b|[A-Z]{2,}[A-Z0-9]*-\d|(?i:\bwww$)`)
)

// plain reports whether a word without its punctuation is no markup anywhere.
func plain(core string) bool {
	if core == "" || clockTime.MatchString(core) {
		return true
	}
	for i, r := range core {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x80
		if !letter && (i == 0 || !strings.ContainsRune(",'-/", r)) {
			return false
		}
	}
	return !reference.MatchString(core)
}

// code writes s as a code span: between more backticks than it holds in a row.
func code(s string) string {
	s = Clean(s)
	if s == "" {
		s = " "
	}
	// A span loses one blank at both ends when both are there.
	edge := func(c byte) bool { return c == '`' || c == ' ' }
	if edge(s[0]) || edge(s[len(s)-1]) {
		s = " " + s + " "
	}
	ticks := strings.Repeat("`", backticks(s)+1)
	return ticks + s + ticks
}

// fenced writes lines as a fenced code block, each behind indent.
func fenced(lines []string, indent string) string {
	n := 2
	for i, line := range lines {
		lines[i] = strings.TrimRight(Clean(cut(line)), " ")
		n = max(n, backticks(lines[i]))
	}
	fence := strings.Repeat("`", n+1)
	return indent + fence + "text\n" + indent + strings.Join(lines, "\n"+indent) + "\n" + indent + fence + "\n"
}

// backticks is the length of the longest run of them.
func backticks(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
