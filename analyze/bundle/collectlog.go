package bundle

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// A line of a collect log, tabs between:
//
//	03:49:28	rc=0	0.0s	ps auxww
//	HH:MM:SS	rc=N	seconds	command
//
// The date is not printed, so that Start stays unknown.
var (
	collectLine = regexp.MustCompile(`^\d\d:\d\d:\d\d\trc=(-?\d{1,9})\t(\d{1,12}(?:\.\d{1,9})?)s\t(.+)$`)
	timedOut    = regexp.MustCompile(`command timed out after (\S+): (.+)`)
)

// readCollectLog reads a collect log at path src and makes at most limit items
// and problems.
func readCollectLog(r io.Reader, src string, limit int) (items []fact.Item, problems []fact.Problem) {
	l := newStepLines(r, src)
	for l.next() {
		if len(bytes.TrimSpace(l.text)) == 0 {
			continue
		}
		if len(items)+len(problems) >= limit {
			problems = append(problems, l.bad("%v (%d): the rest is not read", errEntries, limit))
			break
		}
		f := collectLine.FindStringSubmatch(string(l.text))
		if f == nil || l.long {
			problems = append(problems, l.bad("broken line of a collect log: %s", quote(string(l.text))))
			continue
		}
		it := fact.Item{Command: f[3], Refs: []fact.Ref{l.ref}}
		it.Tool, it.Verb = toolVerb(it.Command)
		rc, _ := strconv.Atoi(f[1])
		it.RC = fact.Some(rc)
		it.State = rcState(it.RC)
		took, _ := strconv.ParseFloat(f[2], 64)
		var ok bool
		if it.Duration, ok = seconds(took); !ok {
			problems = append(problems, l.bad("duration out of range: %s", quote(f[2])))
		}
		items = append(items, it)
	}
	return items, append(problems, l.end()...)
}

// rcState reads an exit status as timeout(1) and the shell give it: 124 timed
// out, 137 killed after a time-out, 126 cannot be run, 127 not found. What else
// a tool returns is its own affair.
func rcState(rc fact.Opt[int]) fact.State {
	if rc.Known {
		switch rc.V {
		case 124, 137:
			return fact.TimedOut
		case 126, 127:
			return fact.Absent
		}
	}
	return fact.Complete
}

// isErrFile reports whether p holds the standard error of a command.
func isErrFile(p string) bool { return strings.HasSuffix(storedName(p), ".err") }

// stepLog gathers the steps that are recorded outside a manifest.
type stepLog struct {
	items []fact.Item
	errs  []fact.Item // Path is that of the ".err" file
}

// errFile takes in the steps that the beginning of an ".err" file says timed out:
//
//	node-collect: command timed out after 15s: docker info
func (s *stepLog) errFile(p string, head []byte) {
	l := newStepLines(bytes.NewReader(head), p)
	defer l.end()
	for l.next() {
		f := timedOut.FindStringSubmatch(string(l.text))
		if f == nil {
			continue
		}
		it := fact.Item{Path: p, Command: strings.TrimSpace(f[2]), State: fact.TimedOut, Refs: []fact.Ref{l.ref}}
		it.Tool, it.Verb = toolVerb(it.Command)
		if d, err := time.ParseDuration(f[1]); err == nil && d >= 0 {
			it.Duration = d
		}
		s.errs = append(s.errs, it)
	}
}

// fold returns the items of manifests, logs and ".err" files, each step once: a
// step of an ".err" file joins the timed-out step of the same command that a log
// in the same folder or above it has. The source that such a step left behind,
// docker/info.txt beside docker/info.txt.err, is marked as timed out.
func (s *stepLog) fold(promised []promise, sources []fact.Source) []fact.Item {
	var items []fact.Item
	for _, p := range promised {
		items = append(items, p.Item)
	}
	items = append(items, s.items...)
	open := map[string][]int{}
	for i, it := range items {
		if it.State == fact.TimedOut {
			open[it.Command] = append(open[it.Command], i)
		}
	}
	left := map[string]int{}
	for i, src := range sources {
		left[src.Path] = i
	}
	for _, it := range s.errs {
		errPath := it.Path
		it.Path = strings.TrimSuffix(storedName(errPath), ".err")
		if i, ok := left[it.Path]; !ok {
			it.Path = ""
		} else if sources[i].State == fact.Complete {
			sources[i].State = fact.TimedOut
		}
		at := -1
		for n, i := range open[it.Command] {
			if under(errPath, path.Dir(items[i].Refs[0].Source)) {
				at = i
				open[it.Command] = append(open[it.Command][:n:n], open[it.Command][n+1:]...)
				break
			}
		}
		if at < 0 {
			items = append(items, it)
			continue
		}
		if items[at].Path == "" {
			items[at].Path = it.Path
		}
		items[at].Refs = fact.AppendRefs(items[at].Refs, it.Refs...)
	}
	return items
}

// under reports whether p lies in folder dir or below it.
func under(p, dir string) bool {
	return dir == "." || strings.HasPrefix(p, dir+"/")
}
