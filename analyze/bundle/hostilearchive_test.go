package bundle

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// hostile is an archive that means ill or was damaged, and what must be said of it.
type hostile struct {
	name, content string
	problem       string // one of them, without the archive's path before it; "" none
	rows          []string
}

// TestHostileArchives lays each archive into a folder beside a healthy file, from
// where it is read directly, and into a zip, from where it is spooled. The healthy
// file is read, nothing stays on disk and memory is bounded.
func TestHostileArchives(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	const bound = 300 << 20 // two decoders with maxWindow and room
	cases := slices.Concat(hostileTars(t), hostileZips(t), hostileStreams(t), hostileOthers(t))
	if len(cases) < 25 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		for _, path := range []string{
			folderOf(t, member{"a", c.content}, member{"m", mountinfo}),
			save(t, "b", tarOf(t, member{"a", c.content}, member{"m", mountinfo})),
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b, err := Walk(t.Context(), path, Limits{}, ignore)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > bound {
				t.Errorf("%s: %d bytes allocated", c.name, n)
			}
			got := texts(b.Problems)
			for i := range got {
				got[i] = strings.TrimPrefix(strings.TrimPrefix(got[i], "a/"), "a: ")
			}
			if c.problem == "" && len(got) > 0 || c.problem != "" && !slices.Contains(got, c.problem) {
				t.Errorf("%s: problems %.300q, want %q", c.name, got, c.problem)
			}
			list := rows(b)
			if last := len(list) - 1; list[last] != "mountinfo ok m" || !slices.Equal(list[:last], c.rows) {
				t.Errorf("%s: sources %.300q, want %q", c.name, list, c.rows)
			}
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("%s: %v left in the temporary folder (%v)", c.name, left, err)
			}
		}
	}
}

func ignore(fact.Source, io.Reader) {}

func hostileTars(t *testing.T) []hostile {
	one := member{"uname.txt", unameText}
	odd := func(h tar.Header) string {
		return rawTar(t, []tar.Header{h, {Name: one.name, Typeflag: tar.TypeReg, Size: int64(len(one.content))}}, []member{{}, one})
	}
	ok := []string{"archive ok a", "uname ok a/uname.txt"}
	lie := []byte(tarOf(t, one, member{"ps.txt", psTable}))
	copy(lie[124:], octal12(900_000)) // the size of the first
	resum(lie)
	pax := []byte(tarOf(t, member{"x", "2097152 X.y=" + strings.Repeat("z", 2<<20)}))
	pax[156] = tar.TypeXHeader
	resum(pax)
	return []hostile{
		{"tar: path traversal", tarOf(t, member{"../../uname.txt", unameText}), `uname.txt: name with "..": "../../uname.txt"`, ok},
		{"tar: absolute name", tarOf(t, member{"/uname.txt", unameText}), `uname.txt: absolute name: "/uname.txt"`, ok},
		{"tar: symbolic link", odd(tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}), `l: symbolic link to "/etc/shadow" is not followed`, ok},
		{"tar: hard link", odd(tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}), `l: hard link to "/etc/shadow" is not followed`, ok},
		{"tar: device", odd(tar.Header{Name: "d", Typeflag: tar.TypeBlock}), "d: device is not followed", ok},
		{"tar: fifo", odd(tar.Header{Name: "f", Typeflag: tar.TypeFifo}), "f: fifo is not followed", ok},
		{"tar: escape sequence", odd(tar.Header{Name: "\x1b[2J\n", Typeflag: tar.TypeFifo}), `\x1b[2J\x0a: fifo is not followed`, ok},
		{"tar: name of 5,000 bytes", tarOf(t, member{strings.Repeat("d/", 2495) + "/uname.txt", unameText}),
			"d/" + strings.Repeat("d/", 2042) + `uname.txt: name of 4999 bytes: "` + strings.Repeat("d/", 40) + `"...`,
			[]string{"archive ok a", "uname ok a/d/" + strings.Repeat("d/", 2042) + "uname.txt"}},
		{"tar: duplicate", tarOf(t, one, one), `uname.txt#2: another member has the name "a/uname.txt"`, append(slices.Clone(ok), "uname ok a/uname.txt#2")},
		{"tar: sparse bomb", sparseTar("z.log", 1<<40) + tarOf(t, one), "z.log: cut after 1114112 bytes: limit of the compression ratio reached", []string{"archive ok a", "binary truncated a/z.log", ok[1]}},
		{"tar: size that lies", string(lie), "uname.txt: cut after 2560 bytes: unexpected EOF", []string{"archive truncated a", "ps truncated a/uname.txt"}},
		{"tar: huge pax record", string(pax), "damaged tar after 0 entries: archive/tar: header field too long", []string{"archive truncated a"}},
		{"tar: cut in a header", tarOf(t, one, one)[:1100], "damaged tar after 1 entries: unexpected EOF", []string{"archive truncated a", ok[1]}},
	}
}

// resum corrects the checksum of a tar's first header.
func resum(h []byte) {
	copy(h[148:], "        ")
	var sum int64
	for _, c := range h[:tarBlock] {
		sum += int64(c)
	}
	copy(h[148:], octal12(sum)[5:11]+"\x00 ")
}

func hostileZips(t *testing.T) []hostile {
	one := member{"uname.txt", unameText}
	with := func(change func(*zip.FileHeader), members ...member) string { return rawZip(t, change, members...) }
	ok := []string{"archive ok a", "uname ok a/uname.txt"}
	denied := []string{"archive ok a", "denied a/uname.txt"}
	plain := with(func(*zip.FileHeader) {}, one, one)
	directory := strings.Index(plain, string(magicZipEntry))
	// Both entries name the first member.
	overlap := []byte(plain)
	second := directory + zipEntryBytes + len(one.name)
	copy(overlap[second+42:], make([]byte, 4))
	nested := zipOf(t, one)
	for range DefaultDepth + 2 {
		nested = zipOf(t, member{"a", nested})
	}
	var deep []string
	for i := range DefaultDepth {
		deep = append(deep, "archive ok a"+strings.Repeat("/a", i))
	}
	deep = append(deep, "archive skipped a"+strings.Repeat("/a", DefaultDepth))
	crc := func(h *zip.FileHeader) { h.CRC32++ }
	size := func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 40 }
	packed := func(h *zip.FileHeader) { h.CompressedSize64 = 1 << 40 }
	return []hostile{
		{"zip: path traversal", with(func(*zip.FileHeader) {}, member{"../../uname.txt", unameText}), `uname.txt: name with "..": "../../uname.txt"`, ok},
		{"zip: drive and backslashes", with(func(h *zip.FileHeader) { h.CreatorVersion = 20 }, member{`C:\..\uname.txt`, unameText}), `uname.txt: name with "..": "/../uname.txt"`, ok},
		{"zip: symbolic link", with(func(h *zip.FileHeader) {
			if h.Name == "l" {
				h.SetMode(fs.ModeSymlink)
			}
		}, member{"l", "/etc/shadow"}, one), "l: symbolic link is not followed", ok},
		{"zip: duplicate", plain, `uname.txt#2: another member has the name "a/uname.txt"`, append(slices.Clone(ok), "uname ok a/uname.txt#2")},
		{"zip: overlapping members", string(overlap), "uname.txt#2: cannot be opened: it overlaps another member", append(slices.Clone(ok), "denied a/uname.txt#2")},
		{"zip: itself, and so on", nested, strings.Repeat("a/", DefaultDepth-1) + "a: limit of archives inside one another reached (4): not opened", deep},
		{"zip: bad checksum", with(crc, one), "uname.txt: cut after 17 bytes: invalid checksum", []string{"archive ok a", "uname truncated a/uname.txt"}},
		{"zip64: size that lies", with(size, one), "uname.txt: cut after 17 bytes: 17 bytes, its archive says 1099511627776", []string{"archive ok a", "uname truncated a/uname.txt"}},
		{"zip64: packed size that lies", with(packed, one), "uname.txt: cut after 122 bytes: 122 bytes, its archive says 17", []string{"archive ok a", "binary truncated a/uname.txt"}},
		{"zip: encrypted member", with(func(h *zip.FileHeader) { h.Flags |= zipEncrypted }, one), "uname.txt: cannot be opened: encrypted", denied},
		{"zip: deflate64", with(func(h *zip.FileHeader) { h.Method = 9 }, one), "uname.txt: cannot be opened: compression method 9 is not supported", denied},
		{"zip: empty", zipOf(t), "", []string{"archive ok a"}},
		{"zip: cut in a member", plain[:50], "uname.txt: cut after 11 bytes: 11 bytes, its archive says 17", []string{"archive truncated a", "text truncated a/uname.txt"}},
		{"zip: directory that lies", plain[:directory+42] + "\xff\xff\xff\x7f" + plain[directory+46:],
			"damaged zip: entry 1 of its directory is out of range: its members are found by their own headers", []string{"archive truncated a", "uname ok a/uname.txt", "uname ok a/uname.txt#2"}},
		{"zip: member where none is", plain[:directory+42] + "\x05\x00\x00\x00" + plain[directory+46:],
			"uname.txt: cannot be opened: no member is where the directory says", []string{"archive ok a", "denied a/uname.txt", "uname ok a/uname.txt#2"}},
	}
}

// A member of 2 GiB streams by: memory does not grow with it.
func TestZeros(t *testing.T) {
	const n = 2 << 30
	path := save(t, "a", tarOf(t, member{"a", zeros(t, n)}, member{"m", mountinfo}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b, err := Walk(t.Context(), path, Limits{}, ignore)
	runtime.ReadMemStats(&after)
	if want := []string{"archive ok a", "binary ok a/zeros", "mountinfo ok m"}; err != nil || !slices.Equal(rows(b), want) || b.Sources[1].Size != n || len(b.Problems) > 0 {
		t.Errorf("error %v, sources %+v, problems %q", err, b.Sources, texts(b.Problems))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// zeros is a zip with a member of n zeros, whose deflated parts are all the same.
func zeros(t *testing.T, n int) string {
	const part = 16 << 20
	block := make([]byte, part)
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(block)
	w.Flush() // ends on a byte
	same := b.String()
	sum := uint32(0)
	for range n / part {
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	packed := strings.Repeat(same, n/part) + "\x03\x00" // an empty last block
	return rawZip(t, func(h *zip.FileHeader) { h.Method, h.CRC32, h.UncompressedSize64 = zip.Deflate, sum, uint64(n) }, member{"zeros", packed})
}

func hostileStreams(t *testing.T) []hostile {
	long := psTable + noise(10_000)
	bad := func(s string, fromEnd int) string {
		b := []byte(s)
		b[len(b)-fromEnd] ^= 0xff
		return string(b)
	}
	var wide bytes.Buffer
	w, err := zstd.NewWriter(&wide, zstd.WithWindowSize(256<<20), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(psTable))
	w.Flush()
	w.Write([]byte(psTable))
	w.Close()
	xz := []byte(xzOf(t, psTable))
	xz[16] = 40 // the dictionary: 4 GiB
	copy(xz[20:], binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(xz[12:20])))
	return []hostile{
		{"gzip: garbage behind", gz(t, psTable) + gz(t, psTable) + "garbage", "content after its end is not read", []string{"ps ok a"}},
		{"gzip: padded", gz(t, psTable) + strings.Repeat("\x00", 512), "", []string{"ps ok a"}},
		{"xz: garbage behind", xzOf(t, psTable) + strings.Repeat("garbage", 4), "content after its end is not read", []string{"ps ok a"}},
		{"zstd: garbage behind", zst(t, psTable) + "garbage", "content after its end is not read", []string{"ps ok a"}},
		{"bzip2: garbage behind", decode(t, bzip2Uname) + "garbage", "content after its end is not read", []string{"uname ok a"}},
		{"bzip2: bad checksum", bad(decode(t, bzip2Uname), 2), "cut after 17 bytes: bzip2 data invalid: file checksum mismatch", []string{"uname truncated a"}},
		{"xz: bad check", bad(xzOf(t, long), 28), "cut after 10147 bytes: xz: data is corrupt", []string{"ps truncated a"}},
		{"zstd: giant window", wide.String(), "cut after 0 bytes: window size exceeded", []string{"binary truncated a"}},
		{"xz: giant dictionary", string(xz), "damaged xz: xz: LZMA2 dictionary size exceeds max", []string{"binary truncated a"}},
		{"gzip: ten times itself", layers(t, 10), "limit of archives inside one another reached (4): not opened", []string{"binary ok a"}},
	}
}

func layers(t *testing.T, n int) string {
	s := psTable
	for range n {
		s = gz(t, s)
	}
	return s
}

func hostileOthers(t *testing.T) []hostile {
	one := member{"uname.txt", unameText}
	seven := decode(t, sevenZips["plain"])
	stored := decode(t, sevenZips["copy"])
	count := []byte{1, 4, 6, 0, 0xfc, 0, 0, 0, 0, 0x40, 0, 9} // 2^38 packed streams
	cut5 := rar5Of(0, one, one)
	cut4 := rar4Of(0, 0o644, one)
	locked := "Rar!\x1a\x07\x01\x00" + rar5Block(append([]byte{4, 0, 0, 0, 15}, make([]byte, 16)...))
	return []hostile{
		{"7z: encrypted header", decode(t, sevenZips["header"]), "the 7z is encrypted: it cannot be read", []string{"archive truncated a"}},
		{"7z: cut", seven[:len(seven)-1], "damaged 7z after 0 entries: it is cut: its directory, at the end, is missing", []string{"archive truncated a"}},
		{"7z: bad checksum", strings.Replace(stored, "0x200", "0x300", 1), "proc/7/stack: cut after 1800 bytes: invalid checksum",
			[]string{"archive ok a", "empty ok a/proc/7/cmdline", "proc-stack truncated a/proc/7/stack", "uname ok a/uname.txt"}},
		{"7z: count that lies", sevenZipOf(count), "damaged 7z after 0 entries: broken header", []string{"archive truncated a"}},
		{"7z: empty", sevenZipOf(nil), "", []string{"archive ok a"}},
		{"rar: encrypted member", rar4Of(4, 0o644, one), "uname.txt: cannot be opened: encrypted", []string{"archive ok a", "denied a/uname.txt"}},
		{"rar: encrypted headers", locked, "the rar is encrypted: it cannot be read", []string{"archive truncated a"}},
		{"rar: symbolic link", rar4Of(0, 0xa1ff, member{"l", "/etc/shadow"}), "l: symbolic link is not followed", []string{"archive ok a"}},
		{"rar: path traversal", rar5Of(0, member{"../../uname.txt", unameText}), `uname.txt: name with "..": "../../uname.txt"`, []string{"archive ok a", "uname ok a/uname.txt"}},
		{"rar: bad checksum", strings.Replace(rar5Of(0, one), "Linux a", "Linux b", 1), "uname.txt: cut after 17 bytes: rardecode: bad file checksum", []string{"archive ok a", "uname truncated a/uname.txt"}},
		{"rar: unknown method", rar5Of(0x3f|1<<7, one), "uname.txt: cut after 0 bytes: rardecode: unknown decoder version", []string{"archive ok a", "uname truncated a/uname.txt"}},
		{"rar: no end", cut4[:len(cut4)-7], "the rar has no end mark: it may be cut after 1 entries", []string{"archive truncated a", "uname ok a/uname.txt"}},
		{"rar: cut in a member", cut5[:len(cut5)-12], "uname.txt#2: cut after 13 bytes: unexpected EOF", []string{"archive truncated a", "uname ok a/uname.txt", "text truncated a/uname.txt#2"}},
	}
}

// sevenZipOf is a 7z that is its header alone.
func sevenZipOf(header []byte) string {
	start := binary.LittleEndian.AppendUint64(make([]byte, 8), uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	b := append([]byte(magicSevenZip), 0, 4)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(start))
	return string(append(append(b, start...), header...))
}

// Cut at every byte, an archive is read up to there, with a problem, and without
// panic.
func TestCutEverywhere(t *testing.T) {
	members := []member{{"uname.txt", unameText}, {"proc/7/stack", stackText[:180]}}
	for format, whole := range map[string]string{
		"zip": zipOf(t, members...), "7z": decode(t, sevenZips["lzma2"]), "rar4": rar4Of(0, 0o644, members...), "rar5": rar5Of(0, members...),
		"tar.xz": xzOf(t, tarOf(t, members...)), "tar.bz2": decode(t, bzip2Tar), "tar.gz": gz(t, tarOf(t, members...)), "tar.zst": zst(t, tarOf(t, members...)),
	} {
		for n := 10; n < len(whole); n++ {
			b, err := WalkReader(t.Context(), "b", strings.NewReader(tarOf(t, member{"a", whole[:n]}, member{"m", mountinfo})), Limits{}, ignore)
			if err != nil || len(b.Problems) == 0 && b.Sources[0].Kind == fact.KindArchive {
				t.Errorf("%s cut at %d of %d: error %v, sources %q, no problem", format, n, len(whole), err, rows(b))
			}
		}
	}
}

// Each limit is reached by archives inside the bundle too.
func TestLimitsOfArchives(t *testing.T) {
	inner := zipOf(t, member{"uname.txt", unameText}, member{"ps.txt", psTable})
	whole := tarOf(t, member{"in.zip", inner}, member{"m", mountinfo})
	big := rawZip(t, func(*zip.FileHeader) {}, member{"ps.txt", psTable}, member{"n", noise(12 << 20)}, member{"m", mountinfo})
	for _, c := range []struct {
		name, content string
		lim           Limits
		problem       string
		sources       int
	}{
		{"entries", whole, Limits{Entries: 2}, "a: limit of entries in a bundle reached (2): the rest is not read", 2},
		{"total", whole, Limits{TotalBytes: 900}, "a: limit of bytes in a bundle reached (900): the rest is not read", 1},
		{"depth", tarOf(t, member{"a", tarOf(t, member{"b", tarOf(t, member{"m", mountinfo})})}, member{"m", mountinfo}), Limits{Depth: 1}, "a/b: limit of archives inside one another reached (1): not opened", 3},
		{"ratio", zipOf(t, member{"ps.txt", strings.Repeat(psTable, 20_000)}), Limits{Ratio: 10}, "ps.txt: cut after ", 1},
		{"name", zipOf(t, member{"proc/7/" + strings.Repeat("d", 50) + "/uname.txt", unameText}), Limits{NameBytes: 20}, "dddddddddd/uname.txt: name of 67 bytes", 1},
		{"spool", big, Limits{SpoolBytes: 10 << 20}, "a: limit of bytes in the spool reached (10485760): the rest is not read", 2},
	} {
		var n int
		b, err := WalkReader(t.Context(), "a", struct{ io.Reader }{strings.NewReader(c.content)}, c.lim, func(fact.Source, io.Reader) { n++ })
		got := texts(b.Problems)
		if err != nil || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.problem) }) || len(b.Sources) != c.sources {
			t.Errorf("%s: error %v, sources %q, problems %.300q, want %d, %q", c.name, err, rows(b), got, c.sources, c.problem)
		}
	}
}

// deadline is a context whose deadline passes when a test says so.
type deadline struct {
	context.Context
	passed bool
}

func (d *deadline) Err() error {
	if d.passed {
		return context.DeadlineExceeded
	}
	return nil
}

// Time ends the walk in the middle of a source, and what was read is kept.
func TestLimitOfTime(t *testing.T) {
	members := []member{{"uname.txt", unameText}, {"ps.txt", psTable + noise(200_000)}, {"z", mountinfo}}
	for _, path := range []string{save(t, "a", tarOf(t, members...)), save(t, "a", zipOf(t, members...)), save(t, "a", xzOf(t, rar5Of(0, members...)))} {
		ctx := &deadline{Context: t.Context()}
		b, err := Walk(ctx, path, Limits{}, func(src fact.Source, r io.Reader) { ctx.passed = src.Path == "ps.txt" })
		if want := []string{"uname ok uname.txt", "ps truncated ps.txt"}; err != nil || !slices.Equal(rows(b), want) {
			t.Errorf("error %v, sources %q, want %q", err, rows(b), want)
		}
		want := []string{"ps.txt: cut after 0 bytes: limit of time reached", "a: limit of time reached: the rest is not read"}
		if got := texts(b.Problems); !slices.Equal(got, want) {
			t.Errorf("problems %q, want %q", got, want)
		}
	}
}

// The spool holds what does not fit into memory, one inside the other, and gives
// back what it held.
func TestSpool(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	text := noise(12 << 20)
	s := spool{limit: 1 << 30}
	take := func(n int) (func(), error) {
		at, size, release, err := s.take(strings.NewReader(text[:n]))
		got := make([]byte, size)
		if _, rerr := at.ReadAt(got, 0); rerr != nil && size > 0 && err == nil && string(got) != text[:n] {
			t.Errorf("%d bytes: %v", n, rerr)
		}
		if string(got) != text[:size] || err == nil && size != int64(n) {
			t.Errorf("%d of %d bytes, or others", size, n)
		}
		return release, err
	}
	outer, _ := take(12 << 20)
	inner, _ := take(3 << 20) // fits into memory
	more, _ := take(9 << 20)
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("the spool has a name: %v", left)
	}
	if s.memory != 3<<20 || s.end != 21<<20 {
		t.Errorf("%d bytes in memory, %d in the file", s.memory, s.end)
	}
	more()
	inner()
	outer()
	if s.memory != 0 || s.end != 0 {
		t.Errorf("%d bytes in memory, %d in the file after release", s.memory, s.end)
	}
	s.limit = 10 << 20
	if _, err := take(12 << 20); !errors.Is(err, errSpool) {
		t.Errorf("error %v, want the limit", err)
	}
	s.close()
}

// A zip from standard input that does not fit into memory gives what the file gives.
func TestSpooledZip(t *testing.T) {
	whole := rawZip(t, func(*zip.FileHeader) {}, member{"ps.txt", psTable}, member{"n.log", noise(12 << 20)}, member{"m", mountinfo})
	if len(whole) <= spoolMemory {
		t.Fatalf("%d bytes are no test", len(whole))
	}
	file, err := Walk(t.Context(), save(t, "a", whole), Limits{}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := WalkReader(t.Context(), "a", struct{ io.Reader }{strings.NewReader(whole)}, Limits{}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	check(t, stream, file.Sources, texts(file.Problems))
}
