package render

import (
	"path/filepath"
	"testing"

	"culprit/analyze/fact"
)

// TestSamplesFinding holds a root and what it explains, each by itself, to their goldens.
func TestSamplesFinding(t *testing.T) {
	r := sampleReport(t, "dstate-stop-18.09.2")
	for _, rule := range []string{"filesystem-frozen", "dockerd-goroutine-leak"} {
		for i, f := range r.Findings {
			if f.Rule.ID.ID == rule {
				golden(t, filepath.Join("testdata", "finding-"+rule+".golden"), []byte(textOf(Finding(r, i, 80))))
			}
		}
	}
}

// The headline of a verdict leads to what shows it.
func TestHeadlineLeads(t *testing.T) {
	lines := Lines(sampleReport(t, "dstate-stop-18.09.2"), Options{})
	if refs := lines[0].Refs; len(refs) == 0 || refs[0].Compare(fact.Ref{Source: "proc/507/stack", Line: 1}) != 0 {
		t.Errorf("%q leads to %v", lines[0].Text, refs)
	}
}
