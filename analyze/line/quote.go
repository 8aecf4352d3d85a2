package line

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Unescape undoes the escapes of a Go string literal (strconv.Quote), as logrus
// writes them between the quotes: \n, \t, \", \\, \x1b, \u00e9, \101. Anything
// that is no valid escape stays as it is, so a cut value still reads.
func Unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	return string(AppendUnescaped(make([]byte, 0, len(b)), b))
}

// AppendUnescaped appends to dst what Unescape returns for src.
func AppendUnescaped(dst, src []byte) []byte {
	for len(src) > 0 {
		i := bytes.IndexByte(src, '\\')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		// The longest escape is \U0010ffff.
		head := string(src[:min(10, len(src))])
		r, wide, tail, err := strconv.UnquoteChar(head, '"')
		if err != nil {
			dst = append(dst, '\\')
			src = src[1:]
			continue
		}
		if wide {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = append(dst, byte(r))
		}
		src = src[len(head)-len(tail):]
	}
	return dst
}

// quoted splits b, which starts with a double quote, behind the closing one. The
// value comes without quotes and still escaped; without a closing quote it is all
// of b.
func quoted(b []byte) (value, rest []byte) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:]
		}
	}
	return b[1:], nil
}

// pairs returns each key=value of text, values unescaped, in order. A word without
// "=" belongs to the value before it, as with the unquoted values
// that some loggers print.
func pairs(text []byte) []Field {
	var fields []Field
	for {
		text = bytes.TrimLeft(text, " ")
		if len(text) == 0 {
			return fields
		}
		key, value, rest, ok := pair(text)
		text = rest
		switch {
		case ok:
			fields = append(fields, Field{Key: string(key), Value: value})
		case len(fields) > 0:
			fields[len(fields)-1].Value += " " + value
		}
	}
}

// pair takes the first word off text. ok says that it is a key=value; else value
// is the word.
func pair(text []byte) (key []byte, value string, rest []byte, ok bool) {
	key, raw, rest := rawPair(text)
	switch {
	case key == nil:
		return nil, string(raw), rest, false
	case len(text) > len(key)+1 && text[len(key)+1] == '"':
		return key, Unescape(raw), rest, true
	}
	return key, string(raw), rest, true
}

// rawPair is pair with the value as it is between its quotes; key is nil where the
// first word is no key=value.
func rawPair(text []byte) (key, value, rest []byte) {
	n := keyLen(text)
	if n == 0 || n == len(text) || text[n] != '=' {
		value, rest, _ = bytes.Cut(text, []byte{' '})
		return nil, value, rest
	}
	key, text = text[:n], text[n+1:]
	if len(text) > 0 && text[0] == '"' {
		value, rest = quoted(text)
		return key, value, rest
	}
	value, rest, _ = bytes.Cut(text, []byte{' '})
	return key, value, rest
}

// keyLen is the length of the key that text starts with, 0 none.
func keyLen(text []byte) int {
	for i, c := range text {
		switch {
		case c >= 'a' && c <= 'z', isUpper(c), isDigit(c), c == '_', c == '.', c == '-', c == '/', c == '@':
		default:
			return i
		}
	}
	return len(text)
}
