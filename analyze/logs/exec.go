package logs

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"culprit/analyze/line"
)

// execPlaces tell from a line about an exec or probe where it ran; the first that
// matches decides. The line holds the text named.
//
//	dockerd     Error running exec EXEC in container: OCI runtime exec failed: ...
//	dockerd     Handler for POST /v1.38/exec/EXEC/start returned error: ...
//	dockerd     Health check for container ID error: ...
//	containerd  ExecSync for \"ID\" failed
//	kubelet     Readiness probe for "POD_NAMESPACE(UID):NAME" failed (failure): ...
//	kubelet     "Probe failed" probeType="Readiness" pod="NAMESPACE/POD" podUID="UID" containerName="NAME" ...
//	kubelet     ExecSync ID '...' from runtime service failed: ...
//	kubelet     "ExecSync cmd from runtime service failed" err="..." containerID="ID"
//	kubelet     Event(v1.ObjectReference{Kind:"Pod", Namespace:"NAMESPACE", Name:"POD", UID:"UID", ..., FieldPath:"spec.containers{NAME}"})
//	kubelet     "Event occurred" object="NAMESPACE/POD" fieldPath="spec.containers{NAME}"
var execPlaces = []struct {
	holds string
	re    *regexp.Regexp
}{
	{"Error running exec ", regexp.MustCompile(`Error running exec (?P<exec>[0-9a-f]{64}) in container`)},
	{"/exec/", regexp.MustCompile(`/exec/(?P<exec>[0-9a-f]{64})/start`)},
	{"Health check for container ", regexp.MustCompile(`Health check for container (?P<container>[0-9a-f]{64}) `)},
	{"ExecSync ", regexp.MustCompile(`ExecSync (?:for )?\\*"?(?P<container>[0-9a-f]{64})`)},
	{"probe for ", regexp.MustCompile(`\bprobe for \\*"(?P<pod>[a-z0-9.-]+)(?:_(?P<namespace>[a-z0-9-]+))?\((?P<uid>[0-9a-f-]+)\):(?P<member>[a-z0-9-]+)\\*"`)},
	{" podUID=", regexp.MustCompile(`\bpod="(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+)" podUID="?(?P<uid>[0-9a-f-]+)"? containerName="(?P<member>[a-z0-9-]+)"`)},
	{"containerID=", regexp.MustCompile(`\bcontainerID="(?P<container>[0-9a-f]{64})"`)},
	{"Namespace:", regexp.MustCompile(`Namespace:"(?P<namespace>[a-z0-9-]+)", Name:"(?P<pod>[a-z0-9.-]+)", UID:"(?P<uid>[0-9a-f-]+)".*FieldPath:"spec\.containers\{(?P<member>[a-z0-9-]+)\}"`)},
	{" fieldPath=", regexp.MustCompile(`\bobject="(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+)" fieldPath="spec\.containers\{(?P<member>[a-z0-9-]+)\}"`)},
}

// started reads the line that says at debug level which exec dockerd starts where: a log
// has it as often as everything else, so that no regular expression reads it.
//
//	starting exec command EXEC in container ID
func started(text []byte) (exec, container longID, ok bool) {
	if _, text, ok = bytes.Cut(text, []byte("starting exec command ")); !ok {
		return exec, container, false
	}
	if text, ok = exec.cut(text); !ok {
		return exec, container, false
	}
	if text, ok = bytes.CutPrefix(text, []byte(" in container ")); !ok {
		return exec, container, false
	}
	_, ok = container.cut(text)
	return exec, container, ok
}

// cut takes an id off text.
func (id *longID) cut(text []byte) (rest []byte, ok bool) {
	n := copy(id[:], text)
	odd := uint8(0)
	for _, c := range id[:n] {
		odd |= notHex[c]
	}
	return text[n:], n == len(id) && odd == 0
}

// notHex is 0 for the digits of an id. Which ones these are cannot be foreseen, so that a
// table is far faster than comparisons.
var notHex = func() (t [256]uint8) {
	for c := range t {
		if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			t[c] = 1
		}
	}
	return t
}()

// maxExecs is how many started execs are remembered. One that cannot be started
// fails within seconds, two minutes at most; a busy node starts some dozen a second.
const maxExecs = 4096

// longID is the 64 hex digits of an exec or a container.
type longID [64]byte

// execs finds where the execs of one source ran.
type execs struct {
	containers map[longID]longID // by exec
	ring       []longID          // the execs in order, the oldest overwritten
	next       int

	block line.Block // the lines at hand
	// head is a line of klog that ends in `output=<`: the text in question follows in
	// the next lines, behind a tab. It is what goes on at the offset followed.
	head     []byte
	followed int64
}

// enter moves to the next lines.
func (x *execs) enter(b line.Block) { x.block = b }

// follow finds the head of the entry that goes on at offset, where a line of the block
// begins or where the block ends. Only lines behind what was followed before are read.
func (x *execs) follow(offset int64) {
	text := x.block.Text[max(0, x.followed-x.block.Offset) : offset-x.block.Offset]
	x.followed = offset
	for len(text) > 0 {
		text = bytes.TrimSuffix(text, []byte{'\n'})
		start := bytes.LastIndexByte(text, '\n') + 1
		switch l := bytes.TrimSuffix(text[start:], []byte{'\r'}); {
		case bytes.HasSuffix(l, []byte("=<")):
			x.head = append(x.head[:0], l...)
			return
		case len(l) == 0 || l[0] != '\t':
			x.head = x.head[:0]
			return
		}
		text = text[:start]
	}
}

// entry is the line, or the head of the entry that goes on in it.
func (x *execs) entry(l line.Line) []byte {
	if len(l.Text) == 0 || l.Text[0] != '\t' {
		return l.Text
	}
	x.follow(l.Offset)
	if len(x.head) == 0 {
		return l.Text
	}
	return x.head
}

// execPlace is where an exec ran: in a container, or in a container of a pod, which is
// NAMESPACE/POD where the namespace is known. What is not known is nil.
type execPlace struct{ container, pod, uid, member []byte }

// fields are the known ones by name, in the order in which they tell hits apart.
func (p *execPlace) fields(yield func(name string, value []byte) bool) {
	for _, f := range [...]struct {
		name  string
		value []byte
	}{{"container", p.container}, {"pod", p.pod}, {"uid", p.uid}, {"member", p.member}} {
		if f.value != nil && !yield(f.name, f.value) {
			return
		}
	}
}

// place reads from an entry about an exec where it ran. An exec that the entry names
// without its container is looked up among those started. It is valid as long as text.
func (x *execs) place(text []byte) (p execPlace) {
	if exec, container, ok := started(text); ok {
		x.start(exec, container)
		p.container = container[:]
		return p
	}
	for _, in := range execPlaces {
		if !bytes.Contains(text, []byte(in.holds)) {
			continue
		}
		m := in.re.FindSubmatch(text)
		if m == nil {
			continue
		}
		var namespace []byte
		for i, name := range in.re.SubexpNames() {
			switch name {
			case "exec":
				if container, ok := x.containers[longID(m[i])]; ok {
					p.container = container[:]
				}
			case "container":
				p.container = m[i]
			case "namespace":
				namespace = m[i]
			case "pod":
				p.pod = m[i]
			case "uid":
				p.uid = m[i]
			case "member":
				p.member = m[i]
			}
		}
		if namespace != nil {
			p.pod = slices.Concat(namespace, []byte("/"), p.pod)
		}
		return p
	}
	return p
}

func (x *execs) start(exec, container longID) {
	if x.containers == nil {
		x.containers = map[longID]longID{}
	}
	if len(x.ring) < maxExecs {
		x.ring = append(x.ring, exec)
	} else {
		delete(x.containers, x.ring[x.next])
		x.ring[x.next] = exec
		x.next = (x.next + 1) % maxExecs
	}
	x.containers[exec] = container
}
