package logs

import (
	"time"

	"culprit/analyze/fact"
)

// unzoned marks times whose zone the log did not print; Resolve finds them by it.
var unzoned = time.FixedZone("unzoned", 0)

// printed is s as a time: without a zone it is in unzoned, without a year in
// year 0.
func printed(s fact.Stamp) time.Time {
	if s.NoYear || s.NoZone {
		return s.Time.In(unzoned)
	}
	return s.Time
}

func isUnresolved(t time.Time) bool { return t.Location() == unzoned }

// resolve completes a time that printed made.
func resolve(t, ref time.Time) time.Time {
	if !isUnresolved(t) {
		return t
	}
	return fact.Stamp{Time: t, NoYear: t.Year() == 0, NoZone: true}.Resolve(ref)
}

// minute is Unix time / 60, rounded down before 1970 too, where times without a
// year lie.
func minute(t time.Time) int64 {
	s := t.Unix()
	m := s / 60
	if s%60 < 0 {
		m--
	}
	return m
}

// span is a first and a last time.
type span struct{ first, last time.Time }

// add takes the next time in file order.
func (s *span) add(t time.Time) {
	if s.first.IsZero() {
		s.first = t
	}
	s.last = t
}

// ordered swaps the ends where the file runs backwards, as journalctl -r prints.
func (s span) ordered() span {
	if s.last.Before(s.first) {
		s.first, s.last = s.last, s.first
	}
	return s
}
