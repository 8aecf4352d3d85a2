package join

import (
	"slices"
	"strings"
)

// The kernel functions that tell what a task waits for. /proc/PID/stack leaves
// out functions marked __sched, hung-task traces in dmesg do not, so the same
// wait may show more or fewer of the noise frames.

// noise are scheduler, locking and generic-wait functions: they say how a task
// waits, not for what. A trailing * matches any rest.
var noise = []string{
	"schedule*", "__schedule*", "io_schedule*", "preempt_schedule*", "__cond_resched*",
	"wait_for_completion*", "__wait_for_common*", "do_wait_for_common*", "wait_for_common*",
	"mutex_lock*", "__mutex_lock*", "mutex_optimistic_spin*", "__ww_mutex*",
	"rwsem_*", "down_read*", "down_write*", "__down*", "down", "down_killable", "call_rwsem_*",
	"percpu_rwsem_wait*", "__percpu_down_read*", "percpu_down_read*", "percpu_down_write*", "__sb_start_write*", "sb_start_write*",
	"bit_wait*", "__wait_on_bit*", "out_of_line_wait_on_bit*", "wait_on_bit*", "prepare_to_wait*", "wait_woken*",
	"autoremove_wake_function*", "queued_*", "_raw_*", "native_queued_*",
}

// readWait are the frames by which a reader of a percpu semaphore waits: the
// frame below them tells whose semaphore it is.
var readWait = []string{"percpu_rwsem_wait", "__percpu_down_read", "percpu_down_read", "__sb_start_write", "sb_start_write"}

// writePath are the callers that ask for write access to a superblock. One of
// them directly below a percpu read wait means: the filesystem is frozen.
// Sources: fs/super.c, fs/namespace.c and public traces of kernels 3.10 to 6.18.
var writePath = []string{
	"__sb_start_write", "sb_start_write", "mnt_want_write", "mnt_want_write_file", "ovl_want_write",
	"vfs_write", "vfs_writev", "do_writev", "vfs_iter_write", "do_iter_write", "do_readv_writev", "io_write", "ksys_write",
	"path_openat", "open_last_lookups", "filename_create", "do_unlinkat", "do_rmdir", "do_renameat2", "do_truncate",
	"do_sys_ftruncate", "vfs_truncate", "vfs_fallocate", "vfs_copy_file_range", "do_splice_direct", "notify_change",
	"*_page_mkwrite", "do_page_mkwrite", "*_evict_inode", "xfs_trans_alloc", "start_transaction", "ext4_journal_start_sb",
}

// byFD are the callers that come in through an open descriptor; the others open,
// create, rename or remove by path.
var byFD = []string{
	"vfs_write", "vfs_writev", "do_writev", "vfs_iter_write", "do_iter_write", "do_readv_writev", "io_write", "ksys_write",
	"mnt_want_write_file", "do_sys_ftruncate", "vfs_fallocate",
	"vfs_fsync*", "do_fsync", "__x64_sys_fsync", "__x64_sys_fdatasync", "vfs_read", "ksys_read", "vfs_readv", "ksys_pread64", "iterate_dir", "vfs_fstat",
}

// byPath are the callers that come in through a path or a page fault.
var byPath = []string{
	"path_openat", "open_last_lookups", "filename_create", "do_unlinkat", "do_rmdir", "do_renameat2", "do_sys_open*", "do_filp_open",
	"*_page_mkwrite", "do_page_mkwrite", "path_lookupat", "filename_lookup", "do_fault*", "handle_mm_fault",
}

// interruptible are waits from which a signal wakes a task: one that shows D in
// them was frozen by a v1 cgroup freezer while it slept there.
var interruptible = []string{
	"hrtimer_nanosleep*", "do_nanosleep*", "common_nsleep*", "unix_stream_read_generic*", "unix_stream_data_wait*", "pipe_read*", "anon_pipe_read*",
	"pipe_wait*", "ep_poll*", "do_epoll_wait*", "futex_wait*", "futex_do_wait*", "__futex_wait*", "do_wait*", "inet_csk_accept*", "skb_wait_for_more_packets*", "__skb_wait_for_more_packets*",
	"sigsuspend*", "do_sigtimedwait*", "poll_schedule_timeout*", "do_poll*", "do_select*", "sk_wait_data*", "tcp_recvmsg*", "inotify_read*", "n_tty_read*",
}

// owner is a subsystem with the functions that only it calls.
type owner struct {
	on     string
	frames []string
}

// owners in the order in which they are asked for each frame. Sources:
// knowledge of the kernel tree and public hung-task traces.
var owners = []owner{
	{"freezer", []string{"__refrigerator", "refrigerator", "do_freezer_trap"}},
	{"pidns", []string{"zap_pid_ns_processes"}},
	{"coredump", []string{"do_coredump", "wait_for_dump_helpers", "dump_emit*", "coredump_task_exit", "exit_mm_release_coredump"}},
	{"nfs", []string{"rpc_*", "__rpc_*", "nfs_*", "nfs2_*", "nfs3_*", "nfs4_*", "nfs41_*", "__nfs_*", "_nfs4_*", "nlm*", "xprt_*"}},
	{"cifs", []string{"cifs_*", "smb2_*", "SMB2_*", "smb_*", "SendReceive*", "wait_for_response", "cifsd*"}},
	{"fuse", []string{"request_wait_answer", "wait_answer_interruptible", "fuse_*", "__fuse_*"}},
	{"ceph", []string{"ceph_*", "__ceph_*", "rbd_*", "libceph*"}},
	{"dm", []string{"dm_suspend", "dm_wait_for_completion", "dm_internal_suspend*", "__dm_suspend"}},
	{"memcg", []string{"mem_cgroup_oom_*", "mem_cgroup_handle_oom", "mem_cgroup_out_of_memory", "pagefault_out_of_memory", "try_charge*", "mem_cgroup_handle_over_high"}},
	{"xfs", []string{"xfs_*", "_xfs_*", "xlog_*", "xfsaild*"}},
	{"cgroup", []string{"copy_process", "exit_signals", "cgroup_*", "__cgroup*", "begin_new_exec", "threadgroup_change_begin"}},
	{"net", []string{"copy_net_ns", "cleanup_net", "netdev_run_todo", "rtnl_lock*", "setup_net", "default_device_exit_batch", "rtnetlink_*"}},
	{"rcu", []string{"synchronize_rcu*", "__wait_rcu_gp", "synchronize_sched*", "rcu_barrier*", "synchronize_srcu*"}},
	{"hotplug", []string{"cpus_read_lock", "get_online_cpus", "get_online_mems"}},
	{"filelock", []string{"flock_lock_inode*", "posix_lock_inode*", "locks_lock_inode*"}},
	{"block", []string{"blk_*", "__blk_*", "submit_bio*", "bio_*", "jbd2_*", "do_get_write_access", "ext4_*", "__ext4_*", "btrfs_*", "wait_current_trans*", "f2fs_*", "blkdev_*",
		"__wait_on_buffer", "wait_on_buffer", "sync_dirty_buffer", "__sync_dirty_buffer", "wbt_wait", "rq_qos_wait", "get_request*", "md_*", "raid*", "dm_*", "scsi_*", "nvme_*", "loop_*"}},
}

// pageWait are waits for a page of some filesystem, local or not: whose it is only
// a frame below can tell.
var pageWait = []string{
	"wait_on_page_bit*", "folio_wait_*", "__folio_lock*", "folio_lock*", "__lock_page*", "lock_page*", "wait_on_page_writeback*", "__filemap_fdatawait*", "filemap_fdatawait*",
	"filemap_*", "file_fdatawait*", "sync_inodes_sb", "ovl_sync_fs", "sync_filesystem", "congestion_wait", "balance_dirty_pages*", "generic_file_*", "read_cache_page*",
}

// isAny reports whether fn matches one of the names; a * at the end or the start
// of a name stands for any text. Compiler suffixes (.isra.0, .part.0) are ignored.
func isAny(fn string, names []string) bool {
	fn, _, _ = strings.Cut(fn, ".")
	return slices.ContainsFunc(names, func(name string) bool {
		switch {
		case strings.HasSuffix(name, "*"):
			return strings.HasPrefix(fn, name[:len(name)-1])
		case strings.HasPrefix(name, "*"):
			return strings.HasSuffix(fn, name[1:])
		}
		return fn == name
	})
}

// decision is what a kernel stack tells.
type decision struct {
	on, frame string
	via       []string
}

// decide walks the stack from its top: noise first, then the first frame that
// names a subsystem with an owner. percpu_rwsem_wait alone decides nothing.
func decide(stack []string) decision {
	i := 0
	percpu := false
	for i < len(stack) && isAny(stack[i], noise) {
		percpu = percpu || isAny(stack[i], readWait)
		i++
	}
	rest := stack[i:]
	if percpu && len(rest) > 0 && isAny(rest[0], writePath) {
		return decision{on: "frozen-fs", frame: rest[0], via: stack[:i]}
	}
	page := ""
	for j, fn := range rest {
		for _, o := range owners {
			if isAny(fn, o.frames) {
				return decision{on: o.on, frame: fn, via: stack[:i+j]}
			}
		}
		if page == "" && isAny(fn, pageWait) {
			page = fn
		}
	}
	switch {
	case page != "" && len(rest) > 1:
		return decision{on: "page", frame: page, via: stack[:i]}
	case len(rest) > 0:
		return decision{on: "unknown", frame: rest[0], via: stack[:i]}
	}
	return decision{via: stack[:i]}
}

// throughFD reports whether the call came in through a descriptor: the first
// frame that tells decides.
func throughFD(frames []string) bool {
	for _, fn := range frames {
		if isAny(fn, byFD) {
			return true
		}
		if isAny(fn, byPath) {
			return false
		}
	}
	return false
}
