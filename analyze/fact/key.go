package fact

import (
	"cmp"
	"strings"
)

// KeyKind is what a finding can be about.
type KeyKind string

// The kinds of scope, as rules write them in `per` and `on`.
const (
	KeyContainer KeyKind = "container"
	KeyPID       KeyKind = "pid"
	KeyMount     KeyKind = "mount"
	KeyDaemon    KeyKind = "daemon"
	KeyNode      KeyKind = "node"
)

// KeyKinds lists every kind.
var KeyKinds = []KeyKind{KeyContainer, KeyPID, KeyMount, KeyDaemon, KeyNode}

// Key identifies one container, process, superblock, daemon or node. Equal keys
// are the same thing; keys of different node boots are never equal.
type Key struct {
	Kind KeyKind
	Node string
	Boot string
	// ID is the full container id, the pid, the superblock as "major:minor" or the
	// root filesystem of a container as "layer <id>", the daemon instance ("dockerd",
	// "containerd"), or the host name.
	ID string
	// Name is what people call it: a container name, a process's comm, a mount
	// point. It plays no part in identity.
	Name string
}

// NewKey makes a key of kind at the node and boot of p.
func NewKey(kind KeyKind, p Place, id, name string) Key {
	return Key{Kind: kind, Node: p.Node, Boot: p.Boot, ID: id, Name: name}
}

// Same reports whether both keys name the same thing.
func (k Key) Same(o Key) bool { return k.Compare(o) == 0 }

// IsZero reports whether the key names nothing.
func (k Key) IsZero() bool { return k.Kind == "" }

// Compare orders keys by kind, node, boot and id; it ignores Name.
func (k Key) Compare(o Key) int {
	return cmp.Or(strings.Compare(string(k.Kind), string(o.Kind)), strings.Compare(k.Node, o.Node),
		strings.Compare(k.Boot, o.Boot), strings.Compare(k.ID, o.ID))
}

// unnamed begins the ids of things that are there and that nothing names.
const unnamed = "unnamed "

// Unnamed is the key of something that the evidence shows without naming it: the
// filesystem of a writer whose mountinfo is missing. what tells such keys apart.
func Unnamed(kind KeyKind, p Place, what, name string) Key {
	return NewKey(kind, p, unnamed+what, name)
}

// Named reports whether the evidence names what the key stands for.
func (k Key) Named() bool { return !strings.HasPrefix(k.ID, unnamed) }

// Identity is the key without its name, usable as a map key.
func (k Key) Identity() Key {
	k.Name = ""
	return k
}

// Edge is a connection that a join found between two keys: a D task waits on a
// superblock, a process belongs to a container, a container is managed by a
// daemon, a daemon runs on a node. Explanations travel along edges only.
type Edge struct {
	From, To Key
	// Rel says in a few words what connects them: "waits on", "belongs to",
	// "is managed by", "calls", "runs on".
	Rel  string
	Refs []Ref
}
