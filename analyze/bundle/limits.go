package bundle

import (
	"cmp"
	"errors"
)

// The default limits. They stop an attack, not a large honest bundle.
const (
	// DefaultEntries bounds memory: a node with 2,000 pids makes about 30,000
	// files; twenty such nodes in one bundle still pass.
	DefaultEntries = 600_000
	// DefaultTotalBytes is ten times the largest bundle that we know of (4.7 GB).
	DefaultTotalBytes = 64 << 30
	// DefaultSourceBytes is five times the largest dump that we know of (2.7 GB).
	DefaultSourceBytes = 16 << 30
	// DefaultRatio is just above what deflate can reach (1,032:1). Dumps and logs
	// reach 30:1 with gzip and zstd, the same dump stored again and again in one
	// zstd frame 900:1; zstd bombs reach 30,000:1.
	DefaultRatio = 1100
	// DefaultNameBytes is PATH_MAX: no name on Linux is longer.
	DefaultNameBytes = 4096
	// DefaultDepth leaves room for a ticket's zip with a must-gather with a
	// sosreport with a tar of /proc in it.
	DefaultDepth = 4
	// DefaultSpoolBytes is what the largest zip or 7z that we know of takes packed,
	// several times over.
	DefaultSpoolBytes = 4 << 30
)

const (
	// headBytes is how much of a source is sniffed.
	headBytes = 64 << 10
	// ratioGrace is what may come out before a ratio is judged: small inputs such
	// as 64 KiB of NUL bytes in one zstd block have a ratio without meaning.
	ratioGrace = 1 << 20
	// maxProblems bounds a report: an archive of links alone makes one a link.
	maxProblems = 2000
	// maxStepLog is how much of a manifest or collect log is read: 64 MiB is
	// 300,000 items.
	maxStepLog = 64 << 20
	// maxStepLine is the longest line of one that is believed; a command line of
	// exec may be 128 KiB (MAX_ARG_STRLEN).
	maxStepLine = 256 << 10
	// maxWindow is the largest window or dictionary of a decoder: the default of the
	// zstd tool (--long=27), twice that of xz -9, four times that of rar.
	maxWindow = 128 << 20
	// spoolMemory is how much of what needs random access is kept in memory before
	// it goes to the spool file.
	spoolMemory = 8 << 20
	// maxDirectory bounds the directory of a zip and the header of a 7z, which are
	// held in memory: DefaultEntries of about 100 bytes, twice.
	maxDirectory = 128 << 20
)

var (
	errStop    = errors.New("stop the walk")
	errTotal   = errors.New("limit of bytes in a bundle reached")
	errSource  = errors.New("limit of bytes in a source reached")
	errRatio   = errors.New("limit of the compression ratio reached")
	errEntries = errors.New("limit of entries in a bundle reached")
	errDepth   = errors.New("limit of archives inside one another reached")
	errSpool   = errors.New("limit of bytes in the spool reached")
	errTime    = errors.New("limit of time reached")
	errCancel  = errors.New("the reading was cancelled")
)

// Limits bound what Walk reads. A field that is zero or less means its default.
// Time is bounded by Walk's context: the package has no clock.
type Limits struct {
	// Entries is the number of files, folders, links and so on, those of archives
	// inside the bundle too.
	Entries int
	// TotalBytes is the number of decompressed bytes of the bundle's sources, and
	// again of its archives; SourceBytes that of one source. A source at its limit
	// is cut; at the total the walk ends.
	TotalBytes, SourceBytes int64
	// Ratio is the number of bytes that one compressed byte may become.
	Ratio int
	// NameBytes is the length of a path inside one archive; of a longer one the
	// tail is kept.
	NameBytes int
	// Depth is the number of archives, and of further layers of compression, inside
	// one another below the bundle itself. What lies deeper is not opened.
	Depth int
	// SpoolBytes is the size of the file that holds what needs random access and
	// comes as a stream. What goes beyond it counts as cut off.
	SpoolBytes int64
}

// DefaultLimits returns the limits of the Default constants.
func DefaultLimits() Limits { return Limits{}.orDefaults() }

func (l Limits) orDefaults() Limits {
	return Limits{
		Entries:     cmp.Or(max(l.Entries, 0), DefaultEntries),
		TotalBytes:  cmp.Or(max(l.TotalBytes, 0), DefaultTotalBytes),
		SourceBytes: cmp.Or(max(l.SourceBytes, 0), DefaultSourceBytes),
		Ratio:       cmp.Or(max(l.Ratio, 0), DefaultRatio),
		NameBytes:   cmp.Or(max(l.NameBytes, 0), DefaultNameBytes),
		Depth:       cmp.Or(max(l.Depth, 0), DefaultDepth),
		SpoolBytes:  cmp.Or(max(l.SpoolBytes, 0), DefaultSpoolBytes),
	}
}
