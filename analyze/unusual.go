package analyze

import (
	"cmp"
	"fmt"
	"slices"

	"culprit/analyze/fact"
	"culprit/rules"
)

const (
	// crowd is how many goroutines with one stack are worth a look: healthy
	// daemons keep below a few dozen a stack, one or two for each container.
	crowd = 100
	// shown bounds the list.
	shown = 8
)

// unusual ranks what stands out: tasks in D, stopped daemons, commands that hung,
// crowds of goroutines.
func unusual(t *fact.Tables) []Unusual {
	var out []Unusual
	for _, p := range t.Processes {
		switch p.Wait.Class {
		case fact.WaitUninterruptible, fact.WaitFrozen, fact.WaitStopped:
			out = append(out, Unusual{fmt.Sprintf("%s (%d) is %s%s", p.Comm, p.PID, p.Wait.Class, in(p.Wait.Frame)), p.Wait.Refs})
		}
	}
	for _, item := range t.Items {
		if item.State == fact.TimedOut {
			out = append(out, Unusual{item.Command + " did not end in time", item.Refs})
		}
	}
	stacks := slices.Clone(t.Stacks)
	slices.SortStableFunc(stacks, func(a, b fact.Stack) int { return cmp.Compare(b.Count, a.Count) })
	for _, s := range stacks {
		if s.Count >= crowd && len(s.Frames) > 0 {
			out = append(out, Unusual{fmt.Sprintf("%s goroutines of %s in %s", rules.Thousands(s.Count), named(s.Daemon), s.Frames[0]), s.Refs})
		}
	}
	return out[:min(len(out), shown)]
}

func in(frame string) string {
	if frame == "" {
		return ""
	}
	return " in " + frame
}
