# shellcheck shell=sh
# Keeps a node: builds what it stands on, starts it, and takes everything away
# again, whatever became of it. It stands outside of the node, in a mount namespace
# of its own, so that it can thaw and kill what the node no longer can.
#
#   unshare -m sh keep.sh SCENARIO WORK OUT
set -u
name=$1 work=$2 out=$3
PATH=/usr/bin:/usr/sbin:/bin:/sbin
export PATH

# A node that takes longer is ended: start, provocation and checks, and the
# collector with its deadline of 120 s and 5 s more.
limit=240

# The folder of cgroup hierarchies, and the node's cgroup in each of them.
cg=$work/mnt/cg group=lab-$name-$$
node=''

# shellcheck source=samples/lab/node/cgroups.sh
. "$work/kit/cgroups.sh"

# release: nothing stays frozen. A task that waits for a filesystem or in a frozen
# v1 cgroup cannot even be killed.
release() {
	[ -z "$disk" ] || timeout -k 1 5 fsfreeze -u "$work/mnt/disk" 2>/dev/null
	for g in $(groups); do
		find "$g" -name freezer.state -exec sh -c 'echo THAWED >"$1"' sh {} \; 2>/dev/null
		find "$g" -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' sh {} \; 2>/dev/null
	done
}

# teardown ends the node: its first process takes all others with it.
teardown() {
	trap '' INT TERM HUP
	[ -n "$node" ] && kill -KILL "$node" 2>/dev/null
	node=''
	tries=0
	while [ "$tries" -lt 50 ]; do
		release
		left=0
		for g in $(groups); do
			[ -d "$g" ] || continue
			find "$g" -depth -type d -exec rmdir {} \; 2>/dev/null
			[ ! -d "$g" ] || left=1
		done
		[ "$left" = 1 ] || return 0
		sleep 0.2
		tries=$((tries + 1))
	done
	echo "lab: processes of $name are left in $(groups | head -1):"
	cat "$(groups | head -1)/cgroup.procs"
	return 1
}

# ---- what the node stands on ------------------------------------------------

mount -t tmpfs -o mode=700 kit "$work/mnt" || exit 1
cp -R "$work/kit/." "$work/mnt/" || exit 1
mkdir "$work/mnt/out" "$cg" "$work/mnt/disk" || exit 1
mount --bind "$out" "$work/mnt/out" || exit 1
mount_cgroups "$cg" || exit 1

# A scenario that sets disk=yes gets a small ext4 of its own. It is mounted here
# too: this copy is the handle that thaws it when the node no longer can.
disk=''
# shellcheck disable=SC1090
. "$work/mnt/$name.sh"
if [ -n "$disk" ]; then
	truncate -s 64M "$work/mnt/disk.img" &&
		mkfs.ext4 -q -F "$work/mnt/disk.img" &&
		mount -o loop "$work/mnt/disk.img" "$work/mnt/disk" || exit 1
fi

# ---- the node ---------------------------------------------------------------

trap 'teardown; exit 143' INT TERM HUP
(
	# The parent of the node's first process stays in a leaf: a version 2 cgroup that
	# has processes itself hands no controllers down.
	enter_cgroups keep || exit 1
	exec env -i PATH="$PATH" HOME=/root LANG=C LAB_CGROUP="${LAB_CGROUP:-}" LAB_SHELL="${LAB_SHELL:-}" \
		unshare -mpuni --fork --kill-child --propagation private \
		sh "$work/mnt/node.sh" "$name" "$work/mnt" "$group"
) &
node=$!
# `wait` cannot be bounded, and the node may never end by itself.
waited=0
while kill -0 "$node" 2>/dev/null; do
	if [ "$waited" -ge $((limit * 5)) ]; then
		echo "lab: $name did not end within $limit s"
		teardown
		exit 1
	fi
	sleep 0.2
	waited=$((waited + 1))
done
wait "$node"
status=$?
node=''
teardown || status=1
exit "$status"
