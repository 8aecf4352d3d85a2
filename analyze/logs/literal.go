package logs

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minLiteral is the shortest literal worth searching for: shorter ones stand
	// in nearly every line.
	minLiteral = 3
	// maxLiteral bounds the automaton; the head of a longer literal is as rare.
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

// requiredOfConcat joins neighbouring literals, across captures and assertions
// such as \b, which are empty, before it takes the best.
func requiredOfConcat(subs []*syntax.Regexp) []literal {
	var best []literal
	var run *syntax.Regexp
	flush := func() {
		if run != nil {
			best = better(best, longestPiece(run))
			run = nil
		}
	}
	for _, sub := range subs {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		switch {
		case isAssertion(sub.Op):
		case sub.Op != syntax.OpLiteral:
			flush()
			best = better(best, required(sub))
		case run != nil && (run.Flags^sub.Flags)&syntax.FoldCase == 0:
			run.Rune = append(run.Rune, sub.Rune...)
		default:
			flush()
			run = &syntax.Regexp{Op: syntax.OpLiteral, Flags: sub.Flags, Rune: append([]rune(nil), sub.Rune...)}
		}
	}
	flush()
	return best
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

func isAssertion(op syntax.Op) bool {
	switch op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return false
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
