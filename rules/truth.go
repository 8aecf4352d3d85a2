package rules

// Truth is a three-valued truth. What was not seen is Unknown unless the sources
// are complete: missing evidence is never health.
type Truth int8

// The values, ordered so that And is the minimum and Or the maximum.
const (
	False Truth = iota - 1
	Unknown
	True
)

// String is "false", "unknown" or "true".
func (t Truth) String() string {
	return [...]string{"false", "unknown", "true"}[t+1]
}

// Not of unknown is unknown.
func (t Truth) Not() Truth { return -t }

// And is false as soon as one operand is.
func (t Truth) And(o Truth) Truth { return min(t, o) }

// Or is true as soon as one operand is.
func (t Truth) Or(o Truth) Truth { return max(t, o) }

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}
