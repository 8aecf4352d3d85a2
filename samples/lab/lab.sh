#!/bin/sh
# Makes real incidents on a real dockerd, runs the collector there, and holds it
# to what it promises.
#
#   sh samples/lab/lab.sh -o OUTDIR [-c COLLECTOR] [SCENARIO...]
#
# Each scenario (one file beside this one; all of them by default) gets a node of
# its own: private mount, pid, network, ipc, uts and cgroup namespaces with a
# containerd and a dockerd of its own under their natural paths. It leaves
#
#   OUTDIR/SCENARIO/bundle.tar.gz   what the collector packed
#   OUTDIR/SCENARIO/truth.json      what a verdict on it must say
#   OUTDIR/SCENARIO.log             what was said while it ran
#
# prints a line a scenario and exits 1 when one fails. The verdicts are judged by
# `go run ./samples/accuracy OUTDIR`. Needs Linux, root, and Debian's docker.io,
# containerd, runc, busybox-static; README.md says what can hang.
set -u

lab=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
	echo "usage: sh lab.sh -o OUTDIR [-c COLLECTOR] [SCENARIO...]" >&2
	exit 1
}

die() {
	echo "lab: $*" >&2
	exit 1
}

# scenarios: the names of all of them, healthy first.
scenarios() {
	echo healthy
	for file in "$lab"/*.sh; do
		name=$(basename "$file" .sh)
		case $name in lab | healthy) ;; *) echo "$name" ;; esac
	done
}

out='' collector=$lab/../../collect/collect.sh
while getopts o:c: flag; do
	case $flag in
	o) out=$OPTARG ;;
	c) collector=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$out" ] || usage
[ "$(id -u)" = 0 ] || die "needs root"
[ -f "$collector" ] || die "no collector at $collector"
command -v go >/dev/null || die "go is missing"
# The node's own PATH: a docker client elsewhere does not count.
missing=$(
	PATH=/usr/bin:/usr/sbin:/bin:/sbin
	for tool in dockerd docker containerd ctr runc busybox unshare fsfreeze mkfs.ext4 bash; do
		command -v "$tool" >/dev/null || echo "$tool"
	done
)
# shellcheck disable=SC2086
[ -z "$missing" ] || die "missing:" $missing
[ $# -gt 0 ] || {
	# shellcheck disable=SC2046
	set -- $(scenarios)
}
for name; do
	case $name in lab | */*) die "no scenario $name" ;; esac
	[ -f "$lab/$name.sh" ] || die "no scenario $name"
done

mkdir -p "$out" || exit 1
out=$(CDPATH='' cd -- "$out" && pwd)
# The node's folder: its contents live on a tmpfs that only the node sees.
work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-lab.XXXXXX") || exit 1
keeper=''
leave() {
	# The keeper ends the node, thaws what is frozen and removes its cgroups.
	if [ -n "$keeper" ]; then
		kill -TERM "$keeper" 2>/dev/null
		wait "$keeper" 2>/dev/null
	fi
	rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# What the node is made of. The client that leaks is a program of ours.
mkdir "$work/kit" "$work/mnt"
cp "$collector" "$work/kit/collect.sh"
cp "$lab"/*.sh "$lab"/node/*.sh "$work/kit/"
(CDPATH='' cd -- "$lab/../.." && CGO_ENABLED=0 go build -trimpath -o "$work/kit/leakclient" ./samples/lab/leakclient) ||
	die "leakclient does not build"

# A descriptor that a daemon inherits keeps the caller of this script waiting for
# it; only bash can close those above 9.
# shellcheck disable=SC2016
closing='for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -gt 2 ] && [ "$n" != 255 ] && eval "exec $n>&-"; done; exec "$@"'

bad=0
printf '%-22s %8s %10s %10s  %s\n' scenario 'wall s' 'packed KiB' 'timed out' result
for name; do
	mkdir -p "$out/$name"
	rm -f "$out/$name/bundle.tar.gz" "$out/$name/truth.json" "$out/$name.result"
	bash -c "$closing" bash unshare -m --propagation private \
		sh "$work/kit/keep.sh" "$name" "$work" "$out" </dev/null >"$out/$name.log" 2>&1 &
	keeper=$!
	wait "$keeper"
	status=$?
	keeper=''
	# The node writes name=value lines; without them it did not come to its end.
	wall=- packed=- timeouts=- result=''
	if [ -f "$out/$name.result" ]; then
		# shellcheck disable=SC1090
		. "$out/$name.result"
		rm -f "$out/$name.result"
	else
		result="FAILED: the node did not come up, see $out/$name.log"
	fi
	[ "$status" = 0 ] || [ "$result" != ok ] || result="FAILED: status $status, see $out/$name.log"
	[ "$result" = ok ] || bad=$((bad + 1))
	printf '%-22s %8s %10s %10s  %s\n' "$name" "$wall" "$packed" "$timeouts" "$result"
done
[ "$bad" = 0 ]
