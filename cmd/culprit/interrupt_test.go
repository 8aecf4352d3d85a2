package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// TestInterrupted: a command that is interrupted in the middle of a bundle prints
// nothing of what it had read.
func TestInterrupted(t *testing.T) {
	for _, args := range [][]string{{"analyze", "-"}, {"analyze", "-", "-o", "/dev/null/x"}, {"rules", "explain", "filesystem-frozen", "-"}} {
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
		stdin := io.MultiReader(half, reading(interrupt), &b)
		var stdout, stderr bytes.Buffer
		code := run(ctx, args, stdin, &stdout, &stderr)
		if code != exitError || stdout.Len() > 0 || stderr.String() != "culprit: context canceled\n" {
			t.Errorf("%q: exit %d, stdout %.200q, stderr %q", args, code, stdout.String(), stderr.String())
		}
	}
}

// reading is an empty reader that tells when it is read.
type reading func()

func (r reading) Read([]byte) (int, error) {
	r()
	return 0, io.EOF
}
