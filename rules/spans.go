package rules

import (
	"slices"
	"time"
)

// span is a stretch of time, both ends included.
type span struct{ from, to time.Time }

// always is longer than any log.
var always = span{time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}

// united sorts the spans and joins those that touch.
func united(list []span) []span {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range list {
		if last := len(out) - 1; last >= 0 && !s.from.After(out[last].to) {
			out[last].to = later(out[last].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// outside is what united spans leave open: up to the first, between two, after the last.
func outside(list []span) []span {
	var out []span
	from := always.from
	for _, s := range list {
		if s.from.After(from) {
			out = append(out, span{from, s.from.Add(-1)})
		}
		from = later(from, s.to.Add(1))
	}
	return append(out, span{from, always.to})
}

// common is what two united lists share.
func common(a, b []span) []span {
	var out []span
	for len(a) > 0 && len(b) > 0 {
		if from, to := later(a[0].from, b[0].from), earlier(a[0].to, b[0].to); !from.After(to) {
			out = append(out, span{from, to})
		}
		if a[0].to.Before(b[0].to) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

// ahead are the times from which some moment of the spans is at most window away.
func ahead(list []span, window time.Duration) []span {
	out := slices.Clone(list)
	for i := range out {
		out[i].from = out[i].from.Add(-window)
	}
	return united(out)
}

// meets reports whether united spans have a moment between from and to.
func meets(list []span, from, to time.Time) bool {
	i, _ := slices.BinarySearchFunc(list, from, func(s span, t time.Time) int { return s.to.Compare(t) })
	return i < len(list) && !list[i].from.After(to)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
