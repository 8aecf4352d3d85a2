package fact

import "math"

// Unlimited is a limit of a cgroup that is none: "max", and the largest number that
// the v1 memory controller can write.
const Unlimited = math.MaxInt64

// CgroupCount is what the pids and memory controllers count in one cgroup.
type CgroupCount struct {
	At Place
	// Path below the mount of its hierarchy, as in Cgroup.
	Path string
	// Container is the id in the path, "" none.
	Container string
	// Pids are the processes and threads in it and below, PidsMax the limit. PidsRefused
	// is how often a fork in it was refused at a limit, its own or one above, since it
	// was made: the key max of pids.events.
	Pids, PidsMax, PidsRefused Opt[int64]
	// Memory in use and its limit, in bytes. OOMKills are the processes of it that the
	// OOM killer ended since it was made.
	Memory, MemoryMax, OOMKills Opt[int64]
	// PidsRef, RefusedRef and OOMRef are the lines of Pids, PidsRefused and OOMKills.
	PidsRef, RefusedRef, OOMRef Ref
}
