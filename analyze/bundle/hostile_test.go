package bundle

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// noise is text that does not compress to nothing.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for b.Len() < n {
		x = x*1664525 + 1013904223
		b.WriteByte("abcdefghijklmnop\n"[x>>8%17])
	}
	return b.String()
}

func TestDamagedArchive(t *testing.T) {
	long := psTable + noise(300_000)
	archive := tarOf(t, member{"uname.txt", "Linux a 6.1.0 #1\n"}, member{"ps.txt", long}, member{"m", mountinfo})
	zipped := gz(t, archive)
	badSum := []byte(zipped)
	badSum[len(badSum)-8] ^= 0xff
	first := source("uname.txt", fact.KindUname, fact.Complete, "Linux a 6.1.0 #1\n")
	for _, c := range []struct {
		name, content string
		last          fact.State // of ps.txt
		sources       int
		problem       string // the last one begins with
	}{
		{"cut tar", archive[:100_000], fact.Truncated, 2, "ps.txt: cut after 98464 bytes: unexpected EOF"},
		{"cut tar.gz", zipped[:len(zipped)/2], fact.Truncated, 2, "ps.txt: cut after "},
		{"cut tar.zst", zst(t, archive)[:150_000], fact.Truncated, 2, "ps.txt: cut after "},
		{"bad checksum", string(badSum), fact.Complete, 3, "a: damaged tar.gz after 3 entries: gzip: invalid checksum"},
		{"no end mark", archive[:len(archive)-1024], fact.Complete, 3, "a: the tar has no end mark: it may be cut after 3 entries"},
		{"broken header", archive[:len(archive)-2048] + strings.Repeat("\xff", 2048), fact.Complete, 2, "a: damaged tar after 2 entries: archive/tar: invalid tar header"},
		{"more behind", archive + "more" + strings.Repeat("\x00", 508), fact.Complete, 3, "a: content after the end of the tar is not read"},
	} {
		b, seen, err := walk(t, save(t, "a", c.content), Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(b.Sources) != c.sources || b.Sources[0] != first || b.Sources[1].State != c.last {
			t.Errorf("%s: sources %+v, want %d, the second %s", c.name, b.Sources, c.sources, c.last)
		}
		if got := seen[1].content; !strings.HasPrefix(long, got) || len(got) < 90_000 || int64(len(got)) != b.Sources[1].Size {
			t.Errorf("%s: %d bytes of ps.txt, size %d", c.name, len(got), b.Sources[1].Size)
		}
		if got := texts(b.Problems); len(got) != 1 || !strings.HasPrefix(got[0], c.problem) {
			t.Errorf("%s: problems %q, want %q", c.name, got, c.problem)
		}
	}
}

func TestDamagedMember(t *testing.T) {
	whole := gz(t, psTable+noise(50_000))
	b, _, err := walk(t, save(t, "a", tarOf(t,
		member{"ps.txt.gz", whole[:len(whole)/2]},
		member{"ss.zst", "\x28\xb5\x2f\xfd\xff\xff\xff\xff"},
		member{"log.gz", "\x1f\x8b\x08"},
		member{"m", mountinfo},
	)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, s := range b.Sources {
		rows = append(rows, s.Path+" "+string(s.Kind)+" "+string(s.State))
	}
	want := []string{"ps.txt.gz ps truncated", "ss.zst ss truncated", "log.gz binary truncated", "m mountinfo ok"}
	if !slices.Equal(rows, want) {
		t.Errorf("sources\n%q, want\n%q", rows, want)
	}
	for _, p := range []string{"ps.txt.gz: cut after ", "ss.zst: cut after 0 bytes: ", "log.gz: damaged gzip: unexpected EOF"} {
		if !slices.ContainsFunc(texts(b.Problems), func(s string) bool { return strings.HasPrefix(s, p) }) {
			t.Errorf("no problem %q in %q", p, texts(b.Problems))
		}
	}
}

func TestHostileNames(t *testing.T) {
	b, _, err := walk(t, save(t, "a", tarOf(t,
		member{"/etc/docker/daemon.json", "{}\n"},
		member{"../../proc/7/stack", "[<0>] f+0x1/0x2\n"},
		member{"x\x1b]0;\n", mountinfo},
		member{"proc/7/stack", "[<0>] g+0x1/0x2\n"},
		member{"./proc/7/stack", "[<0>] h+0x1/0x2\n"},
	)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, b, []fact.Source{
		source("etc/docker/daemon.json", fact.KindDaemonJSON, fact.Complete, "{}\n"),
		source("proc/7/stack", fact.KindProcStack, fact.Complete, "[<0>] f+0x1/0x2\n"),
		source(`x\x1b]0;\x0a`, fact.KindMountinfo, fact.Complete, mountinfo),
		source("proc/7/stack#2", fact.KindProcStack, fact.Complete, "[<0>] g+0x1/0x2\n"),
		source("proc/7/stack#3", fact.KindProcStack, fact.Complete, "[<0>] h+0x1/0x2\n"),
	}, []string{
		`etc/docker/daemon.json: absolute name: "/etc/docker/daemon.json"`,
		`proc/7/stack: name with "..": "../../proc/7/stack"`,
		`x\x1b]0;\x0a: name with control characters: "x\x1b]0;\n"`,
		`proc/7/stack#2: another member has the name "proc/7/stack"`,
		`proc/7/stack#3: another member has the name "proc/7/stack"`,
	})
}

func TestLinksInTar(t *testing.T) {
	headers := []tar.Header{
		{Name: "a/", Typeflag: tar.TypeDir},
		{Name: "a/l", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"},
		{Name: "a/h", Typeflag: tar.TypeLink, Linkname: "a/m"},
		{Name: "a/c", Typeflag: tar.TypeChar},
		{Name: "a/f", Typeflag: tar.TypeFifo},
		{Name: "a/m", Typeflag: tar.TypeReg, Size: int64(len(mountinfo))},
	}
	b, _, err := walk(t, save(t, "a", rawTar(t, headers, []member{5: {"a/m", mountinfo}})), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, b, []fact.Source{source("a/m", fact.KindMountinfo, fact.Complete, mountinfo)}, []string{
		`a/l: symbolic link to "/etc/shadow" is not followed`,
		`a/h: hard link to "a/m" is not followed`,
		"a/c: device is not followed",
		"a/f: fifo is not followed",
	})
}

func TestLinksInFolder(t *testing.T) {
	dir := folderOf(t, member{"m", mountinfo}, member{"a-b/m", mountinfo}, member{"a/m", mountinfo})
	outside := save(t, "secret.log", klog)
	if err := errors.Join(os.Symlink(outside, filepath.Join(dir, "l")), os.Symlink(filepath.Dir(outside), filepath.Join(dir, "d"))); err != nil {
		t.Fatal(err)
	}
	// The folder itself may be named by a link.
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, alias); err != nil {
		t.Fatal(err)
	}
	b, _, err := walk(t, alias, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, b, []fact.Source{
		source("a-b/m", fact.KindMountinfo, fact.Complete, mountinfo),
		source("a/m", fact.KindMountinfo, fact.Complete, mountinfo),
		source("m", fact.KindMountinfo, fact.Complete, mountinfo),
	}, []string{"d: symbolic link is not followed", "l: symbolic link is not followed"})
}

func TestLimits(t *testing.T) {
	text := "uname.txt: cut after 5 bytes: limit of bytes in a source reached"
	members := []member{{"m", mountinfo}, {"ps.txt", psTable}, {"stack", "[<0>] f+0x1/0x2\n"}}
	size := int64(len(mountinfo) + len(psTable) + 16)
	for _, c := range []struct {
		name    string
		lim     Limits
		states  string // of the sources, their first letters
		problem string // the last one
	}{
		{"none", Limits{}, "ooo", ""},
		{"exact", Limits{Entries: 3, TotalBytes: size + 8192, SourceBytes: int64(len(psTable))}, "ooo", ""},
		{"entries", Limits{Entries: 2}, "oo", "a: limit of entries in a bundle reached (2): the rest is not read"},
		{"source", Limits{SourceBytes: 100}, "tto", "ps.txt: cut after 100 bytes: limit of bytes in a source reached"},
		{"total", Limits{TotalBytes: int64(len(mountinfo)) + 5}, "ot", "a: limit of bytes in a bundle reached (" + strconv.Itoa(len(mountinfo)+5) + "): the rest is not read"},
	} {
		for _, path := range []string{save(t, "a", tarOf(t, members...)), folderOf(t, members...)} {
			if c.name == "total" && strings.HasSuffix(path, "/a") {
				continue // the archive's own blocks count too, see below
			}
			b, _, err := walk(t, path, c.lim)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			var states string
			for _, s := range b.Sources {
				states += string(s.State)[:1]
			}
			var last string
			if got := texts(b.Problems); len(got) > 0 {
				last = strings.Replace(got[len(got)-1], "incident: ", "a: ", 1)
			}
			if states != c.states || last != c.problem {
				t.Errorf("%s: states %s, problem %q, want %s, %q", c.name, states, last, c.states, c.problem)
			}
		}
	}
	b, _, err := walk(t, save(t, "uname.txt", "Linux a 6.1.0 #1\n"), Limits{SourceBytes: 5})
	if got := texts(b.Problems); err != nil || !slices.Equal(got, []string{text}) {
		t.Errorf("single file: error %v, problems %q, want %q", err, got, text)
	}
}

// A limit on the whole stops an archive in the middle of a member as well.
func TestTotalOfArchive(t *testing.T) {
	b, _, err := walk(t, save(t, "a", gz(t, tarOf(t, member{"m", mountinfo}, member{"ps.txt", psTable + noise(100_000)}))), Limits{TotalBytes: 50_000})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Sources) != 2 || b.Sources[1].State != fact.Truncated || b.Sources[1].Size >= 50_000 {
		t.Errorf("sources %+v, want the second truncated", b.Sources)
	}
	if got := texts(b.Problems); len(got) != 2 || got[1] != "a: limit of bytes in a bundle reached (50000): the rest is not read" {
		t.Errorf("problems %q", got)
	}
}

func TestBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 8<<20)
	bomb := psTable + zeros
	b, _, err := walk(t, save(t, "a", tarOf(t, member{"ps.txt.zst", zst(t, bomb)}, member{"m", mountinfo})), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if s := b.Sources; len(s) != 2 || s[0].State != fact.Truncated || s[0].Size >= int64(len(bomb)) || s[1].State != fact.Complete {
		t.Errorf("sources %+v, want the first cut and the second whole", s)
	}
	if got := texts(b.Problems); len(got) != 1 || !strings.HasSuffix(got[0], "limit of the compression ratio reached") {
		t.Errorf("problems %q", got)
	}
	b, _, err = walk(t, save(t, "a", gz(t, tarOf(t, member{"m", mountinfo}, member{"z.log", zeros}, member{"n", mountinfo}))), Limits{Ratio: 100})
	if err != nil {
		t.Fatal(err)
	}
	if s := b.Sources; len(s) != 2 || s[1].State != fact.Truncated {
		t.Errorf("sources %+v, want the archive to end in the second", s)
	}
}

// A sparse member costs nothing to store: its holes are content all the same.
func TestSparseBomb(t *testing.T) {
	b, _, err := walk(t, save(t, "a", sparseTar("z.log", 1<<40)+tarOf(t, member{"m", mountinfo})), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if s := b.Sources; len(s) != 2 || s[0].State != fact.Truncated || s[0].Size > 64<<20 || s[1].Path != "m" || s[1].State != fact.Complete {
		t.Errorf("sources %+v, want z.log cut early and m whole", s)
	}
}

// sparseTar is a tar without end mark: one GNU sparse member that is all hole.
//
//	offset  0     100   108  116  124   136    148     156   257     386         482         483
//	        name  mode  uid  gid  size  mtime  chksum  type  magic   sparse map  isextended  realsize
func sparseTar(name string, size int64) string {
	h := make([]byte, tarBlock)
	copy(h, name)
	copy(h[100:], "0000644\x00")
	copy(h[108:], "0000000\x00")
	copy(h[116:], "0000000\x00")
	copy(h[124:], "00000000000\x00")
	copy(h[136:], "00000000000\x00")
	h[156] = tar.TypeGNUSparse
	copy(h[257:], "ustar  \x00")
	copy(h[386:], octal12(size)) // an empty fragment at the end
	copy(h[398:], "00000000000\x00")
	copy(h[483:], octal12(size))
	copy(h[148:], "        ")
	var sum int64
	for _, c := range h {
		sum += int64(c)
	}
	copy(h[148:], octal12(sum)[5:11]+"\x00 ")
	return string(h)
}

// octal12 is a number field of twelve bytes: octal, or base 256 above 8 GiB.
func octal12(n int64) string {
	b := []byte("00000000000\x00")
	if n >= 1<<33 {
		clear(b)
		b[0] = 0x80
		for i := 11; n > 0; i-- {
			b[i] = byte(n)
			n >>= 8
		}
		return string(b)
	}
	for i := 10; n > 0; i-- {
		b[i] = '0' + byte(n&7)
		n >>= 3
	}
	return string(b)
}

func TestProblemsAreBounded(t *testing.T) {
	var headers []tar.Header
	for range maxProblems + 7 {
		headers = append(headers, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "m"})
	}
	headers = append(headers, tar.Header{Name: "m", Typeflag: tar.TypeReg, Size: int64(len(mountinfo))})
	members := make([]member, len(headers))
	members[len(headers)-1].content = mountinfo
	b, _, err := walk(t, save(t, "a", rawTar(t, headers, members)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.Problems); n != maxProblems+1 || b.Problems[n-1].Text != "7 more problems are not listed" {
		t.Errorf("%d problems, the last %q", n, b.Problems[n-1].Text)
	}
}

func TestIsTar(t *testing.T) {
	old := []byte(tarOf(t, member{"a", "b"}))
	copy(old[tarMagic:], make([]byte, 8))
	if isTar(old) {
		t.Error("a header without magic and with a wrong checksum passes")
	}
	var sum int64
	copy(old[tarChecksum:], "        ")
	for _, c := range old[:tarBlock] {
		sum += int64(c)
	}
	copy(old[tarChecksum:], octal12(sum)[5:11]+"\x00 ")
	if !isTar(old) {
		t.Error("a header of the old format does not pass")
	}
	if isTar([]byte(strings.Repeat("0", tarBlock))) || isTar(make([]byte, tarBlock)) || isTar(old[:tarBlock-1]) {
		t.Error("what is no header passes")
	}
}
