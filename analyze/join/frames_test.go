package join

import (
	"strings"
	"testing"
)

// TestDecide holds the algorithm against kernel stacks of several generations,
// innermost frame first.
func TestDecide(t *testing.T) {
	for _, tt := range []struct{ name, stack, on, frame string }{
		{"frozen, write, 6.x", "percpu_rwsem_wait vfs_write ksys_write do_syscall_64", "frozen-fs", "vfs_write"},
		{"frozen, open, 6.x", "percpu_rwsem_wait mnt_want_write path_openat do_filp_open", "frozen-fs", "mnt_want_write"},
		{"frozen, hung-task trace, 6.8", "percpu_rwsem_wait __percpu_down_read vfs_write ksys_write", "frozen-fs", "vfs_write"},
		{"frozen, 5.4", "rwsem_down_read_slowpath __percpu_down_read __sb_start_write mnt_want_write path_openat", "frozen-fs", "mnt_want_write"},
		{"frozen, 4.18", "rwsem_down_read_failed __percpu_down_read __sb_start_write vfs_write ksys_write", "frozen-fs", "vfs_write"},
		{"frozen, 3.10", "__sb_start_write mnt_want_write do_last path_openat", "frozen-fs", "mnt_want_write"},
		{"frozen, page fault", "percpu_rwsem_wait ext4_page_mkwrite do_page_mkwrite handle_mm_fault", "frozen-fs", "ext4_page_mkwrite"},
		{"frozen, xfs transaction", "percpu_rwsem_wait xfs_trans_alloc xfs_vn_update_time", "frozen-fs", "xfs_trans_alloc"},
		{"frozen, compiler suffix", "percpu_rwsem_wait.isra.0 vfs_write.part.0 ksys_write", "frozen-fs", "vfs_write.part.0"},
		{"the cgroup lock, exit", "percpu_rwsem_wait exit_signals do_exit do_group_exit", "cgroup", "exit_signals"},
		{"the cgroup lock, fork", "percpu_rwsem_wait __percpu_down_read copy_process kernel_clone", "cgroup", "copy_process"},
		{"cpu hotplug", "percpu_rwsem_wait cpus_read_lock static_key_slow_inc", "hotplug", "cpus_read_lock"},
		{"file locks", "percpu_rwsem_wait flock_lock_inode_wait", "filelock", "flock_lock_inode_wait"},
		{"percpu_rwsem_wait alone", "percpu_rwsem_wait", "", ""},
		{"percpu_rwsem_wait over something else", "percpu_rwsem_wait some_driver_ioctl vfs_write", "unknown", "some_driver_ioctl"},
		{"nfs", "rpc_wait_bit_killable __rpc_wait_for_completion_task nfs4_do_close do_exit", "nfs", "rpc_wait_bit_killable"},
		{"nfs below a page wait", "io_schedule wait_on_page_bit nfs_wb_page vfs_fsync", "nfs", "nfs_wb_page"},
		{"nfs by its bit", "bit_wait __wait_on_bit out_of_line_wait_on_bit nfs_wait_on_request nfs_flush", "nfs", "nfs_wait_on_request"},
		{"fuse", "request_wait_answer fuse_simple_request fuse_lookup_name path_openat", "fuse", "request_wait_answer"},
		{"cifs", "wait_for_response cifs_send_recv smb2_query_path_info", "cifs", "wait_for_response"},
		{"cephfs", "wait_for_completion_killable ceph_mdsc_wait_request ceph_mdsc_do_request", "ceph", "ceph_mdsc_wait_request"},
		{"ext4 journal", "jbd2_log_wait_commit ext4_sync_file vfs_fsync_range", "block", "jbd2_log_wait_commit"},
		{"block tags", "io_schedule blk_mq_get_tag blk_mq_submit_bio", "block", "blk_mq_get_tag"},
		{"a page of a local file", "io_schedule folio_wait_bit_common filemap_read ext4_file_read_iter", "block", "ext4_file_read_iter"},
		{"a page of nobody", "io_schedule folio_wait_bit_common filemap_read vfs_read", "page", "folio_wait_bit_common"},
		{"xfs log", "xlog_cil_force_seq xfs_log_force_seq xfs_file_fsync", "xfs", "xlog_cil_force_seq"},
		{"xfs starved", "congestion_wait kmem_zone_alloc xfs_trans_alloc xfs_inactive", "xfs", "xfs_trans_alloc"},
		{"dm suspend", "schedule_timeout dm_wait_for_completion dm_suspend dev_suspend", "dm", "dm_wait_for_completion"},
		{"net namespaces", "__mutex_lock_slowpath copy_net_ns create_new_namespaces copy_process", "net", "copy_net_ns"},
		{"memcg", "mem_cgroup_oom_synchronize pagefault_out_of_memory", "memcg", "mem_cgroup_oom_synchronize"},
		{"zap", "do_wait kernel_wait4 zap_pid_ns_processes do_exit", "pidns", "zap_pid_ns_processes"},
		{"frozen task", "__refrigerator get_signal arch_do_signal_or_restart", "freezer", "__refrigerator"},
		{"core dump", "wait_for_dump_helpers do_coredump get_signal", "coredump", "wait_for_dump_helpers"},
		{"a mutex of nobody known", "__mutex_lock_slowpath mutex_lock some_driver_ioctl", "unknown", "some_driver_ioctl"},
		{"nothing", "", "", ""},
	} {
		d := decide(strings.Fields(tt.stack))
		if d.on != tt.on || d.frame != tt.frame {
			t.Errorf("%s: got %s by %s, want %s by %s", tt.name, d.on, d.frame, tt.on, tt.frame)
		}
	}
}

func TestThroughFD(t *testing.T) {
	for stack, want := range map[string]bool{
		"vfs_write ksys_write":                         true,
		"mnt_want_write path_openat do_filp_open":      false,
		"mnt_want_write_file do_sys_ftruncate":         true,
		"filename_create do_mkdirat":                   false,
		"ext4_page_mkwrite do_page_mkwrite do_fault":   false,
		"xfs_trans_alloc xfs_setattr vfs_write":        true,
		"xfs_trans_alloc xfs_create path_openat write": false,
	} {
		if got := throughFD(strings.Fields(stack)); got != want {
			t.Errorf("%s: %v", stack, got)
		}
	}
}

// FuzzDecide: no stack makes it fail, and what it names stands in the stack.
func FuzzDecide(f *testing.F) {
	f.Add("percpu_rwsem_wait vfs_write ksys_write")
	f.Add("io_schedule wait_on_page_bit * .")
	f.Fuzz(func(t *testing.T, text string) {
		stack := strings.Fields(text)
		d := decide(stack)
		if d.frame != "" && !strings.Contains(text, d.frame) {
			t.Errorf("frame %q is not in %q", d.frame, text)
		}
		if len(d.via) > len(stack) {
			t.Errorf("via %q is longer than the stack", d.via)
		}
	})
}
