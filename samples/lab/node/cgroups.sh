# shellcheck shell=sh disable=SC2154
# The cgroup hierarchies of this machine, for keep.sh and node.sh. They set $cg, the
# folder that mount_cgroups filled, and $group, the node's cgroup.

# hierarchies: a line for each cgroup v1 hierarchy that is in use, its controllers,
# and "unified" for version 2. LAB_CGROUP=2 takes version 2 alone.
hierarchies() {
	while IFS=: read -r _ controllers _; do
		case $controllers in
		'') echo unified ;;
		*) [ "${LAB_CGROUP:-}" = 2 ] || echo "$controllers" ;;
		esac
	done </proc/self/cgroup
}

# mount_cgroups FOLDER: every hierarchy under FOLDER, as systemd lays them out;
# version 2 is FOLDER itself when there is nothing else.
mount_cgroups() {
	if [ "$(hierarchies)" = unified ]; then
		mount -t cgroup2 cgroup2 "$1"
		return
	fi
	mount -t tmpfs -o mode=755 cgroup "$1"
	for h in $(hierarchies); do
		dir=$1/${h#name=}
		mkdir -p "$dir"
		case $h in
		unified) mount -t cgroup2 cgroup2 "$dir" ;;
		name=*) mount -t cgroup -o "none,$h" cgroup "$dir" ;;
		*) mount -t cgroup -o "$h" cgroup "$dir" ;;
		esac
	done
}

# groups: the node's cgroup in each hierarchy.
groups() {
	if [ "$(hierarchies)" = unified ]; then
		echo "$cg/$group"
		return
	fi
	for h in $(hierarchies); do echo "$cg/${h#name=}/$group"; done
}

# hand_down FOLDER: the children of this version 2 cgroup get its controllers.
hand_down() {
	tr ' ' '\n' <"$1/cgroup.controllers" | while read -r c; do
		echo "+$c" >"$1/cgroup.subtree_control"
	done 2>/dev/null
}

# enter_cgroups LEAF: this shell, and all that it starts, into a child of the node's
# cgroups, or with "." into these.
enter_cgroups() {
	for g in $(groups); do
		for dir in "$g" "$g/$1"; do
			mkdir -p "$dir" || return 1
			# A cpuset without CPUs takes no task.
			for f in cpuset.cpus cpuset.mems; do
				[ ! -f "$dir/$f" ] || [ -n "$(cat "$dir/$f")" ] || cat "$dir/../$f" >"$dir/$f"
			done
		done
		[ ! -f "$g/../cgroup.controllers" ] || hand_down "$g/.."
		echo 0 >"$dir/cgroup.procs" || return 1
	done
}
