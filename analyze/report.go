package analyze

import (
	"time"

	"culprit/analyze/fact"
	"culprit/rules"
)

// SchemaVersion is the version of the report's JSON form, report.schema.json.
const SchemaVersion = "culprit.report/1"

// Report is what an analysis found. Every output format is rendered from it; the
// same bundle and rules give the same report.
type Report struct {
	// Version of the tool, and the hash of the rules that were asked.
	Version, Rules string
	// Bundle is the name of what was read; Format its form ("folder", "tar.zst").
	// Several bundles of one incident are joined by " + ".
	Bundle, Format string
	Nodes          []NodeReport
	// Sources is the number of sources read; Bytes what they held.
	Sources int
	Bytes   int64
	// Findings are all findings in rank order; Verdicts are indexes of the roots
	// among them, most important first.
	Findings []*rules.Finding
	Verdicts []int
	// Gaps are what could not be checked.
	Gaps     []Gap
	Problems []fact.Problem
	// Unusual is what an engineer would look at first when no cause was found.
	Unusual []Unusual
	// Seen says how much of each kind of evidence there was.
	Seen []Seen
	// Tables are the facts that the rules judged.
	Tables *fact.Tables
	// Early is set on what Options.Early is told while the bundle is being read.
	Early bool
	// NoSpool is set where archives were left out that the temporary folder could not hold:
	// where it has room, there may be more in the bundle.
	NoSpool error
	// Excerpts are the raw lines that stand at a ref, as far as Quote was asked for
	// them, each line cut at 512 bytes and control bytes intact: renderers escape.
	Excerpts map[fact.Ref]string

	// readingProblems is how many of Problems are of the reading; the rest are of rules.
	readingProblems int
	// clocks are those of each node, for what reads its logs again.
	clocks map[fact.Place]clock
}

// NodeReport is what is known of one node.
type NodeReport struct {
	Name, Boot, Kernel, OS string
	Collected              time.Time
	Daemons                []fact.Daemon
}

// Gap is evidence that is not there.
type Gap struct {
	// What is missing, in a few words; Why it matters.
	What string
	// Rules that could not be decided for want of it.
	Rules []string
	Refs  []fact.Ref
}

// Seen is how much of one kind of evidence there was.
type Seen struct {
	// Table is the name that rules use: processes, stacks, hits ...
	Table string
	// N is how many things it tells of: rows, for stacks goroutines, for hits the
	// lines of the logs.
	N int64
	// Complete is set when whatever exists is in it.
	Complete bool
}

// Unusual is a fact that stands out though no rule explains it.
type Unusual struct {
	Text string
	Refs []fact.Ref
}

// Incomplete reports whether evidence is missing or damaged.
func (r *Report) Incomplete() bool { return len(r.Gaps) > 0 || len(r.Problems) > 0 }

// Worst is the severity of the worst active finding that is no mere suspicion,
// "" when there is none.
func (r *Report) Worst() string {
	for _, severity := range rules.Severities {
		for _, f := range r.Findings {
			if f.Rule.Severity == severity && f.Status == rules.Active && f.Confidence != rules.Suspected {
				return severity
			}
		}
	}
	return ""
}
