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
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// large measures bundles of about size bytes, most of it one log or one goroutine dump,
// against reading them alone. In an archive one comes behind others: that culprit starts,
// and reads its first bundle, is not counted.
func (b *archive) large(samples []incident, size int64) error {
	sick, well, err := sickAndWell(samples)
	if err != nil {
		return err
	}
	for _, of := range []struct {
		what, suffix string
		grown        string
		more         func() string
	}{
		{"goroutine dump", ".tar.gz", dockerdDump, dumps(sick)},
		{"goroutine dump", ".tar.zst", dockerdDump, dumps(sick)},
		{"log", ".tar.gz", dockerdLog, logs(sick, well)},
		{"log", ".tar.zst", dockerdLog, logs(sick, well)},
		{"journal", ".tar.gz", journal, inJournal(logs(sick, well))},
	} {
		dir, err := os.MkdirTemp(b.dir, "large-")
		if err != nil {
			return err
		}
		first, path := filepath.Join(dir, "a-first"+of.suffix), filepath.Join(dir, "b-large"+of.suffix)
		if err := writeLarge(first, sick, of.grown, of.more, 0); err != nil {
			return err
		}
		if err := writeLarge(path, sick, of.grown, of.more, size); err != nil {
			return err
		}
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		cpu, decoded, u, err := b.least(dir, first, path)
		if err != nil {
			return err
		}
		fmt.Printf("| a %s, %d MB in a %d MB %s | 1 | %s | | %s | %.2f times decoding's %s | %d MB |\n", of.what, decoded>>20, st.Size()>>20, of.suffix[1:],
			u.wall.Round(10*time.Millisecond), ms(u.cpu), float64(u.cpu)/float64(cpu), ms(cpu), u.rss>>20)
	}
	return nil
}

// least is the least CPU time that the bundle at path in dir takes, to decode and to
// analyse behind the first, of a few runs: what disturbs them only adds to it.
func (b *archive) least(dir, first, path string) (cpu time.Duration, decoded int64, u usage, err error) {
	const runs = 7
	var one, both usage
	for n := range runs {
		now, size, err := decode(path)
		if err != nil {
			return 0, 0, u, err
		}
		store := func(of string) string { return filepath.Join(dir, fmt.Sprintf("%s-%d.db", of, n)) }
		alone, err := run(b.binary, "batch", first, "--store", store("alone"), "--workers", "1")
		if err != nil {
			return 0, 0, u, err
		}
		behind, err := run(b.binary, "batch", first, path, "--store", store("behind"), "--workers", "1")
		if err != nil {
			return 0, 0, u, err
		}
		decoded = size
		if n == 0 || now < cpu {
			cpu = now
		}
		if n == 0 || alone.cpu < one.cpu {
			one = alone
		}
		if n == 0 || behind.cpu < both.cpu {
			both = behind
		}
	}
	return cpu, decoded, usage{wall: both.wall - one.wall, cpu: both.cpu - one.cpu, rss: both.rss}, nil
}

const (
	dockerdLog  = "logs/dockerd.log"
	dockerdDump = "goroutines/dockerd-goroutine-debug2.txt"
	journal     = "logs/messages" // of all units and the kernel
)

// sickAndWell are the samples that a large bundle is made of: an incident, and one whose
// log is that of a quiet day.
func sickAndWell(samples []incident) (sick, well incident, err error) {
	for _, in := range samples {
		switch {
		case in.text(dockerdLog) == "" || in.text(dockerdDump) == "":
		case strings.HasPrefix(in.name, "healthy"):
			well = in
		case len(in.text(dockerdDump)) > len(sick.text(dockerdDump)):
			sick = in
		}
	}
	if sick.name == "" || well.name == "" {
		err = errors.New("no sample of an incident, or of health, has " + dockerdLog + " and " + dockerdDump)
	}
	return sick, well, err
}

func (in incident) text(name string) string {
	for _, m := range in.members {
		if m.name == name {
			return m.text
		}
	}
	return ""
}

// logs are parts of a log: one of the incident's own to quiet ones of a quiet day.
func logs(sick, well incident) func() string {
	const quiet = 19
	r := rand.New(rand.NewPCG(1, 2))
	return func() string {
		text := unlike(r, sick.text(dockerdLog))
		for want := (1 + quiet) * len(text); len(text) < want; {
			text += unlike(r, well.text(dockerdLog))
		}
		return text
	}
}

// inJournal puts in front of every line of a log what syslog does.
func inJournal(log func() string) func() string {
	return func() string {
		const tag = "Nov 22 03:49:28 node-a17 dockerd[1334]: "
		lines := strings.TrimSuffix(log(), "\n")
		return tag + strings.ReplaceAll(lines, "\n", "\n"+tag) + "\n"
	}
}

// dumps are parts of a dump, of other goroutines each, which point to elsewhere in the heap.
// They compress as the dump that they are made of.
func dumps(sick incident) func() string {
	r := rand.New(rand.NewPCG(3, 4))
	n := 0
	return func() string {
		shift := r.Int64N(heap/page) * page
		text := goroutine.ReplaceAllStringFunc(sick.text(dockerdDump), func(string) string { n++; return fmt.Sprintf("\n\ngoroutine %d ", n) })
		return address.ReplaceAllStringFunc(text, func(at string) string {
			n, err := strconv.ParseInt(at, 0, 64)
			if err != nil {
				return at
			}
			return fmt.Sprintf("%#x", n+shift)
		}) + "\n"
	}
}

const (
	heap = 1 << 34
	page = 1 << 13 // of Go's allocator
)

// writeLarge writes the incident with one of its members grown to size.
func writeLarge(path string, in incident, name string, more func() string, size int64) error {
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
	for _, m := range in.members {
		if m.name == name {
			continue
		}
		if err := write(t, m.name, m.text); err != nil {
			return err
		}
	}
	var text strings.Builder
	for int64(text.Len()) < size {
		text.WriteString(more())
	}
	return errors.Join(write(t, name, text.String()), t.Close(), z.Close(), f.Close())
}

var (
	fraction = regexp.MustCompile(`\.\d{9}Z`)
	longID   = regexp.MustCompile(`[0-9a-f]{12,64}`)

	goroutine = regexp.MustCompile(`\n\ngoroutine \d+ `)
	address   = regexp.MustCompile(`0xc[0-9a-f]{9}`)
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
