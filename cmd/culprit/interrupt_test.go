package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// TestInterrupted: analyze that is interrupted in the middle of a bundle prints no
// report on what it had read.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, name := range []string{"dmesg.txt", "kern.log"} {
		text := strings.Repeat("[    0.000000] x\n", 1<<16)
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(tw, text)
	}
	half := io.LimitReader(&b, int64(b.Len()/2+1<<10))
	stdin := io.MultiReader(half, reading(func() { interrupt() }), &b)
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"analyze", "-"}, stdin, &stdout, &stderr)
	if code != exitError || stdout.Len() > 0 || stderr.String() != "culprit: context canceled\n" {
		t.Errorf("exit %d, stdout %.200q, stderr %q", code, stdout.String(), stderr.String())
	}
}

// reading is an empty reader that tells when it is read.
type reading func()

func (r reading) Read([]byte) (int, error) {
	r()
	return 0, io.EOF
}
