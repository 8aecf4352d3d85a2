package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	panicparse "github.com/maruel/panicparse/v2/stack"
)

var errArgs = errors.New("arguments are not as the runtime prints them")

// parse reads the header of a goroutine and the arguments of its calls, "(0x1, 0x2)",
// with panicparse. It gets no names: Func.Init of v2.5.0 panics at some that no
// compiler makes, such as "a.b%41%41"; and no files: it takes those that end in .go,
// .s and .c only, and not the .y of a generated parser. Labels of the header may hold
// brackets, which end a header for it.
func parse(header string, args []string) (texts []string, locked bool, err error) {
	if i := strings.IndexByte(header, '{'); i >= 0 {
		header = strings.TrimSuffix(header[:i], " labels:") + "]:"
	}
	var b bytes.Buffer
	b.WriteString(header + "\n")
	for _, a := range args {
		if strings.LastIndexByte(a, '(') != 0 { // the name would end there
			return nil, false, errArgs
		}
		b.WriteString("f.f" + a + "\n\t??:0\n")
	}
	found, _, err := panicparse.ScanSnapshot(&b, io.Discard, &panicparse.Opts{})
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, fmt.Errorf("%w: %v", errArgs, err)
	}
	if found == nil || len(found.Goroutines) != 1 || len(found.Goroutines[0].Stack.Calls) != len(args) {
		return nil, false, errArgs
	}
	g := found.Goroutines[0]
	for _, call := range g.Stack.Calls {
		texts = append(texts, argText(call.Args))
	}
	return texts, g.Locked, nil
}

// argText writes arguments as the runtime prints them (runtime/traceback.go,
// printArgs): numbers in hexadecimal, "?" behind what may be stale, "_" for what cannot
// be read, composites in braces.
func argText(args panicparse.Args) string {
	var out []string
	for _, a := range args.Values {
		text := fmt.Sprintf("%#x", a.Value)
		switch {
		case a.IsAggregate:
			text = "{" + argText(a.Fields) + "}"
		case a.IsOffsetTooLarge:
			text = "_"
		case a.IsInaccurate:
			text += "?"
		}
		out = append(out, text)
	}
	if args.Elided {
		out = append(out, "...")
	}
	return strings.Join(out, ", ")
}
