package bundle

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanName turns a name as stored into a Path: slash separated, relative,
// without "." and ".." parts, at most limit bytes (the tail is kept, since that
// tells the kind), and with everything that is not printable written as \xNN. It
// also says what was odd, nil when nothing was. Backslashes stay: systemd's
// names hold them.
func cleanName(name string, limit int) (clean string, odd []string) {
	if strings.HasPrefix(name, "/") {
		odd = append(odd, "absolute name")
	}
	if strings.HasPrefix(name, "../") || strings.HasSuffix(name, "/..") || strings.Contains(name, "/../") || name == ".." {
		odd = append(odd, `name with ".."`)
	}
	clean = path.Clean("/" + name)[1:]
	if clean == "" {
		clean = "unnamed"
		odd = append(odd, "name without a last part")
	}
	if len(clean) > limit {
		odd = append(odd, fmt.Sprintf("name of %d bytes", len(clean)))
		clean = strings.TrimLeft(clean[len(clean)-limit:], "/")
		for clean != "" && !utf8.RuneStart(clean[0]) {
			clean = clean[1:]
		}
	}
	if escaped := escapeName(clean); escaped != clean {
		odd = append(odd, "name with control characters")
		clean = escaped
	}
	return clean, odd
}

// escapeName writes the bytes of everything that is not printable as \xNN: what
// would steer a terminal, text that runs backwards, bytes that are not UTF-8.
func escapeName(name string) string {
	var b strings.Builder
	for i, r := range name {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(name[i:])
		}
		if unicode.IsPrint(r) && !(r == utf8.RuneError && size == 1) {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(name[i : i+size]) {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// nameSet makes names unique: the value is how often a name was asked for.
type nameSet map[string]int

// add returns name, or name#2, name#3 ... where it is taken.
func (s nameSet) add(name string) (unique string, taken bool) {
	s[name]++
	if s[name] == 1 {
		return name, false
	}
	for {
		unique = name + "#" + strconv.Itoa(s[name])
		if s[unique] == 0 {
			s[unique] = 1
			return unique, true
		}
		s[name]++
	}
}

// quote quotes at most 80 bytes of text that an input chose.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		cut := most
		for cut > most-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		return strconv.Quote(text[:cut]) + "..."
	}
	return strconv.Quote(text)
}
