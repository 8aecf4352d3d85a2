package fact

import (
	"strings"
	"time"
)

// Process is one process (or a thread in D) with what ps and /proc/PID told.
// Partial rows of the same pid are merged; what no source told is unknown.
type Process struct {
	At   Place
	PID  int
	PPID Opt[int]
	// Comm is the command name (at most 15 bytes in /proc); Args the whole
	// command line, "" when unknown or when the process has none left.
	Comm, Args string
	// State is the first letter of ps's STAT or of status: R, S, D, T, t, Z, X, I.
	// "" is unknown.
	State string
	// WChan is the kernel function it sleeps in; "" unknown, "-" or "0" none.
	WChan string
	// Stack is the kernel stack as function names, innermost first; nil unknown.
	Stack []string
	// NSPID are its pids in nested pid namespaces, outermost first; nil unknown.
	// The last one 1 means: init of a container.
	NSPID []int
	// Cgroups are the paths of /proc/PID/cgroup by controller ("freezer",
	// "name=systemd", "" for v2); nil unknown. A dead or dying task is in "/".
	Cgroups map[string]string
	// Start is the start time in clock ticks after boot (stat field 22).
	Start Opt[int64]
	// Age is the elapsed time that ps printed.
	Age Opt[time.Duration]
	RSS Opt[int64] // KiB
	// Threads is the number of threads.
	Threads Opt[int]
	// MntNS, NetNS, PIDNS are namespace inode numbers, "" unknown.
	MntNS, NetNS, PIDNS string
	// FDs are the open files seen; FDCount their number, which may be known alone.
	FDs     []FD
	FDCount Opt[int]
	// NoFile is the soft limit of open files, NoFileHard the hard one.
	NoFile, NoFileHard Opt[int64]
	// KillPending is whether a SIGKILL waits (SigPnd or ShdPnd bit 9): somebody
	// tried to kill it and it cannot act.
	KillPending Opt[bool]
	// Tracer is the pid that traces it, 0 none.
	Tracer Opt[int]
	// SyscallFD is the first argument of the system call it is in, where that is
	// a write (from /proc/PID/syscall).
	SyscallFD Opt[int]
	// Refs, the most telling first: stack, status, ps.
	Refs []Ref
	// StackRef, StateRef, KillRef and ArgsRef are the lines of the kernel stack, of the
	// state, of the signal mask with the SIGKILL and of the command line.
	StackRef, StateRef, KillRef, ArgsRef Ref
	// Hung is whether the kernel reported the task hung ("blocked for more than 120
	// seconds"); known where it did and the task still is in D, or where there is
	// a kernel log.
	Hung Opt[bool]

	// What the command line and the cgroups mean:

	// Daemon is the role of the process: dockerd, containerd, containerd-shim,
	// kubelet, runc, "" none of them.
	Daemon string
	// CPUManager is the policy that kubelet's command line sets, "" none.
	CPUManager string
	// Serves is the container of a shim, with containerd's namespace; ServesV1
	// that the shim is of runtime v1.
	Serves, ServesNamespace string
	ServesV1                bool
	// Container is the full id of the container it runs in, "" none or unknown.
	// Package join fills it in for processes whose cgroup no longer says.
	Container string

	// What package join adds:

	// Freezer is the state of its cgroup's freezer: THAWED, FREEZING, FROZEN; ""
	// unknown. The root cgroup cannot be frozen. FreezerRef says where.
	Freezer    string
	FreezerRef Ref
	// ParentRuns says of a zombie whether its parent is in the same container and
	// could reap it: it is in an ordinary state.
	ParentRuns Opt[bool]
	// ByExec is whether an exec brought it into its container: its parent is the
	// shim and it is not the init. Unknown where parent or init are.
	ByExec Opt[bool]
	// Wait says what it waits for; the zero value means an ordinary state.
	Wait Wait
}

// FD is one open file descriptor.
type FD struct {
	N      int
	Target string // "/data/b.0", "pipe:[645589]", "socket:[651023]"
}

// WaitClass is why a process does not run.
type WaitClass string

// The classes. A frozen task is never uninterruptible, whatever its letter says.
const (
	WaitNone            WaitClass = ""
	WaitUninterruptible WaitClass = "uninterruptible"
	WaitFrozen          WaitClass = "frozen"
	WaitStopped         WaitClass = "stopped"
	WaitTraced          WaitClass = "traced"
	WaitZombie          WaitClass = "zombie"
	// WaitChildren is a dying container init that waits in zap_pid_ns_processes
	// for the other processes of its pid namespace; its state may be S or D.
	WaitChildren WaitClass = "children"
)

// Wait is what a process waits for, by the algorithm of package join.
type Wait struct {
	Class WaitClass
	// On is the subsystem that owns the wait: "frozen-fs", "nfs", "cifs", "fuse",
	// "ceph", "xfs", "block", "dm", "cgroup", "net", "memcg", "coredump", "freezer",
	// "pidns", "rcu", "hotplug", "filelock"; "page" for a page of a filesystem that
	// no frame names; "unknown" when the stack names none; "" when there is none.
	On string
	// Frame is the kernel function that decided On; Via are the frames above it
	// that are not scheduler noise.
	Frame string
	Via   []string
	// Mounts are the superblocks it can be waiting on: one when it is known, more
	// when only candidates remain, none when nothing tells.
	Mounts []Key
	// Blocker is, for WaitChildren, the pid it waits for, 0 none found;
	// BlockerClass what that one waits for in turn.
	Blocker      int
	BlockerClass WaitClass
	Refs         []Ref
	// File is the open file that is being written, "" unknown or several.
	File string
	// MountRefs are the mountinfo lines that name the superblocks.
	MountRefs []Ref
}

// Mount is one line of a mountinfo file, as proc_pid_mountinfo(5) describes it.
type Mount struct {
	At Place
	// NS is the inode number of the mount namespace, or "pid:N" of the process
	// whose file it was where that is unknown. PIDs share the namespace.
	NS   string
	PIDs []int
	// ID and Parent are mount ids, unique in the kernel while mounted.
	ID, Parent int
	// Dev is "major:minor" of the superblock.
	Dev string
	// Root is the path inside the filesystem that is mounted; Point where.
	Root, Point string
	// Options are per-mount, Super per superblock.
	Options, Super []string
	// Shared, Master and PropagateFrom are peer group ids, 0 none.
	Shared, Master, PropagateFrom int
	Unbindable                    bool
	FSType, Device                string
	Refs                          []Ref

	// What package join adds:

	// Side is whose namespace it is in, Container the container that lives there, ""
	// none.
	Side      MountSide
	Container string
	// CutsPropagation is set for the root of a graph driver that is a private bind
	// of itself below a shared mount: no unmount below it is propagated.
	CutsPropagation bool
	// Copies is how often its namespace shows the same filesystem and root at the
	// same place, itself included.
	Copies int
}

// Socket is one socket of ss, netstat or /proc/net/unix.
type Socket struct {
	At Place
	// NetNS is the network namespace's inode number, "" the node's own, or "pid:N" of the
	// process whose /proc/N/net/unix it was where that is unknown.
	NetNS string
	// Netid is u_str, u_dgr, u_seq, tcp, tcp6, udp, udp6, nl, raw ...
	Netid string
	// State is ESTAB, LISTEN, UNCONN ... in ss's words.
	State        string
	RecvQ, SendQ Opt[int64]
	// Local and Peer are addresses or paths; "" or "*" unnamed.
	Local, Peer string
	Inode       int64
	// PeerInode is known where ss printed one; 0 means the other end is gone.
	PeerInode Opt[int64]
	// Owners are the processes that hold it.
	Owners []SocketOwner
	Refs   []Ref

	// What package join adds:

	// Daemon is the daemon that holds it, "" none.
	Daemon string
	// Path is the listening path of a unix socket of a daemon: "docker.sock",
	// "containerd.sock" ...; "" others.
	Endpoint string
	// PeerState is "gone", "live", "" unknown or not a daemon's socket.
	PeerState string
	// PeerOwners are the processes that hold the other end.
	PeerOwners []SocketOwner
}

// SocketOwner is a process that holds a socket.
type SocketOwner struct {
	Name string
	PID  int
	FD   int
}

// Container is what docker, containerd and the node's processes say of one
// container.
type Container struct {
	At   Place
	ID   string // full id
	Name string
	// Namespace is containerd's: moby, k8s.io; "" unknown.
	Namespace string
	// Docker is docker's state: running, paused, restarting, exited, dead,
	// created, removing; "" unknown.
	Docker string
	// PID is docker's idea of the init process; 0 when not running.
	PID Opt[int]
	// Paused is .State.Paused.
	Paused Opt[bool]
	// Started is .State.StartedAt.
	Started time.Time
	// Up is for how long docker ps says it is up, rounded down; unknown for
	// containers that are not.
	Up Opt[time.Duration]
	// ExitCode is docker's, of a container that has exited; OOMKilled is
	// .State.OOMKilled.
	ExitCode  Opt[int]
	OOMKilled Opt[bool]
	// LogDriver is .HostConfig.LogConfig.Type, "" unknown.
	LogDriver string
	// Task is containerd's task status: RUNNING, STOPPED, PAUSED, CREATED; ""
	// unknown. TaskPID is the pid it gives. NoTask is set when a complete task
	// listing does not hold the container.
	Task    string
	TaskPID Opt[int]
	NoTask  bool
	// Runtime is io.containerd.runtime.v1.linux, io.containerd.runc.v2 ...
	Runtime string
	// Freezer is THAWED, FREEZING or FROZEN; "" unknown. FreezerRef says where.
	Freezer    string
	FreezerRef Ref
	// Pids and PidsMax are those of its cgroup or, where it has no limit itself, of its
	// pod's; PidsRefused, Memory, MemoryMax and OOMKills are its own, as in CgroupCount.
	Pids, PidsMax, PidsRefused  Opt[int64]
	Memory, MemoryMax, OOMKills Opt[int64]
	PidsRef, RefusedRef, OOMRef Ref
	// FrozenAbove is the path of a cgroup above the container's that is frozen, ""
	// none.
	FrozenAbove string
	// Pod and PodNamespace from labels, "" none.
	Pod, PodNamespace string
	// Rootfs is where the graph driver mounts its root filesystem, "" unknown.
	Rootfs string
	// DockerSocket is set where docker's socket is bind-mounted into it.
	DockerSocket bool
	// StateFile is what runc's state.json of the container is: "whole", "empty",
	// "cut" (no whole JSON document); "" unknown. StateFileRef says where.
	StateFile    string
	StateFileRef Ref
	Refs         []Ref

	// What package join adds:

	// ShimSide is whose mount namespace its shim lives in, "" unknown; ShimSideRef is
	// the first line of that namespace's mountinfo.
	ShimSide    MountSide
	ShimSideRef Ref
	// ShimOlder is whether its shim is older than the running dockerd: dockerd was
	// restarted and the container lived on.
	ShimOlder Opt[bool]

	// Shim is the pid of its shim, 0 none seen.
	Shim int
	// ShimAlive is known where a complete process listing exists; ShimState is its
	// state letter.
	ShimAlive Opt[bool]
	ShimState string
	// ShimV1 is set for a containerd-shim of runtime v1.
	ShimV1 bool
	// InitAlive is whether the init process (docker's pid, else the task's) is in
	// a complete process listing, alive or as a zombie.
	InitAlive Opt[bool]
	// Settled is whether it started well before the collection, so that listings
	// taken seconds apart must agree on it.
	Settled Opt[bool]
	// ExecRecovered is, where an exec in it failed, whether later ones were started
	// and ended without failing; false when at least three failed and none did not, or
	// when runc's state.json of it is broken.
	ExecRecovered Opt[bool]
	// ExecRecoveredRef is the latest exec that was started, or the broken state.json.
	ExecRecoveredRef Ref
	// ContainerdRestarted is whether the running containerd is younger than the
	// container's shim.
	ContainerdRestarted Opt[bool]
	// ShimBlocked names the function in which a dump of its shim shows it blocked
	// while it handles exits or calls; "" none, or no dump.
	ShimBlocked string
}

// Cgroup is the freezer of one cgroup.
type Cgroup struct {
	At Place
	// Path below the mount of its hierarchy, as /proc/PID/cgroup prints it:
	// "/docker/<id>".
	Path string
	// Freezer is THAWED, FREEZING or FROZEN; v2's "frozen 1" is FROZEN.
	Freezer string
	// Container is the id in the path, "" none.
	Container string
	// Self is freezer.self_freezing, or v2's cgroup.freeze: it was frozen here,
	// not above.
	Self Opt[bool]
	Refs []Ref
}

// Label is how people call the container: its name, or for one of a pod, whose
// docker name is k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT, NAMESPACE/POD/CONTAINER.
func (c *Container) Label() string {
	parts := strings.Split(c.Name, "_")
	if len(parts) == 6 && parts[0] == "k8s" {
		return parts[3] + "/" + parts[2] + "/" + parts[1]
	}
	return c.Name
}

// Teller is what tells a setting of a daemon: a later one overrides an earlier one.
type Teller int

// The tellers.
const (
	ToldByNobody Teller = iota
	ToldByConfig        // its configuration file
	ToldByFlags         // its unit, or a file of variables for it
	ToldByItself        // what it wrote when it started, its command line as it runs
)

// Daemon is one instance of dockerd, containerd, kubelet or CRI-O, or the runc that
// they run.
type Daemon struct {
	At   Place
	Name string // dockerd, containerd, kubelet, crio, runc
	PID  int    // 0 unknown
	// Version as the daemon or its client printed it, "" unknown.
	Version string
	// Vendor is set when the version string carries a distribution's suffix: then
	// fixes may be back-ported and version evidence is a hint only.
	Vendor bool
	// State is the process state letter, "" unknown.
	State string
	// FDCount against NoFile, the soft limit.
	FDCount Opt[int]
	NoFile  Opt[int64]
	// Inotify are the inotify instances among its files; unknown without a listing.
	Inotify Opt[int]
	RSS     Opt[int64] // KiB
	// Listeners are the open /events streams, as docker info prints them
	// (EventsListeners; some releases with debug on only).
	Listeners    Opt[int64]
	ListenersRef Ref
	Age          Opt[time.Duration]
	// LiveRestore and Debug as configured or reported.
	LiveRestore, Debug Opt[bool]
	// Containerd is the address dockerd was told to use, "" own or unknown.
	Containerd string
	// CPUManager is kubelet's CPU manager policy, "static" or "none", "" unknown;
	// CPUManagerRef says where, CPUManagerBy by what.
	CPUManager    string
	CPUManagerRef Ref
	CPUManagerBy  Teller
	// Told is set for a runc whose version the daemon that runs it printed. Without
	// it Version is that of a runc that lies on the node.
	Told bool
	// Runtime is, for dockerd and containerd, the path of the runtime that they are
	// configured to run in place of the runc of their PATH, "" none.
	Runtime string
	// Used is, for runc, whether it is the one that starts the containers: it was
	// told, or the configuration leads nowhere else.
	Used Opt[bool]
	// UnitOptions are "Key=Value" lines of its unit and drop-ins.
	UnitOptions []string
	// NoDump is set when a goroutine dump was asked for and did not come.
	NoDump bool
	// OwnMounts is whether it lives in another mount namespace than pid 1.
	// Propagation is what that namespace then has with the one of pid 1: "slave" or
	// "private", as systemd's MountFlags= makes it, "shared"; "" unknown or the same.
	OwnMounts   Opt[bool]
	Propagation string
	Refs        []Ref
}

// Node is what is known of the machine.
type Node struct {
	At Place
	// Kernel is the release of uname -r; OS the PRETTY_NAME of os-release.
	Kernel, OS string
	// Collected and CollectedEnd are the node's clock at both ends of the
	// collection, zero unknown.
	Collected, CollectedEnd time.Time
	// Uptime at collection.
	Uptime Opt[time.Duration]
	// ForeignMounts is what rmdir does with a mount point that only another mount
	// namespace still uses: "detach" or "block", "" unknown.
	ForeignMounts string
	Refs          []Ref
}
