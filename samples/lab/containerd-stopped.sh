# shellcheck shell=sh disable=SC2154 # node.sh knows the pids of its daemons
# containerd is stopped by SIGSTOP: docker ps answers, and what needs containerd
# (exec, run, stop) hangs inside dockerd.

# shellcheck disable=SC2034 # for check.sh
hangs=yes shell='busybox ash'

provoke() {
	kill -STOP "$containerd"
	until_ok 5 grep -q '^State:.T' "/proc/$containerd/status" || return 1
	ask 300 docker exec app true
	ask 300 docker exec job true
	ask 300 docker top app
	sleep 2
}

undo() { kill -CONT "$containerd"; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-containerd-stopped",
		 "root_cause": "containerd is stopped by SIGSTOP (state T): every call that needs it hangs",
		 "accept": ["containerd-stopped-by-signal"],
		 "tier": "certain",
		 "must_not_conclude_rules": ["dockerd-stopped-by-signal", "dockerd-event-stream-exited"]
		}
	JSON
}
