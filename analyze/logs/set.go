// Package logs scans log text for signatures and says which window of time a log
// covers. It reads any line format that package line knows.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// Set is a scanner for many signatures. It may be used by several goroutines at
// once.
//
// Nearly every pattern needs some literal text to match: a sieve finds these literals,
// and only in lines where one of them stands the regular expression is tried.
type Set struct {
	patterns []pattern
	literals []literal
	byID     [][]int // the patterns that need literals[id]
	slow     []int   // patterns without a literal, tried on every line
	// sieve finds the literals and, behind them in order, those of hung tasks.
	sieve *sieve
	// orDebug finds those of debug level too.
	orDebug *sieve
}

type pattern struct {
	sig fact.Signature
	re  *regexp.Regexp
	// pieces stand in every line that matches.
	pieces [][]byte
	// behind are those of them that stand behind its literal, in this order; nil where it
	// needs one of several literals.
	behind [][]byte
	// whole is set for a pattern that is nothing but its one piece.
	whole bool
	// groups are the indexes and names of the named groups.
	groups []group
}

type group struct {
	index int
	name  string
}

// Compile builds the scanner. The error joins one error for each signature that
// has no id, the id of another one, or a pattern that does not compile or that
// matches an empty line.
func Compile(sigs []fact.Signature) (*Set, error) {
	s := &Set{}
	var errs []error
	seen := map[string]bool{}
	ids := map[literal]int{}
	for i, sig := range sigs {
		switch {
		case sig.ID == "":
			errs = append(errs, fmt.Errorf("signature number %d has no id", i+1))
			continue
		case seen[sig.ID]:
			errs = append(errs, fmt.Errorf("signature %s: id used twice", sig.ID))
			continue
		}
		seen[sig.ID] = true
		if err := s.add(sig, ids); err != nil {
			errs = append(errs, fmt.Errorf("signature %s: %w", sig.ID, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s.sieve = newSieve(slices.Concat(s.literals, hungLiterals))
	s.orDebug = newSieve(slices.Concat(s.literals, hungLiterals, debugLiterals))
	return s, nil
}

func (s *Set) add(sig fact.Signature, ids map[literal]int) error {
	re, err := regexp.Compile(sig.Pattern)
	if err != nil {
		return err
	}
	if re.MatchString("") {
		return errors.New("the pattern matches an empty line")
	}
	parsed, err := syntax.Parse(sig.Pattern, syntax.Perl)
	if err != nil {
		return err
	}
	p := pattern{sig: sig, re: re, pieces: pieces(parsed)}
	p.whole = parsed.Op == syntax.OpLiteral && len(p.pieces) == 1
	for i, name := range re.SubexpNames() {
		if name != "" {
			p.groups = append(p.groups, group{i, fieldName(name)})
		}
	}
	n := len(s.patterns)
	need := required(parsed)
	if need == nil {
		s.slow = append(s.slow, n)
	}
	if len(need) == 1 {
		p.behind = behind(p.pieces, need[0])
		// Where a pattern is tried its literal stands already.
		p.pieces = slices.DeleteFunc(p.pieces, func(piece []byte) bool { return strings.Contains(need[0].text, string(piece)) })
	}
	s.patterns = append(s.patterns, p)
	for _, l := range need {
		id, ok := ids[l]
		if !ok {
			id = len(s.literals)
			ids[l] = id
			s.literals = append(s.literals, l)
			s.byID = append(s.byID, nil)
		}
		if !slices.Contains(s.byID[id], n) {
			s.byID[id] = append(s.byID[id], n)
		}
	}
	return nil
}

// behind are the pieces that stand behind a literal in every match: it is a part of the
// one before them.
func behind(pieces [][]byte, l literal) [][]byte {
	i := slices.IndexFunc(pieces, func(piece []byte) bool { return strings.Contains(string(piece), l.text) })
	if i < 0 {
		return nil
	}
	return slices.Clone(pieces[i+1:])
}

// fieldName is the field that a group fills: alternatives of a pattern capture the
// same field as name, name_2, name_3.
func fieldName(group string) string {
	if i := strings.LastIndexByte(group, '_'); i > 0 && strings.Trim(group[i+1:], "0123456789") == "" {
		return group[:i]
	}
	return group
}

// Slow lists the ids of the signatures without a literal of at least eight bytes
// that every match contains: with one of them every line is looked at.
func (s *Set) Slow() []string {
	var ids []string
	for _, n := range s.slow {
		ids = append(ids, s.patterns[n].sig.ID)
	}
	return ids
}

// promises reports whether a pattern may match the line in which a window stands at text[w],
// or whether it may be one of those that the scan looks for beside signatures.
func (s *Set) promises(sieve *sieve, text []byte, w int) bool {
	for id, end := range sieve.standing(text, w) {
		if id >= len(s.literals) {
			return true
		}
		rest, _, _ := bytes.Cut(text[end:], []byte{'\n'})
		for _, n := range s.byID[id] {
			if s.patterns[n].goesOn(rest) {
				return true
			}
		}
	}
	return false
}

// goesOn reports whether the pieces stand in rest that stand behind the literal.
func (p *pattern) goesOn(rest []byte) bool {
	for _, piece := range p.behind {
		var ok bool
		if _, rest, ok = bytes.Cut(rest, piece); !ok {
			return false
		}
	}
	return true
}

// match reports whether the pattern matches, with the indexes of its groups as
// regexp gives them, nil for a pattern without named groups.
func (p *pattern) match(text []byte) (groups []int, ok bool) {
	for _, piece := range p.pieces {
		if !bytes.Contains(text, piece) {
			return nil, false
		}
	}
	switch {
	case p.whole:
		return nil, true
	case len(p.groups) == 0:
		return nil, p.re.Match(text)
	}
	groups = p.re.FindSubmatchIndex(text)
	return groups, groups != nil
}

// writer says which daemon wrote a match in a line of daemon, "" unknown; ok is
// false when the signature is not one of what daemon prints. A dockerd that starts
// its own containerd passes that one's lines on in its output, and nothing marks
// them: there a signature of containerd tells the writer.
func (p *pattern) writer(daemon string) (writer string, ok bool) {
	of := p.sig.Daemons
	switch {
	case daemon == "", len(of) == 0, slices.Contains(of, daemon):
		return daemon, true
	case daemon == "dockerd" && slices.Contains(of, "containerd"):
		return "containerd", true
	}
	return "", false
}

// Signature is the id of the first signature whose pattern matches one line, whoever
// wrote it, "" none.
func (s *Set) Signature(text []byte) string {
	first := len(s.patterns)
	try := func(patterns []int) {
		for _, n := range patterns {
			if n < first {
				if _, ok := s.patterns[n].match(text); ok {
					first = n
				}
			}
		}
	}
	for _, id := range s.sieve.find(text, nil) {
		if id < len(s.byID) {
			try(s.byID[id])
		}
	}
	try(s.slow)
	if first == len(s.patterns) {
		return ""
	}
	return s.patterns[first].sig.ID
}
