# shellcheck shell=sh disable=SC2154 # node.sh knows the pids of its daemons
# dockerd is stopped by SIGSTOP: every docker call hangs, and connections queue at
# its socket.

# shellcheck disable=SC2034 # for check.sh
hangs=yes

provoke() {
	kill -STOP "$dockerd"
	until_ok 5 grep -q '^State:.T' "/proc/$dockerd/status" || return 1
	ask 300 docker ps
	ask 300 docker ps
	ask 300 docker version
	sleep 1
}

undo() { kill -CONT "$dockerd"; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-dockerd-stopped",
		 "root_cause": "dockerd is stopped by SIGSTOP (state T)",
		 "accept": ["dockerd-stopped-by-signal"],
		 "tier": "certain",
		 "must_not_conclude_rules": ["containerd-stopped-by-signal"]
		}
	JSON
}
