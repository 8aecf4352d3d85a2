// Package fact holds the row types that everything else speaks: what parsers
// return, what joins complete and what rules judge. A row never loses where it
// came from: each one carries Refs into the bundle, and a Place that says which
// node, boot and moment it describes.
//
// The package holds no parser, no clock and no I/O, and imports the standard
// library only.
package fact

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Ref points at the lines of a source that a row rests on.
type Ref struct {
	// Source is the path inside the bundle, slash separated, as stored there.
	Source string
	// Line is the first line, 1-based; 0 means the source as a whole.
	Line int
	// EndLine is the last line, >= Line; 0 when it is the same as Line.
	EndLine int
	// Offset is the byte offset of Line in the decompressed source.
	Offset int64
}

// String is the form that reports print: "proc/2990/stack:1", or
// "goroutines/dockerd.txt:88-102" for a range.
func (r Ref) String() string {
	if r.Line == 0 {
		return r.Source
	}
	s := r.Source + ":" + strconv.Itoa(r.Line)
	if r.EndLine > r.Line {
		s += "-" + strconv.Itoa(r.EndLine)
	}
	return s
}

// Compare orders refs by source, then line.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Source, o.Source), cmp.Compare(r.Line, o.Line), cmp.Compare(r.EndLine, o.EndLine))
}

// AppendRefs adds the refs of more that refs does not hold yet, keeping order.
func AppendRefs(refs []Ref, more ...Ref) []Ref {
	for _, r := range more {
		if r.Source != "" && !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	return refs
}

// Place says what part of the world a row describes. Pids, inodes, mount ids and
// namespaces are unique only within one boot of one node, so no join crosses
// places of different Node or Boot.
type Place struct {
	// Node is the host name, "" when the bundle does not say.
	Node string
	// Boot is the boot id, "" when the bundle does not say.
	Boot string
	// Snapshot names the moment for rows that describe one moment (processes,
	// sockets, goroutines): an RFC 3339 time, or "" for the moment at which the
	// bundle was collected.
	Snapshot string
}

// Opt is a value that the evidence may not state. The zero value is unknown,
// which is neither zero nor false nor empty.
type Opt[T any] struct {
	V     T
	Known bool
}

// Some is a known value.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Known: true} }

// Or is the value, or alt where it is unknown.
func (o Opt[T]) Or(alt T) T {
	if o.Known {
		return o.V
	}
	return alt
}

// Fill returns o, or other where o is unknown.
func (o Opt[T]) Fill(other Opt[T]) Opt[T] {
	if o.Known {
		return o
	}
	return other
}

// Stamp is a time as a log printed it. Year and zone may be missing there; they
// are filled in from the bundle once it is known.
type Stamp struct {
	// Time is the zero time when the line had no stamp. Where NoYear is set its
	// year is 0; where NoZone is set it is expressed as UTC.
	Time time.Time
	// NoYear marks klog and syslog stamps, which print month and day only.
	NoYear bool
	// NoZone marks stamps without a zone.
	NoZone bool
}

// IsZero reports whether there is no stamp.
func (s Stamp) IsZero() bool { return s.Time.IsZero() && !s.NoYear }

// Resolve returns s as a full time: the year is chosen so that the stamp lies at
// most one day after ref, and a missing zone is taken from ref.
func (s Stamp) Resolve(ref time.Time) time.Time {
	t := s.Time
	if s.IsZero() || ref.IsZero() {
		return t
	}
	if s.NoZone || s.NoYear {
		year := t.Year()
		if s.NoYear {
			year = ref.Year()
		}
		t = time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), ref.Location())
		if s.NoYear && t.After(ref.Add(24*time.Hour)) {
			t = t.AddDate(-1, 0, 0)
		}
	}
	return t
}
