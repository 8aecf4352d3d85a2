package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// large measures one bundle of about size bytes, most of it a log of dockerd, by each
// compression, against reading it alone.
func (b *archive) large(samples []incident, size int64) error {
	sick, well, err := sickAndWell(samples)
	if err != nil {
		return err
	}
	for _, suffix := range []string{".tar.gz", ".tar.zst"} {
		dir := filepath.Join(b.dir, "large"+suffix)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		path := filepath.Join(dir, "bundle"+suffix)
		if err := writeLarge(path, sick, well, size); err != nil {
			return err
		}
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		cpu, decoded, err := decode(dir)
		if err != nil {
			return err
		}
		u, err := run(b.binary, "batch", path, "--workers", "1")
		if err != nil {
			return err
		}
		fmt.Printf("| %d MB in a %d MB %s | 1 | %s | | %s | %.2fx of decoding's %s | %d MB |\n", decoded>>20, st.Size()>>20, suffix[1:],
			u.wall.Round(10*time.Millisecond), ms(u.cpu), float64(u.cpu)/float64(cpu), ms(cpu), u.rss>>20)
	}
	return nil
}

const dockerdLog = "logs/dockerd.log"

// sickAndWell are the samples that a large bundle is made of: an incident, and one whose
// log is that of a quiet day.
func sickAndWell(samples []incident) (sick, well incident, err error) {
	for _, in := range samples {
		switch {
		case in.log() == "":
		case strings.HasPrefix(in.name, "healthy"):
			well = in
		case len(in.log()) > len(sick.log()):
			sick = in
		}
	}
	if sick.name == "" || well.name == "" {
		err = errors.New("no sample of an incident, or of health, has " + dockerdLog)
	}
	return sick, well, err
}

func (in incident) log() string {
	for _, m := range in.members {
		if m.name == dockerdLog {
			return m.text
		}
	}
	return ""
}

// writeLarge writes the incident with a log that is long: one part of it its own, to
// quiet parts of quiet days.
func writeLarge(path string, sick, well incident, size int64) error {
	const quiet = 19
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var z io.WriteCloser = gzip.NewWriter(f)
	if strings.HasSuffix(path, ".zst") {
		if z, err = zstd.NewWriter(f, zstd.WithEncoderConcurrency(1)); err != nil {
			return err
		}
	}
	t := tar.NewWriter(z)
	for _, m := range sick.members {
		if m.name == dockerdLog {
			continue
		}
		if err := write(t, m.name, m.text); err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	// A tar wants the size first: parts of one log, as a rotated one has.
	for i := 0; size > 0; i++ {
		var text strings.Builder
		for text.Len() < 64<<20 && int64(text.Len()) < size {
			text.WriteString(unlike(r, sick.log()))
			for written := 0; written < quiet*len(sick.log()); written += len(well.log()) {
				text.WriteString(unlike(r, well.log()))
			}
		}
		if err := write(t, fmt.Sprintf("%s.%d", dockerdLog, i), text.String()); err != nil {
			return err
		}
		size -= int64(text.Len())
	}
	return errors.Join(t.Close(), z.Close(), f.Close())
}

var (
	fraction = regexp.MustCompile(`\.\d{9}Z`)
	longID   = regexp.MustCompile(`[0-9a-f]{12,64}`)
)

// unlike is a log with the fraction of every time made up, and every id one of a few:
// without that it would compress as no log does, and reading it would cost nothing.
func unlike(r *rand.Rand, log string) string {
	const containers = 40
	log = fraction.ReplaceAllStringFunc(log, func(string) string { return fmt.Sprintf(".%09dZ", r.IntN(1e9)) })
	return longID.ReplaceAllStringFunc(log, func(id string) string {
		sum := sha256.Sum256([]byte{byte(r.IntN(containers))})
		return hex.EncodeToString(sum[:])[:min(len(id), 64)]
	})
}

func write(t *tar.Writer, name, text string) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.WriteString(t, text)
	return err
}
