package host

import (
	"io"
	"path"
	"strings"

	"culprit/analyze/fact"
)

// CgroupState is what the freezer of one cgroup says.
type CgroupState struct {
	// Path is the cgroup's path below the mount of its hierarchy, as
	// /proc/PID/cgroup prints it: "/docker/<id>".
	Path string
	// State is THAWED, FREEZING or FROZEN; "" where no file read tells.
	State string
	// Self is whether this very cgroup was told to freeze, rather than one above.
	Self fact.Opt[bool]
	// Ref is the line that gave State, else the one that gave Self.
	Ref fact.Ref
}

// ParseFreezer reads freezer files, either "path: value" lines (with or without
// the blank: grep prints none) or one file whose path in the bundle tells the
// cgroup. In v1 (freezer-subsystem in the kernel's admin guide) these are
// freezer.state and freezer.self_freezing, in v2 (cgroups(7)) the key frozen of
// cgroup.events and cgroup.freeze, which says only what was asked for.
//
//	/sys/fs/cgroup/freezer/docker/<id>/freezer.state: FROZEN
//	/sys/fs/cgroup/system.slice/docker-<id>.scope/cgroup.events: frozen 1
//
// There is one row a cgroup, in the order of the source.
func ParseFreezer(r io.Reader, source string) ([]CgroupState, []fact.Problem) {
	f := freezerFile{l: newLines(r, source), at: map[string]int{}}
	for f.l.scan() {
		text := strings.TrimSpace(f.l.text)
		if text == "" {
			continue
		}
		file, value := path.Clean("/"+source), text
		if i := valueIndex(text); i >= 0 {
			file, value = text[:i], strings.TrimSpace(text[i+1:])
		}
		if !f.set(file, value) {
			f.l.refuse("a state of a freezer")
		}
	}
	for i, asked := range f.asked {
		if asked && f.rows[i].State == "THAWED" || asked && f.rows[i].State == "" {
			f.rows[i].State = "FREEZING"
		}
	}
	return f.rows, f.l.problems()
}

type freezerFile struct {
	l     *lines
	rows  []CgroupState
	asked []bool // by row: cgroup.freeze is 1
	at    map[string]int
}

// freezerFiles are the files that say something of a freezer.
var freezerFiles = []string{"/freezer.state", "/freezer.self_freezing", "/freezer.parent_freezing", "/cgroup.events", "/cgroup.freeze"}

// valueIndex is where the ":" between a path and its value stands, -1 none.
func valueIndex(s string) int {
	for _, name := range freezerFiles {
		if i := strings.Index(s, name+":"); i >= 0 {
			return i + len(name)
		}
	}
	return -1
}

// set takes the value of one file; false where it is none.
func (f *freezerFile) set(file, value string) bool {
	dir, name := path.Split(file)
	on := value == "1"
	isBit := on || value == "0"
	switch name {
	case "freezer.state":
		if value != "THAWED" && value != "FREEZING" && value != "FROZEN" {
			return false
		}
		row := f.row(dir)
		row.State, row.Ref = value, f.l.ref()
	case "freezer.self_freezing":
		if !isBit {
			return false
		}
		f.setSelf(dir, on)
	case "freezer.parent_freezing":
		return isBit
	case "cgroup.events":
		key, bit, _ := strings.Cut(value, " ")
		if bit != "0" && bit != "1" {
			return false
		}
		if key == "frozen" {
			row := f.row(dir)
			row.State, row.Ref = "THAWED", f.l.ref()
			if bit == "1" {
				row.State = "FROZEN"
			}
		}
	case "cgroup.freeze":
		if !isBit {
			return false
		}
		f.setSelf(dir, on)
		f.asked[f.at[cgroupPath(dir)]] = on
	default:
		return false
	}
	return true
}

func (f *freezerFile) setSelf(dir string, on bool) {
	row := f.row(dir)
	row.Self = fact.Some(on)
	if row.Ref.Source == "" {
		row.Ref = f.l.ref()
	}
}

func (f *freezerFile) row(dir string) *CgroupState {
	p := cgroupPath(dir)
	i, ok := f.at[p]
	if !ok {
		i = len(f.rows)
		f.at[p] = i
		f.rows = append(f.rows, CgroupState{Path: p})
		f.asked = append(f.asked, false)
	}
	return &f.rows[i]
}

// cgroupPath is the part of a directory below the mount point of its hierarchy.
func cgroupPath(dir string) string {
	const mount = "/sys/fs/cgroup"
	dir = path.Clean("/" + dir)
	if i := strings.Index(dir, mount); i >= 0 {
		dir = dir[i+len(mount):]
		for _, hierarchy := range []string{"/freezer", "/unified", "/pids", "/memory"} {
			if rest, ok := strings.CutPrefix(dir, hierarchy); ok && (rest == "" || rest[0] == '/') {
				dir = rest
			}
		}
	}
	return path.Clean("/" + dir)
}
