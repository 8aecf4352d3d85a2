# shellcheck shell=sh disable=SC2154 # part of node.sh
# Runs the collector as an engineer would, and holds it to what it promises.

bundle=/root/out/$name/bundle.tar.gz
# The collector's own, without --deadline and --max-size: seconds, KiB.
deadline=120 max_size=262144

# family: those that must be as they were when the collector has gone: the daemons,
# the shims, the processes in containers and in mount namespaces of their own.
# "PID START COMM STATE", where of the states only T (stopped), Z and D are told
# apart from the rest.
family() {
	own_pid=$(readlink /proc/1/ns/pid) own_mnt=$(readlink /proc/1/ns/mnt)
	for dir in /proc/[0-9]*; do
		stat=$(cat "$dir/stat" 2>/dev/null) || continue
		comm=${stat#*\(} rest=${stat##*) }
		comm=${comm%)*}
		case $comm in
		dockerd | containerd | containerd-shim*) ;;
		*)
			[ "$(readlink "$dir/ns/pid" 2>/dev/null)" != "$own_pid" ] ||
				[ "$(readlink "$dir/ns/mnt" 2>/dev/null)" != "$own_mnt" ] || continue
			;;
		esac
		echo "$stat" | awk -v comm="$comm" -v rest="$rest" '{
			split(rest, f, " ")
			print $1, f[20], comm, f[1] ~ /^[TtZD]/ ? f[1] : "-"
		}'
	done | sort -n
}

# everyone: "PID START" of all processes but this shell's passing children.
everyone() {
	for dir in /proc/[0-9]*; do
		stat=$(cat "$dir/stat" 2>/dev/null) || continue
		rest=${stat##*) }
		echo "$rest" | awk -v pid="${dir#/proc/}" '$1 != "Z" {print pid, $20}'
	done | sort
}

# temp: what lies where the collector works and where daemons write their dumps.
temp() { find /tmp /dev/shm /run/docker -mindepth 1 -maxdepth 1 ! -name '*.pid' ! -name runtime-runc ! -name netns | sort; }

# collect runs the collector once, between two looks at the node.
collect() {
	mkdir -p "/root/out/$name"
	truth >"/root/out/$name/truth.json"
	temp >/root/tmp.before
	family >/root/family.before
	everyone >/root/everyone.before
	began=$(date +%s.%N)
	# shellcheck disable=SC2086 # "busybox ash" is two words
	timeout -k 5 $((deadline + 60)) ${LAB_SHELL:-$shell} /root/collect.sh -o "$bundle" </dev/null
	rc=$?
	wall=$(echo "$began $(date +%s.%N)" | awk '{printf "%.1f", $2 - $1}')
	# A child of it that is on its way out may be.
	tries=0
	while
		everyone >/root/everyone.after
		stray=$(strays)
		[ -n "$stray" ] && [ "$tries" -lt 10 ]
	do
		sleep 0.2
		tries=$((tries + 1))
	done
	# Nor what happens to sleep in D for a moment.
	tries=0
	while
		family >/root/family.after
		! cmp -s /root/family.before /root/family.after && [ "$tries" -lt 10 ]
	do
		sleep 0.2
		tries=$((tries + 1))
	done
	temp >/root/tmp.after
}

# strays: processes of the node that came with the collector and did not go with it;
# a scenario's own clients only ever go.
strays() {
	comm -13 /root/everyone.before /root/everyone.after | while read -r pid _; do
		[ -r "/proc/$pid/comm" ] && ! grep -q '^PPid:.1$' "/proc/$pid/status" 2>/dev/null && continue
		[ -r "/proc/$pid/comm" ] && echo "$(cat "/proc/$pid/comm") ($pid)"
	done
}

# complain MESSAGE: one more reason why the scenario fails.
complain() {
	echo "lab: $name: $*"
	result="${result:+$result; }$*"
}

# judge says what the collector did and did not do, to this log and to lab.sh.
judge() {
	result='' packed=- timeouts=-
	[ "$rc" = 0 ] || complain "exit status $rc"
	[ "$(echo "$wall $deadline" | awk '{print ($1 <= $2 + 5)}')" = 1 ] || complain "took $wall s"
	cmp -s /root/family.before /root/family.after || {
		diff /root/family.before /root/family.after
		complain "a process of the node was harmed"
	}
	[ -z "$stray" ] || complain "left processes behind: $stray"
	cmp -s /root/tmp.before /root/tmp.after || {
		diff /root/tmp.before /root/tmp.after
		complain "left files in a temporary folder"
	}
	if [ -f "$bundle" ]; then
		judge_bundle
	else
		complain "no bundle"
	fi
	for f in "/root/out/$name"/*; do
		case ${f##*/} in bundle.tar.gz | truth.json) ;; *) complain "left ${f##*/}" ;; esac
	done
	cat >"/root/out/$name.result" <<-RESULT
		wall=$wall packed=$packed timeouts=$timeouts
		result='$(echo "${result:+FAILED: }${result:-ok}" | tr -d "'")'
	RESULT
}

judge_bundle() {
	packed=$((($(wc -c <"$bundle") + 1023) / 1024))
	[ "$packed" -le "$max_size" ] || complain "$packed KiB"
	tar -tzf "$bundle" >/root/members || complain "the bundle does not open"
	first=$(head -n 1 /root/members)
	[ "${first##*/}" = manifest.jsonl ] || complain "the first member is $first"
	for member in $members; do
		grep -q "^$member\$" /root/members || complain "no member $member"
	done
	mkdir /root/unpacked
	tar -C /root/unpacked -xzf "$bundle" || complain "the bundle does not unpack"
	manifest=$(find /root/unpacked -name manifest.jsonl | head -n 1)
	[ -n "$manifest" ] || return
	timeouts=$(grep -c '"state":"timeout"' "$manifest")
	grep '"state":"timeout"' "$manifest"
	# Where every daemon answers nothing times out; where one does not, something must.
	case $hangs:$timeouts in
	:0) ;;
	yes:0) complain "nothing timed out" ;;
	:*) complain "timed out: $(sed -n '/"state":"timeout"/s/.*"command":"\([^"]*\)".*/\1/p' "$manifest" | tr '\n' ',')" ;;
	esac
	# Packed members too: what is in them is in the bundle.
	find /root/unpacked -name '*.gz' -exec gunzip -f {} \;
	# Listings cut long lines: half a secret is one.
	for secret in $secrets; do echo "$secret" | cut -c 1-12; done >/root/halves
	where=$(grep -rlaFf /root/halves /root/unpacked | sed 's|/root/unpacked/||' | tr '\n' ' ')
	[ -z "$where" ] || {
		grep -rnaoE ".{0,60}($(paste -sd '|' /root/halves)).{0,30}" /root/unpacked | head -n 40
		complain "secrets are in ${where% }"
	}
}
