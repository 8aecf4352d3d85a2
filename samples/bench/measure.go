package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	rss       int64 // bytes, the most at any time
}

// run runs culprit and measures it.
func run(binary string, args ...string) (usage, error) {
	cmd := exec.Command(binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	var u usage
	ended := make(chan struct{})
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for {
			u.rss = max(u.rss, peak(cmd.Process.Pid))
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	err := cmd.Wait()
	u.wall = time.Since(began)
	close(ended)
	<-looked
	if err != nil {
		return u, fmt.Errorf("%s %q: %w\n%s", binary, args, err, stderr.String())
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return u, nil
}

// peak is the most memory that a process had so far, VmHWM of proc(5). What wait4(2) says
// of it is that of this process where that is more.
func peak(pid int) (bytes int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	return 0
}

// decode reads every archive at or below dir to its end, in this process with one goroutine,
// by the library that culprit has, out of the file and in the simplest way, and returns
// the CPU time and the bytes that came out.
func decode(dir string) (cpu time.Duration, decoded int64, err error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return 0, 0, err
	}
	defer z.Close()
	began := spent()
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		var plain io.Reader = z
		if strings.HasSuffix(path, ".gz") {
			plain, err = gzip.NewReader(f)
		} else {
			err = z.Reset(f)
		}
		if err != nil {
			return err
		}
		n, err := drain(plain)
		decoded += n
		return err
	})
	return spent() - began, decoded, err
}

// drain reads the members of a tar.
func drain(plain io.Reader) (n int64, err error) {
	t := tar.NewReader(plain)
	for {
		if _, err := t.Next(); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
		size, err := io.Copy(io.Discard, t)
		if n += size; err != nil {
			return n, err
		}
	}
}

// spent is the CPU time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
