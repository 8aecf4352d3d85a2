package analyze

import "culprit/analyze/fact"

// seen counts each kind of evidence that decides incidents, those of which the
// bundle has nothing too.
func seen(t *fact.Tables) []Seen {
	goroutines, lines := int64(0), int64(0)
	for _, s := range t.Stacks {
		goroutines += s.Count
	}
	for _, l := range t.Logs {
		lines += l.Lines
	}
	out := []Seen{
		{Table: "processes", N: int64(len(t.Processes))},
		{Table: "stacks", N: goroutines},
		{Table: "hits", N: lines},
		{Table: "containers", N: int64(len(t.Containers))},
		{Table: "sockets", N: int64(len(t.Sockets))},
		{Table: "mounts", N: int64(len(t.Mounts))},
		{Table: "cgroups", N: int64(len(t.Cgroups))},
	}
	for i := range out {
		for _, c := range t.Coverage {
			out[i].Complete = out[i].Complete || c.Table == out[i].Table && c.Complete && !t.Partial
		}
	}
	return out
}
