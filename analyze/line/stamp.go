package line

import (
	"strings"
	"time"

	"culprit/analyze/fact"
)

// StampReach is how far into a line Stamp looks for a time: host names have at
// most 253 bytes, every prefix and time= comes earlier in practice. Only in lines
// that end in "}" it looks further, because JSON members come in any order.
const StampReach = 384

// layout is the shape of a printed time. The letters Y M D h m s stand for one
// digit each of year, month, day, hour, minute and second; any other byte is
// itself, except
//
//	b  month abbreviation, "Nov"     a  weekday abbreviation, "Tue"
//	n  month in one or two digits    d  first digit of the day or a space
//	T  "T" or a space                f  optional fraction, ".123456" or ",123"
//	z  optional zone: "Z", "+08:00", "+0800", " +0800 UTC"
//	u  optional zone name after a space: "UTC" is known, others are not
type layout string

const (
	isoLayout   layout = "YYYY-MM-DDThh:mm:ssfz"    // RFC 3339, journald short-iso, ISO 8601
	goLayout    layout = "YYYY/MM/DD hh:mm:ssf"     // Go's package log
	klogLayout  layout = "MMDD hh:mm:ssf"           // after the severity letter
	bsdLayout   layout = "b dD hh:mm:ssf"           // RFC 3164, journald short and short-precise
	cjkLayout   layout = "n月 dD hh:mm:ssf"          // the same in Chinese and Japanese locales
	dmesgLayout layout = "a b dD hh:mm:ss YYYY"     // dmesg -T, ctime(3)
	fullLayout  layout = "a YYYY-MM-DD hh:mm:ssfzu" // journald short-full
)

// Stamp reads the time of a log line and nothing else. When a prefix and the
// body both have one, the more complete stamp counts (klog prints no year, CRI
// does), the body's among equals. Of docker's json-file the outer time counts. It
// does not allocate, except for a zone that is not a whole hour.
func Stamp(text []byte) (fact.Stamp, bool) {
	s, _ := Origin(text)
	return s, !s.IsZero()
}

// Origin is Stamp, zero when the line has no time, and Unit, as far into the line as Stamp
// looks.
func Origin(text []byte) (s fact.Stamp, unit []byte) {
	w := unwrap(reached(text))
	w.bodyStamp(bodyForm(w.body))
	return w.stamp, w.unit
}

// reached is the part of a line that Stamp looks at.
func reached(text []byte) []byte {
	if len(text) > StampReach && text[len(text)-1] != '}' {
		return text[:StampReach]
	}
	return text
}

// bodyStamp takes the time that the body prints into account.
func (w *wrapped) bodyStamp(f form) {
	if s, ok := f.stamp(w.body); ok {
		w.stamped(s)
	}
}

func (f form) stamp(body []byte) (fact.Stamp, bool) {
	switch f {
	case formLogrus:
		return logrusStamp(body)
	case formTerminal:
		return terminalStamp(body)
	case formKlog:
		s, n := klogLayout.read(body[1:])
		return s, n > 0
	case formJSON:
		return jsonStamp(body)
	}
	return fact.Stamp{}, false
}

// clock gathers the parts of a time while a layout is read.
type clock struct {
	year, month, day, hour, minute, second int
	nano                                   int
	zone                                   *time.Location
}

// read reads a time of this layout at the start of text. n is its length, 0 when
// text does not start with one.
func (l layout) read(text []byte) (s fact.Stamp, n int) {
	var c clock
	for i := 0; i < len(l); i++ {
		rest := text[n:]
		switch l[i] {
		case 'f':
			n += c.fraction(rest)
			continue
		case 'z':
			n += c.numericZone(rest)
			continue
		case 'u':
			n += c.namedZone(rest)
			continue
		}
		if len(rest) == 0 {
			return fact.Stamp{}, 0
		}
		used := c.part(l[i], rest)
		if used == 0 {
			return fact.Stamp{}, 0
		}
		n += used
	}
	if c.year == 0 && strings.IndexByte(string(l), 'Y') >= 0 {
		return fact.Stamp{}, 0 // a printed year 0 would look like none
	}
	s, ok := c.stamp()
	if !ok {
		return fact.Stamp{}, 0
	}
	return s, n
}

// part reads what one letter of a layout stands for and returns the bytes used,
// 0 when rest does not fit. rest is not empty.
func (c *clock) part(letter byte, rest []byte) int {
	switch letter {
	case 'b':
		c.month = monthOf(rest)
		return 3 * min(c.month, 1)
	case 'a':
		return weekday(rest)
	case 'n':
		n := 0
		for ; n < 2 && n < len(rest) && isDigit(rest[n]); n++ {
			c.month = c.month*10 + int(rest[n]-'0')
		}
		return n
	case 'T':
		return b2i(rest[0] == 'T' || rest[0] == ' ')
	}
	field := c.field(letter)
	switch {
	case field == nil:
		return b2i(rest[0] == letter)
	case isDigit(rest[0]):
		*field = *field*10 + int(rest[0]-'0')
		return 1
	}
	return b2i(letter == 'd' && rest[0] == ' ')
}

func (c *clock) field(letter byte) *int {
	switch letter {
	case 'Y':
		return &c.year
	case 'M':
		return &c.month
	case 'D', 'd':
		return &c.day
	case 'h':
		return &c.hour
	case 'm':
		return &c.minute
	case 's':
		return &c.second
	}
	return nil
}

func (c *clock) fraction(rest []byte) int {
	if len(rest) < 2 || (rest[0] != '.' && rest[0] != ',') || !isDigit(rest[1]) {
		return 0
	}
	n, unit := 1, 100_000_000
	for ; n < len(rest) && isDigit(rest[n]); n++ {
		c.nano += int(rest[n]-'0') * unit
		unit /= 10
	}
	return n
}

func (c *clock) numericZone(rest []byte) int {
	if len(rest) > 0 && rest[0] == 'Z' {
		c.zone = time.UTC
		return 1
	}
	n := 0
	if len(rest) > 0 && rest[0] == ' ' {
		n = 1
	}
	if len(rest) < n+5 || (rest[n] != '+' && rest[n] != '-') {
		return 0
	}
	minutes := n + 3
	if rest[minutes] == ':' {
		minutes++
	}
	if len(rest) < minutes+2 {
		return 0
	}
	h, okH := twoDigits(rest[n+1:])
	m, okM := twoDigits(rest[minutes:])
	if !okH || !okM || h > 23 || m > 59 {
		return 0
	}
	east := h*3600 + m*60
	if rest[n] == '-' {
		east = -east
	}
	c.zone = time.UTC
	if east != 0 {
		c.zone = time.FixedZone("", east)
	}
	end := minutes + 2
	if name := " UTC"; n == 1 && len(rest) >= end+len(name) && string(rest[end:end+len(name)]) == name {
		end += len(name)
	}
	return end
}

func (c *clock) namedZone(rest []byte) int {
	n := 1
	for n < len(rest) && rest[n] >= 'A' && rest[n] <= 'Z' {
		n++
	}
	if n < 4 || n > 6 || rest[0] != ' ' {
		return 0
	}
	if name := string(rest[1:n]); name == "UTC" || name == "GMT" {
		c.zone = time.UTC
	}
	return n
}

func (c *clock) stamp() (fact.Stamp, bool) {
	if c.month < 1 || c.month > 12 || c.day < 1 || c.hour > 23 || c.minute > 59 || c.second > 60 {
		return fact.Stamp{}, false
	}
	zone := c.zone
	if zone == nil {
		zone = time.UTC
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nano, zone)
	if c.day > 28 && time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC).Day() != c.day {
		return fact.Stamp{}, false
	}
	return fact.Stamp{Time: t, NoYear: c.year == 0, NoZone: c.zone == nil}, true
}

const (
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
	weekdays = "MonTueWedThuFriSatSun"
)

// monthOf is the number of the month that text starts with, 0 none.
func monthOf(text []byte) int { return threeLetters(months, text) }

func weekday(text []byte) int { return 3 * min(threeLetters(weekdays, text), 1) }

func threeLetters(names string, text []byte) int {
	if len(text) < 3 {
		return 0
	}
	for i := 0; i < len(names); i += 3 {
		if names[i] == text[0] && names[i+1] == text[1] && names[i+2] == text[2] {
			return i/3 + 1
		}
	}
	return 0
}

func twoDigits(b []byte) (int, bool) {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, false
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), true
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
