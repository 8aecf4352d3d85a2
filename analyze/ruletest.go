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
	"culprit/analyze/logs"
	"culprit/rules"
)

// RunTest runs one rule test the whole way through, from the bundle's bytes to
// the findings. It returns what does not match, "" for a pass.
func RunTest(set *rules.Set, t *rules.Test) (mismatch string, err error) {
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		text := t.Files[name]
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644, Format: tar.FormatPAX}); err != nil {
			return "", err
		}
		if _, err := io.WriteString(tw, text); err != nil {
			return "", err
		}
	}
	if err := tw.Close(); err != nil {
		return "", err
	}
	signatures, err := logs.Compile(set.Signatures)
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	p, err := read(ctx, func(visit func(fact.Source, io.Reader)) (bundle.Bundle, error) {
		return bundle.WalkReader(ctx, "test.tar", &b, bundle.DefaultLimits(), visit)
	}, signatures, "")
	if err != nil {
		return "", err
	}
	report := Options{Rules: set}.judge([]*parts{p})
	return t.Mismatch(rules.Result{Findings: report.Findings, Verdicts: report.Verdicts}), nil
}
