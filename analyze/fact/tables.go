package fact

import "time"

// Tables is everything that rules can see of a bundle. Slices are ordered as
// read; nothing in them depends on the machine that analyses.
type Tables struct {
	Nodes        []Node
	Sources      []Source
	Items        []Item
	Dumps        []Dump
	Stacks       []Stack
	Heap         []Heap
	Logs         []Log
	Hits         []Hit
	Processes    []Process
	Mounts       []Mount
	Rootfs       []Rootfs
	Sysctls      []Sysctl
	FileLocks    []FileLock
	Sockets      []Socket
	Clients      []Client
	Cgroups      []Cgroup
	CgroupCounts []CgroupCount
	Containers   []Container
	Daemons      []Daemon
	Samples      []Sample
	Edges        []Edge
	Coverage     []Coverage
	Problems     []Problem

	// Partial is set where sources may exist that were not read: no table is then
	// complete, whatever its Coverage says, and no finding certain.
	Partial bool
}

// Coverage says how much of the world a table knows: one row for each listing,
// dump or log that fills it. Without it "no such row" means nothing; missing
// evidence is never health.
type Coverage struct {
	At Place
	// Table is the name that rules use: processes, stacks, hits ...
	Table string
	// Daemon limits it to one program's dump or log, "" the whole table.
	Daemon string
	// Complete is set when whatever exists is in the table.
	Complete bool
	// Debug is set where the log has lines of debug level.
	Debug bool
	// Why says in a few words why it is not complete.
	Why string
	// First and Last bound the time of which a log tells; zero has no bound.
	First, Last time.Time
	Refs        []Ref
}
