package rules

import (
	"time"

	"culprit/analyze/fact"
)

// Confidence is how sure a finding is. It is earned by evidence.
type Confidence string

// The confidences. For a symptom or router, Certain means that it was seen.
const (
	// Certain: cause and effect in the same scope, every rival ruled out.
	Certain Confidence = "certain"
	// Likely: the cause without full proof of the effect or against the rivals.
	Likely Confidence = "likely"
	// Suspected: the effect only.
	Suspected Confidence = "suspected"
)

// rank orders confidences, best first.
func (c Confidence) rank() int {
	switch c {
	case Certain:
		return 0
	case Likely:
		return 1
	}
	return 2
}

// Status says whether a finding does harm.
type Status string

// The statuses. Latent: a dangerous setting or state that has not bitten yet.
const (
	Active Status = "active"
	Latent Status = "latent"
)

// Finding is a rule that holds for a scope.
type Finding struct {
	Rule       *Rule
	Scope      []fact.Key
	Confidence Confidence
	Status     Status
	// Summary is the rule's sentence with what was found in it.
	Summary string
	// Next is what to do, with what was found in it.
	Next Steps
	// Since is the earliest stamp among the evidence, zero unknown.
	Since time.Time
	// Evidence of the conditions that hold, causes first.
	Evidence []Evidence
	// RuledOut are the rivals that the evidence proves wrong.
	RuledOut []RuledOut
	// Open are the rivals and conditions that could not be checked.
	Open []Open
	// CauseOpen is set for a mechanism of which no explainer was found.
	CauseOpen bool

	// Explains and ExplainedBy link findings; indexes into the list that
	// Evaluate returned.
	Explains, ExplainedBy []int
	// rows are the selections' rows, for the sentences.
	rows   map[*Selection]picked
	effect Truth
}

// RuledOut is a rival with the evidence against it.
type RuledOut struct {
	Rival    string
	Name     string
	Evidence []Evidence
}

// Open is something that would have to be known for more confidence.
type Open struct {
	// Rival is the id of the rival that was not ruled out, "" for a condition.
	Rival string
	// Name of the condition.
	Name string
	// Why it could not be checked, one reason a source.
	Why []string
	// Support is set where the finding stands as well without it: what is missing is
	// no gap in the evidence.
	Support bool
}

// Verdict reports whether the finding can be one: an active cause, or mechanism
// with its cause open, that is likely or certain.
func (f *Finding) Verdict() bool {
	role := f.Rule.ID.Role
	return f.Status == Active && f.Confidence != Suspected && (role == RoleCause || role == RoleMechanism)
}

// Steps are a finding's remedies as text.
type Steps struct{ Now, ForGood, Collect []string }

// word fills the rule's sentences with what was found.
func (f *Finding) word() {
	pick := func(s *Selection) picked { return f.rows[s] }
	f.Summary = f.Rule.Summary.expand(f.Scope, pick)
	lines := func(templates []*template) []string {
		var out []string
		for _, t := range templates {
			out = append(out, t.expand(f.Scope, pick))
		}
		return out
	}
	f.Next = Steps{lines(f.Rule.Next.Now), lines(f.Rule.Next.ForGood), lines(f.Rule.Next.Collect)}
}
