package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// Features are what incidents are compared by. None names a node, a container or a time:
//
//	stack dockerd daemon.(*Daemon).Kill 1f0c9a2b77d3e451
//	                                  a group of goroutines: its first function that is
//	                                  not the runtime's, and a hash of its topFrames
//	signature dockerd-failed-to-exit  a signature that was seen
//	wait frozen-fs vfs_write          what a process waits for, and in which function
//	hangs docker inspect              a command of the collector that timed out
//	holds filesystem-frozen           a rule that holds, whatever its confidence
//
// The kinds weigh differently: see weight.
const (
	stackFeature     = "stack "
	signatureFeature = "signature "
	waitFeature      = "wait "
	hangFeature      = "hangs "
	ruleFeature      = "holds "
)

const (
	// topFrames tell a stack: below them is how it was called.
	topFrames = 8
	// maxStacks bounds what is kept of dumps with thousands of different stacks: the
	// largest groups.
	maxStacks = 256
)

// weight is how much a feature says of the cause: what a rule or a wait names says more
// than one of many stacks.
func weight(feature string) int {
	switch kind, _, _ := strings.Cut(feature, " "); kind + " " {
	case ruleFeature:
		return 8
	case waitFeature, hangFeature:
		return 4
	case signatureFeature:
		return 3
	}
	return 1
}

// features are those of a report, sorted and each once.
func features(r *analyze.Report) []string {
	var out []string
	for _, s := range largest(r.Tables.Stacks) {
		out = append(out, stackFeature+s.Daemon+" "+ownFunction(s.Frames)+" "+stackHash(s.Frames))
	}
	for _, h := range r.Tables.Hits {
		out = append(out, signatureFeature+h.Signature)
	}
	for _, p := range r.Tables.Processes {
		if p.Wait.Class != fact.WaitNone {
			out = append(out, waitFeature+string(p.Wait.Class)+" "+p.Wait.On+" "+p.Wait.Frame)
		}
	}
	for _, it := range r.Tables.Items {
		if it.State == fact.TimedOut && it.Tool != "" {
			out = append(out, hangFeature+strings.TrimSpace(it.Tool+" "+it.Verb))
		}
	}
	for _, f := range r.Findings {
		out = append(out, ruleFeature+f.Rule.ID.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// largest are the groups with the most goroutines.
func largest(all []fact.Stack) []*fact.Stack {
	out := make([]*fact.Stack, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	slices.SortStableFunc(out, func(a, b *fact.Stack) int { return int(b.Count - a.Count) })
	return out[:min(len(out), maxStacks)]
}

// ownFunction is the innermost function that is not of the runtime or the standard
// library's locks and files, without the folders of its package; "" where all are.
func ownFunction(frames []string) string {
	for _, f := range frames {
		// The path of a module begins with a host's name, which has a point.
		if host, _, found := strings.Cut(f, "/"); found && strings.Contains(host, ".") || strings.HasPrefix(f, "main.") {
			return f[strings.LastIndexByte(f, '/')+1:]
		}
	}
	return ""
}

// stackHash is half of the SHA-256 of the innermost functions, in hex.
func stackHash(frames []string) string {
	sum := sha256.Sum256([]byte(strings.Join(frames[:min(len(frames), topFrames)], "\n")))
	return hex.EncodeToString(sum[:8])
}
