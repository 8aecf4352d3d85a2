package rules

import (
	"fmt"
	"strings"
)

// String is the condition in one line, as `rules show` prints it.
func (c *Condition) String() string {
	name := c.Name
	if name != "" {
		name += ": "
	}
	switch c.Word {
	case AtLeast, AtMost:
		return fmt.Sprintf("%s%s %d of %s", name, c.Word, c.N, c.Of.Name)
	case None:
		return fmt.Sprintf("%snone of %s", name, c.Of.Name)
	case AtLeastAsMany:
		return fmt.Sprintf("%sat least as many %s as %s, less %d", name, c.A.Name, c.B.Name, c.Slack)
	case Paired:
		return fmt.Sprintf("%s%s and %s paired within %d or %g", name, c.A.Name, c.B.Name, c.Slack, c.Within)
	case Joined:
		return fmt.Sprintf("%sat least %d of %s whose %s is the %s of one of %s", name, c.N, c.A.Name, c.By, c.With, c.B.Name)
	case Within:
		return fmt.Sprintf("%sat least %d of %s within %s of one of %s", name, c.N, c.A.Name, c.Window, c.B.Name)
	case Sequence:
		var steps []string
		for _, s := range c.Steps {
			steps = append(steps, s.Name)
		}
		return fmt.Sprintf("%sat least %d chains of %s, each within %s of the one before", name, c.N, strings.Join(steps, ", then "), c.Window)
	case Periodic:
		covers := ""
		if c.Covers != nil {
			covers = ", with " + c.Covers.Name + " on its grid"
		}
		return fmt.Sprintf("%s%s periodic over at least %d events, within %s%s", name, c.Of.Name, c.N, c.Tolerance, covers)
	case Grows:
		return fmt.Sprintf("%sa series of %s grows by at least %d", name, c.Of.Name, c.N)
	case Version:
		return fmt.Sprintf("%sversion of %s from %q before %q", name, c.Of.Name, c.From, c.Before)
	}
	var subs []string
	for _, sub := range c.Sub {
		subs = append(subs, sub.String())
	}
	return fmt.Sprintf("%s%s (%s)", name, c.Word, strings.Join(subs, "; "))
}
