package analyze

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"maps"
	"slices"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/join"
	"culprit/analyze/logs"
	"culprit/rules"
)

// Tester runs rule tests the whole way through, from the bundle's bytes to the
// findings.
type Tester struct {
	set        *rules.Set
	signatures *logs.Set
}

// NewTester prepares for the tests of a pack.
func NewTester(set *rules.Set) (*Tester, error) {
	signatures, err := logs.Compile(set.Signatures)
	if err != nil {
		return nil, err
	}
	return &Tester{set, signatures}, nil
}

// Run runs one test. It returns what does not match, or what stopped the rule, "" for
// a pass.
func (r *Tester) Run(t *rules.Test) (mismatch string, err error) {
	tables, err := r.tables(t)
	if err != nil {
		return "", err
	}
	result := r.set.Evaluate(tables)
	for _, p := range result.Problems {
		if p.Ref.Source == r.file(t.Rule) {
			return p.Text, nil
		}
	}
	return t.Mismatch(result), nil
}

// file is where a rule stands, "" when there is none.
func (r *Tester) file(id string) string {
	rule, _, _ := r.set.Find(id)
	if rule == nil {
		return ""
	}
	return rule.File
}

// tables are the facts of the test's files, joined.
func (r *Tester) tables(t *rules.Test) (*fact.Tables, error) {
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		text := t.Files[name]
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644, Format: tar.FormatPAX}); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(tw, text); err != nil {
			return nil, err
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	p := newParts(r.signatures, "")
	err := p.read(func(visit func(fact.Source, io.Reader)) (bundle.Bundle, error) {
		return bundle.WalkReader(context.Background(), "test.tar", &b, bundle.DefaultLimits(), visit)
	})
	if err != nil {
		return nil, err
	}
	tables := &fact.Tables{}
	for _, node := range p.nodes() {
		node.assemble(tables, "")
	}
	join.Join(tables)
	return tables, nil
}
