package bundle

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// magics are the first bytes of files that people attach and we do not read.
var magics = []struct{ prefix, what string }{
	{"\x7fELF", "an ELF binary"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"\x89PNG\r\n\x1a\n", "a PNG image"},
	{"GIF8", "a GIF image"},
	{"%PDF-", "a PDF document"},
	{"\x04\x22\x4d\x18", "lz4-compressed content (not supported)"},
	{"\x1f\x8b", "gzip-compressed content inside other compression, or damaged"},
	{"\x28\xb5\x2f\xfd", "zstd-compressed content inside other compression, or damaged"},
	{"\xfd7zXZ\x00", "xz-compressed content inside other compression, or damaged"},
	{"BZh", "bzip2-compressed content inside other compression, or damaged"},
	{"LPKSHHRH", "a binary journal (export it with journalctl)"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"\xff\xfe", "UTF-16 text (save it as UTF-8)"},
	{"\xfe\xff", "UTF-16 text (save it as UTF-8)"},
}

// looksLike says in a few words what content looks like to a person.
func looksLike(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.what
		}
	}
	switch {
	case len(head) == 0:
		return "an empty file"
	case len(bytes.Trim(head, "\x00")) == 0:
		return "NUL bytes only"
	case isBinary(head):
		return "binary content"
	case isHTML(head):
		return "an HTML page"
	case isJSON(head):
		return "a JSON document"
	}
	return "text of no known form"
}

// isBinary reports whether more than a tenth of head is no text: control
// characters other than white space, backspace and escape, or invalid UTF-8. A
// few NUL bytes are what a crash leaves in a log.
func isBinary(head []byte) bool {
	var odd int
	for i := 0; i < len(head); {
		c := head[i]
		if c < utf8.RuneSelf {
			odd += int(oddASCII[c])
			i++
			continue
		}
		r, size := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && size == 1 {
			odd++
		}
		i += size
	}
	return odd*10 > len(head)
}

// oddASCII is 1 for the control characters that no text has.
var oddASCII = func() (t [utf8.RuneSelf]uint8) {
	for c := range t {
		if c < 0x20 && strings.IndexByte("\t\n\r\f\b\x1b", byte(c)) < 0 || c == 0x7f {
			t[c] = 1
		}
	}
	return t
}()

func isHTML(head []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

func isJSON(head []byte) bool {
	start := bytes.TrimSpace(head)
	if len(start) < 2 {
		return false
	}
	next := bytes.TrimLeft(start[1:], " \t\r\n")
	switch start[0] {
	case '{':
		return len(next) > 0 && (next[0] == '"' || next[0] == '}')
	case '[':
		return len(next) > 0 && bytes.IndexByte([]byte(`{["]`), next[0]) >= 0
	}
	return false
}

// document reports an HTML page or a JSON document over several lines, which is
// no log whatever its name.
func (s *sniff) document() bool {
	return isHTML(s.raw) || isJSON(s.raw) && !jsonLine(s.first)
}
