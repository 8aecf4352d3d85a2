package fact

import "time"

// DumpForm is how a goroutine dump was written.
type DumpForm string

// The forms. Only the text forms with one block a goroutine have states, ages
// and ids; debug=1 and protobuf are grouped by the runtime and have none.
const (
	FormDebug1   DumpForm = "debug=1"
	FormDebug2   DumpForm = "debug=2"
	FormProtobuf DumpForm = "protobuf"
	FormSignal   DumpForm = "signal" // SIGUSR1 file, SIGQUIT or a panic's trace
)

// Dump is one goroutine dump of one program.
type Dump struct {
	At Place
	// Daemon is dockerd, containerd, containerd-shim, kubelet, or the name of
	// another program; "" when neither frames nor file name tell.
	Daemon string
	Form   DumpForm
	// Taken is the time in the file's name or the manifest, zero when unknown.
	Taken time.Time
	// Total is the number of goroutines: as stated by debug=1, else counted.
	Total int64
	// Complete is false for a dump that was cut: in the middle of a block, or at
	// the 64 MiB cap of runtime/pprof's debug=2.
	Complete bool
	// Groups is the number of distinct stacks.
	Groups int
	Refs   []Ref
}

// Stack is a group of goroutines with the same stack. In the merged view of a
// daemon instance counts come from debug=1 or protobuf where one exists, ages,
// states and ids from debug=2 or the signal file.
type Stack struct {
	At     Place
	Daemon string
	Form   DumpForm
	Count  int64
	// Frames are canonical function names, innermost first: "vendor/" prefixes
	// are stripped and module generations mapped, so that one spelling matches
	// every release. Runtime-internal frames are left out.
	Frames []string
	// Lines are "file:line" of Frames, "" where unknown.
	Lines []string
	// Creator is the canonical name of the function in "created by", "" when the
	// form has none.
	Creator string
	// State is the commonest wait reason ("chan receive", "select", "IO wait"),
	// "" in forms that have none.
	State string
	// MinWait and MaxWait are the shortest and longest printed age. The runtime
	// prints whole minutes from one minute on: a goroutine without an age counts
	// as 0. Unknown in forms without ages.
	MinWait, MaxWait Opt[time.Duration]
	// Waits counts goroutines by whole minutes of age; nil when unknown. Ages
	// above 256 minutes are rounded down to multiples of 2^k that keep the error
	// below one part in 128.
	Waits map[int]int64
	// IDs are the ids of the first members, at most 16; nil when unknown.
	IDs []int64
	// Args are distinct values of one argument, keyed by "Function#index" for
	// the few functions whose arguments tell receivers or containers apart;
	// capped at 64 values each. Nil when the form has no arguments.
	Args map[string][]string
	// Refs: where the count stands, then one example with states and ages.
	Refs []Ref

	// What package join adds:

	// LockWait is whether the goroutines wait for a mutex: neither for a wait group
	// nor for a condition variable.
	LockWait bool
	// Locks is the number of different locks they wait for; unknown where the form
	// prints no arguments.
	Locks Opt[int]
	// Holds is whether they work on a container whose lock others wait for, and do
	// not wait for it themselves; unknown where no argument names a container.
	Holds Opt[bool]
	// Containers are those that the goroutines can be about: of an exit handler of
	// dockerd the ones that ended and are shown running, of a request that waits for
	// a container's lock the ones whose inspect hangs, of a shim the one it serves.
	// Several mean that nothing tells which; none that nothing tells at all.
	Containers []Key
}

// Heap is in-use memory of one allocation site of a heap profile.
type Heap struct {
	At     Place
	Daemon string
	// Func is the canonical name of the allocating function; Callers are the
	// functions above it, innermost first.
	Func    string
	Callers []string
	// InUseBytes and InUseObjects as profiled, scaled by the sampling rate.
	InUseBytes, InUseObjects int64
	Refs                     []Ref
}
