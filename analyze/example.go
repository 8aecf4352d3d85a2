package analyze

import (
	"io"

	"culprit/analyze/stack"
)

// Goroutine is one goroutine of a text dump, with arguments.
type Goroutine = stack.Goroutine

// Frame is one call of a goroutine.
type Frame = stack.Frame

// ErrNoGoroutine says that a text does not hold the goroutine that was asked for.
var ErrNoGoroutine = stack.ErrNoGoroutine

// Example reads one goroutine out of the lines that a ref of a fact.Stack cites; frames
// are those of the Stack, or nil for the first goroutine of text. With an error other
// than that of text or ErrNoGoroutine the goroutine is there without arguments.
func Example(text io.Reader, frames []string) (Goroutine, error) { return stack.Example(text, frames) }
