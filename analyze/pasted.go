package analyze

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/host"
	"culprit/analyze/logs"
)

// maxPaste is how much of one pasted text is read. A session of a long night is a
// few MiB; what is larger is a log.
const maxPaste = 8 << 20

// paste takes a pasted text apart. Its pieces wait until the whole bundle is known:
// what the bundle holds as files goes before what somebody typed.
func (p *parts) paste(r io.Reader, name string) {
	text, _ := io.ReadAll(io.LimitReader(r, maxPaste))
	if len(text) == maxPaste {
		p.problems = append(p.problems, fact.Problem{Ref: fact.Ref{Source: name}, Text: fmt.Sprintf("only the first %d bytes of pasted text are read", maxPaste)})
	}
	excerpts, counts, problems := bundle.Excerpts(text, name)
	add(p, &p.pasted, excerpts, problems)
	p.counts = append(p.counts, counts...)
}

// settle gives every excerpt to the node that its prompt names: the bundle's own,
// or where it names another, a node of its own. A prompt names the bundle's node
// only where nothing else does and all prompts agree.
func (p *parts) settle() {
	native := p.place().Node
	var hosts []string
	see := func(host string) {
		if host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, e := range p.pasted {
		see(e.Host)
	}
	for _, c := range p.counts {
		see(c.Host)
	}
	if native == "" && (len(hosts) == 1 || len(hosts) > 1 && p.onlyPasted()) {
		native = hosts[0]
		p.hostname = native
	}
	nodes := map[string]*parts{"": p}
	for _, host := range hosts {
		nodes[host] = p
		if !sameHost(host, native) {
			nodes[host] = &parts{set: p.set, hostname: host, sockets: map[fact.Kind][]fact.Socket{}, seen: map[fact.Kind]bool{}}
			p.others = append(p.others, nodes[host])
		}
	}
	counts := p.counts
	p.counts = nil
	for _, c := range counts {
		nodes[c.Host].counts = append(nodes[c.Host].counts, c)
	}
	for _, into := range p.nodes() {
		into.readPasted(slices.DeleteFunc(slices.Clone(p.pasted), func(e bundle.Excerpt) bool { return nodes[e.Host] != into }))
	}
	p.orderLogs()
}

// orderLogs puts logs back into the order of the bundle.
func (p *parts) orderLogs() {
	order := map[string]int{}
	for i, s := range p.bundle.Sources {
		order[s.Path] = i
	}
	slices.SortStableFunc(p.logs, func(a, b *logs.Result) int { return cmp.Compare(order[a.Log.Source], order[b.Log.Source]) })
}

// onlyPasted reports whether the bundle holds nothing but pasted text.
func (p *parts) onlyPasted() bool {
	return !slices.ContainsFunc(p.bundle.Sources, func(s fact.Source) bool { return s.Kind != fact.KindTerminal })
}

// countSamples makes samples of the numbers that watch and wc printed. Their clock is
// the node's own; its zone is that of the collection where that is known.
func (a *assembly) countSamples() {
	for _, c := range a.counts {
		taken, ok := parseClock(c.Clock, a.collected())
		if !ok {
			continue
		}
		s := fact.Sample{At: a.at, Daemon: c.Daemon, PID: c.PID, Metric: c.Metric, Value: c.Value, Taken: taken, Refs: []fact.Ref{c.Ref}}
		for _, p := range a.t.Processes {
			if c.PID != 0 && p.At == a.at && p.PID == c.PID {
				s.Daemon = cmp.Or(p.Daemon, p.Comm)
			}
		}
		a.t.Samples = append(a.t.Samples, s)
	}
}

// parseClock reads the time of a screen of watch, which has no zone, or an output of
// date.
func parseClock(clock string, ref time.Time) (time.Time, bool) {
	if t, err := time.Parse(time.ANSIC, clock); err == nil {
		return fact.Stamp{Time: t, NoZone: true}.Resolve(ref), true
	}
	n, _ := host.ParseDate(strings.NewReader(clock+"\n"), "date")
	return n.Collected, !n.Collected.IsZero()
}

// sameHost reports whether two names are one node's, one of them without its domain.
func sameHost(a, b string) bool {
	short, _, _ := strings.Cut(b, ".")
	bare, _, _ := strings.Cut(a, ".")
	return a == b || a == short || bare == b
}

// nodes are the parts of each node of the bundle.
func (p *parts) nodes() []*parts { return append([]*parts{p}, p.others...) }

// pastedReader reads the excerpts of one node, the latest first, so that what was seen
// later wins.
type pastedReader struct {
	*parts
	// own are the kinds that the bundle itself holds as files, files those of
	// /proc/PID; closed the listings that a later whole one makes stale.
	own    map[fact.Kind]bool
	files  map[procFile]bool
	closed map[fact.Kind]bool
	// gone are, by path, what a later grep no longer found.
	gone    map[string][]string
	mounts  map[string]bool
	sockets map[string]bool
}

type procFile struct {
	pid  int
	kind fact.Kind
}

func (p *parts) readPasted(list []bundle.Excerpt) {
	r := pastedReader{parts: p, own: map[fact.Kind]bool{}, files: map[procFile]bool{}, closed: map[fact.Kind]bool{},
		gone: map[string][]string{}, mounts: map[string]bool{}, sockets: map[string]bool{}}
	for kind := range p.seen {
		r.own[kind] = true
	}
	for _, s := range p.bundle.Sources {
		if pid, ok := host.PIDOf(s.Path); ok {
			r.files[procFile{pid, s.Kind}] = true
		}
	}
	for _, e := range slices.Backward(list) {
		if r.wanted(e) {
			r.take(e)
		}
	}
	for _, c := range slices.Backward(p.counts) {
		listed, number := procFile{c.PID, fact.KindProcFD}, procFile{c.PID, fact.KindProcFDCount}
		if c.Metric == fact.MetricFDs && !r.files[listed] && !r.files[number] {
			r.files[number] = true
			p.processes = append(p.processes, fact.Process{PID: c.PID, FDCount: fact.Some(int(c.Value)), Refs: []fact.Ref{c.Ref}})
		}
	}
}

// wanted reports whether an excerpt says something that neither the bundle's own
// files nor a later listing say.
func (r *pastedReader) wanted(e bundle.Excerpt) bool {
	pid, isProc := host.PIDOf(e.Path)
	switch {
	case e.Inside != "" && e.Kind != fact.KindPS:
		if e.Kind != fact.KindLog && len(e.Refs) > 0 {
			r.problems = append(r.problems, fact.Problem{Ref: e.Refs[0], Text: fmt.Sprintf("%s from inside a container is left out: it is not the node's", e.Kind)})
		}
		return false
	case e.Kind == fact.KindDate, e.Kind == fact.KindUptime:
		// The clock of a session is not that of the collection.
		return r.onlyPasted()
	case e.Kind == fact.KindLog, e.Kind == fact.KindKernelLog, e.Kind == bundle.PastedText:
		return true
	case isProc:
		return !r.files[procFile{pid, e.Kind}]
	}
	return !r.own[e.Kind] && !r.closed[e.Kind]
}

// take parses one excerpt and puts its rows to the others of its node.
func (r *pastedReader) take(e bundle.Excerpt) {
	if len(e.Refs) == 0 {
		r.gone[e.Path] = append(r.gone[e.Path], e.Pattern)
		return
	}
	sub := &parts{set: r.set, sockets: map[fact.Kind][]fact.Socket{}, seen: map[fact.Kind]bool{}}
	source := fact.Source{Path: e.Path, Kind: e.Kind}
	if e.Kind == bundle.PastedText {
		sub.logs = append(sub.logs, r.set.Scan(bytes.NewReader(e.Text), e.Path, ""))
	} else {
		sub.source(source, bytes.NewReader(e.Text))
	}
	if !r.own[fact.KindLog] {
		for _, l := range sub.logs {
			stampHits(l.Hits, e)
		}
	}
	sub.relocate(e)
	if e.Inside != "" {
		r.insiders = append(r.insiders, insider{sub.listings, e.Inside})
		return
	}
	if !e.Whole {
		for i := range sub.listings {
			sub.listings[i].Complete = false
		}
		for i := range sub.dumps {
			sub.dumps[i].Dump.Complete = false
		}
	}
	r.fresh(sub, e)
	for _, l := range sub.listings {
		r.closed[e.Kind] = r.closed[e.Kind] || l.Complete
	}
	if e.Whole && e.Kind != fact.KindPS {
		r.seen[e.Kind] = r.seen[e.Kind] || e.All
		r.closed[e.Kind] = e.Kind != fact.KindInspect
	}
	r.merge(sub)
}

// fresh drops the mounts that a later grep no longer found, and rows that were
// pasted again.
func (r *pastedReader) fresh(sub *parts, e bundle.Excerpt) {
	lines := bytes.Split(e.Text, []byte("\n"))
	at := map[int][]byte{}
	for i, ref := range e.Refs {
		at[ref.Line] = lines[i]
	}
	sub.mounts = slices.DeleteFunc(sub.mounts, func(m fact.Mount) bool {
		key := fmt.Sprint(m.PIDs, m.ID, m.Dev, m.Point)
		stale := r.mounts[key] || slices.ContainsFunc(r.goneFrom(e.Path), func(pattern string) bool {
			return bytes.Contains(at[m.Refs[0].Line], []byte(pattern))
		})
		r.mounts[key] = true
		return stale
	})
	for kind, rows := range sub.sockets {
		sub.sockets[kind] = slices.DeleteFunc(rows, func(s fact.Socket) bool {
			key := fmt.Sprint(s.Netid, s.State, s.Local, s.Peer, s.Inode)
			stale := r.sockets[key]
			r.sockets[key] = true
			return stale
		})
	}
}

// goneFrom is what later greps did not find in a file any more.
func (r *pastedReader) goneFrom(file string) []string {
	var patterns []string
	for searched, list := range r.gone {
		if ok, _ := path.Match(searched, file); ok {
			patterns = append(patterns, list...)
		}
	}
	return patterns
}

// relocate makes every row and problem of an excerpt cite the pasted text.
func (p *parts) relocate(e bundle.Excerpt) {
	source := e.Refs[0].Source
	move := func(ref fact.Ref) fact.Ref {
		if ref.Source != e.Path {
			return ref
		}
		if ref.Line < 1 || ref.Line > len(e.Refs) {
			return fact.Ref{Source: source, Line: e.Refs[0].Line, Offset: e.Refs[0].Offset}
		}
		moved := e.Refs[ref.Line-1]
		if ref.EndLine > ref.Line && ref.EndLine <= len(e.Refs) {
			last := e.Refs[ref.EndLine-1]
			moved.EndLine = max(last.Line, last.EndLine)
		}
		return moved
	}
	for _, l := range p.logs {
		l.Log.Source = source
	}
	for i := range p.listings {
		p.listings[i].Source = source
	}
	for _, rows := range []any{&p.problems, &p.processes, &p.hung, &p.listings, &p.mounts, &p.sockets, &p.docker, &p.tasks,
		&p.other, &p.daemons, &p.cgroups, &p.dumps, &p.logs, &p.node} {
		eachRef(reflect.ValueOf(rows), move)
	}
}

var refType = reflect.TypeFor[fact.Ref]()

// eachRef replaces every Ref below v.
func eachRef(v reflect.Value, move func(fact.Ref) fact.Ref) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachRef(v.Elem(), move)
		}
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Pointer {
			return
		}
		for i := range v.Len() {
			eachRef(v.Index(i), move)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			eachRef(v.MapIndex(k), move)
		}
	case reflect.Struct:
		if v.Type() == refType {
			if v.CanSet() {
				v.Set(reflect.ValueOf(move(v.Interface().(fact.Ref))))
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachRef(v.Field(i), move)
			}
		}
	}
}

// stampHits gives hits without a stamp the times of the date outputs above their
// first and last line. A client's error came some time after that, so where there
// are logs they alone say when.
func stampHits(hits []fact.Hit, e bundle.Excerpt) {
	dated := func(ref fact.Ref) time.Time {
		if ref.Line < 1 || ref.Line > len(e.Dates) {
			return time.Time{}
		}
		t, _ := parseClock(e.Dates[ref.Line-1], time.Time{})
		return t
	}
	for i := range hits {
		h := &hits[i]
		if !h.First.IsZero() || len(h.Refs) == 0 {
			continue
		}
		first, last := dated(h.Refs[0]), dated(h.Refs[len(h.Refs)-1])
		if !first.IsZero() && !last.IsZero() {
			h.First, h.Last = first, last
		}
	}
}

// insider is a process listing that was taken inside a container.
type insider struct {
	listings []host.Listing
	// container is the name or the beginning of the id, "?" unknown.
	container string
}

// partInsiders moves pasted listings that show the processes of a container to the
// insiders, though nothing in the session said so.
func (p *parts) partInsiders() {
	known := host.MergeProcesses(p.processes)
	p.listings = slices.DeleteFunc(p.listings, func(l host.Listing) bool {
		if !p.isPasted(l.Source) || !isInsider(l, known) {
			return false
		}
		p.insiders = append(p.insiders, insider{[]host.Listing{l}, "?"})
		return true
	})
}

func (p *parts) isPasted(source string) bool {
	return slices.ContainsFunc(p.bundle.Sources, func(s fact.Source) bool { return s.Path == source && s.Kind == fact.KindTerminal })
}

// outside gives the processes of a listing from inside a container the pids of the
// node, where /proc/PID/status names exactly one process with that pid in its own
// namespace and the same name. The others are left out: their pids are of another
// world.
func (p *parts) outside(in insider) []fact.Process {
	known := host.MergeProcesses(p.processes)
	var rows []fact.Process
	lost := 0
	var first fact.Ref
	for _, l := range in.listings {
		for _, row := range l.Processes {
			pid := p.outerPID(row, in.container, known)
			if pid == 0 {
				lost++
				first = cmp.Or(first, l.Ref)
				continue
			}
			row.PID, row.PPID = pid, fact.Opt[int]{}
			rows = append(rows, row)
		}
	}
	if lost > 0 {
		p.problems = append(p.problems, fact.Problem{Ref: first, Text: fmt.Sprintf(
			"%d processes of a listing from inside a container are left out: no status file maps their pids to the node's", lost)})
	}
	return rows
}

// outerPID is the node's pid of a process that is row.PID in its own namespace, 0
// where none or several can be it.
func (p *parts) outerPID(row fact.Process, container string, known []fact.Process) int {
	found := 0
	for _, k := range known {
		if len(k.NSPID) < 2 || k.NSPID[len(k.NSPID)-1] != row.PID || k.Comm != row.Comm || !p.runsIn(k, container) {
			continue
		}
		if found != 0 {
			return 0
		}
		found = k.PID
	}
	return found
}

// runsIn reports whether a process can be one of a container, given by name or id;
// of a name that no listing explains any container may be meant.
func (p *parts) runsIn(proc fact.Process, container string) bool {
	id := container
	for _, c := range p.docker {
		if c.Name == container && c.Name != "" {
			id = c.ID
		}
	}
	if len(id) < 12 || strings.Trim(id, "0123456789abcdef") != "" {
		return true
	}
	return slices.ContainsFunc(containersOf(proc), func(c string) bool { return strings.HasPrefix(c, id) })
}

func containersOf(proc fact.Process) (ids []string) {
	for _, path := range proc.Cgroups {
		if id := host.ContainerOf(path); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// isInsider reports whether a pasted listing without a sign of a container shows one
// all the same: its pid 1 is no init but a process that is 1 in a namespace of its
// own.
func isInsider(l host.Listing, known []fact.Process) bool {
	for _, row := range l.Processes {
		if row.PID != 1 || slices.Contains(inits, row.Comm) {
			continue
		}
		return slices.ContainsFunc(known, func(k fact.Process) bool {
			return len(k.NSPID) > 1 && k.NSPID[len(k.NSPID)-1] == 1 && k.Comm == row.Comm && k.PID != 1
		})
	}
	return false
}

// inits are the names of pid 1 on a node.
var inits = []string{"init", "systemd", "launchd", "upstart", "runit", "busybox", "openrc-init", "s6-svscan"}
