package analyze

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/host"
	"culprit/analyze/logs"
)

// maxPaste is how much of one pasted text is read. A session of a long night is a
// few MiB; what is larger is a log.
const maxPaste = 8 << 20

// maxHosts is how many nodes the prompts of one bundle may name: a rack.
const maxHosts = 64

// maxGlobs bounds how many searches of one file, or of /proc/*, are remembered.
const maxGlobs = 200

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
	met := map[string]bool{"": true}
	see := func(host string) {
		if !met[host] {
			hosts = append(hosts, host)
		}
		met[host] = true
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
	if len(hosts) > maxHosts {
		p.problems = append(p.problems, fact.Problem{Ref: fact.Ref{Source: p.bundle.Name},
			Text: fmt.Sprintf("pasted prompts name %d nodes: what stands under more than %d is not read", len(hosts), maxHosts)})
		hosts = hosts[:maxHosts]
	}
	for _, host := range hosts {
		nodes[host] = p
		if !sameHost(host, native) {
			nodes[host] = newParts(p.set, "")
			nodes[host].hostname = host
			p.others = append(p.others, nodes[host])
		}
	}
	counts := p.counts
	p.counts = nil
	for _, c := range counts {
		if into := nodes[c.Host]; into != nil {
			into.counts = append(into.counts, c)
		}
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
	globs   []string // those of gone that are patterns
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
		if strings.Contains(e.Path, "*") && r.gone[e.Path] == nil && len(r.globs) < maxGlobs {
			r.globs = append(r.globs, e.Path)
		}
		if len(r.gone[e.Path]) < maxGlobs {
			r.gone[e.Path] = append(r.gone[e.Path], e.Pattern)
		}
		return
	}
	sub := newParts(r.set, "")
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
		for i := range sub.tasks {
			sub.tasks[i].Complete = false
		}
		for i := range sub.processes {
			sub.processes[i].FDCount = fact.Opt[int]{}
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
	r.hostname, r.bootID = cmp.Or(r.hostname, sub.hostname), cmp.Or(r.bootID, sub.bootID)
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
	for _, searched := range r.globs {
		if ok, _ := path.Match(searched, file); ok {
			patterns = append(patterns, r.gone[searched]...)
		}
	}
	return append(patterns, r.gone[file]...)
}
