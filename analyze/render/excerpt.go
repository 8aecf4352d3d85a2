package render

import (
	"path"
	"strings"
	"unicode"

	"culprit/analyze/fact"
	"culprit/rules"
)

// kernelFrames is how much of a kernel stack is quoted; the wait stands at its top.
const kernelFrames = 12

// tellingRef is the one place that shows a piece of evidence best: of goroutines
// that of the largest group, else the first single line.
func tellingRef(e rules.Evidence) fact.Ref {
	refs := e.Refs(maxRefs)
	if top := largest(e); top != nil {
		refs = top.Refs
	}
	if len(refs) == 0 {
		return fact.Ref{}
	}
	for _, ref := range refs {
		if ref.Line > 0 && ref.EndLine <= ref.Line {
			return ref
		}
	}
	return refs[0]
}

// largest is the group with the most goroutines, nil for other evidence.
func largest(e rules.Evidence) *fact.Stack {
	var top *fact.Stack
	for _, row := range e.Rows {
		if s, isStack := row.Value.(*fact.Stack); isStack && (top == nil || s.Count > top.Count) {
			top = s
		}
	}
	return top
}

// quotedRange is what is quoted for a ref: a kernel stack is cited by its first
// line, and the frame that decides may stand below.
func quotedRange(ref fact.Ref, e rules.Evidence) fact.Ref {
	_, isProcess := e.Rows[0].Value.(*fact.Process)
	if isProcess && ref.EndLine == 0 && strings.HasSuffix(strings.TrimSuffix(path.Base(ref.Source), ".txt"), "stack") {
		ref.EndLine = ref.Line + kernelFrames - 1
	}
	return ref
}

// quote writes an excerpt in one line of code spans: a stack as its head and the
// frame that its sentence names, other ranges as their first two lines that say
// something.
func quote(lines []string, e rules.Evidence) string {
	if len(lines) == 1 {
		return code(squeeze(lines[0]))
	}
	frame := ""
	switch row := e.Rows[0].Value.(type) {
	case *fact.Process:
		frame = row.Wait.Frame
	case *fact.Stack:
		frame = ownFrame(largest(e).Frames)
	}
	var out []string
	for i, line := range lines {
		says := strings.ContainsFunc(line, unicode.IsLetter)
		if frame != "" {
			says = i == 0 || strings.Contains(line, frame+"+") || strings.Contains(line, frame+"(")
		}
		if says && len(out) < 2 {
			out = append(out, code(squeeze(headOf(line))))
		}
	}
	return strings.Join(out, " ... ")
}

// headOf is a line without the addresses of a debug=1 group:
// "803 @ 0x43fcf6 0x40a49c" is "803 @".
func headOf(line string) string {
	head, addresses, found := strings.Cut(line, " @ 0x")
	if found && strings.Trim(addresses, " x0123456789abcdef") == "" {
		return head + " @"
	}
	return line
}

// squeeze makes the columns of a listing narrow, then cuts the line.
func squeeze(line string) string { return cut(strings.Join(strings.Fields(line), " ")) }
