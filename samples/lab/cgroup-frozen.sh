# shellcheck shell=sh
# Somebody other than docker froze a container's cgroup: docker shows it running,
# its processes stand still, and runc refuses an exec.

# shellcheck disable=SC2034 # for check.sh
shell='bash --posix'

# freezer_of PID: the file that freezes its cgroup, of version 1 or 2.
freezer_of() {
	v1=/sys/fs/cgroup/freezer$(sed -n 's/^[0-9]*:freezer://p' "/proc/$1/cgroup")/freezer.state
	v2=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")/cgroup.freeze
	if [ -f "$v1" ]; then echo "$v1"; else echo "$v2"; fi
}

# freezing WORDS FOR 1 AND 2: writes the one that the file takes.
freezing() {
	case $freezer in
	*/freezer.state) echo "$1" >"$freezer" ;;
	*) echo "$2" >"$freezer" ;;
	esac
}

provoke() {
	start cold busybox:lab sh -c 'while :; do sleep 1; done'
	freezer=$(freezer_of "$(pid_of cold)")
	freezing FROZEN 1 || return 1
	case $freezer in
	*/freezer.state) until_ok 5 grep -q FROZEN "$freezer" || return 1 ;;
	*) until_ok 5 grep -q 'frozen 1' "${freezer%/*}/cgroup.events" || return 1 ;;
	esac
	docker exec cold true && return 1
	docker exec cold true && return 1
	return 0
}

undo() { freezing THAWED 0; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-cgroup-frozen",
		 "root_cause": "the cgroup of container cold was frozen from outside docker",
		 "accept": ["cgroup-frozen-externally", "cgroup-freezer-frozen"],
		 "tier": "certain",
		 "must_not_conclude_rules": ["filesystem-frozen", "container-paused"]
		}
	JSON
}
