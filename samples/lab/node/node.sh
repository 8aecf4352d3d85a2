# shellcheck shell=sh
# The node: first process of its namespaces. Starts containerd and dockerd, runs
# one scenario and the collector, undoes the scenario, judges, and ends; what runs
# then ends with it.
#
#   unshare -mpuni --fork --propagation private sh node.sh SCENARIO KIT GROUP
#
# GROUP is its cgroup; it becomes the root of a cgroup namespace on the second entry.
set -u
name=$1 kit=$2 group=${3:-}
node=lab-$name

fail() {
	echo "lab: $*"
	for log in /var/log/containerd.log /var/log/docker.log; do
		[ ! -f "$log" ] || { echo "--- $log" && tail -n 40 "$log"; }
	done
	exit 1
}

# ---- its own view of the machine ---------------------------------------------

# Programs and devices are those of this machine. What daemons write, and who else
# runs, is the node's own.
# shellcheck source=samples/lab/node/cgroups.sh
. "$kit/cgroups.sh"
if [ -n "$group" ]; then
	mount -t proc -o nosuid,nodev,noexec proc /proc || exit 1
	hostname "$node"
	# shellcheck disable=SC2034
	cg=$kit/cg
	enter_cgroups . || fail "no cgroup"
	exec unshare -C sh "$kit/node.sh" "$name" "$kit"
fi
umount -R "$kit/cg"
umount -R /sys/fs/cgroup 2>/dev/null
mount_cgroups /sys/fs/cgroup || fail "no cgroups"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
	mkdir /sys/fs/cgroup/init
	echo 1 >/sys/fs/cgroup/init/cgroup.procs
	hand_down /sys/fs/cgroup
fi

mkdir "$kit/etc" "$kit/lib"
cp -a /etc/. "$kit/etc/" || fail "no copy of /etc"
mount --bind "$kit/etc" /etc || fail "no /etc"
# Over all of /var/lib, since docker's and containerd's folders need not be there;
# which packages are installed stays known.
mount -t tmpfs -o mode=755 lib "$kit/lib" || fail "no tmpfs"
mkdir "$kit/lib/dpkg" "$kit/lib/docker" "$kit/lib/containerd"
[ ! -d /var/lib/dpkg ] || mount --bind /var/lib/dpkg "$kit/lib/dpkg"
mount --move "$kit/lib" /var/lib || fail "no /var/lib"
for dir in /run /srv /var/log /var/lib/docker /var/lib/containerd; do
	mount -t tmpfs -o mode=755 tmpfs "$dir" || fail "no $dir"
done
mkdir -m 1777 /run/lock
mkdir /srv/data
mount --move "$kit" /root || fail "no /root"
kit=/root
mount -t tmpfs -o mode=1777 tmpfs /tmp || fail "no /tmp"
! mountpoint -q "$kit/disk" || mount --move "$kit/disk" /srv/data || fail "no /srv/data"
# From here on as systemd leaves it: every mount is shared.
mount --make-rshared / || fail "the mounts cannot be shared"
cd /root || exit 1
! command -v ip >/dev/null || ip link set lo up

# ---- its daemons -------------------------------------------------------------

# until_ok SECONDS COMMAND...: whether COMMAND succeeds within that time.
until_ok() {
	tries=$(($1 * 5))
	shift
	while ! timeout -k 1 5 "$@" >/dev/null 2>&1; do
		[ "$tries" -gt 0 ] || return 1
		tries=$((tries - 1))
		sleep 0.2
	done
}

# What nobody but the lab knows: none of it may be in the bundle.
secret() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }
env_secret=$(secret) env_plain=$(secret) arg_secret=$(secret) leading_secret=$(secret) proxy_secret=$(secret)
# shellcheck disable=SC2034 # check.sh looks for them
secrets="$env_secret $env_plain $arg_secret $leading_secret $proxy_secret"

start_daemons() {
	mkdir -p /etc/docker /etc/containerd
	echo "$node" >/etc/hostname
	cat >/etc/containerd/config.toml <<-'TOML'
		version = 2
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		  address = "/run/containerd/containerd.sock"
		[debug]
		  address = "/run/containerd/debug.sock"
		  level = "debug"
	TOML
	cat >/etc/docker/daemon.json <<-'JSON'
		{
		  "debug": true,
		  "bridge": "none",
		  "iptables": false,
		  "ip6tables": false,
		  "storage-driver": "overlay2"
		}
	JSON
	# shellcheck disable=SC3045 # the sh of Debian and busybox know it
	ulimit -n 65536 2>/dev/null
	containerd --config /etc/containerd/config.toml >/var/log/containerd.log 2>&1 </dev/null &
	# shellcheck disable=SC2034 # for the scenarios
	containerd=$!
	until_ok 20 ctr version || fail "containerd does not answer"
	# Nothing here goes through the proxy; its password is one more secret.
	HTTP_PROXY="http://build:$proxy_secret@proxy.invalid:3128" \
		dockerd --containerd=/run/containerd/containerd.sock >/var/log/docker.log 2>&1 </dev/null &
	# shellcheck disable=SC2034
	dockerd=$!
	until_ok 30 docker version || fail "dockerd does not answer"
}

# busybox:lab, made of the static busybox that is installed here.
make_image() {
	mkdir -p /root/image/bin
	cp "$(command -v busybox)" /root/image/bin/busybox
	for applet in sh sleep cat echo true ls; do ln -s busybox "/root/image/bin/$applet"; done
	tar -C /root/image -c . | docker import - busybox:lab >/dev/null || fail "docker import failed"
	rm -rf /root/image
}

# start NAME OPTIONS... IMAGE COMMAND...: a container without a network, as the node
# has no bridge.
start() {
	container=$1
	shift
	docker run -d --name "$container" --network none "$@" >/dev/null || fail "container $container does not start"
}

# pid_of CONTAINER: its first process.
pid_of() { docker inspect -f '{{.State.Pid}}' "$1"; }

# ask SECONDS COMMAND...: a client that asks and goes when it gets no answer.
ask() { timeout -k 1 "$@" </dev/null & }

# Two containers that every node runs. They hold the secrets in all the places that
# a bundle could take them from: environment, arguments, a script, dockerd's log of
# requests and docker inspect.
start_bystanders() {
	start app -e "LAB_SECRET=$env_secret" -e "LAB_REGION=$env_plain" busybox:lab \
		sh -c 'sleep 86400; true' app "--password=$arg_secret"
	start job --memory 64m busybox:lab sh -c "LAB_TOKEN=$leading_secret sleep 86400; true"
}

start_daemons
make_image
start_bystanders

# ---- the scenario and the collector ------------------------------------------

# shellcheck disable=SC2034 # what of the daemons does not answer, if anything
hangs=''
# shellcheck disable=SC2034 # what runs the collector
shell='sh'
# shellcheck disable=SC2034 # members that the bundle must have, patterns of grep
members=''
# shellcheck disable=SC1090
. "/root/$name.sh"
# shellcheck source=samples/lab/node/check.sh
. /root/check.sh

trap undo EXIT
provoke || fail "the incident could not be made"
echo "lab: $name is made"
collect
undo
trap - EXIT
judge
