package fact

import "time"

// Signature is a log text that means something. Patterns are RE2; all of them
// are compiled into one scan.
type Signature struct {
	ID string
	// Daemons are the programs that print it; empty means any.
	Daemons []string
	// Pattern is matched against the raw line; named groups become fields.
	Pattern string
	// StatesCause marks a text that states the failing fact itself, such as
	// "executable file not found". Any other text is effect-level evidence.
	StatesCause bool
	// Exec says what the text tells of an exec or probe in one container: ExecStarts,
	// ExecFails, "" nothing. The line then says which container (see logs.Scan).
	Exec string
	// Debug marks a text that is printed at debug level only: a log without such
	// lines says nothing about it.
	Debug bool
	// Means says in a few words what the line tells.
	Means string
	// Example must match; NearMiss must not.
	Example  string
	NearMiss string
	// Versions says which releases print it, in words.
	Versions string
	// Refs are public threads or source references.
	Refs []string
}

// What a signature tells of an exec.
const (
	ExecStarts = "starts"
	ExecFails  = "fails"
)

// Log is one scanned log source: what it is, and which window it covers.
type Log struct {
	At Place
	// Source is the path in the bundle.
	Source string
	// Daemon that wrote it: dockerd, containerd, kubelet, kernel, or "".
	Daemon string
	// Format of most lines: "logrus", "klog", "json", "syslog", "kernel", "text".
	Format string
	// First and Last are the earliest and latest stamps.
	First, Last time.Time
	Lines       int64
	// CutHead is set when the file starts in the middle of a line; CutTail when
	// it ends in one. A cut log does not cover what lies outside its stamps.
	CutHead, CutTail bool
	// Debug is set when lines of debug level are in it.
	Debug bool
	// Ref is the whole source; of a piece of a pasted text its first line, with EndLine
	// where its lines follow one another there.
	Ref Ref
}

// Level is how bad a log line is by its own word.
type Level uint8

// The levels, from the least.
const (
	LevelOther   Level = iota // info, debug, or no word at all
	LevelWarning              // warning
	LevelError                // error, fatal, panic
)

// Hit is all matches of one signature with the same fields in one source.
type Hit struct {
	At Place
	// Signature is the id of the signature that matched.
	Signature string
	// Daemon that wrote the line, "" when unknown.
	Daemon string
	// Fields are the captured groups by name.
	Fields map[string]string
	Count  int64
	// First and Last stamp, zero when the lines had none.
	First, Last time.Time
	// Times are the exact stamps of the first few thousand matches, in file order.
	Times []time.Time
	// PerMinute counts matches by minute (Unix time / 60).
	PerMinute map[int64]int64
	// Text is the first matching line, cut at 512 bytes, control bytes intact:
	// renderers escape.
	Text string
	// Refs: first match, then last where it is another line.
	Refs []Ref

	// Exec is that of the signature.
	Exec string

	// Container is the full id of the container the lines speak of, or for one of a
	// pod that no listing holds NAMESPACE/POD/CONTAINER; "" unknown; set by package
	// join from Fields.
	Container string
	// RefusedForks and OOMKills are what the cgroup of that container has counted since
	// it was made, with its last start: 0 means that lines about a refused fork, or an OOM
	// kill, tell of an earlier run. Set by package join.
	RefusedForks, OOMKills Opt[int64]
	// Layer is that of the container's root filesystem that the lines speak of, as
	// in Rootfs, "" none; set by package join from Fields["rootfs"].
	Layer string
	// Unnamed and Repeats are set by package join where the lines tell of failed execs
	// and do not say in which container: no other line says it, or the lines of
	// another source that do tell of the same failures.
	Unnamed, Repeats bool
}
