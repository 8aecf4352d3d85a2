package fact

// MountSide is on whose side of the node a mount namespace lies.
type MountSide string

// The sides, by who lives in the namespace. A removal looks only into the one
// that dockerd lives in; what it unmounts there reaches the others by propagation
// or not at all.
const (
	SideDockerd   MountSide = "dockerd"   // dockerd's own, which is mostly that of pid 1 too
	SideHost      MountSide = "host"      // that of pid 1, where dockerd is not in it or was not seen
	SideShim      MountSide = "shim"      // that of a shim or containerd
	SideContainer MountSide = "container" // that of a container
	SideProcess   MountSide = "process"   // any other: a service with PrivateTmp, unshare -m
)

// Rootfs is one mount of a container's root filesystem (or of its shm) as one
// mount namespace shows it. The container's own view, where it is the root, is
// none: a container holds its own filesystem by right.
type Rootfs struct {
	At Place
	// Layer is what the path calls it: the folder below overlay2, aufs/mnt,
	// devicemapper/mnt ..., or the id of the container whose shm or bundle it is.
	Layer string
	// Container is the full id of the container whose filesystem it is, "" unknown.
	// Name is that container's name, else the beginning of Layer.
	Container, Name string
	// Point is where the namespace shows it, Origin where the engine mounts it.
	Point, Origin string
	Dev, FSType   string
	// NS is the mount namespace, as in Mount; Side whose it is.
	NS   string
	Side MountSide
	// Holder is the process that keeps the namespace alive: the one whose parent is
	// init or a shim, else the oldest. HolderUnit is its systemd unit and
	// HolderContainer its container, "" none.
	Holder                                  int
	HolderComm, HolderUnit, HolderContainer string
	// Linked is whether an unmount at Origin in dockerd's namespace reaches this
	// mount: mount_namespaces(7), shared subtrees. Unknown where dockerd's mountinfo
	// is missing and the mount's own tags leave it open.
	Linked Opt[bool]
	// Live is whether its container runs.
	Live Opt[bool]
	Refs []Ref
}

// Bound reports whether the mount shows at another place than the engine's: below
// a bind of the data root.
func (r *Rootfs) Bound() bool { return r.Point != r.Origin }

// Key is the scope of findings about the root filesystem: the layer, whatever
// superblock it has today.
func (r *Rootfs) Key() Key { return layerKey(r.At, r.Layer, r.Name) }

// LayerKey is the key of the root filesystem that the lines speak of, without a
// name.
func (h *Hit) LayerKey() Key { return layerKey(h.At, h.Layer, "") }

func layerKey(at Place, layer, name string) Key {
	return NewKey(KeyMount, at, "layer "+layer, name)
}

// Sysctl is one kernel parameter, sysctl(8).
type Sysctl struct {
	At Place
	// Name in dots: "fs.may_detach_mounts"; Value as printed.
	Name, Value string
	Refs        []Ref
}
