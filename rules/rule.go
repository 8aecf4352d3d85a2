// Package rules holds the rule engine and the rule pack. A rule selects rows of
// the fact tables with predicates and judges the selections with a closed set of
// words, so that evidence, nearest misses and three-valued logic stay here and
// not in the rules. README.md specifies every word.
//
// Evaluation is pure: no clock, no I/O, no globals that change; the same tables
// and rules give the same findings.
package rules

import "culprit/analyze/fact"

// Role says what a rule's finding can be in a report.
type Role string

// The roles. Only causes and, worded "cause open", mechanisms become verdicts.
const (
	RoleCause     Role = "cause"
	RoleMechanism Role = "mechanism"
	RoleRouter    Role = "router"
	RoleSymptom   Role = "symptom"
)

// Layers in the order that ranks independent roots.
var Layers = []string{"kernel", "storage", "config", "network", "shim", "runtime", "kubelet", "client"}

// Severities, worst first.
var Severities = []string{"critical", "warning", "info"}

// ID is a row of ids.yaml: everything that is known of a rule id before any rule
// with that id exists.
type ID struct {
	ID      string
	Aliases []string
	Layer   string
	Role    Role
	// Latent causes can be present without having bitten yet.
	Latent      bool
	Per         fact.KeyKind
	ExplainedBy []string
	Rivals      []string
	Meaning     string
}

// Rule is one loaded rule.
type Rule struct {
	ID       ID
	Title    string
	Severity string
	Per      fact.KeyKind
	Select   []*Selection
	// Effect is what is seen, Cause why, Certain what a certain verdict needs on
	// top of both.
	Effect, Cause, Certain []*Condition
	// Support may add evidence and takes nothing away: what is false in it counts for
	// nothing.
	Support []*Condition
	// RulesOut are conditions that prove a rival wrong; where one is false the
	// evidence shows the rival, and the finding is dropped.
	RulesOut []RuleOut
	// NoRival is the reason why the rule needs no rival.
	NoRival string
	// Ceiling is the highest confidence the rule can earn, "" no limit.
	Ceiling               Confidence
	Explains, ExplainedBy []string
	FixedIn               []Fix
	Summary               *template
	Next                  Next
	Refs                  []string
	// File and Line say where the rule stands; Builtin that it is of our pack.
	File    string
	Line    int
	Builtin bool
}

// RuleOut is a rival and what proves it wrong.
type RuleOut struct {
	Rival string
	Cond  *Condition
}

// Fix is a release that mends the cause.
type Fix struct{ Component, Version, Ref string }

// Next is what to do.
type Next struct{ Now, ForGood, Collect []*template }

// Selection picks rows of one table.
type Selection struct {
	Name  string
	Rule  string // its rule's id
	Table *Schema
	Where *predicate
	// Signature limits hits to one signature, nil elsewhere.
	Signature *fact.Signature
	// On is the kind of key that ties rows to the rule's scope; "" makes the
	// rows shared evidence, offered to every key.
	On   fact.KeyKind
	File string
	Line int
	// lacking is absence, asked once: that takes a while.
	lacking func() string
}

func (s *Selection) cited() []Column {
	if s.Where == nil {
		return nil
	}
	return s.Where.cited
}

// selection finds a selection by name.
func (r *Rule) selection(name string) *Selection {
	for _, s := range r.Select {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// conditions are all conditions of the rule, in order.
func (r *Rule) conditions() []*Condition {
	var all []*Condition
	all = append(append(append(all, r.Cause...), r.Effect...), r.Certain...)
	all = append(all, r.Support...)
	for _, o := range r.RulesOut {
		all = append(all, o.Cond)
	}
	return all
}
