// Command bench measures culprit over an archive: thousands of small bundles, made of
// the samples with other ids, nodes and days, and a few large ones. It prints the
// figures that the README has; nothing in it is a test.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 10_000, "make `N` small bundles")
	large := flag.Int("large", 300, "make large bundles of `MB` when unpacked, 0 none")
	dir := flag.String("dir", "", "make them below `DIR`, 100 KB each; else below a temporary folder, which is removed")
	workers := flag.Int("workers", 2, "analyse with `N` workers")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: bench [-n N] [-large MB] [-dir DIR] [-workers N] CULPRIT SAMPLES")
		os.Exit(1)
	}
	if err := bench(flag.Arg(0), flag.Arg(1), *dir, *n, *large, *workers); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(binary, samplesDir, dir string, n, large, workers int) error {
	samples, err := readSamples(samplesDir)
	if err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "culprit-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	b := &archive{binary: binary, dir: dir, samples: samplesDir, workers: fmt.Sprint(workers), kinds: len(samples)}
	if err := makeMany(b.small(), samples, n); err != nil {
		return err
	}
	if err := makeMany(b.tiny(), bare(samples), max(n/10, 1)); err != nil {
		return err
	}
	cpu, decoded, err := decode(b.small())
	if err != nil {
		return err
	}
	b.decoding = cpu / time.Duration(n)
	fmt.Printf("%d bundles, %d KB each when unpacked; to decode one takes %s of CPU\n\n", n, decoded/int64(n)>>10, ms(b.decoding))
	fmt.Printf("| what | bundles | wall | bundles/s | CPU a bundle | over decoding | RSS |\n|---|---|---|---|---|---|---|\n")
	for _, of := range []int{n / 100, n / 10, n} {
		if of > 0 {
			if err := b.first(of); err != nil {
				return err
			}
		}
	}
	if err := b.again(n); err != nil {
		return err
	}
	b.slope()
	if err := b.one(n); err != nil {
		return err
	}
	if large > 0 {
		return b.large(samples, int64(large)<<20)
	}
	return nil
}

// archive is what is measured.
type archive struct {
	binary, dir, samples, workers string
	kinds                         int           // of samples
	decoding                      time.Duration // of a bundle, CPU
	runs                          []counted
}

// counted is a first run over so many bundles.
type counted struct {
	bundles int
	usage
}

func (b *archive) small() string { return filepath.Join(b.dir, "small") }
func (b *archive) tiny() string  { return filepath.Join(b.dir, "tiny") }

func (b *archive) store(name string) string { return filepath.Join(b.dir, name+".db") }

// list is a list of the first n small bundles, in a file for batch.
func (b *archive) list(n int) (string, error) {
	var text strings.Builder
	for i := range n {
		fmt.Fprintln(&text, filepath.Join(b.small(), fmt.Sprintf("%03d", i/1000), fmt.Sprintf("%05d.tar.zst", i)))
	}
	name := filepath.Join(b.dir, fmt.Sprintf("first-%d.txt", n))
	return "@" + name, os.WriteFile(name, []byte(text.String()), 0o644)
}

// first analyses n bundles into a new store, and holds the verdicts to those of the
// samples that they are made of.
func (b *archive) first(n int) error {
	list, err := b.list(n)
	if err != nil {
		return err
	}
	u, err := run(b.binary, "batch", list, "--store", b.store(fmt.Sprint(n)), "--workers", b.workers)
	if err != nil {
		return err
	}
	b.runs = append(b.runs, counted{n, u})
	fmt.Printf("| first run | %d | %s | %.0f | %s | %s | %d MB |\n", n, u.wall.Round(10*time.Millisecond), float64(n)/u.wall.Seconds(),
		ms(u.cpu/time.Duration(n)), ms(u.cpu/time.Duration(n)-b.decoding), u.rss>>20)
	return b.check(n)
}

// check compares the causes with those of the samples: each has n/samples copies, or one
// more.
func (b *archive) check(n int) error {
	if _, err := run(b.binary, "batch", b.samples, "--store", b.store("samples")); err != nil {
		return err
	}
	want, err := b.top("samples")
	if err != nil {
		return err
	}
	got, err := b.top(fmt.Sprint(n))
	if err != nil {
		return err
	}
	for rule, of := range want {
		if least := of * (n / b.kinds); got[rule] < least || got[rule] > least+of {
			return fmt.Errorf("%d bundles have the cause %s, want %d and at most %d more", got[rule], rule, least, of)
		}
	}
	return nil
}

// top are the causes of a store and how many bundles have each.
func (b *archive) top(name string) (map[string]int, error) {
	out, err := exec.Command(b.binary, "fleet", "top", "--store", b.store(name)).Output()
	if err != nil {
		return nil, err
	}
	top := map[string]int{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if n, err := strconv.Atoi(fields[0]); err == nil && len(fields) == 5 {
			top[fields[4]] = n
		}
	}
	return top, nil
}

// again runs over what did not change.
func (b *archive) again(n int) error {
	first := b.runs[len(b.runs)-1]
	list, err := b.list(n)
	if err != nil {
		return err
	}
	for _, how := range []struct {
		what string
		args []string
	}{{"again, unchanged", nil}, {"again, --rehash", []string{"--rehash"}}} {
		u, err := run(b.binary, append([]string{"batch", list, "--store", b.store(fmt.Sprint(n)), "--workers", b.workers}, how.args...)...)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %d | %s | %.0f (%.0fx) | %s | | %d MB |\n", how.what, n, u.wall.Round(10*time.Millisecond), float64(n)/u.wall.Seconds(), first.wall.Seconds()/u.wall.Seconds(), ms(u.cpu/time.Duration(n)), u.rss>>20)
	}
	for _, question := range []string{"top", "trend"} {
		u, err := run(b.binary, "fleet", question, "--store", b.store(fmt.Sprint(n)))
		if err != nil {
			return err
		}
		fmt.Printf("| fleet %s | %d | %s | | | | %d MB |\n", question, n, u.wall.Round(time.Millisecond), u.rss>>20)
	}
	return nil
}

// slope is what one bundle more costs, between the first runs; it is the same where the
// cost is linear.
func (b *archive) slope() {
	for i := 1; i < len(b.runs); i++ {
		from, to := b.runs[i-1], b.runs[i]
		fmt.Printf("| slope %d to %d | | %s a bundle | | %s | | |\n", from.bundles, to.bundles,
			ms((to.wall-from.wall)/time.Duration(to.bundles-from.bundles)), ms((to.cpu-from.cpu)/time.Duration(to.bundles-from.bundles)))
	}
}

// one measures with one worker, whose CPU time another one on the same core does not
// stretch: small bundles, and those that hold next to nothing, which is what any bundle
// costs at least.
func (b *archive) one(n int) error {
	list, err := b.list(max(n/10, 1))
	if err != nil {
		return err
	}
	for _, of := range []struct{ what, source, dir string }{{"one worker", list, b.small()}, {"one worker, two files a bundle", b.tiny(), b.tiny()}} {
		args := []string{"batch", of.source, "--store", b.store("one"), "--workers", "1"}
		u, err := run(b.binary, args...)
		if err != nil {
			return err
		}
		start, err := run(b.binary, args...) // which reads nothing
		if err != nil {
			return err
		}
		cpu, _, err := decode(of.dir)
		if err != nil {
			return err
		}
		bundles := time.Duration(max(n/10, 1))
		if of.dir == b.small() {
			cpu /= time.Duration(n) / bundles
		}
		took := u.cpu - start.cpu
		fmt.Printf("| %s | %d | %s | %.0f | %s | %s | %d MB |\n", of.what, bundles, u.wall.Round(10*time.Millisecond), float64(bundles)/u.wall.Seconds(),
			ms(took/bundles), ms((took-cpu)/bundles), u.rss>>20)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
