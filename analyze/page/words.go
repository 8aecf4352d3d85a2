package page

import (
	"fmt"
	"strings"
	"time"

	"culprit/analyze/fleet"
	"culprit/analyze/render"
	"culprit/rules"
)

// Lengths in characters of what comes out of a bundle: what is longer is cut.
const (
	nameLength = 120
	pathLength = 400
	textLength = 600
)

// clip makes text of a bundle safe and at most n characters long.
func clip(s string, n int) string {
	// Not all of a long text is cleaned: one character of it may take 4 bytes.
	if len(s) > 8*n {
		s = strings.ToValidUTF8(s[:8*n], "")
	}
	clean := []rune(render.Clean(s))
	if len(clean) <= n {
		return string(clean)
	}
	return string(clean[:n-1]) + "…"
}

// plural counts in words.
func plural(n int64, word string) string {
	if n != 1 {
		word += "s"
	}
	return rules.Thousands(n) + " " + word
}

// percent is how many of a hundred n of all are, rounded but never to none or all.
func percent(n, all int64) string {
	switch p := (n*200 + all) / max(2*all, 1); {
	case p == 0 && n > 0:
		return "< 1 %"
	case p == 100 && n < all:
		return "> 99 %"
	default:
		return fmt.Sprintf("%d %%", p)
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(time.DateOnly)
}

// spanName names what a bar covers, last day included.
func spanName(start, end time.Time) string {
	if end.Sub(start) <= 7*24*time.Hour {
		return "week of " + day(start)
	}
	return period(start, end.AddDate(0, 0, -1))
}

// period names the days from first to last.
func period(first, last time.Time) string {
	if day(first) == day(last) {
		return day(first)
	}
	return day(first) + " to " + day(last)
}

// pair is a flag's name without its dashes, and its value.
type pair struct{ Name, Value string }

// asked are the flags that say a filter.
func asked(f fleet.Filter) (out []pair) {
	for _, p := range []pair{
		{"cause", f.Cause}, {"daemon", f.Daemon}, {"version", f.Version}, {"kernel", f.Kernel}, {"node", f.Node}, {"path", f.Path},
	} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	if !f.Since.IsZero() {
		out = append(out, pair{"since", day(f.Since)})
	}
	if !f.Until.IsZero() {
		out = append(out, pair{"until", day(f.Until)})
	}
	return out
}

// command is a line for a POSIX shell that asks the store, which the reader may have
// elsewhere, so it is called FILE.
func command(question string, f fleet.Filter) string {
	line := "culprit fleet " + question + " --store FILE"
	for _, p := range asked(f) {
		line += " --" + p.Name + " " + quote(p.Value)
	}
	return line
}

// quote makes one word of a shell command.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_./+:,@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// exportOf lists all bundles of a cause in a span, of which the page lists some.
func exportOf(f fleet.Filter, rule string, start, end time.Time) string {
	f.Cause = rule
	if !start.IsZero() {
		if start.After(f.Since) {
			f.Since = start
		}
		if f.Until.IsZero() || end.Before(f.Until) {
			f.Until = end
		}
	}
	return command("export --csv", f)
}
