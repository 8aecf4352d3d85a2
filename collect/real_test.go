//go:build linux

package collect_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"culprit/analyze"
	"culprit/rules"
)

// What is collected from the real /proc, /sys and /etc of this machine is a bundle
// that culprit reads without finding anything odd, and in which it finds the node.
func TestAnalyze(t *testing.T) {
	o, out := wedged(t, userlands(t)[0], stage{Name: "healthy"}, 60)
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	report, err := analyze.Bundles(context.Background(), analyze.Options{Rules: set}, filepath.Join(out.Dir, "out", "bundle.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		// A docker client may be installed; no daemon answers it in the scene.
		if !strings.Contains(p.Ref.Source, "docker/") {
			t.Errorf("problem: %s", p)
		}
	}
	if len(report.Nodes) != 1 || report.Nodes[0].Name != o.header.Node || report.Nodes[0].Boot != o.header.Boot {
		t.Errorf("nodes %+v, the header says %+v", report.Nodes, o.header)
	}
}
