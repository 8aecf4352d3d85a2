package host

import (
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseCgroupCounts reads files of the pids and memory controllers, either "path: value"
// lines (with or without the blank: grep prints none) or one file whose path in the
// bundle tells the cgroup. cgroups(7), and the kernel's admin guides of both versions:
//
//	/sys/fs/cgroup/pids/docker/<id>/pids.current: 12
//	/sys/fs/cgroup/pids/docker/<id>/pids.max: max
//	/sys/fs/cgroup/pids/docker/<id>/pids.events: max 3
//	/sys/fs/cgroup/memory/docker/<id>/memory.usage_in_bytes: 5242880
//	/sys/fs/cgroup/memory/docker/<id>/memory.limit_in_bytes: 9223372036854771712
//	/sys/fs/cgroup/memory/docker/<id>/memory.oom_control: oom_kill 2
//	/sys/fs/cgroup/system.slice/docker-<id>.scope/memory.current: 5242880
//	/sys/fs/cgroup/system.slice/docker-<id>.scope/memory.max: max
//	/sys/fs/cgroup/system.slice/docker-<id>.scope/memory.events: oom_kill 2
//
// A line may also hold the files of one cgroup together:
//
//	/sys/fs/cgroup/pids/docker/<id>/ current=1 max=max events=max 0
//
// There is one row a cgroup, in the order of the source. Other keys are passed over.
func ParseCgroupCounts(r io.Reader, source string) ([]fact.CgroupCount, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.CgroupCount
	at := map[string]int{}
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		dir, values := countsOf(text, source)
		p := cgroupPath(dir)
		i, found := at[p]
		row := fact.CgroupCount{Path: p, Container: ContainerOf(p)}
		if found {
			row = rows[i]
		}
		ok := l.ended // a number that is cut is another number
		for _, v := range values {
			ok = ok && setCount(&row, v[0], v[1], l.ref())
		}
		switch {
		case !ok:
			l.refuse("a count of a cgroup")
		case found:
			rows[i] = row
		default:
			at[p] = len(rows)
			rows = append(rows, row)
		}
	}
	return rows, l.problems()
}

// countsOf is the cgroup's directory that a line speaks of, with names of files in it and
// a value of each.
func countsOf(text, source string) (dir string, values [][2]string) {
	if m := pidsTogether.FindStringSubmatch(text); m != nil {
		return m[1], [][2]string{{"pids.current", m[2]}, {"pids.max", m[3]}, {"pids.events", m[4]}}
	}
	file, value := path.Clean("/"+strings.TrimSuffix(source, ".txt")), text
	if i := countIndex(text); i >= 0 {
		file, value = text[:i], strings.TrimSpace(text[i+1:])
	}
	dir, name := path.Split(file)
	return dir, [][2]string{{name, value}}
}

// pidsTogether is a line with the files of one cgroup.
var pidsTogether = regexp.MustCompile(`^(/\S*/) current=(\d+) max=(\d+|max) events=(max \d+)$`)

// countFiles are the files of one number, or of lines "key number".
var countFiles = []string{
	"/pids.current", "/pids.max", "/pids.events", "/memory.current", "/memory.max", "/memory.events",
	"/memory.usage_in_bytes", "/memory.limit_in_bytes", "/memory.oom_control",
}

// countIndex is where the ":" between a path and its value stands, -1 none.
func countIndex(s string) int {
	for _, name := range countFiles {
		if i := strings.Index(s, name+":"); i >= 0 {
			return i + len(name)
		}
	}
	return -1
}

// setCount takes the value of one file; false where it is none.
func setCount(row *fact.CgroupCount, name, value string, ref fact.Ref) bool {
	key, number, keyed := strings.Cut(value, " ")
	if !keyed {
		number = value
	}
	n, ok := count(number)
	if !ok || keyed == !strings.HasSuffix(name, ".events") && name != "memory.oom_control" {
		return false
	}
	switch name {
	case "pids.current":
		row.Pids, row.PidsRef = fact.Some(n), ref
	case "pids.max":
		row.PidsMax = fact.Some(n)
	case "pids.events":
		if key == "max" {
			row.PidsRefused, row.RefusedRef = fact.Some(n), ref
		}
	case "memory.current", "memory.usage_in_bytes":
		row.Memory = fact.Some(n)
	case "memory.max", "memory.limit_in_bytes":
		row.MemoryMax = fact.Some(n)
	case "memory.events", "memory.oom_control":
		if key == "oom_kill" {
			row.OOMKills, row.OOMRef = fact.Some(n), ref
		}
	default:
		return false
	}
	return true
}

// count reads a number, or "max". What the v1 memory controller writes for no limit is
// the largest multiple of the page size.
func count(s string) (int64, bool) {
	if s == "max" {
		return fact.Unlimited, true
	}
	const noLimit = 1<<63 - 1<<16 // with pages of up to 64 KiB
	n, err := strconv.ParseInt(s, 10, 64)
	if n >= noLimit {
		n = fact.Unlimited
	}
	return n, err == nil && n >= 0
}
