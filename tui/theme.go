package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// tone is what a color says; it always repeats what a word says.
type tone int

const (
	normal tone = iota
	strong      // titles
	faint       // frames of the runtime, lines of context
	bad         // a cause, a damage
	warn        // a suspicion, a symptom
	good        // whole
)

// theme is how tones look: the parameters of an SGR sequence. None paints a background,
// and none is plain yellow or white on one that it does not know.
type theme struct {
	name string
	sgr  map[tone]string
}

// The themes, in the order in which C goes through them. The first two take the
// background that the terminal tells of; ansi has the sixteen colors that the terminal
// itself defines; blue and orange are those of Okabe and Ito, as far as 256 colors have
// them.
var themes = []theme{
	{"ansi", map[tone]string{strong: "1", faint: "2", bad: "1;31", warn: "1;35", good: "34"}},
	{"dark", map[tone]string{strong: "1", faint: "38;5;245", bad: "1;38;5;203", warn: "38;5;214", good: "38;5;75"}},
	{"light", map[tone]string{strong: "1", faint: "38;5;243", bad: "1;38;5;160", warn: "38;5;130", good: "38;5;25"}},
	{"mono", map[tone]string{strong: "1"}},
}

// cursor and match are the same in every theme.
const (
	sgrCursor  = "7"
	sgrMatch   = "4"
	sgrNoMatch = "24"
)

func (t theme) paint(c tone, text string) string { return paint(t.sgr[c], text) }

// paint sets SGR parameters around text, "" none.
func paint(sgr, text string) string {
	if sgr == "" || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// underline marks what is searched for in text that is not painted yet, whatever its
// case.
func underline(text, find string) string {
	if find == "" {
		return text
	}
	var b strings.Builder
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // some letters change their length
		return text
	}
	at := 0
	for {
		i := strings.Index(lower[at:], find)
		if i < 0 {
			break
		}
		b.WriteString(text[at:at+i] + "\x1b[" + sgrMatch + "m" + text[at+i:at+i+len(find)] + "\x1b[" + sgrNoMatch + "m")
		at += i + len(find)
	}
	return b.String() + text[at:]
}

// asciiOf are the signs that the program itself draws, for terminals that only have
// ASCII. Whatever else a bundle holds is a question mark for each column.
var asciiOf = map[rune]string{
	'…': "~", '│': "|", '─': "-", '├': "|", '└': "`", '▸': "+", '▾': "-", '·': ".", '→': ">",
	'✖': "X", '▲': "!", '●': "i", '▁': "_", '▂': ".", '▃': ":", '▄': "-", '▅': "=", '▆': "+", '▇': "*", '█': "#",
}

// ascii writes a line of the screen in ASCII, as wide as it was.
func ascii(line string) string {
	var b strings.Builder
	for _, c := range line {
		switch sign, ours := asciiOf[c]; {
		case c < 0x80:
			b.WriteRune(c)
		case ours:
			b.WriteString(sign)
		default:
			b.WriteString(strings.Repeat("?", ansi.StringWidth(string(c))))
		}
	}
	return b.String()
}

// utf8Locale reports whether the environment names one, by the first of LC_ALL,
// LC_CTYPE and LANG that is set: locale(7).
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
