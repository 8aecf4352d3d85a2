package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// member is a file of a sample.
type member struct{ name, text string }

// incident is a sample that many others are made of: the same on another node, another
// day, with other containers.
type incident struct {
	name    string
	members []member
	ids     []string // hex ids of containers, images and layers, and their short forms
	host    string
}

var (
	hexID = regexp.MustCompile(`\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b`)
	date  = regexp.MustCompile(`^20\d\d-\d\d-\d\d`)
)

// readSamples reads the archives below dir.
func readSamples(dir string) ([]incident, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "bundle.tar.zst"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no samples below %s: %v", dir, err)
	}
	var out []incident
	for _, path := range paths {
		in := incident{name: filepath.Base(filepath.Dir(path))}
		if in.members, err = readTar(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found := map[string]bool{}
		for _, m := range in.members {
			if filepath.Base(m.name) == "hostname.txt" {
				in.host = strings.TrimSpace(m.text)
			}
			for _, id := range hexID.FindAllString(m.text, -1) {
				found[id] = strings.ContainsAny(id, "abcdef")
			}
		}
		for id, isID := range found {
			if isID {
				in.ids = append(in.ids, id)
			}
		}
		slices.Sort(in.ids)
		out = append(out, in)
	}
	return out, nil
}

// bare are the samples with nothing but what names the node.
func bare(samples []incident) []incident {
	out := slices.Clone(samples)
	for i := range out {
		out[i].members = slices.DeleteFunc(slices.Clone(out[i].members), func(m member) bool { return m.name != "hostname.txt" && m.name != "uname.txt" })
	}
	return out
}

func readTar(path string) (out []member, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		out = append(out, member{h.Name, string(text)})
	}
}

// other is the n-th variation: each hex digit of an id is another one, the same
// everywhere, so that short forms still begin long ones; the node and the day of the
// collection are others.
func (in incident) other(n int) []member {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	digits := []byte("0123456789abcdef")
	r.Shuffle(len(digits), func(i, j int) { digits[i], digits[j] = digits[j], digits[i] })
	var pairs []string
	for _, id := range in.ids {
		pairs = append(pairs, id, strings.Map(func(d rune) rune { return rune(digits[strings.IndexRune("0123456789abcdef", d)]) }, id))
	}
	if in.host != "" {
		pairs = append(pairs, in.host, fmt.Sprintf("node-%05d", r.IntN(100_000)))
	}
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(1000))
	for _, layout := range []string{time.DateOnly, "Jan _2", "I0102 ", "W0102 ", "E0102 "} {
		pairs = append(pairs, in.day().Format(layout), day.Format(layout))
	}
	change := strings.NewReplacer(pairs...)
	out := make([]member, len(in.members))
	for i, m := range in.members {
		out[i] = member{m.name, m.text}
		if !strings.HasSuffix(m.name, ".gz") {
			out[i].text = change.Replace(m.text)
		}
	}
	return out
}

// day is that of the collection.
func (in incident) day() time.Time {
	for _, m := range in.members {
		if at := date.FindString(m.text); at != "" && strings.HasPrefix(filepath.Base(m.name), "date") {
			if day, err := time.Parse(time.DateOnly, at); err == nil {
				return day
			}
		}
	}
	return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) // of all captures so far
}

// pack writes members as a tar.zst.
func pack(path string, members []member) error {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, m := range members {
		if err := write(t, m.name, m.text); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// makeMany writes n bundles, of each sample in turn, below dir: dir/000/00012.tar.zst.
func makeMany(dir string, samples []incident, n int) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(errs) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				folder := filepath.Join(dir, fmt.Sprintf("%03d", i/1000))
				err := os.MkdirAll(folder, 0o755)
				if err == nil {
					err = pack(filepath.Join(folder, fmt.Sprintf("%05d.tar.zst", i)), samples[i%len(samples)].other(i))
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(errs)
	return <-errs
}
