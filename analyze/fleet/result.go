// Package fleet keeps what many bundles told: it analyses them by the thousand, on one
// machine or in shards beyond it, stores one result each, and answers what a fleet is
// asked: which causes, since when, and whether an incident was seen before.
package fleet

import (
	"time"

	"culprit/analyze"
	"culprit/rules"
)

// Result is what is kept of one bundle. Bundle and rules being the same, it is the same
// wherever and whenever it was made.
type Result struct {
	// Hash is the SHA-256 of the content, in hex: of an archive its bytes, of a folder
	// the names and contents of its files.
	Hash string `json:"hash"`
	// Version is the tool's, Rules the hash of the rules that judged.
	Version string `json:"version"`
	Rules   string `json:"rules"`
	// Status says how the reading went; Damage what is wrong with the bundle, at most
	// maxDamage lines.
	Status Status   `json:"status"`
	Damage []string `json:"damage,omitempty"`

	Nodes    []Node    `json:"nodes,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
	// Features tell incidents apart: see features.go. They are sorted and unique.
	Features []string `json:"features,omitempty"`
}

// Status is how the reading of a bundle went.
type Status string

// The statuses. A bundle that cannot be read is a result, not the end of a run.
const (
	Whole      Status = "whole"
	Damaged    Status = "damaged" // something is missing or broken, the rest was judged
	Unreadable Status = "unreadable"
)

// maxDamage bounds what is kept of a bundle in which everything is broken.
const maxDamage = 20

// Node is what is known of one node of a bundle.
type Node struct {
	Name      string            `json:"name,omitempty"`
	Kernel    string            `json:"kernel,omitempty"`
	OS        string            `json:"os,omitempty"`
	Collected time.Time         `json:"collected,omitzero"`
	Daemons   map[string]string `json:"daemons,omitempty"` // name -> version
}

// Finding is a finding without its evidence, in the report's order.
type Finding struct {
	Rule       string    `json:"rule"`
	Role       string    `json:"role"`
	Severity   string    `json:"severity"`
	Confidence string    `json:"confidence"`
	Status     string    `json:"status"`
	Verdict    bool      `json:"verdict,omitempty"`
	Summary    string    `json:"summary"`
	Since      time.Time `json:"since,omitzero"`
}

// newResult keeps of a report what a fleet is asked about.
func newResult(hash string, r *analyze.Report) Result {
	out := Result{Hash: hash, Version: r.Version, Rules: r.Rules, Status: Whole, Features: features(r)}
	for _, p := range r.Problems[:min(len(r.Problems), maxDamage)] {
		out.Status = Damaged
		out.Damage = append(out.Damage, p.Ref.String()+": "+p.Text)
	}
	for _, n := range r.Nodes {
		node := Node{Name: n.Name, Kernel: n.Kernel, OS: n.OS, Collected: n.Collected.UTC(), Daemons: map[string]string{}}
		for _, d := range n.Daemons {
			if d.Version != "" {
				node.Daemons[d.Name] = d.Version
			}
		}
		out.Nodes = append(out.Nodes, node)
	}
	verdicts := map[int]bool{}
	for _, i := range r.Verdicts {
		verdicts[i] = true
	}
	for i, f := range r.Findings {
		out.Findings = append(out.Findings, newFinding(f, verdicts[i]))
	}
	return out
}

func newFinding(f *rules.Finding, verdict bool) Finding {
	return Finding{
		Rule: f.Rule.ID.ID, Role: string(f.Rule.ID.Role), Severity: f.Rule.Severity, Confidence: string(f.Confidence),
		Status: string(f.Status), Verdict: verdict, Summary: f.Summary, Since: f.Since.UTC(),
	}
}
