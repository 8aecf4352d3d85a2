package fact

import "time"

// Kind says what a source holds. It is found from the path's tail and the first
// part of the content, so that renamed and loose files work.
type Kind string

// The kinds of source.
const (
	KindUnknown     Kind = ""
	KindEmpty       Kind = "empty"
	KindManifest    Kind = "manifest"              // our own manifest.jsonl
	KindCollectLog  Kind = "collect-log"           // one line a collected command with rc and duration
	KindGoroutines  Kind = "goroutines"            // text dump: debug=1, debug=2, SIGUSR1 file, SIGQUIT
	KindProfile     Kind = "profile"               // pprof protobuf: goroutine or heap
	KindLog         Kind = "log"                   // daemon or system log, any line format
	KindKernelLog   Kind = "kernel-log"            // dmesg, kern.log
	KindTerminal    Kind = "terminal"              // pasted shell session
	KindPS          Kind = "ps"                    // any ps listing with a header
	KindProcStatus  Kind = "proc-status"           // /proc/PID/status
	KindProcStat    Kind = "proc-stat"             // /proc/PID/stat
	KindProcStack   Kind = "proc-stack"            // /proc/PID/stack
	KindProcWchan   Kind = "proc-wchan"            // /proc/PID/wchan
	KindProcCgroup  Kind = "proc-cgroup"           // /proc/PID/cgroup
	KindProcLimits  Kind = "proc-limits"           // /proc/PID/limits
	KindProcFD      Kind = "proc-fd"               // listing of /proc/PID/fd, "N -> target"
	KindProcFDCount Kind = "proc-fd-count"         // a number
	KindProcCmdline Kind = "proc-cmdline"          // NUL separated
	KindProcComm    Kind = "proc-comm"             // /proc/PID/comm
	KindProcNS      Kind = "proc-ns"               // readlink of /proc/PID/ns/{mnt,net,pid}: "mnt:[4026531840]"
	KindProcSyscall Kind = "proc-syscall"          // /proc/PID/syscall
	KindLocks       Kind = "proc-locks"            // /proc/locks
	KindMountinfo   Kind = "mountinfo"             // /proc/PID/mountinfo
	KindSS          Kind = "ss"                    // ss -anp, ss -xp
	KindNetstat     Kind = "netstat"               // netstat -apn
	KindNetUnix     Kind = "net-unix"              // /proc/net/unix
	KindDockerPS    Kind = "docker-ps"             // docker ps table
	KindInspect     Kind = "docker-inspect"        // docker inspect JSON
	KindDockerVers  Kind = "docker-version"        // docker version text
	KindDockerInfo  Kind = "docker-info"           // docker info text
	KindDaemonJSON  Kind = "daemon-json"           // /etc/docker/daemon.json
	KindUnit        Kind = "unit"                  // systemd unit or drop-in
	KindTasks       Kind = "containerd-tasks"      // ctr tasks ls
	KindContainers  Kind = "containerd-containers" // ctr containers ls
	KindRuncVersion Kind = "runc-version"          // runc --version
	KindRuncState   Kind = "runc-state"            // state.json of one container
	KindRunListing  Kind = "run-listing"           // ls -lR /run
	KindKubeletConf Kind = "kubelet-config"        // KubeletConfiguration, YAML or JSON
	KindKubeletArgs Kind = "kubelet-flags"         // variables of kubelet's unit
	KindCPUManager  Kind = "cpu-manager-state"     // /var/lib/kubelet/cpu_manager_state
	KindContainerdC Kind = "containerd-config"     // containerd's config.toml
	KindFreezer     Kind = "freezer"               // freezer.state or cgroup.events, single or "path: value" lines
	KindCgroupCount Kind = "cgroup-counts"         // files of the pids and memory controllers, single or "path: value" lines
	KindUname       Kind = "uname"
	KindOSRelease   Kind = "os-release"
	KindHostname    Kind = "hostname"
	KindBootID      Kind = "boot-id"
	KindDate        Kind = "date" // date at the start and, on a second line, at the end of the collection
	KindUptime      Kind = "uptime"
	KindSamples     Kind = "samples" // "EPOCH DAEMON PID METRIC VALUE" lines of the collector
	KindSysctl      Kind = "sysctl"  // sysctl -a, or one file of /proc/sys
	KindArchive     Kind = "archive" // inside the bundle; its members are sources of their own
	KindText        Kind = "text"    // readable text that no parser of ours wants
	KindBinary      Kind = "binary"
)

// State says how complete a source is.
type State string

// The states of a source or a collected item.
const (
	Complete  State = "ok"
	TimedOut  State = "timeout" // the command did not end in time: evidence in itself
	Denied    State = "denied"
	Absent    State = "absent"
	Truncated State = "truncated" // cut by a cap, by damage, or in the middle of a line
	Skipped   State = "skipped"
)

// Source is one collected file.
type Source struct {
	// Path inside the bundle, slash separated, cleaned, without a leading slash.
	Path string
	Kind Kind
	// State is Complete unless the bundle or its damage says otherwise.
	State State
	// Size is the number of decompressed bytes read.
	Size int64
	// SHA256 is the hex digest of those bytes, "" where no manifest states one to
	// hold it against.
	SHA256 string
	At     Place
}

// Item is one collection step as the collector recorded it, whether or not it
// left a file. A timed-out command is evidence: docker inspect hung, df hung.
type Item struct {
	At Place
	// Path of the file it left in the bundle, "" when none.
	Path string
	// Command as it was run, for example "docker inspect 0123abcd".
	Command string
	// Tool is the first word of the command without directories: docker, ctr, df.
	Tool string
	// Verb is the subcommand where the tool has one: "inspect", "ps", "tasks ls".
	Verb     string
	State    State
	RC       Opt[int]
	Start    time.Time
	Duration time.Duration
	Refs     []Ref

	// Container is the full id of the container that a docker command names, "" none;
	// set by package join.
	Container string
	// Alone is whether it timed out while the same command was answered for another
	// container: it is that container which hangs, not the daemon.
	Alone bool
}

// Problem is input that is damaged, refused or odd. The rest is still analysed.
type Problem struct {
	Ref Ref
	// Text says what is wrong, in lower case, without a period.
	Text string
}
