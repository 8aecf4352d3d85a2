package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"

	"culprit/analyze/fact"
)

func FuzzKindOf(f *testing.F) {
	for _, s := range []string{"", psTable, dump, klog, logrus, dmesg, mountinfo, session, html, inspect, infoT, versionT, runtimeProfile, libraryProfile, "0a", "\x0a\x02\x08\xff", "\n \n"} {
		f.Add("ps.txt", []byte(s))
		f.Add("proc/7/x__y.gz", []byte(s))
	}
	f.Fuzz(func(t *testing.T, path string, head []byte) {
		v := classify(path, head)
		if v.kind == fact.KindUnknown || (len(head) == 0) != (v.kind == fact.KindEmpty) {
			t.Errorf("kind %q of %d bytes", v.kind, len(head))
		}
		if strings.ContainsFunc(v.odd, unicode.IsControl) || len(v.odd) > 600 {
			t.Errorf("problem %q", v.odd)
		}
		if v.odd != "" && v.kind == v.want {
			t.Errorf("%s as expected, yet %q", v.kind, v.odd)
		}
	})
}

// FuzzWalk reaches every format by its first bytes, and archives inside archives.
func FuzzWalk(f *testing.F) {
	archive := tarOf(f, member{"ps.txt", psTable}, member{"../m.gz", gz(f, mountinfo)}, member{"collect.log", "03:49:28\trc=0\t0.0s\tps\n"}, member{"manifest.jsonl", header})
	f.Add([]byte(archive))
	f.Add([]byte(archive[:1000]))
	f.Add([]byte(gz(f, archive)))
	f.Add([]byte(zst(f, archive)))
	f.Add([]byte(sparseTar("z", 1<<40)))
	f.Add([]byte(dump))
	f.Add([]byte(xzOf(f, archive)))
	f.Add([]byte(decode(f, bzip2Tar)))
	f.Add([]byte(tarOf(f, member{"in.tar", archive}, member{"in.gz", gz(f, gz(f, psTable))})))
	one := member{"uname.txt", unameText}
	f.Add([]byte(zipOf(f, one, member{"in.tar", archive})))
	f.Add([]byte(rawZip(f, func(*zip.FileHeader) {}, one)))
	f.Add([]byte(rar4Of(0, 0o644, one)))
	f.Add([]byte(rar5Of(0, one)))
	f.Add([]byte("Rar!\x1a\x07\x05\x05 of no version: its decoder would look for one for ever"))
	for _, text := range sevenZips {
		f.Add([]byte(decode(f, text)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := map[string]int64{}
		w := newWalker(context.Background(), "a", Limits{Entries: 100, TotalBytes: 1 << 20, SourceBytes: 1 << 18}, func(src fact.Source, r io.Reader) {
			n, err := io.Copy(io.Discard, r)
			if err != nil {
				t.Errorf("%s: %v", src.Path, err)
			}
			if _, twice := read[src.Path]; twice {
				t.Errorf("%q is visited twice", src.Path)
			}
			read[src.Path] = n
		})
		err := w.file(bytes.NewReader(raw))
		w.finish()
		if err == nil {
			_ = w.judge()
		}
		visits := slices.DeleteFunc(slices.Clone(w.bundle.Sources), func(s fact.Source) bool {
			return s.Kind == fact.KindArchive || s.State == fact.Denied && s.Kind == fact.KindUnknown
		})
		if len(visits) != len(read) || len(w.bundle.Sources) > 100 {
			t.Errorf("%d sources, %d visited", len(visits), len(read))
		}
		var total int64
		for _, s := range w.bundle.Sources {
			if s.Size != read[s.Path] || s.State == "" {
				t.Errorf("source %+v, %d bytes were read", s, read[s.Path])
			}
			if strings.HasPrefix(s.Path, "/") || strings.Contains("/"+s.Path+"/", "/../") || strings.ContainsFunc(s.Path, unicode.IsControl) {
				t.Errorf("path %q", s.Path)
			}
			total += s.Size
		}
		if total > 1<<20 {
			t.Errorf("%d bytes, more than the limit", total)
		}
	})
}

// FuzzScanZip finds local headers in anything. Each member takes up some of it.
func FuzzScanZip(f *testing.F) {
	whole := zipOf(f, member{"uname.txt", unameText}, member{"ps.txt", psTable})
	f.Add([]byte(whole))
	f.Add([]byte(whole[:60]))
	f.Add([]byte("junk" + rawZip(f, func(*zip.FileHeader) {}, member{"a/b", unameText})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, size := bytes.NewReader(raw), int64(len(raw))
		for pos := int64(0); ; {
			m, start, ok := nextLocal(r, pos, size)
			if !ok {
				break
			}
			if m.at < pos || start <= m.at || start > size || m.name == "" || m.packed < 0 || m.size < 0 {
				t.Fatalf("member %+v at %d, content at %d of %d", m, pos, start, size)
			}
			pos = start
		}
		w := newWalker(context.Background(), "a", Limits{Entries: 100, TotalBytes: 1 << 20}, ignore)
		var c coders
		defer c.close()
		a := &archive{kind: FormatZip, format: FormatZip}
		if err := w.scanZip(a, &c, r, size); err != nil && err != errStop {
			t.Error(err)
		}
		w.finish()
		if members, err := readZipDirectory(r, size, 100); err == nil && len(members) > 100 {
			t.Errorf("%d members", len(members))
		}
	})
}

// FuzzSevenZipHeader parses headers without their checksums.
func FuzzSevenZipHeader(f *testing.F) {
	for _, name := range []string{"plain", "bcj"} {
		raw := decode(f, sevenZips[name])
		f.Add([]byte(raw[szSignatureBytes+le64([]byte(raw[12:])):]))
	}
	f.Add([]byte("\x01\x04\x06\x00\x01\tV\x00\a\v\x05\x00\x01!!\x01\x00")) // a block cut in its methods
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := szParser{b: raw, limit: 100}
		p.byte()
		h := p.header()
		if p.err != nil {
			return
		}
		streams := 0
		for _, file := range h.files {
			if file.hasStream {
				streams++
			}
		}
		if len(h.files) > 100 || streams > len(h.streams) {
			t.Errorf("%d files, %d with content of %d streams", len(h.files), streams, len(h.streams))
		}
		for _, b := range h.blocks {
			if b.size < 0 || b.packed < 0 {
				t.Errorf("block %+v", b)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(header + `{"path":"docker/info.txt","command":"docker info","duration":1e300,"rc":124,"state":"timeout"}` + "\n{"))
	f.Add([]byte("03:49:28\trc=124\t15.0s\tdocker info\n\r\n"))
	f.Add([]byte("x: command timed out after 15s: docker info"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Count(text, []byte("\n")) + 1
		_, items, problems := ReadManifest(bytes.NewReader(text), "m")
		logged, broken := readCollectLog(bytes.NewReader(text), "m", DefaultEntries)
		var s stepLog
		s.errFile("m", text)
		for _, list := range [][]fact.Item{items, logged, s.errs} {
			if len(list) > lines {
				t.Errorf("%d items of %d lines", len(list), lines)
			}
			for _, it := range list {
				if it.Duration < 0 || it.State == "" || len(it.Refs) != 1 {
					t.Errorf("item %+v", it)
				}
				checkRef(t, it.Refs[0], text, lines)
			}
		}
		for _, p := range append(problems, broken...) {
			if strings.ContainsFunc(p.Text, unicode.IsControl) {
				t.Errorf("problem %q", p.Text)
			}
			if p.Ref.Line != 0 {
				checkRef(t, p.Ref, text, lines)
			}
		}
		if len(problems) > 4*lines+1 || len(broken) > 2*lines {
			t.Errorf("%d and %d problems of %d lines", len(problems), len(broken), lines)
		}
	})
}

// checkRef fails unless r points at the beginning of a line of text.
func checkRef(t *testing.T, r fact.Ref, text []byte, lines int) {
	t.Helper()
	if r.Line < 1 || r.Line > lines || r.Offset < 0 || r.Offset >= int64(len(text)) {
		t.Fatalf("ref %+v outside %d lines, %d bytes", r, lines, len(text))
	}
	if before := text[:r.Offset]; bytes.Count(before, []byte("\n")) != r.Line-1 || len(before) > 0 && before[len(before)-1] != '\n' {
		t.Errorf("offset %d is not where line %d begins", r.Offset, r.Line)
	}
}
