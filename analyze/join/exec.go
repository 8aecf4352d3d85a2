package join

import (
	"cmp"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// speakOf finds the container that each log line speaks of: by a full or short id,
// by its name, or by pod and name in the pod.
func (w *world) speakOf() {
	for _, h := range w.hits {
		word := h.Fields["container"]
		switch {
		case word != "":
			h.Container = w.named(word)
		case h.Fields["member"] != "":
			h.Container = w.member(h.Fields)
		}
	}
	w.busy()
	w.namelessFailures()
	for _, c := range w.containers {
		c.ExecRecovered, c.ExecRecoveredRef = w.execRecovered(c)
	}
}

// named is the id of the container that word names, "" none.
func (w *world) named(word string) string {
	for _, c := range w.containers {
		if len(word) >= 12 && strings.HasPrefix(c.ID, word) || c.Name == word {
			return c.ID
		}
	}
	// A container that is gone from every listing is still one container.
	if isHex(word) && len(word) >= 12 {
		return word
	}
	return ""
}

// member is the id of the container of a pod; of several, which were started one
// after the other, the one that runs, else the latest. Where no listing holds it,
// its path stands for it: NAMESPACE/POD/CONTAINER.
func (w *world) member(f map[string]string) string {
	pod, name, uid := f["pod"], f["member"], f["uid"]
	var best *fact.Container
	for _, c := range w.containers {
		parts := strings.Split(c.Name, "_") // k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT
		if len(parts) != 6 || parts[0] != "k8s" || parts[1] != name || uid != "" && parts[4] != uid ||
			pod != parts[3]+"/"+parts[2] && pod != parts[2] {
			continue
		}
		if best == nil || cmp.Or(boolCompare(c.Docker == "running", best.Docker == "running"), c.Started.Compare(best.Started)) > 0 {
			best = c
		}
	}
	if best == nil {
		return pod + "/" + name
	}
	return best.ID
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// failure is what two accounts of a failed exec have in common.
type failure struct{ signature, err, target string }

func failureOf(h *fact.Hit) failure {
	return failure{h.Signature, h.Fields["error"], h.Fields["target"]}
}

// namelessFailures marks the failed execs of which nothing tells the container.
// dockerd, kubelet and the client's output each tell of one failure: lines without
// a container repeat those of another source that name one, if there are as many.
func (w *world) namelessFailures() {
	named := map[failure]int64{}
	for _, h := range w.hits {
		if h.Exec == fact.ExecFails && h.Container != "" {
			named[failureOf(h)] += h.Count
		}
	}
	for _, h := range w.hits {
		if h.Exec == fact.ExecFails && h.Container == "" {
			h.Repeats = h.Count <= named[failureOf(h)]
			h.Unnamed = !h.Repeats
		}
	}
}

const (
	// laterExecs is how many execs must have been started after the last failure for
	// the first of them to have ended: probes of a container run one by one.
	laterExecs = 2
	// constantly is how many failures in a row are not by chance.
	constantly = 3
)

// execRecovered compares the failed execs of a container with those started. With a
// broken state.json on disk none can succeed.
func (w *world) execRecovered(c *fact.Container) (recovered fact.Opt[bool], ref fact.Ref) {
	var first, last time.Time
	failed := map[[2]string]int64{} // by signature and source: each may tell of all
	for _, h := range w.hits {
		if h.Exec != fact.ExecFails || h.Container != c.ID || h.First.IsZero() {
			continue
		}
		if first.IsZero() || h.First.Before(first) {
			first = h.First
		}
		if h.Last.After(last) {
			last = h.Last
		}
		if len(h.Refs) > 0 {
			failed[[2]string{h.Signature, h.Refs[0].Source}] += h.Count
		}
	}
	if first.IsZero() {
		return recovered, ref
	}
	var sinceFirst, sinceLast int64
	for _, h := range w.hits {
		if h.Exec == fact.ExecStarts && h.Container == c.ID {
			sinceFirst = max(sinceFirst, after(h, first))
			sinceLast = max(sinceLast, after(h, last))
			if len(h.Refs) > 0 {
				ref = h.Refs[len(h.Refs)-1]
			}
		}
	}
	var most int64
	for _, n := range failed {
		most = max(most, n)
	}
	switch {
	case sinceLast >= laterExecs:
		return fact.Some(true), ref
	case c.StateFile == "empty", c.StateFile == "cut":
		return fact.Some(false), c.StateFileRef
	case sinceFirst > 0 && most >= constantly && sinceFirst <= most:
		return fact.Some(false), ref
	}
	return recovered, fact.Ref{}
}

// after counts the lines later than t, by exact times where all are kept, else by
// whole minutes.
func after(h *fact.Hit, t time.Time) (n int64) {
	if int64(len(h.Times)) == h.Count {
		for _, at := range h.Times {
			if at.After(t) {
				n++
			}
		}
		return n
	}
	for minute, count := range h.PerMinute {
		if minute > t.Unix()/60 {
			n += count
		}
	}
	return n
}
