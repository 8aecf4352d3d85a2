package logs

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minLiteral is the shortest literal that the sieve can find.
	minLiteral = 8
	// maxLiteral bounds what is compared; the head of a longer literal is as rare.
	maxLiteral = 32
	// maxBranches is how many literals one pattern may bring in alternatives.
	maxBranches = 16
)

// literal is text that every match of a pattern contains. A folded literal is in
// lower case and stands for any ASCII case of its letters.
type literal struct {
	text string
	fold bool
}

// begins reports whether text begins with the literal.
func (l literal) begins(text []byte) bool {
	if len(text) < len(l.text) {
		return false
	}
	if text = text[:len(l.text)]; !l.fold {
		return string(text) == l.text
	}
	for i, c := range text {
		if lowerByte(c) != l.text[i] {
			return false
		}
	}
	return true
}

// pieces are texts that every match of re contains, each of them.
func pieces(re *syntax.Regexp) [][]byte {
	switch re.Op {
	case syntax.OpLiteral:
		if isPlain(re) {
			return [][]byte{[]byte(string(re.Rune))}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return pieces(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return pieces(re.Sub[0])
		}
	case syntax.OpConcat:
		var all [][]byte
		for _, sub := range re.Sub {
			all = append(all, pieces(sub)...)
		}
		return all
	}
	return nil
}

// required returns literals of which every match of re contains at least one,
// the choice whose shortest literal is longest; nil when there is none.
func required(re *syntax.Regexp) []literal {
	switch re.Op {
	case syntax.OpLiteral:
		return longestPiece(re)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		return requiredOfConcat(re.Sub)
	case syntax.OpAlternate:
		return requiredOfAlternate(re.Sub)
	}
	return nil
}

// requiredOfConcat joins neighbours that match a few texts each before it takes the
// best: `disk (?:a|b)\b full` needs "disk a full" or "disk b full".
func requiredOfConcat(subs []*syntax.Regexp) []literal {
	var best []literal
	joined := []string{""}
	flush := func() {
		best = better(best, literalsOf(joined))
		joined = []string{""}
	}
	for _, sub := range flat(subs) {
		texts := textsOf(sub)
		if texts == nil {
			flush()
			best = better(best, required(sub))
			continue
		}
		if len(joined)*len(texts) > maxBranches {
			flush()
		}
		joined = product(joined, texts)
	}
	flush()
	return best
}

// flat are the parts of a concatenation without the captures around them.
func flat(subs []*syntax.Regexp) []*syntax.Regexp {
	var all []*syntax.Regexp
	for _, sub := range subs {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if sub.Op == syntax.OpConcat {
			all = append(all, flat(sub.Sub)...)
		} else {
			all = append(all, sub)
		}
	}
	return all
}

// literalsOf are the heads of the texts, nil if one is too short.
func literalsOf(texts []string) []literal {
	var all []literal
	for _, t := range texts {
		l := literal{text: t[:min(len(t), maxLiteral)]}
		if len(t) < minLiteral {
			return nil
		}
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

// textsOf are all texts that re matches, nil where they are many or can be no literals.
func textsOf(re *syntax.Regexp) []string {
	all := []string{""}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	case syntax.OpLiteral:
		if !isPlain(re) {
			return nil
		}
		all = []string{string(re.Rune)}
	case syntax.OpCapture:
		return textsOf(re.Sub[0])
	case syntax.OpQuest:
		texts := textsOf(re.Sub[0])
		if texts == nil {
			return nil
		}
		all = append(all, texts...)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if all = product(all, textsOf(sub)); len(all) == 0 || len(all) > maxBranches {
				return nil
			}
		}
	case syntax.OpAlternate:
		all = nil
		for _, sub := range re.Sub {
			texts := textsOf(sub)
			if texts == nil {
				return nil
			}
			all = append(all, texts...)
		}
	default:
		return nil
	}
	if len(all) > maxBranches {
		return nil
	}
	return all
}

func product(heads, tails []string) []string {
	var all []string
	for _, head := range heads {
		for _, tail := range tails {
			all = append(all, head+tail)
		}
	}
	return all
}

// isPlain tells a literal that matches its own bytes and nothing else: U+FFFD matches any
// invalid byte.
func isPlain(re *syntax.Regexp) bool {
	return re.Flags&syntax.FoldCase == 0 && !slices.Contains(re.Rune, utf8.RuneError)
}

func requiredOfAlternate(subs []*syntax.Regexp) []literal {
	var all []literal
	for _, sub := range subs {
		branch := required(sub)
		if branch == nil || len(all)+len(branch) > maxBranches {
			return nil
		}
		all = append(all, branch...)
	}
	return all
}

// longestPiece is the longest part of a literal that can be searched as bytes. It
// ends at U+FFFD, which matches any invalid byte, and, where case is folded, at
// letters with a form outside of ASCII: (?i)k matches the Kelvin sign too.
func longestPiece(re *syntax.Regexp) []literal {
	fold := re.Flags&syntax.FoldCase != 0
	pieces := strings.FieldsFunc(string(re.Rune), func(r rune) bool {
		return r == utf8.RuneError || fold && !foldsInASCII(r)
	})
	best := ""
	for _, p := range pieces {
		if len(p) > len(best) {
			best = p
		}
	}
	if fold {
		best = lower(best)
	}
	if len(best) > maxLiteral {
		best = best[:maxLiteral]
	}
	if len(best) < minLiteral {
		return nil
	}
	return []literal{{text: best, fold: fold}}
}

func foldsInASCII(r rune) bool {
	for f := unicode.SimpleFold(r); ; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			return false
		}
		if f == r {
			return true
		}
	}
}

func better(a, b []literal) []literal {
	if shortest(b) > shortest(a) {
		return b
	}
	return a
}

func shortest(all []literal) int {
	n := 0
	for i, l := range all {
		if i == 0 || len(l.text) < n {
			n = len(l.text)
		}
	}
	return n
}

// lower maps ASCII capitals only, byte by byte.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
