package bundle

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"culprit/analyze/fact"
)

// KindOf tells what a source holds from the tail of its path and the beginning
// of its decompressed content, of which at most 64 KiB are read. A name decides
// as long as the content can be what it says; content that can be only one thing
// wins over a name that it contradicts. The result is KindEmpty, KindText or
// KindBinary for what no parser reads, never KindUnknown.
func KindOf(path string, head []byte) fact.Kind {
	return classify(path, head).kind
}

// classify is KindOf with what the name promised and what is odd about it.
func classify(p string, head []byte) verdict {
	v := verdict{want: nameKind(p)}
	if len(head) == 0 && v.want == fact.KindRuncState {
		v.kind = v.want // that it is empty is what it says
		return v
	}
	if len(head) == 0 {
		v.kind = fact.KindEmpty
		if v.want != "" && v.want != fact.KindText && !mayBeEmpty(v.want) {
			v.odd = expectedText("empty file", v.want)
		}
		return v
	}
	s := newSniff(head)
	v.kind = s.kind(v.want)
	if v.want == "" || v.want == fact.KindText || v.kind == v.want || isLoose(v.want) && recognised(v.kind) || v.kind == fact.KindTerminal {
		return v
	}
	what := looksLike(head)
	if recognised(v.kind) {
		what = fmt.Sprintf("a file of kind %s", v.kind)
	}
	v.odd = expectedText(what, v.want)
	if !s.binary {
		v.odd += ": " + quote(string(s.first))
	}
	return v
}

// kind decides between what the name promised and what the content shows.
func (s *sniff) kind(want fact.Kind) fact.Kind {
	if want != "" && want != fact.KindText && fits(want, s) {
		return want
	}
	shown, decisive := s.shown()
	switch {
	case want == fact.KindText && !decisive:
		return s.plain()
	case shown != "":
		return shown
	case isLoose(want) && !s.binary && !s.document():
		return want
	case want == "" && s.writeUp():
		return fact.KindTerminal
	}
	return s.plain()
}

// shown is the kind that the content alone shows, "" none. It is decisive where
// a header or the shape of every line proves it, and not where most lines look
// like a log.
func (s *sniff) shown() (k fact.Kind, decisive bool) {
	for _, weak := range []bool{false, true} {
		for _, c := range contents {
			if c.nameOnly || c.weak != weak {
				continue
			}
			if c.alone != nil && c.alone(s) || c.alone == nil && c.fits(s) {
				return c.kind, !weak
			}
		}
	}
	return "", false
}

func (s *sniff) plain() fact.Kind {
	if s.binary {
		return fact.KindBinary
	}
	return fact.KindText
}

// fits reports whether s can be of kind k.
func fits(k fact.Kind, s *sniff) bool {
	for _, c := range contents {
		if c.kind == k {
			return c.fits(s)
		}
	}
	return false
}

// isLoose reports kinds whose files may hold any text, so that their name
// decides.
func isLoose(k fact.Kind) bool {
	return k == fact.KindLog || k == fact.KindKernelLog || k == fact.KindTerminal
}

// mayBeEmpty reports kinds whose files are empty in health too: a kernel thread
// has no command line and no open files, a running task no stack, a zombie no
// mounts; a node has no daemons to sample, no locks, or no such controller.
func mayBeEmpty(k fact.Kind) bool {
	switch k {
	case fact.KindProcCmdline, fact.KindProcStack, fact.KindProcFD, fact.KindProcWchan, fact.KindProcSyscall, fact.KindMountinfo,
		fact.KindSamples, fact.KindLocks, fact.KindCgroupCount:
		return true
	}
	return false
}

// content is how one kind looks.
type content struct {
	kind fact.Kind
	fits func(*sniff) bool
	// alone is asked instead where there is no name to go by; nil means fits.
	alone func(*sniff) bool
	// weak content does not contradict a name; nameOnly content is too plain to
	// tell without one.
	weak, nameOnly bool
}

// contents are tried in order: a pasted session may hold every other kind.
var contents = []content{
	{kind: fact.KindProfile, fits: (*sniff).profile},
	{kind: fact.KindManifest, fits: (*sniff).manifest},
	{kind: fact.KindCollectLog, fits: (*sniff).collectLog},
	{kind: fact.KindTerminal, fits: (*sniff).terminal},
	{kind: fact.KindGoroutines, fits: (*sniff).goroutines},
	{kind: fact.KindPS, fits: (*sniff).ps},
	{kind: fact.KindSS, fits: (*sniff).ss},
	{kind: fact.KindNetstat, fits: (*sniff).netstat},
	{kind: fact.KindNetUnix, fits: (*sniff).netUnix},
	{kind: fact.KindDockerPS, fits: (*sniff).dockerPS},
	{kind: fact.KindTasks, fits: (*sniff).tasks},
	{kind: fact.KindContainers, fits: (*sniff).containers},
	{kind: fact.KindMountinfo, fits: (*sniff).mountinfo},
	{kind: fact.KindLocks, fits: (*sniff).procLocks},
	{kind: fact.KindProcStatus, fits: (*sniff).procStatus},
	{kind: fact.KindProcStat, fits: (*sniff).procStat},
	{kind: fact.KindProcStack, fits: (*sniff).procStack},
	{kind: fact.KindProcCgroup, fits: (*sniff).procCgroup},
	{kind: fact.KindProcLimits, fits: (*sniff).procLimits},
	{kind: fact.KindProcNS, fits: (*sniff).procNS},
	{kind: fact.KindProcFD, fits: (*sniff).procFD},
	{kind: fact.KindDockerInfo, fits: (*sniff).dockerInfo},
	{kind: fact.KindDockerVers, fits: (*sniff).dockerVersion},
	{kind: fact.KindInspect, fits: (*sniff).inspect},
	{kind: fact.KindRuncVersion, fits: (*sniff).runcVersion},
	{kind: fact.KindKubeletConf, fits: (*sniff).kubeletConfig},
	{kind: fact.KindCPUManager, fits: (*sniff).cpuManagerState},
	{kind: fact.KindFreezer, fits: (*sniff).freezer},
	{kind: fact.KindOSRelease, fits: (*sniff).osRelease},
	{kind: fact.KindUnit, fits: (*sniff).unit},
	{kind: fact.KindSamples, fits: (*sniff).samples},
	{kind: fact.KindUname, fits: (*sniff).uname},
	{kind: fact.KindSysctl, fits: (*sniff).sysctl, alone: (*sniff).sysctlListing},

	{kind: fact.KindKernelLog, fits: (*sniff).kernelLog, weak: true},
	{kind: fact.KindLog, fits: (*sniff).log, weak: true},
	{kind: fact.KindDaemonJSON, fits: (*sniff).daemonJSON, alone: (*sniff).daemonKeys, weak: true},

	{kind: fact.KindRuncState, fits: (*sniff).configuration, nameOnly: true},
	{kind: fact.KindRunListing, fits: (*sniff).configuration, nameOnly: true},
	{kind: fact.KindKubeletArgs, fits: (*sniff).configuration, nameOnly: true},
	{kind: fact.KindContainerdC, fits: (*sniff).configuration, nameOnly: true},
	{kind: fact.KindCgroupCount, fits: (*sniff).cgroupCount, nameOnly: true},
	{kind: fact.KindProcWchan, fits: (*sniff).procWchan, nameOnly: true},
	{kind: fact.KindProcFDCount, fits: (*sniff).procFDCount, nameOnly: true},
	{kind: fact.KindProcCmdline, fits: (*sniff).procCmdline, nameOnly: true},
	{kind: fact.KindProcComm, fits: (*sniff).procComm, nameOnly: true},
	{kind: fact.KindProcSyscall, fits: (*sniff).procSyscall, nameOnly: true},
	{kind: fact.KindHostname, fits: (*sniff).hostname, nameOnly: true},
	{kind: fact.KindBootID, fits: (*sniff).bootID, nameOnly: true},
	{kind: fact.KindDate, fits: (*sniff).date, nameOnly: true},
	{kind: fact.KindUptime, fits: (*sniff).uptime, nameOnly: true},
}

// sniff is the beginning of a source, cut into lines once.
type sniff struct {
	raw    []byte
	lines  [][]byte // those that are not blank, without their line ends
	first  []byte   // the first of them
	whole  bool     // raw is all there is
	binary bool
	// headers are the words of the lines that a table header may be, nil before they are
	// asked for.
	headers [][][]byte
}

func newSniff(head []byte) *sniff {
	s := &sniff{whole: len(head) < headBytes, binary: isBinary(head)}
	s.raw = bytes.TrimPrefix(head[:min(len(head), headBytes)], []byte("\xef\xbb\xbf"))
	s.lines = make([][]byte, 0, bytes.Count(s.raw, []byte{'\n'})+1)
	for line := range bytes.Lines(s.raw) {
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			s.lines = append(s.lines, line)
		}
	}
	// The last line of a longer source is cut: it is no example of anything.
	if n := len(s.lines); !s.whole && n > 1 {
		s.lines = s.lines[:n-1]
	}
	if len(s.lines) > 0 {
		s.first = s.lines[0]
	}
	return s
}

// storedName is p without the suffix of a compression.
func storedName(p string) string {
	for _, suffix := range []string{".gz", ".zst", ".zstd", ".xz", ".bz2"} {
		if strings.EqualFold(path.Ext(p), suffix) {
			return p[:len(p)-len(suffix)]
		}
	}
	return p
}
