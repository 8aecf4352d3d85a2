package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culprit/analyze/fact"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

func xzOf(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, s)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipOf deflates its members, each with a descriptor behind it.
func zipOf(t testing.TB, members ...member) string {
	t.Helper()
	return zipWith(t, func(*zip.FileHeader) {}, members...)
}

// zipWith lets change what is stated of each member before it is written.
func zipWith(t testing.TB, change func(*zip.FileHeader), members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		h.SetMode(0o644)
		change(h)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, m.content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rawZip stores its members, and lets change what is stated of them after it is
// known.
func rawZip(t testing.TB, change func(*zip.FileHeader), members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		n := uint64(len(m.content))
		h := &zip.FileHeader{Name: m.name, CRC32: crc32.ChecksumIEEE([]byte(m.content)), CompressedSize64: n, UncompressedSize64: n}
		change(h)
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, m.content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rar4Of stores its members in a RAR archive of version 4. Its blocks:
//
//	crc 2, low half of CRC-32 of what follows  type 1  flags 2  size 2
//	archive 73  ; reserved 6
//	file 74     ; packed 4  size 4  system 1  crc 4  time 4  version 1  method 1  name 2  attributes 4  name
func rar4Of(flags uint16, attributes uint32, members ...member) string {
	block := func(kind byte, flags uint16, body []byte) string {
		h := binary.LittleEndian.AppendUint16([]byte{kind}, flags)
		h = binary.LittleEndian.AppendUint16(h, uint16(7+len(body)))
		h = append(h, body...)
		return string(binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE(h)))) + string(h)
	}
	b := "Rar!\x1a\x07\x00" + block(0x73, 0, make([]byte, 6))
	for _, m := range members {
		n := uint32(len(m.content))
		h := binary.LittleEndian.AppendUint32(nil, n)
		h = binary.LittleEndian.AppendUint32(h, n)
		h = append(h, 3) // Unix
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(m.content)))
		h = append(h, 0, 0, 0, 0, 20, 0x30)
		h = binary.LittleEndian.AppendUint16(h, uint16(len(m.name)))
		h = binary.LittleEndian.AppendUint32(h, attributes)
		b += block(0x74, 0x8000|flags, append(h, m.name...)) + m.content
	}
	return b + rarEnds[0]
}

// rar5Of stores its members in a RAR archive of version 5. Its blocks, all numbers of
// seven bits a byte unless they say otherwise:
//
//	crc 4 of what follows  size of what follows  type  flags, 2: has data  bytes of data
//	archive 1  ; flags
//	file 2     ; flags, 4: has crc  size  attributes  crc 4  compression  system  bytes of name  name
func rar5Of(compression uint64, members ...member) string {
	b := "Rar!\x1a\x07\x01\x00" + rar5Block([]byte{1, 0, 0})
	for _, m := range members {
		h := binary.AppendUvarint([]byte{2, 2}, uint64(len(m.content)))
		h = binary.AppendUvarint(append(h, 4), uint64(len(m.content)))
		h = binary.AppendUvarint(h, 0o644)
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(m.content)))
		h = append(binary.AppendUvarint(h, compression), 1)
		h = binary.AppendUvarint(h, uint64(len(m.name)))
		b += rar5Block(append(h, m.name...)) + m.content
	}
	return b + rarEnds[1]
}

func rar5Block(body []byte) string {
	h := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	return string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(h))) + string(h)
}

// rows are the sources in a few words.
func rows(b Bundle) (list []string) {
	for _, s := range b.Sources {
		list = append(list, strings.TrimSpace(string(s.Kind)+" "+string(s.State))+" "+s.Path)
	}
	return list
}

// Every archive gives the same sources, from a file and as a stream.
func TestArchiveFormats(t *testing.T) {
	members := []member{{"uname.txt", unameText}, {"proc/7/stack", stackText}}
	want := []visited{{"uname.txt", fact.KindUname, unameText}, {"proc/7/stack", fact.KindProcStack, stackText}}
	for format, content := range map[string]string{
		"tar.xz":  xzOf(t, tarOf(t, members...)),
		"tar.bz2": decode(t, bzip2Tar),
		"zip":     zipOf(t, members...),
		"zip.gz":  gz(t, zipOf(t, members...)),
		"rar":     rar5Of(0, members...),
		"rar.zst": zst(t, rar4Of(0, 0o644, members...)),
		"7z.xz":   xzOf(t, decode(t, sevenZips["plain"])),
	} {
		for _, source := range []string{"file", "stream"} {
			var seen []visited
			visit := func(src fact.Source, r io.Reader) {
				text, _ := io.ReadAll(r)
				seen = append(seen, visited{src.Path, src.Kind, string(text)})
			}
			var b Bundle
			var err error
			if source == "file" {
				b, err = Walk(context.Background(), save(t, "a", content), Limits{}, visit)
			} else {
				b, err = WalkReader(context.Background(), "a", struct{ io.Reader }{strings.NewReader(content)}, Limits{}, visit)
			}
			if format == "7z.xz" { // see TestSevenZip for its other members
				seen = slices.DeleteFunc(seen, func(v visited) bool { return v.kind == fact.KindEmpty })
				slices.Reverse(seen)
				b.Problems = nil
			}
			if err != nil || b.Format != format || !slices.Equal(seen, want) || len(b.Problems) > 0 {
				t.Errorf("%s %s: error %v, format %q, visited %q, problems %q", format, source, err, b.Format, seen, texts(b.Problems))
			}
		}
	}
}

// Loose files and members may be compressed any way, twice too.
func TestCompressions(t *testing.T) {
	for name, content := range map[string]string{
		"uname.txt.xz": xzOf(t, unameText), "uname.txt.bz2": decode(t, bzip2Uname), "uname.txt.gz": gz(t, unameText),
		"uname.txt": gz(t, xzOf(t, unameText)),
	} {
		_, seen, err := walk(t, save(t, name, content), Limits{})
		if want := []visited{{name, fact.KindUname, unameText}}; err != nil || !slices.Equal(seen, want) {
			t.Errorf("%s: error %v, visited %q", name, err, seen)
		}
		b, seen, err := walk(t, folderOf(t, member{"x/" + name, content}), Limits{})
		if want := []visited{{"x/" + name, fact.KindUname, unameText}}; err != nil || !slices.Equal(seen, want) {
			t.Errorf("%s: error %v, visited %q", name, err, seen)
		}
		check(t, b, []fact.Source{source("x/"+name, fact.KindUname, fact.Complete, unameText)}, nil)
	}
}

// A log that was rotated and packed keeps its kind, and what can be read of it
// where it is cut.
func TestRotatedLog(t *testing.T) {
	long := strings.Repeat(logrus, 3000)
	for suffix, content := range map[string]string{".gz": gz(t, long), ".zst": zst(t, long), ".xz": xzOf(t, long)} {
		name := "dockerd.log.1" + suffix
		b, seen, err := walk(t, save(t, "a", tarOf(t, member{name, content[:len(content)-9]}, member{"m", mountinfo})), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"log truncated " + name, "mountinfo ok m"}; !slices.Equal(rows(b), want) {
			t.Errorf("sources %q, want %q", rows(b), want)
		}
		if got := seen[0].content; len(got) < len(long)/2 || !strings.HasPrefix(long, got) {
			t.Errorf("%s: %d bytes of %d", name, len(got), len(long))
		}
		if got := texts(b.Problems); len(got) != 1 || !strings.HasPrefix(got[0], name+": cut after ") {
			t.Errorf("problems %q", got)
		}
	}
}

func TestNested(t *testing.T) {
	tree := tarOf(t, member{"proc/7/stack", stackText}, member{"dockerd.log.1.gz", gz(t, logrus)})
	sos := xzOf(t, tarOf(t, member{"sos/ps.txt", psTable}, member{"sos/proc/fs.tar", tree}))
	packed := zipOf(t, member{"notes", "see inside\n"}, member{"case/sos.tar.xz", sos}, member{"case/more.zip", zipOf(t, member{"uname.txt", unameText})})
	want := []string{
		"text ok notes",
		"archive ok case/sos.tar.xz",
		"ps ok case/sos.tar.xz/sos/ps.txt",
		"archive ok case/sos.tar.xz/sos/proc/fs.tar",
		"proc-stack ok case/sos.tar.xz/sos/proc/fs.tar/proc/7/stack",
		"log ok case/sos.tar.xz/sos/proc/fs.tar/dockerd.log.1.gz",
		"archive ok case/more.zip",
		"uname ok case/more.zip/uname.txt",
	}
	b, seen, err := walk(t, save(t, "a", packed), Limits{})
	if err != nil || !slices.Equal(rows(b), want) || len(b.Problems) > 0 {
		t.Errorf("error %v, sources\n%q, want\n%q, problems %q", err, rows(b), want, texts(b.Problems))
	}
	if len(seen) != 5 || seen[2].content != stackText {
		t.Errorf("visited %q", seen)
	}
	// In a folder, the archives are files.
	b, _, err = walk(t, folderOf(t, member{"a.zip", packed}), Limits{})
	for i := range want {
		want[i] = strings.Replace(want[i], "ok ", "ok a.zip/", 1)
	}
	if want = append([]string{"archive ok a.zip"}, want...); err != nil || !slices.Equal(rows(b), want) {
		t.Errorf("error %v, sources\n%q, want\n%q", err, rows(b), want)
	}
}

// A manifest states the bytes of an archive as stored, like those of a compressed
// member.
func TestNestedManifest(t *testing.T) {
	inner := zipOf(t, member{"uname.txt", unameText})
	line := func(hash string) string {
		return `{"path":"more.zip","state":"ok","bytes":` + strconv.Itoa(len(inner)) + `,"sha256":"` + hash + `"}` + "\n"
	}
	for hash, problems := range map[string][]string{
		sum(inner): nil,
		sum("x"):   {"more.zip: content differs from the sha256 of the manifest"},
	} {
		b, _, err := walk(t, save(t, "a", tarOf(t, member{"manifest.jsonl", header + line(hash)}, member{"more.zip", inner})), Limits{})
		if got := texts(b.Problems); err != nil || !slices.Equal(got, problems) {
			t.Errorf("error %v, problems %q, want %q", err, got, problems)
		}
	}
}

// Damage inside an archive inside is told there, and the rest is read.
func TestNestedDamage(t *testing.T) {
	inner := xzOf(t, tarOf(t, member{"ps.txt", psTable + noise(100_000)}))
	b, _, err := walk(t, save(t, "a", tarOf(t, member{"in.tar.xz", inner[:len(inner)/2]}, member{"m", mountinfo})), Limits{})
	if want := []string{"archive truncated in.tar.xz", "ps truncated in.tar.xz/ps.txt", "mountinfo ok m"}; err != nil || !slices.Equal(rows(b), want) {
		t.Errorf("error %v, sources %q, want %q", err, rows(b), want)
	}
	if got := texts(b.Problems); len(got) != 1 || !strings.HasPrefix(got[0], "in.tar.xz/ps.txt: cut after ") {
		t.Errorf("problems %q", got)
	}
}

func TestSevenZip(t *testing.T) {
	all := []visited{{"proc/7/cmdline", fact.KindEmpty, ""}, {"proc/7/stack", fact.KindProcStack, stackText}, {"uname.txt", fact.KindUname, unameText}}
	link := "link: symbolic link is not followed"
	denied := func(why string) []string {
		return []string{"proc/7/stack: cannot be opened: " + why, "uname.txt: cannot be opened: " + why, link}
	}
	for name, problems := range map[string][]string{
		"lzma2": nil, "plain": nil, "lzma": nil, "bzip2": nil, "deflate": nil, "copy": nil, "solid-off": nil,
		"ppmd": denied("compression method 030401 is not supported"),
		"bcj":  denied("compression method 2103030103 is not supported"),
		"aes":  denied("encrypted"),
	} {
		want := all
		if problems != nil {
			want = nil
		} else {
			problems = []string{link}
		}
		b, seen, err := walk(t, folderOf(t, member{"a", decode(t, sevenZips[name])}, member{"m", mountinfo}), Limits{})
		for i := range seen {
			seen[i].path = strings.TrimPrefix(seen[i].path, "a/")
		}
		if want == nil {
			want = all[:1]
		}
		if err != nil || !slices.Equal(seen[:len(seen)-1], want) {
			t.Errorf("%s: error %v, visited %q, want %q", name, err, seen, want)
		}
		got := texts(b.Problems)
		for i := range got {
			got[i] = strings.TrimPrefix(got[i], "a/")
		}
		slices.Sort(got)
		slices.Sort(problems)
		if !slices.Equal(got, problems) {
			t.Errorf("%s: problems %q, want %q", name, got, problems)
		}
	}
	_, _, err := walk(t, save(t, "a.7z", decode(t, sevenZips["header"])), Limits{})
	if want := "not a bundle: a.7z looks like an encrypted 7z; " + expected; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// What is written of a zip without its directory is found all the same.
func TestZipWithoutDirectory(t *testing.T) {
	members := []member{{"uname.txt", unameText}, {"ps.txt", psTable}, {"proc/7/stack", stackText}}
	for name, whole := range map[string]string{
		"descriptors": zipOf(t, members...),
		"sizes":       rawZip(t, func(*zip.FileHeader) {}, members...),
	} {
		directory := strings.Index(whole, string(magicZipEntry))
		for at, cut := range map[string]string{
			"before the directory": whole[:directory], "in the directory": whole[:directory+20], "in the end": whole[:len(whole)-1],
		} {
			b, seen, err := walk(t, save(t, "a", cut), Limits{})
			if err != nil || len(seen) != 3 || seen[0].content != unameText || seen[1].content != psTable || seen[2].content != stackText {
				t.Errorf("%s, %s: error %v, visited %q", name, at, err, seen)
			}
			want := []string{"a: damaged zip: it has no directory: its members are found by their own headers"}
			if got := texts(b.Problems); !slices.Equal(got, want) {
				t.Errorf("%s, %s: problems %q, want %q", name, at, got, want)
			}
		}
	}
}

// Junk before a zip, and a hole in one without directory, hide nothing.
func TestZipWithJunk(t *testing.T) {
	whole := rawZip(t, func(*zip.FileHeader) {}, member{"uname.txt", unameText}, member{"junk", "PK\x03\x04 and more"}, member{"ps.txt", psTable})
	directory := strings.Index(whole, string(magicZipEntry))
	holed := strings.Replace(whole[:directory], "PK\x03\x04", "PK\x03\x05", 2) // the first two headers
	holed = "PK\x03\x04" + holed[4:]
	b, _, err := walk(t, save(t, "a", holed), Limits{})
	if want := []string{"uname ok uname.txt", "ps ok ps.txt"}; err != nil || !slices.Equal(rows(b), want) {
		t.Errorf("error %v, sources %q, want %q, problems %q", err, rows(b), want, texts(b.Problems))
	}
	at := strings.NewReader(strings.Repeat("junk", 1000) + whole)
	members, err := readZipDirectory(at, int64(at.Len()), 10)
	if err != nil || len(members) != 3 || members[0].at != 4000 {
		t.Errorf("error %v, members %+v", err, members)
	}
}

func TestZipMethods(t *testing.T) {
	var b bytes.Buffer
	lw, err := lzma.WriterConfig{Size: int64(len(unameText))}.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(lw, unameText)
	lw.Close()
	raw := b.String() // properties 5, size 8, content
	for method, packed := range map[uint16]string{0: unameText, 14: "\x09\x14\x05\x00" + raw[:5] + raw[13:], 12: decode(t, bzip2Uname), 93: zst(t, unameText), 95: xzOf(t, unameText)} {
		whole := rawZip(t, func(h *zip.FileHeader) {
			h.Method, h.CRC32, h.UncompressedSize64 = method, crc32.ChecksumIEEE([]byte(unameText)), uint64(len(unameText))
		}, member{"uname.txt", packed})
		b, seen, err := walk(t, save(t, "a", whole), Limits{})
		if want := []visited{{"uname.txt", fact.KindUname, unameText}}; err != nil || !slices.Equal(seen, want) || len(b.Problems) > 0 {
			t.Errorf("method %d: error %v, visited %q, problems %q", method, err, seen, texts(b.Problems))
		}
	}
}

// Names of old Windows tools are split, those of Unix are not.
func TestZipNames(t *testing.T) {
	for _, c := range []struct {
		name string
		dos  bool
		want string
		odd  []string
	}{
		{`proc\7\stack`, true, "proc/7/stack", []string{"proc/7/stack: name with backslashes, which are taken for slashes"}},
		{`C:\ps.txt`, true, "ps.txt", []string{`ps.txt: absolute name: "/ps.txt"`, "ps.txt: name with backslashes, which are taken for slashes"}},
		{`a\x2db.service`, false, `a\x2db.service`, nil},
	} {
		whole := zipWith(t, func(h *zip.FileHeader) {
			if c.dos {
				h.CreatorVersion = 20
			}
		}, member{c.name, psTable})
		b, _, _ := walk(t, save(t, "a", whole), Limits{})
		got := slices.DeleteFunc(texts(b.Problems), func(s string) bool { return strings.Contains(s, "expected") })
		slices.Sort(got)
		if b.Sources[0].Path != c.want || !slices.Equal(got, c.odd) {
			t.Errorf("%s: path %q, problems %q, want %q, %q", c.name, b.Sources[0].Path, got, c.want, c.odd)
		}
	}
}
