# shellcheck shell=sh
# A filesystem is frozen, as a snapshot job does it that forgets the thaw. The
# containers that write to it sleep in D: no signal ends them, and docker stop gets
# no exit event.

# shellcheck disable=SC2034 # keep.sh makes and thaws it
disk=yes

provoke() {
	for c in writer batch; do
		# shellcheck disable=SC2016
		start "$c" -v /srv/data:/data busybox:lab sh -c 'while :; do echo line >>/data/$0.log; sleep 0.2; done' "$c"
	done
	fsfreeze -f /srv/data || return 1
	for c in writer batch; do
		pid=$(pid_of "$c")
		until_ok 10 grep -q '^State:.D' "/proc/$pid/status" || return 1
	done
	for c in writer writer writer batch; do ask 40 docker stop -t 0 "$c"; done
	# dockerd gives up ten seconds after its SIGKILL.
	until_ok 30 grep -q 'did not receive an exit event' /var/log/docker.log
}

undo() { fsfreeze -u /srv/data; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-dstate-frozen-fs",
		 "root_cause": "container processes in uninterruptible sleep (D) on a frozen filesystem",
		 "accept": ["filesystem-frozen"],
		 "tier": "certain",
		 "must_explain": ["dstate-container-unkillable", "dockerd-no-exit-event-after-kill"],
		 "must_not_conclude_rules": ["dockerd-kill-wait-dstate-leak", "docker-client-socket-leak-unclosed-client"]
		}
	JSON
}
