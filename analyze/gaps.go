package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
	"culprit/rules"
)

// gaps collects what the findings could not check, what hung while it was
// collected, and what the tables cannot know.
func gaps(t *fact.Tables, findings []*rules.Finding) []Gap {
	var out []Gap
	add := func(what, rule string, refs ...fact.Ref) {
		i := slices.IndexFunc(out, func(g Gap) bool { return g.What == what })
		if i < 0 {
			out = append(out, Gap{What: what})
			i = len(out) - 1
		}
		if rule != "" && !slices.Contains(out[i].Rules, rule) {
			out[i].Rules = append(out[i].Rules, rule)
		}
		out[i].Refs = fact.AppendRefs(out[i].Refs, refs...)
	}
	if t.Partial {
		add(rules.NotWhole, "")
	}
	for _, f := range findings {
		for _, open := range f.Open {
			if open.Support {
				continue
			}
			for _, why := range open.Why {
				add(why, f.Rule.ID.ID)
			}
		}
	}
	for _, item := range t.Items {
		command := strings.TrimSpace(item.Tool + " " + item.Verb)
		if reading[item.Tool] {
			command = item.Command // which file it was is all that it tells
		}
		switch item.State {
		case fact.TimedOut:
			add(command+" did not end in time", "", item.Refs...)
		case fact.Denied:
			add(command+" was refused", "", item.Refs...)
		}
	}
	for _, d := range t.Daemons {
		if n := unlistedSockets(t, d); n > 0 {
			add(fmt.Sprintf("%s holds %s more sockets than the listing shows: clients in other network namespaces", d.Name, rules.Thousands(n)), "", d.Refs...)
		}
	}
	return out
}

// reading are tools that say nothing by themselves: what they read or reach does.
var reading = map[string]bool{"cat": true, "cp": true, "ls": true, "tail": true, "kill": true}

// unlistedSockets is how many sockets a daemon's descriptors name that no socket
// listing holds.
func unlistedSockets(t *fact.Tables, d fact.Daemon) int64 {
	listed := map[int64]bool{}
	for _, s := range t.Sockets {
		if s.At == d.At {
			listed[s.Inode] = true
		}
	}
	if len(listed) == 0 {
		return 0
	}
	var n int64
	for _, p := range t.Processes {
		if p.At != d.At || p.PID != d.PID || d.PID == 0 {
			continue
		}
		for _, fd := range p.FDs {
			number, isSocket := strings.CutPrefix(fd.Target, "socket:[")
			if inode, _ := strconv.ParseInt(strings.TrimSuffix(number, "]"), 10, 64); isSocket && !listed[inode] {
				n++
			}
		}
	}
	// Listings are taken seconds apart: a few connections come and go.
	const flutter = 20
	if n <= flutter {
		return 0
	}
	return n
}
