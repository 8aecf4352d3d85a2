package host

import (
	"io"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// dateLayouts are the forms in which a node prints its clock: RFC 3339, date in
// the C, en_GB and en_US locales, date -R, hwclock and timedatectl. MST stands for
// a zone in letters or in digits.
var dateLayouts = []string{
	time.RFC3339Nano,
	"Mon Jan _2 15:04:05 MST 2006",
	"Mon Jan _2 03:04:05 PM MST 2006",
	"Mon _2 Jan 2006 03:04:05 PM MST",
	"Mon _2 Jan 15:04:05 MST 2006",
	"2006-01-02T15:04:05-0700",
	"Mon, 02 Jan 2006 15:04:05 -0700",
	"2006-01-02 15:04:05.999999999-07:00",
	"2006-01-02 15:04:05 -0700",
	"Mon 2006-01-02 15:04:05 MST",
}

// ParseDate reads the output of date(1): the clock at the start of a collection
// and, on a second line, at its end; the Universal time of timedatectl; or seconds
// since the epoch. Times keep the zone they were printed in. A zone given by letters other than
// UTC or GMT does not tell its offset: it is read as UTC, with a problem.
//
//	2026-11-22T03:49:28+00:00
//	Sun Nov 22 03:49:28 UTC 2026
//	         Universal time: Sun 2026-11-22 03:49:28 UTC
func ParseDate(r io.Reader, source string) (fact.Node, []fact.Problem) {
	l := newLines(r, source)
	var n fact.Node
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		if key, value, ok := strings.Cut(text, ": "); ok {
			if key != "Universal time" {
				if isFailure(text) {
					l.refuse("a date")
				}
				continue
			}
			text = strings.TrimSpace(value)
		}
		t, lettered, ok := parseClock(text)
		if !ok {
			l.refuse("a date")
			continue
		}
		if lettered != "" {
			l.fault("zone %s does not tell its offset: read as UTC", quote(lettered))
		}
		if n.Collected.IsZero() {
			n.Collected = t
		} else {
			n.CollectedEnd = t
		}
		n.Refs = append(n.Refs, l.ref())
	}
	if n.CollectedEnd.Before(n.Collected) && !n.CollectedEnd.IsZero() {
		l.problem(n.Refs[len(n.Refs)-1], "the collection ends before it starts")
	}
	if len(n.Refs) > 2 {
		n.Refs = []fact.Ref{n.Refs[0], n.Refs[len(n.Refs)-1]}
	}
	return n, l.problems()
}

// parseClock reads one time; zone is its name where that gives no offset.
func parseClock(s string) (t time.Time, zone string, ok bool) {
	if isDigits(s) && len(s) == 10 {
		sec, _ := strconv.ParseInt(s, 10, 64)
		return time.Unix(sec, 0).UTC(), "", true
	}
	s = strings.Join(strings.Fields(s), " ")
	for _, layout := range dateLayouts {
		for _, zone := range []string{"-0700", "-07", "MST"} {
			// In UTC no other zone's name is known, whatever the machine's zone is.
			t, err := time.ParseInLocation(strings.Replace(layout, "MST", zone, 1), s, time.UTC)
			if err != nil || t.Year() < 1970 {
				continue
			}
			name, offset := t.Zone()
			if offset != 0 || zone != "MST" || !strings.Contains(layout, zone) || name == "UTC" || name == "GMT" {
				name = ""
			}
			if offset == 0 {
				t = t.UTC()
			}
			return t, name, true
		}
	}
	return time.Time{}, "", false
}
