package rules

import (
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// trial is a rule judged for one key: each of its conditions, whatever the others
// say. What it finds and how it is explained come from the same judgements.
type trial struct {
	rule *Rule
	key  fact.Key
	// pick gives each selection's rows for the key.
	pick func(*Selection) picked
	// The judgements of the rule's conditions, in its order; rivals are those of
	// RulesOut.
	cause, effect, certain, support, rivals []Judgement
}

// try judges the rule for one key.
func (e *evaluator) try(r *Rule, key fact.Key) *trial {
	pick := e.pickFor(key)
	judge := func(conditions []*Condition) []Judgement {
		var out []Judgement
		for _, c := range conditions {
			out = append(out, c.judge(pick))
		}
		return out
	}
	t := &trial{rule: r, key: key, pick: pick, cause: judge(r.Cause), effect: judge(r.Effect), certain: judge(r.Certain), support: judge(r.Support)}
	for _, o := range r.RulesOut {
		t.rivals = append(t.rivals, o.Cond.judge(pick))
	}
	return t
}

// together is the truth of all judgements. No conditions are unknown.
func together(judged []Judgement) Truth {
	if len(judged) == 0 {
		return Unknown
	}
	truth := True
	for _, j := range judged {
		truth = truth.And(j.Truth)
	}
	return truth
}

// proof is whether what a certain verdict needs beside cause and effect is proved.
func (t *trial) proof() Truth {
	truth := True
	for _, j := range slices.Concat(t.rivals, t.certain) {
		truth = truth.And(j.Truth)
	}
	return truth
}

// bar says why the rule does not hold for the key, "" when it does.
func (t *trial) bar() string {
	cause, effect := together(t.cause), together(t.effect)
	held := func(j Judgement) bool { return j.Truth == True }
	switch {
	case cause == False:
		return "its cause is false"
	case cause != True && effect != True:
		return "neither its cause nor its effect is proved"
	// A mechanism is what it does: without any of its effect there is none.
	case t.rule.ID.Role == RoleMechanism && len(t.effect) > 0 && !slices.ContainsFunc(t.effect, held):
		return "nothing of its effect is proved"
	}
	if shown := t.confirmed(); len(shown) > 0 {
		return "the evidence shows " + strings.Join(shown, ", ")
	}
	// Without a key shared evidence alone speaks, and that is of the effect.
	if t.key.IsZero() && effect != True {
		return "its effect is not proved"
	}
	return ""
}

// confirmed are the rivals that the evidence shows.
func (t *trial) confirmed() []string {
	var out []string
	for i, j := range t.rivals {
		if j.Truth == False {
			out = append(out, t.rule.RulesOut[i].Rival)
		}
	}
	return out
}
