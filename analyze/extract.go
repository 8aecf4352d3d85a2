package analyze

import (
	"cmp"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/host"
	"culprit/analyze/logs"
	"culprit/analyze/stack"
)

// parts is what the parsers made of one bundle, before rows are merged and put
// into their place.
type parts struct {
	bundle   bundle.Bundle
	prefix   string // put before every source path when several bundles are one incident
	set      *logs.Set
	problems []fact.Problem

	processes []fact.Process
	hung      []fact.Process
	listings  []host.Listing
	mounts    []fact.Mount
	sockets   map[fact.Kind][]fact.Socket
	docker    []fact.Container
	tasks     []host.TaskListing
	other     []fact.Container
	daemons   []fact.Daemon
	cgroups   []fact.Cgroup
	sysctls   []fact.Sysctl
	fileLocks []fact.FileLock
	counted   []fact.CgroupCount
	looks     []fact.Sample // what the collector sampled
	dumps     []stack.Part
	logs      []*logs.Result
	node      fact.Node
	clock     clock // set by assemble
	hostname  string
	bootID    string
	seen      map[fact.Kind]bool

	pasted   []bundle.Excerpt // pieces of pasted text, not yet read
	counts   []bundle.Count
	insiders []insider
	others   []*parts // the other nodes that pasted prompts name
}

// newParts makes parts without anything in them.
func newParts(set *logs.Set, prefix string) *parts {
	return &parts{set: set, prefix: prefix, sockets: map[fact.Kind][]fact.Socket{}, seen: map[fact.Kind]bool{}}
}

// read walks one bundle and parses every source as it streams by. The error is that of
// walk; what was read before it is there.
func (p *parts) read(walk func(visit func(fact.Source, io.Reader)) (bundle.Bundle, error)) error {
	b, err := walk(func(src fact.Source, r io.Reader) {
		p.source(src, r)
		p.seen[src.Kind] = true
	})
	p.take(b)
	p.settle()
	return err
}

// rows are pointers to all that holds rows with Refs.
func (p *parts) rows() []any {
	return []any{&p.problems, &p.processes, &p.hung, &p.listings, &p.mounts, &p.sockets, &p.docker, &p.tasks,
		&p.other, &p.daemons, &p.cgroups, &p.sysctls, &p.looks, &p.counted, &p.fileLocks, &p.dumps, &p.logs, &p.node}
}

// take keeps what the walk itself learned, with the prefix on every path.
func (p *parts) take(b bundle.Bundle) {
	p.bundle = b
	for i := range b.Sources {
		b.Sources[i].Path = p.prefix + b.Sources[i].Path
	}
	for _, item := range b.Items {
		for i := range item.Refs {
			item.Refs[i].Source = p.prefix + item.Refs[i].Source
		}
	}
	for _, problem := range b.Problems {
		problem.Ref.Source = p.prefix + problem.Ref.Source
		p.problems = append(p.problems, problem)
	}
}

// place is the node and boot that the bundle names.
func (p *parts) place() fact.Place {
	at := fact.Place{Node: p.hostname, Boot: p.bootID}
	if m := p.bundle.Manifest; m != nil {
		at.Node, at.Boot = cmp.Or(m.Node, at.Node), cmp.Or(m.Boot, at.Boot)
	}
	return at
}

// absorb adds another bundle of the same node and boot: one incident in several
// pieces.
func (p *parts) absorb(o *parts) {
	p.merge(o)
	p.hostname, p.bootID = cmp.Or(p.hostname, o.hostname), cmp.Or(p.bootID, o.bootID)
	for kind := range o.seen {
		p.seen[kind] = true
	}
	if o.bundle.Name != "" {
		p.bundle.Name += " + " + o.bundle.Name
		p.bundle.Format += " + " + o.bundle.Format
	}
	p.bundle.Sources = append(p.bundle.Sources, o.bundle.Sources...)
	p.bundle.Items = append(p.bundle.Items, o.bundle.Items...)
	p.bundle.Partial = p.bundle.Partial || o.bundle.Partial
	p.bundle.NoSpool = cmp.Or(p.bundle.NoSpool, o.bundle.NoSpool)
	if p.bundle.Manifest == nil {
		p.bundle.Manifest = o.bundle.Manifest
	}
}

// merge adds the rows of o.
func (p *parts) merge(o *parts) {
	p.problems = append(p.problems, o.problems...)
	p.processes = append(p.processes, o.processes...)
	p.hung = append(p.hung, o.hung...)
	p.listings = append(p.listings, o.listings...)
	p.counts = append(p.counts, o.counts...)
	p.insiders = append(p.insiders, o.insiders...)
	p.mounts = append(p.mounts, o.mounts...)
	for kind, rows := range o.sockets {
		p.sockets[kind] = append(p.sockets[kind], rows...)
	}
	p.docker = append(p.docker, o.docker...)
	p.tasks = append(p.tasks, o.tasks...)
	p.other = append(p.other, o.other...)
	p.daemons = append(p.daemons, o.daemons...)
	p.cgroups = append(p.cgroups, o.cgroups...)
	p.sysctls = append(p.sysctls, o.sysctls...)
	p.looks = append(p.looks, o.looks...)
	p.counted = append(p.counted, o.counted...)
	p.fileLocks = append(p.fileLocks, o.fileLocks...)
	p.dumps = append(p.dumps, o.dumps...)
	p.logs = append(p.logs, o.logs...)
	p.mergeNode(o.node)
	p.node.Kernel = cmp.Or(p.node.Kernel, o.node.Kernel)
}

// together joins the pieces of each node boot. A piece that names no node belongs
// to the only node there is; among several it stays apart.
func together(all []*parts) []*parts {
	var out []*parts
	nodes := map[string]bool{}
	for _, p := range all {
		if at := p.place(); at.Node != "" {
			nodes[at.Node] = true
		}
	}
	for _, p := range all {
		at := p.place()
		same := func(o *parts) bool {
			other := o.place()
			node := at.Node == other.Node || (at.Node == "" || other.Node == "") && len(nodes) <= 1
			return node && (at.Boot == other.Boot || at.Boot == "" || other.Boot == "")
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].absorb(p)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// add keeps rows and notes the parser's problems.
func add[T any](p *parts, into *[]T, rows []T, problems []fact.Problem) {
	*into = joined(*into, rows)
	p.problems = append(p.problems, problems...)
}

// joined is rows and more behind them, which is not copied where there were none.
func joined[T any](rows, more []T) []T {
	if rows == nil {
		return more
	}
	return append(rows, more...)
}

// procParsers read one file of /proc/PID each.
var procParsers = map[fact.Kind]func(io.Reader, string) ([]fact.Process, []fact.Problem){
	fact.KindProcStatus: host.ParseStatus, fact.KindProcStat: host.ParseStat, fact.KindProcStack: host.ParseStack,
	fact.KindProcWchan: host.ParseWchan, fact.KindProcCgroup: host.ParseCgroup, fact.KindProcLimits: host.ParseLimits,
	fact.KindProcFD: host.ParseFD, fact.KindProcFDCount: host.ParseFDCount, fact.KindProcCmdline: host.ParseCmdline,
	fact.KindProcComm: host.ParseComm, fact.KindProcNS: host.ParseNS, fact.KindProcSyscall: host.ParseSyscall,
}

// daemonParsers read what daemons say of themselves, and their flags and
// configuration.
var daemonParsers = map[fact.Kind]func(io.Reader, string) ([]fact.Daemon, []fact.Problem){
	fact.KindDockerVers: host.ParseDockerVersion, fact.KindDockerInfo: host.ParseDockerInfo,
	fact.KindDaemonJSON: host.ParseDaemonJSON, fact.KindUnit: host.ParseUnit,
	fact.KindCPUManager: host.ParseCPUManagerState, fact.KindKubeletArgs: host.ParseKubeletFlags, fact.KindKubeletConf: host.ParseKubeletConfig,
	fact.KindContainerdC: host.ParseContainerdConfig, fact.KindRuncVersion: host.ParseRuncVersion,
}

// source hands one source to its parser.
func (p *parts) source(src fact.Source, r io.Reader) {
	name := p.prefix + src.Path
	if parse := procParsers[src.Kind]; parse != nil {
		rows, problems := parse(r, name)
		add(p, &p.processes, rows, problems)
		return
	}
	if parse := daemonParsers[src.Kind]; parse != nil {
		rows, problems := parse(r, name)
		add(p, &p.daemons, rows, problems)
		return
	}
	switch src.Kind {
	case fact.KindPS:
		list, problems := host.ParsePS(r, name)
		add(p, &p.listings, []host.Listing{list}, problems)
	case fact.KindMountinfo:
		rows, problems := host.ParseMountinfo(r, name)
		add(p, &p.mounts, rows, problems)
	case fact.KindSS, fact.KindNetstat, fact.KindNetUnix:
		p.socket(src.Kind, r, name)
	case fact.KindDockerPS, fact.KindInspect, fact.KindTasks, fact.KindContainers, fact.KindRuncState, fact.KindRunListing:
		p.container(src.Kind, r, name)
	case fact.KindFreezer:
		rows, problems := host.ParseFreezer(r, name)
		p.freezer(rows, problems)
	case fact.KindCgroupCount:
		rows, problems := host.ParseCgroupCounts(r, name)
		add(p, &p.counted, rows, problems)
	case fact.KindSysctl:
		rows, problems := host.ParseSysctl(r, name)
		add(p, &p.sysctls, rows, problems)
	case fact.KindLocks:
		rows, problems := host.ParseLocks(r, name)
		add(p, &p.fileLocks, rows, problems)
	case fact.KindSamples:
		rows, problems := host.ParseSamples(r, name)
		add(p, &p.looks, rows, problems)
	case fact.KindGoroutines:
		dumps, problems := stack.ReadText(r, name)
		add(p, &p.dumps, dumps, problems)
	case fact.KindProfile:
		dump, problems := stack.ReadProfile(r, name)
		add(p, &p.dumps, []stack.Part{dump}, problems)
	case fact.KindTerminal:
		p.paste(r, name)
	case fact.KindLog, fact.KindKernelLog:
		p.log(src.Kind, r, name)
	default:
		p.machine(src.Kind, r, name)
	}
}

func (p *parts) socket(kind fact.Kind, r io.Reader, name string) {
	parse := map[fact.Kind]func(io.Reader, string) ([]fact.Socket, []fact.Problem){
		fact.KindSS: host.ParseSS, fact.KindNetstat: host.ParseNetstat, fact.KindNetUnix: host.ParseNetUnix,
	}[kind]
	rows, problems := parse(r, name)
	ns := listedNetNS(name)
	for i := range rows {
		rows[i].NetNS = ns
	}
	p.sockets[kind] = joined(p.sockets[kind], rows)
	p.problems = append(p.problems, problems...)
}

func (p *parts) container(kind fact.Kind, r io.Reader, name string) {
	switch kind {
	case fact.KindDockerPS:
		rows, problems := host.ParseDockerPS(r, name)
		add(p, &p.docker, rows, problems)
	case fact.KindInspect:
		rows, problems := host.ParseInspect(r, name)
		add(p, &p.docker, rows, problems)
	case fact.KindTasks:
		list, problems := host.ParseTasks(r, name)
		add(p, &p.tasks, []host.TaskListing{list}, problems)
	case fact.KindContainers, fact.KindRuncState, fact.KindRunListing:
		parse := map[fact.Kind]func(io.Reader, string) ([]fact.Container, []fact.Problem){
			fact.KindContainers: host.ParseContainers, fact.KindRuncState: host.ParseRuncState, fact.KindRunListing: host.ParseRunListing,
		}[kind]
		rows, problems := parse(r, name)
		add(p, &p.other, rows, problems)
	}
}

// machine reads what describes the node itself.
func (p *parts) machine(kind fact.Kind, r io.Reader, name string) {
	var problems []fact.Problem
	switch kind {
	case fact.KindUname:
		var u host.Uname
		u, problems = host.ParseUname(r, name)
		if p.node.Kernel == "" && u.Release != "" {
			p.node.Kernel = u.Release
			p.node.Refs = fact.AppendRefs(p.node.Refs, u.Ref)
		}
		if p.hostname == "" {
			p.hostname = u.NodeName
		}
	case fact.KindHostname:
		var h string
		if h, problems = host.ParseHostname(r, name); h != "" {
			p.hostname = h
		}
	case fact.KindBootID:
		var id string
		if id, problems = host.ParseBootID(r, name); id != "" {
			p.bootID = id
		}
	case fact.KindOSRelease, fact.KindDate, fact.KindUptime:
		parse := map[fact.Kind]func(io.Reader, string) (fact.Node, []fact.Problem){
			fact.KindOSRelease: host.ParseOSRelease, fact.KindDate: host.ParseDate, fact.KindUptime: host.ParseUptime,
		}[kind]
		var n fact.Node
		n, problems = parse(r, name)
		p.mergeNode(n)
	}
	p.problems = append(p.problems, problems...)
}

func (p *parts) mergeNode(n fact.Node) {
	if p.node.OS == "" {
		p.node.OS = n.OS
	}
	if p.node.Collected.IsZero() {
		p.node.Collected, p.node.CollectedEnd = n.Collected, n.CollectedEnd
	}
	p.node.Uptime = p.node.Uptime.Fill(n.Uptime)
	p.node.Refs = fact.AppendRefs(p.node.Refs, n.Refs...)
}

func (p *parts) log(kind fact.Kind, r io.Reader, name string) {
	found := p.set.Scan(r, name, writerOf(kind, name))
	p.hung = append(p.hung, found.Hung...)
	found.Hung = nil
	p.logs = append(p.logs, found)
}

// writerOf is the program that a log's path names, "" for a mixed or unknown log.
func writerOf(kind fact.Kind, name string) string {
	base := strings.ToLower(path.Base(name))
	switch {
	case kind == fact.KindKernelLog:
		return "kernel"
	case strings.Contains(base, "containerd"):
		return "containerd"
	case strings.Contains(base, "docker"):
		return "dockerd"
	case strings.Contains(base, "kubelet"):
		return "kubelet"
	}
	return ""
}

// collected is the node's clock at the start of the collection, zero unknown.
func (p *parts) collected() time.Time {
	if p.bundle.Manifest != nil && !p.bundle.Manifest.Started.IsZero() {
		return p.bundle.Manifest.Started
	}
	return p.node.Collected
}

func (p *parts) freezer(rows []host.CgroupState, problems []fact.Problem) {
	for _, row := range rows {
		p.cgroups = append(p.cgroups, fact.Cgroup{Path: row.Path, Freezer: row.State, Self: row.Self, Container: host.ContainerOf(row.Path), Refs: []fact.Ref{row.Ref}})
	}
	p.problems = append(p.problems, problems...)
}
