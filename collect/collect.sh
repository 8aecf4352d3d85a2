#!/bin/sh
# collect.sh - takes from a sick container node what culprit needs to name the cause.
#
#   sh collect.sh                                     as root; leaves culprit-NODE-TIME.tar.gz
#   ssh root@node sh -s -- -o - <collect.sh >node.tar.gz
#
# It ends in time: nothing that can hang is touched but in the background, each step
# has a deadline of its own and the run has one. What cannot die is left behind and
# recorded; that a command hung is evidence.
# It harms nothing: it reads, at the lowest priority. The one thing that it sends is
# SIGUSR1, for a goroutine dump, to a daemon whose debug endpoint is off, which handles
# the signal and is small enough (see "may_signal").
# It needs sh, tar, gzip, awk and the usual small tools; of everything else (docker,
# ctr, crictl, kubectl, curl, ss, ps, journalctl, nsenter) what is there.
#
# The bundle it writes is described in FORMAT.md. From top to bottom: options, clock
# and manifest, steps and their deadlines, /proc, sockets, daemons, logs and
# configuration, masking, packing, the run.

# Variables are set through eval and functions are called by name; lists of pids, ids
# and paths, which have no blanks, are split on purpose; names below fd are numbers.
# shellcheck disable=SC2034,SC2154,SC2317,SC2046,SC2086,SC2010,SC2012,SC2013

set -u
version=1.0.0
LC_ALL=C PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
export LC_ALL PATH
unset CDPATH ENV LS_COLORS TAR_OPTIONS GZIP GREP_OPTIONS POSIXLY_CORRECT 2>/dev/null
umask 077

usage() {
	cat <<-'USAGE'
		usage: collect.sh [-o FILE|-] [--deadline SECONDS] [--since TIME] [--interval SECONDS]
		                  [--root DIR] [--max-size MIB] [--no-redact] [--estimate] [--version]

		  -o FILE             the bundle (default culprit-NODE-TIME.tar.gz here); - is standard output
		  --deadline SECONDS  end with what there is after so long (default 120)
		  --since TIME        how far back logs are read: 90m, 24h (default), 3d
		  --interval SECONDS  between two looks at the daemons' numbers (default 5)
		  --root DIR          the node's root folder, /host in a debug pod (default /)
		  --max-size MIB      leave the largest items out of a bundle above this (default 256)
		  --no-redact         keep secrets: environment values, passwords, tokens, keys
		  --estimate          say how large it gets and how long it takes; collect nothing

		Run it as root: without, much stays closed and is recorded as denied.
	USAGE
}

say() { printf 'culprit: %s\n' "$*" >&2; }

# die: no bundle comes of this, and nothing is left behind.
die() {
	say "$*"
	clean
	exit 1
}

# ---------------------------------------------------------------------------
# Clock. Hundredths of seconds since boot, read without starting anything.

clock() {
	c_up=
	read -r c_up c_rest 2>/dev/null </proc/uptime
	case $c_up in
	[1-9]*.[0-9][0-9]) now=${c_up%.*}${c_up#*.} ;;
	*) now=$(date +%s)00 ;;
	esac
}

# moment HUNDREDTHS sets $moment to that time in RFC 3339. The date of a number of
# days is Howard Hinnant's civil_from_days.
moment() {
	m_cs=$(($1 - boot_cs))
	m_s=$((epoch + m_cs / 100))
	m_z=$((m_s / 86400 + 719468))
	m_era=$((m_z / 146097))
	m_doe=$((m_z - m_era * 146097))
	m_yoe=$(((m_doe - m_doe / 1460 + m_doe / 36524 - m_doe / 146096) / 365))
	m_doy=$((m_doe - (365 * m_yoe + m_yoe / 4 - m_yoe / 100)))
	m_mp=$(((5 * m_doy + 2) / 153))
	m_month=$((m_mp < 10 ? m_mp + 3 : m_mp - 9))
	m_year=$((m_yoe + m_era * 400 + (m_month <= 2)))
	moment=$(printf '%04d-%02d-%02dT%02d:%02d:%02d.%02dZ' "$m_year" "$m_month" "$((m_doy - (153 * m_mp + 2) / 5 + 1))" \
		"$((m_s % 86400 / 3600))" "$((m_s % 3600 / 60))" "$((m_s % 60))" "$((m_cs % 100))")
}

# stamp sets $stamp to now in seconds since the epoch.
stamp() { stamp=$((epoch + (now - boot_cs) / 100)).$(printf %02d $(((now - boot_cs) % 100))); }

# ---------------------------------------------------------------------------
# Manifest: a header, then one line a step, written as the step ends.

# quoted TEXT sets $quoted to a JSON string.
quoted() {
	case $1 in
	*[\\\"]* | *[[:cntrl:]]*) quoted=\"$(printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037' | sed 's/[\\"]/\\&/g')\" ;;
	*) quoted=\"$1\" ;;
	esac
}

# note PATH COMMAND FROM RC STATE: "" for what there is not.
note() {
	[ -z "$packing" ] || return 0
	clock
	moment "$3"
	n_line="\"start\":\"$moment\",\"duration\":$(((now - $3) / 100)).$(printf %02d $(((now - $3) % 100)))"
	[ -z "$4" ] || n_line="$n_line,\"rc\":$4"
	quoted "$2"
	[ -z "$2" ] || n_line="\"command\":$quoted,$n_line"
	[ -z "$1" ] || n_line="\"path\":\"$1\",$n_line"
	printf '{%s,"state":"%s"}\n' "$n_line" "$5" >>"$B/manifest.jsonl"
	steps=$((steps + 1))
	[ "$5" != timeout ] || timeouts="$timeouts${timeouts:+, }$2"
}

# ---------------------------------------------------------------------------
# Steps. A step runs in the background and says "done" into a pipe that this shell
# reads; a ticker says "tick" each second, which is when deadlines are looked at. So
# nothing is ever waited for that may not come.

# begin PATH SECONDS COMMAND-AS-SHOWN COMMAND...: standard output goes to PATH. It
# fails when time is up; then the step is recorded as skipped.
begin() {
	b_path=$1 b_limit=$2 b_shown=$3
	shift 3
	while [ "$running" -ge "$lanes" ] && ! over; do event; done
	clock
	if over; then
		note "" "$b_shown" "$now" "" skipped
		return 1
	fi
	n=$((n + 1))
	b_out=$T/out.$n
	[ -z "$b_path" ] || b_out=$B/$b_path
	[ -d "${b_out%/*}" ] || mkdir -p "${b_out%/*}"
	eval "path_$n=\$b_path shown_$n=\$b_shown from_$n=$now limit_$n=$b_limit due_$n=$((now + b_limit * 100)) stage_$n=0 at_$n="
	(
		(
			ulimit -f "$((item_mib * 2048))" # a file that grows beyond ends its writer
			"$@"
		) >"$b_out" 2>"$b_out.err"
		echo "done $n $?" >&9
	) </dev/null >/dev/null 2>&1 &
	eval "pid_$n=$!"
	live="$live $n" running=$((running + 1))
}

# over: is it time to pack?
over() { [ -n "$stopped" ] || [ "$now" -ge "$stop_at" ]; }

# event reads one message and acts on it.
event() {
	e_what='' e_n='' e_rc=''
	read -r e_what e_n e_rc 2>/dev/null <&9
	clock
	case $e_what in
	tick) overdue && { [ -n "$stopped$packing" ] || space; } ;;
	"done") finish "$e_n" "$e_rc" ;;
	at) eval "at_$e_n=\$e_rc due_$e_n=\$((now + limit_$e_n * 100))" ;;
	esac
}

# overdue ends the steps whose deadline has passed: TERM, a second later KILL, and
# after another the step is left behind, since what sleeps in the kernel cannot die.
overdue() {
	for o_n in $live; do
		eval "o_due=\$due_$o_n o_stage=\$stage_$o_n o_pid=\$pid_$o_n"
		[ "$now" -ge "$o_due" ] || continue
		eval "stage_$o_n=$((o_stage + 1)) due_$o_n=$((now + 100))"
		below "$o_pid"
		case $o_stage in
		0) [ -z "$below" ] || kill -TERM $below 2>/dev/null ;;
		1) [ -z "$below" ] || kill -KILL $below 2>/dev/null ;;
		*)
			kill -KILL "$o_pid" 2>/dev/null
			left=$((left + 1))
			finish "$o_n" ""
			;;
		esac
	done
}

# space reads what the ticker saw of the disk with the temporary folder: collecting ends
# while there is room for packing, and for the node where the folder is in memory.
space() {
	case $T in
	/dev/shm/* | /run/*)
		q_memory=$(available)
		[ "$q_memory" -ge "$memory_floor" ] || stopped="only $((q_memory / 1024)) MiB of memory available"
		;;
	esac
	{ read -r q_line && read -r q_1 q_size q_3 q_free q_rest; } 2>/dev/null <"$T/space" || return
	q_floor=$((q_size / 10))
	[ "$q_floor" -le 131072 ] || q_floor=131072
	[ "$q_free" -ge "$q_floor" ] || stopped="only $((q_free / 1024)) MiB left for temporary files"
}

# below PID sets $below to its descendants: the kernel lists children where it can
# (CONFIG_PROC_CHILDREN); else all of /proc is searched, slow with thousands. Neither
# read hangs.
below() {
	below=''
	if [ -r "/proc/$1/task/$1/children" ]; then
		while [ $# -gt 0 ]; do
			y_more=''
			for y_file in "/proc/$1/task"/[0-9]*/children; do
				y_line=''
				read -r y_line 2>/dev/null <"$y_file"
				y_more="$y_more $y_line"
			done
			shift
			below="$below$y_more"
			set -- "$@" $y_more
		done
		return
	fi
	y_known=" $1 " y_pairs=''
	for y_dir in /proc/[0-9]*; do
		read -r y_line 2>/dev/null <"$y_dir/stat" || continue
		y_line=${y_line##*") "}
		y_line=${y_line#* }
		y_pairs="$y_pairs ${y_line%% *}:${y_dir#/proc/}"
	done
	y_more=1
	while [ -n "$y_more" ]; do
		y_more=
		for y_pair in $y_pairs; do
			case $y_known in *" ${y_pair#*:} "*) continue ;; *" ${y_pair%:*} "*) ;; *) continue ;; esac
			y_known="$y_known${y_pair#*:} " below="$below ${y_pair#*:}" y_more=1
		done
	done
}

# finish N RC: the step ended, or is left behind.
finish() {
	case " $live " in *" $1 "*) ;; *) return ;; esac
	f_live=
	for f_n in $live; do [ "$f_n" = "$1" ] || f_live="$f_live $f_n"; done
	live=$f_live running=$((running - 1))
	eval "f_path=\$path_$1 f_shown=\$shown_$1 f_from=\$from_$1 f_stage=\$stage_$1 f_at=\$at_$1"
	f_out=$T/out.$1
	[ -z "$f_path" ] || f_out=$B/$f_path
	f_state=ok f_err=''
	[ -s "$f_out" ] || read -r f_err 2>/dev/null <"$f_out.err"
	case $f_at/$2/$f_err in
	*/*/*"ermission denied"* | */*/*"not permitted"*) f_state=denied ;;
	*/*/*"o space left"*) f_state=truncated ;;
	/126/* | /127/* | /[1-9]*/*"o such file"* | /[1-9]*/*"not found"*) f_state=absent ;; # of many processes some end before they are read
	esac
	[ "$f_stage" = 0 ] || f_state=timeout
	case $f_state/$f_at in
	*/) ;;
	timeout/*,*) return ;; # sweep tries one by one
	timeout/*) one_of "$f_at" ;;
	denied/*) # the rest is there: an example is recorded
		note "" "$f_shown" "$f_from" "$2" ok
		case $f_err in *"$P"/[0-9]*) f_err=${f_err#*"$P"/} && f_shown="cat /proc/${f_err%%[\':]*}" ;; esac
		;;
	esac
	[ "$f_state/$f_path" = "timeout/$f_path" ] || [ -s "$f_out" ] || f_path='' # nothing was printed
	note "$f_path" "$f_shown" "$f_from" "$2" "$f_state"
	[ -s "$f_out" ] || rm -f "$f_out"
	[ "$f_state" != absent ] || rm -f "$f_out.err" # the state says it
}

# one_of PID names the one process of many that a step hangs on.
one_of() {
	case $f_shown in
	*FILE*) f_shown=${f_shown%%FILE*}$1${f_shown#*FILE} ;;
	*)
		case $f_shown in *"{"*) ;; *"/proc/PID/"*) f_path=proc/$1/${f_shown#*/proc/PID/} ;; esac
		f_shown=${f_shown%%PID*}$1${f_shown#*PID}
		;;
	esac
}

# drain waits for the steps that run, each of which ends.
drain() { while [ "$running" -gt 0 ] && ! over; do event; done; }

# await N: for this one.
await() {
	while eval "a_stage=\$stage_$1" && [ "$a_stage" = 0 ] && ! over; do
		case " $live " in *" $1 "*) event ;; *) return ;; esac
	done
}

# sweep SECONDS COMMAND-AS-SHOWN FUNCTION ITEM...: calls the function with each item, a
# process, a file or a chunk of processes "12,13,14", in one step whose deadline starts
# anew with each. Of a chunk that hangs the processes are tried one by one; a single
# one that hangs is recorded and the rest goes on without it, up to eight of them.
sweep() {
	s_limit=$1 s_shown=$2 s_call=$3 s_stuck=0
	shift 3
	while [ $# -gt 0 ]; do
		begin "" "$s_limit" "$s_shown" walk "$s_call" "$@" || return
		s_n=$n
		await "$s_n"
		eval "s_stage=\$stage_$s_n s_at=\$at_$s_n"
		[ "$s_stage" != 0 ] || return
		while [ $# -gt 0 ] && [ "$1" != "$s_at" ]; do shift; done
		[ $# -eq 0 ] || shift
		case $s_at in
		*,*)
			IFS=,
			set -- $s_at "$@"
			unset IFS
			;;
		*) s_stuck=$((s_stuck + 1)) ;;
		esac
		if [ "$s_stuck" -ge 8 ] && [ $# -gt 0 ]; then
			note "" "$s_shown of $# more" "$now" "" skipped
			return
		fi
	done
}

# chunks joins the pids on standard input, 64 in a word.
chunks() { awk '{ printf "%s%s", (NR % 64 == 1 ? "\n" : ","), $1 }'; }

walk() {
	w_call=$1
	shift
	for w_item in "$@"; do
		echo "at $n $w_item" >&9
		"$w_call" "$w_item"
	done
}

# has TOOL: is it on the node? In another root it is run there.
has() {
	if [ -z "$root" ]; then
		command -v "$1" >/dev/null 2>&1
		return
	fi
	for h_dir in usr/local/sbin usr/local/bin usr/sbin usr/bin sbin bin opt/bin var/lib/rancher/rke2/bin; do
		[ ! -x "$root/$h_dir/$1" ] || return 0
	done
	return 1
}

# needs TOOL: is it there? Its absence is recorded once.
needs() {
	has "$1" && return
	case " $lacks " in *" $1 "*) return 1 ;; esac
	lacks="$lacks $1"
	clock
	note "" "$1" "$now" 127 absent
	return 1
}

# run PATH SECONDS TOOL ARGUMENT...: a step with one tool of the node.
run() {
	r_path=$1 r_limit=$2
	shift 2
	needs "$1" || return
	if [ -n "$root" ]; then
		begin "$r_path" "$r_limit" "$*" chroot "$root" "$@"
	else
		begin "$r_path" "$r_limit" "$*" "$@"
	fi
}

# take PATH FILE: a copy of a small file of the node.
take() { begin "$1" 5 "cat $2" cat "$root$2"; }

# ---------------------------------------------------------------------------
# /proc. What cannot block first: stat, status, wchan, cgroup. /proc/PID/cmdline waits for
# the process's memory map, which a task in D may hold.

# each_file FILE...: sets $files to the paths of these files of the processes of a chunk.
each_file() {
	e_files=$1 files=''
	IFS=,
	set -- $2
	unset IFS
	for e_pid in "$@"; do
		for e_file in $e_files; do files="$files $P/$e_pid/$e_file"; done
	done
}

read_cheap() {
	each_file "$cheap" "$1"
	# one print a file: the awk of busybox flushes after each
	grep -H '' $files | awk -v from="$P/" -v to="$B/proc/" '
		function flush() { if (out) { printf "%s", text >out; close(out) } }
		{
			i = index($0, ":"); file = substr($0, 1, i - 1)
			if (file != last) { flush(); out = to substr(file, length(from) + 1); last = file; text = "" }
			text = text substr($0, i + 1) "\n"
		}
		END { flush() }'
}

# read_cmdlines sets \037 where NUL stood. The second operand makes head print the
# names of the files.
read_cmdlines() {
	each_file cmdline "$1"
	head -c 131072 /dev/null $files | tr '\000' '\037' | awk -v from="$P/" -v to="$B/proc/" -v pids="$1" '
		function flush() { if (at && text ~ /[^ ]/) { file = to pid[at] "/cmdline"; print text >file; close(file) } }
		BEGIN { k = split(pids, pid, ","); for (i = 1; i <= k; i++) want["==> " from pid[i] "/cmdline <=="] = i }
		($0 in want) && want[$0] > at { flush(); at = want[$0]; text = ""; next }
		{ text = text (text == "" ? "" : " ") $0 }
		END { flush() }'
}

read_fds() {
	each_file fd "$1"
	ls -ln /dev/null $files | awk -v from="$P/" -v to="$B/proc/" '
		index($0, from) == 1 && /\/fd:$/ { if (out) close(out); out = to substr($0, length(from) + 1, length($0) - length(from) - 1); next }
		out && NF && !/^total / { print >out }'
}

# A listing sorts, and holds all of it in memory: a huge table is only counted.
count_fds() { ls -f "$P/$1/fd" | grep -c '^[0-9]' >"$B/proc/$1/fd_count"; }

# copy_mountinfo takes that of the first of a few processes which is still there.
copy_mountinfo() {
	IFS=,
	set -- $1
	unset IFS
	for c_pid in "$@"; do
		! cp "$P/$c_pid/mountinfo" "$B/proc/$c_pid/" || break
	done
}

copy_limits() { cp "$P/$1/limits" "$B/proc/$1/"; }

copy_syscall() { cp "$P/$1/syscall" "$B/proc/$1/"; }

copy_net_unix() { mkdir -p "$B/proc/$1/net" && cp "$P/$1/net/unix" "$B/proc/$1/net/unix"; }

# threads_in_d copies those of the threads in uninterruptible sleep.
threads_in_d() {
	printf '%s\n' "$P"/[0-9]*/task/[0-9]*/stat | xargs grep -ls ') D ' | while read -r t_file; do
		t_dir=${t_file%/stat} t_tid=${t_file%/stat}
		t_tid=${t_tid##*/}
		t_pid=${t_dir#"$P/"}
		t_pid=${t_pid%%/*}
		[ "$t_tid" != "$t_pid" ] || continue
		t_to=$B/proc/$t_pid/task/$t_tid
		mkdir -p "$t_to" && cp "$t_dir/stat" "$t_dir/status" "$t_dir/wchan" "$t_dir/stack" "$t_dir/syscall" "$t_to/"
	done
}

# namespaces lists the links of all processes with few commands and writes proc/PID/ns;
# on standard output: PID MNT NET.
namespaces() {
	printf '%s\n' "$P"/[0-9]*/ns/mnt "$P"/[0-9]*/ns/net "$P"/[0-9]*/ns/pid | xargs ls -ln | awk -v to="$B/proc/" '
		FILENAME != "-" { here[$1]; next }
		$(NF-1) == "->" {
			k = split($(NF-2), part, "/"); pid = part[k-2]; kind = part[k]
			if (!(pid in here)) next # it came later
			links[pid] = links[pid] $NF "\n"
			gsub(/[^0-9]/, "", $NF); ns[pid, kind] = $NF
		}
		END {
			for (pid in links) {
				file = to pid "/ns"
				printf "%s", links[pid] >file; close(file)
				print pid, ns[pid, "mnt"], ns[pid, "net"]
			}
		}' "$T/tasks" - | sort -n
}

# tasks prints PID PPID STATE RSS-KIB DEPTH COMM FDSIZE of each status file; depth is that of
# its pid namespace, 1 that of the node, 0 unknown.
tasks() {
	awk -v dir="$B/proc/" '{
		file = dir $1 "/status"; pid = 0; rss = 0; depth = 0
		while ((getline line <file) > 0) {
			k = split(line, f)
			if (f[1] == "Name:") comm = f[2]
			else if (f[1] == "State:") state = f[2]
			else if (f[1] == "Pid:") pid = f[2]
			else if (f[1] == "PPid:") ppid = f[2]
			else if (f[1] == "VmRSS:") rss = f[2]
			else if (f[1] == "NSpid:") depth = k - 1
			else if (f[1] == "FDSize:") fdsize = f[2]
		}
		close(file)
		if (pid) print pid, ppid, state, rss + 0, depth, comm, fdsize
	}'
}

# listing prints what ps would, from the files that are here already. It has names
# only: command lines, with their arguments apart, are in proc/PID/cmdline.
listing() {
	awk -v dir="$B/proc/" -v up="$1" -v hz="$2" '
		function age(s,  d, h) {
			d = int(s / 86400); h = int(s % 86400 / 3600)
			return (d ? d "-" : "") (d || h ? sprintf("%02d:", h) : "") sprintf("%02d:%02d", int(s % 3600 / 60), s % 60)
		}
		function first(file,  line) { line = ""; getline line <file; close(file); return line }
		BEGIN { print "    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMM" }
		{
			stat = first(dir $1 "/stat")
			if (stat == "") next
			comm = stat; sub(/^[^(]*\(/, "", comm); sub(/\)[^)]*$/, "", comm)
			sub(/^.*\) /, "", stat)
			split(stat, f)
			wchan = first(dir $1 "/wchan")
			if (wchan == "" || wchan == "0") wchan = "-"
			printf "%7d %7d %-4s %-32s %11s %4d %5d %s\n", $1, f[2], f[1], wchan, age(up - f[20] / hz), f[18], $4, comm
		}' "$T/tasks"
}

processes() {
	pids >"$T/pids"
	sed "s|^|$B/proc/|" "$T/pids" | xargs mkdir -p
	sweep 5 "grep -H '' /proc/PID/{$(echo "$cheap" | tr ' ' ,)}" read_cheap $(chunks <"$T/pids")
	tasks <"$T/pids" >"$T/tasks"
	: >"$T/ns"
	begin "" 20 "ls -ln /proc/PID/ns" namespaces
	p_ns=$n
	begin "" 15 "cp /proc/PID/task/TID/{stat,status,wchan,stack,syscall} of threads in D" threads_in_d
	await "$p_ns"
	[ ! -s "$T/out.$p_ns" ] || mv "$T/out.$p_ns" "$T/ns"
	sweep 5 "cp /proc/PID/limits" copy_limits $(awk '$7 > 256 { print $1 }' "$T/tasks")
	sweep 5 "cp /proc/PID/syscall" copy_syscall $(awk '$3 == "D" { print $1 }' "$T/tasks")
	# One mountinfo a namespace, of its first process; who shares it stands in proc/PID/ns.
	sweep 5 "cp /proc/PID/mountinfo" copy_mountinfo $(awk 'k[$2]++ < 3 { pids[$2] = pids[$2] (k[$2] > 1 ? "," : "") $1 } END { for (ns in pids) print pids[ns] }' "$T/ns")
	sweep 5 "cp /proc/PID/net/unix" copy_net_unix 1
}

# slow_processes reads what takes the lock of a memory map; tasks in D come last.
slow_processes() {
	awk '$2 != 2 && $1 != 2 && $3 != "Z" { print ($3 == "D"), $1, ($7 > 200000) }' "$T/tasks" | sort -n >"$T/user"
	sweep 2 "ls -ln /proc/PID/fd" read_fds $(awk '!$3 { print $2 }' "$T/user" | chunks)
	sweep 5 "ls -f /proc/PID/fd" count_fds $(awk '$3 { print $2 }' "$T/user")
	sweep 2 "cat /proc/PID/cmdline" read_cmdlines $(awk '{ print $2 }' "$T/user" | chunks)
	clock
	begin ps-proc.txt 10 "awk /proc/PID/{stat,wchan}" listing "$((now / 100))" "$(getconf CLK_TCK 2>/dev/null || echo 100)"
}

pids() { for i_dir in "$P"/[0-9]*; do [ ! -d "$i_dir" ] || echo "${i_dir##*/}"; done; }

node() {
	for k_file in loadavg meminfo locks diskstats slabinfo pressure/cpu pressure/io pressure/memory net/sockstat; do
		take "proc/$k_file" "/proc/$k_file"
	done
	begin sysctl.txt 5 "sysctl" sysctls
	take os-release /etc/os-release
	begin run-ls.txt 5 "ls -ln state.json" run_listing
	begin cgroup/freezer.txt 10 "grep -H '' freezer" cgroup freezer freezer.state freezer.self_freezing freezer.parent_freezing cgroup.events cgroup.freeze
	begin cgroup/pids.txt 10 "grep -H '' pids" cgroup pids pids.current pids.max pids.events
	begin cgroup/memory.txt 10 "grep -H '' memory" cgroup memory memory.usage_in_bytes memory.limit_in_bytes memory.oom_control memory.current memory.max memory.events
}

sysctls() {
	(cd "$P/sys" && grep -s '' fs/file-nr fs/file-max fs/nr_open fs/may_detach_mounts fs/mount-max fs/inotify/max_user_instances fs/inotify/max_user_watches \
		fs/aio-nr fs/aio-max-nr kernel/pid_max kernel/threads-max kernel/hung_task_timeout_secs kernel/hung_task_warnings kernel/keys/maxkeys \
		kernel/keys/maxbytes vm/max_map_count vm/overcommit_memory vm/min_free_kbytes vm/dirty_ratio vm/dirty_background_ratio \
		user/max_mnt_namespaces user/max_net_namespaces user/max_inotify_instances net/core/somaxconn net/unix/max_dgram_qlen \
		net/netfilter/nf_conntrack_count net/netfilter/nf_conntrack_max net/ipv4/neigh/default/gc_thresh3) | awk -F: '{ gsub("/", ".", $1); print $1 " = " $2 }'
}

# cgroup CONTROLLER FILE...: "path:value" lines of every group, of the controller's
# own hierarchy (v1) or the unified one.
cgroup() {
	g_top=$root/sys/fs/cgroup
	[ ! -d "$g_top/$1" ] || g_top=$g_top/$1
	shift
	g_names=
	for g_file in "$@"; do g_names="$g_names${g_names:+ -o }-name $g_file"; done
	find "$g_top" -type f \( $g_names \) -exec grep -Hs '' {} + | sed "s|^$root/|/|; s/:/: /"
}

# run_listing shows the size of every state.json that runc keeps, and the sockets of
# plugins; an empty one makes every exec into its container fail.
run_listing() {
	for l_glob in /run/docker/runtime-*/*/*/state.json /run/containerd/runc/*/*/state.json /run/runc/*/state.json \
		/run/crun/*/status /run/docker/plugins/*.sock /run/containerd/*.sock /run/docker/containerd/*.sock; do
		for l_file in "$root"$l_glob; do
			[ -e "$l_file" ] || continue
			ls -ln "$l_file"
			case $l_file in */state.json) [ "$(tail -c 1 "$l_file")" = "}" ] || broken_state "$l_file" ;; esac
		done
	done | sed "s| $root/| /|"
}

# broken_state keeps a state.json that does not end like one.
broken_state() {
	l_id=${1%/*}
	l_id=${l_id##*/}
	mkdir -p "$B/runc/$l_id" && cp "$1" "$B/runc/$l_id/state.json"
}

# ---------------------------------------------------------------------------
# Sockets: the node's own, and those of every other network namespace. A client in a
# container shows in its namespace only; who holds a socket follows from proc/PID/fd.

sockets() {
	run ss-anp.txt 15 ss -anp || run netstat-apn.txt 15 netstat -apn
	own=$(awk '$1 == 1 { print $3 }' "$T/ns")
	set -- $(awk -v own="$own" '$3 != "" && $3 != own && !seen[$3]++ { print $1 }' "$T/ns")
	if needs nsenter && has ss; then
		sweep 5 "nsenter -t PID -n ss -xan" ss_of "$@"
	else
		sweep 5 "cp /proc/PID/net/unix" copy_net_unix "$@"
	fi
}

ss_of() {
	x_ns=$(awk -v pid="$1" '$1 == pid { print $3 }' "$T/ns")
	mkdir -p "$B/netns/$x_ns"
	${root:+chroot "$root"} nsenter -t "$1" -n ss -xan >"$B/netns/$x_ns/ss-xan.txt"
}

# ---------------------------------------------------------------------------
# Daemons.

# daemons sets $daemons to "NAME:PID ..." of those that run on the node, and records those
# that do not. Before docker 18.09 its containerd is docker-containerd, and so are, cut to 15 bytes, the shims.
daemons() {
	daemons=$(awk '$5 > 1 { next } # of a node in a container
		$6 == "dockerd" || $6 == "containerd" || $6 == "kubelet" || $6 == "crio" { print $6 ":" $1; role[$1] = $6 }
		$6 == "docker-containe" { parent[$1] = $2 }
		END { for (p in parent) if (role[parent[p]] == "dockerd") print "containerd:" p }' "$T/tasks")
	for o_name in dockerd containerd kubelet crio; do
		pid_of "$o_name"
		[ -n "$pid" ] || note "" "pidof $o_name" "$now" 1 absent
	done
}

# pid_of NAME sets $pid to the first of that name, "" none.
pid_of() {
	pid=
	for o_daemon in $daemons; do
		[ "${o_daemon%%:*}" != "$1" ] || { pid=${o_daemon#*:} && return; }
	done
}

# look is one look at the daemons' numbers: EPOCH NAME PID METRIC VALUE.
look() {
	clock
	stamp
	for k_daemon in $daemons; do
		k_pid=${k_daemon#*:} k_row="$stamp ${k_daemon%%:*} ${k_daemon#*:}"
		k_size=0
		while read -r k_key k_value k_rest; do
			case $k_key in
			VmRSS:) echo "$k_row rss_kib $k_value" ;;
			FDSize:) k_size=$k_value ;;
			esac
		done <"$P/$k_pid/status"
		k_fds=$(ls -f "$P/$k_pid/fd" | grep -c '^[0-9]')
		[ "$k_fds" = 0 ] || echo "$k_row fds $k_fds"
		[ "$k_size" -gt 200000 ] || ls -ln "$P/$k_pid/fd" | awk -v row="$k_row" '/ -> socket:/ { n++ } END { if (NR) print row, "sockets", n + 0 }'
	done
}

# looking begins a look; looked takes what it saw.
looking() { begin "" 10 "ls -ln /proc/PID/fd of the daemons" look && look_n=$n; }

looked() {
	await "$look_n"
	cat "$T/out.$look_n" >>"$B/samples.txt" 2>/dev/null
}

# total FILE NAME PID: the number of goroutines that a dump with debug=1 states.
total() {
	read -r q_1 q_2 q_3 q_total q_rest 2>/dev/null <"$1" || return 1
	[ "$q_1 $q_2 $q_3" = "goroutine profile: total" ] || return 1
	goroutines=$q_total
	clock
	stamp
	echo "$stamp $2 $3 goroutines $q_total" >>"$B/samples.txt"
}

# fetch PATH SECONDS SOCKET URL: from the debug endpoint of a daemon.
fetch() { run "$1" "$2" curl -s -S -f --unix-socket "$3" "http://localhost/debug/$4"; }

# sockets_of NAME: where that daemon may serve its debug endpoint, by its flags and
# configuration and by default.
sockets_of() {
	pid_of "$1"
	case $1 in
	dockerd)
		{
			flag host "$pid"
			flag H "$pid"
			cat "$B/etc/docker/daemon.json"
		} 2>/dev/null | sed -n 's|^[^/]*unix://\([^"]*\).*|\1|p'
		echo /var/run/docker.sock
		;;
	containerd)
		for x_file in $configs; do
			case $x_file in *.toml) sed -n '/^ *\[debug\]/,/^ *\[[^d]/s/^ *address *= *"\(.*\)".*/\1/p' "$B$x_file" ;; esac
		done
		echo /run/containerd/debug.sock /run/docker/containerd/containerd-debug.sock /run/docker/containerd/docker-containerd-debug.sock
		;;
	crio) echo /var/run/crio/crio.sock ;;
	esac
}

# socket_of NAME sets $sock to the first of them that is there, "" none.
socket_of() {
	sock=
	for x_sock in $(sockets_of "$1"); do
		[ ! -S "$root$x_sock" ] || { sock=$x_sock && return; }
	done
}

# first_dumps asks each daemon for the cheap form, debug=1: it says how many
# goroutines there are, which decides what may follow.
first_dumps() {
	endpoints=
	for d_name in dockerd containerd; do
		pid_of "$d_name"
		[ -n "$pid" ] || continue
		# The profile takes up to a KiB a goroutine; a goroutine has 2 KiB of stack at least, and its objects.
		if [ "$(available)" -lt $(($(rss "$pid") / 8 + 65536)) ]; then
			clock
			note "" "curl http://localhost/debug/pprof/goroutine?debug=1 of $d_name: too little memory is available" "$now" "" skipped
			continue
		fi
		socket_of "$d_name"
		[ -n "$sock" ] || continue
		fetch "goroutines/$d_name-goroutine-debug1.txt" 20 "$sock" "pprof/goroutine?debug=1" || continue
		endpoints="$endpoints $d_name:$pid:$sock:$n"
	done
}

# more_dumps takes the other forms where the first came, and signals where there is
# no endpoint.
more_dumps() {
	answered=' ' asked=' '
	for d_endpoint in $endpoints; do
		d_name=${d_endpoint%%:*} d_n=${d_endpoint##*:} d_sock=${d_endpoint#*:*:}
		d_sock=${d_sock%:*} d_pid=${d_endpoint#*:}
		d_pid=${d_pid%%:*}
		await "$d_n"
		eval "d_stage=\$stage_$d_n"
		[ "$d_stage" = 0 ] || asked="$asked$d_name "
		total "$B/goroutines/$d_name-goroutine-debug1.txt" "$d_name" "$d_pid" || continue
		answered="$answered$d_name "
		[ "$goroutines" -gt 100000 ] || small="$small $d_name:$d_pid:$d_sock"
		fetch "goroutines/$d_name-goroutine.pb.gz" 20 "$d_sock" "pprof/goroutine"
		fetch "goroutines/$d_name-heap.pb.gz" 20 "$d_sock" "pprof/heap"
		fetch "goroutines/$d_name-goroutine-debug2.txt" 30 "$d_sock" "pprof/goroutine?debug=2"
	done
	# CRI-O writes its goroutines at its own socket, since 1.27; before, at SIGUSR1 only.
	pid_of crio
	socket_of crio
	if [ -n "$pid" ] && [ -n "$sock" ] && fetch goroutines/crio-goroutine-debug2.txt 20 "$sock" goroutines; then
		await "$n"
		[ ! -s "$B/goroutines/crio-goroutine-debug2.txt" ] || answered="${answered}crio "
	fi
	for d_name in dockerd containerd crio; do
		case $answered$asked in *" $d_name "*) continue ;; esac # it serves, or hangs: a signal would change nothing
		pid_of "$d_name"
		[ -z "$pid" ] || signal_dump "$d_name" "$pid"
	done
	for d_pid in $(awk '($3 == "Z" || $3 == "D") { child[$2] } $6 ~ /^(containerd-shim|docker-containe)/ { shim[$1] }
		END { for (p in child) if (p in shim && n++ < 5) print p }' "$T/tasks"); do
		signal_dump containerd-shim "$d_pid"
	done
	pid_of dockerd
	case $pid$answered$asked in
	' '* | *" dockerd "*) ;; # there is none, or its endpoint is on
	*) ! has curl || hint=1 ;;
	esac
}

# may_signal PID: it handles SIGUSR1 (bit 9 of SigCgt), runs, and is small: a daemon
# that dumps at a signal stops all goroutines and doubles a buffer until they fit.
# Goroutines cannot be counted here; at 2 GB there may be 100,000.
may_signal() {
	may_state='' may_rss=0 may_cgt=''
	while read -r u_key u_value u_rest; do
		case $u_key in State:) may_state=$u_value ;; VmRSS:) may_rss=$u_value ;; SigCgt:) may_cgt=$u_value ;; esac
	done 2>/dev/null <"$P/$1/status"
	case $may_cgt in *[2367aAbBeEfF]??) ;; *) why="does not handle SIGUSR1" && return 1 ;; esac
	case $may_state in T | t | D | Z | X) why="is in state $may_state" && return 1 ;; esac
	[ "$may_rss" -le 2000000 ] || { why="has $may_rss KiB in memory" && return 1; }
	[ "$(available)" -ge $((may_rss * 4)) ] || { why="would need memory that is not available" && return 1; }
	# In a pod that does not share the node's pid namespace its pids are those of others here.
	may_start=$(started "/proc/$1/stat")
	[ "${may_start:-none}" = "$(started "$P/$1/stat")" ] || { why="is in another pid namespace" && return 1; }
}

# started FILE prints when the process of a stat file was started.
started() { awk '{ sub(/^.*\) /, ""); print $20 }' "$1" 2>/dev/null; }

# available prints MemAvailable in KiB; before kernel 3.14, MemFree.
available() { awk '$1 == "MemAvailable:" { a = $2 } $1 == "MemFree:" { f = $2 } END { print (a == "" ? f : a) + 0 }' "$P/meminfo" 2>/dev/null || echo 0; }

rss() { awk -v pid="$1" '$1 == pid { print $4; found = 1 } END { if (!found) print 0 }' "$T/tasks"; }

# signal_dump NAME PID sends SIGUSR1, or records why not.
signal_dump() {
	clock
	if [ "$(id -u)" != 0 ]; then
		note "" "kill -USR1 $2 ($1)" "$now" "" denied
	elif may_signal "$2"; then
		begin "" 15 "kill -USR1 $2 ($1)" take_dump "$1" "$2"
	else
		note "" "kill -USR1 $2 ($1): it $why" "$now" "" skipped
	fi
}

# take_dump: dockerd writes into its exec root, containerd and CRI-O into their /tmp,
# a shim into containerd's log.
take_dump() {
	case $1 in
	dockerd) z_dir=$P/$2/root/run/docker z_name='goroutine-stacks-*.log' ;;
	containerd) z_dir=$P/$2/root/tmp z_name="containerd.$2.stacks.log" ;;
	crio) z_dir=$P/$2/root/tmp z_name='crio-goroutine-stacks-*.log' ;;
	*) kill -USR1 "$2" && return ;;
	esac
	z_old=$(find "$z_dir/" -maxdepth 1 -name "$z_name" | sort | tail -n 1)
	: >"$T/before.$2"
	sleep 1 # times of files may be of whole seconds
	kill -USR1 "$2" || return
	z_size=-1
	while sleep 1; do
		z_file=$(find "$z_dir/" -maxdepth 1 -name "$z_name" -newer "$T/before.$2" | sort | tail -n 1)
		[ -n "$z_file" ] || continue
		z_now=$(wc -c <"$z_file")
		[ "$z_now" != "$z_size" ] || break
		z_size=$z_now
	done
	cp "$z_file" "$B/goroutines/" || return
	[ "$z_file" = "$z_old" ] || rm -f "$z_file" # no trace of it stays
}

docker_first() {
	socket_of dockerd
	docker_sock=${sock:-/var/run/docker.sock}
	export DOCKER_HOST="unix://$docker_sock"
	run docker/version.txt 10 docker version
	run docker/info.txt 10 docker info
	run docker/ps-a.txt 10 docker ps -a --no-trunc --format 'table {{.ID}}\t{{.Image}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}'
	begin_ps=$n
}

# docker_inspect asks for 50 containers at once and, where that hangs, for each: which
# ones hang is evidence. Without docker ps it tries three that the cgroups name.
docker_inspect() {
	has docker || return
	await "$begin_ps"
	set -- $(awk 'length($1) == 64 && $1 !~ /[^0-9a-f]/ { print $1 }' "$B/docker/ps-a.txt" 2>/dev/null)
	if [ $# -eq 0 ]; then
		[ -S "$root$docker_sock" ] || return
		inspect_each $(container_ids | head -n 3)
		return
	fi
	i_batch=0
	while [ $# -gt 0 ]; do
		i_ids='' i_count=0
		while [ $# -gt 0 ] && [ "$i_count" -lt 50 ]; do
			i_ids="$i_ids $1" i_count=$((i_count + 1))
			shift
		done
		i_batch=$((i_batch + 1))
		run "docker/inspect-$i_batch.json" 10 docker inspect $i_ids || return
		await "$n"
		eval "i_stage=\$stage_$n"
		[ "$i_stage" = 0 ] || inspect_each $i_ids
	done
}

inspect_each() {
	for i_id in "$@"; do
		run "docker/inspect-$(printf %.12s "$i_id").json" 5 docker inspect "$i_id" || return
	done
}

# container_ids prints the ids that the cgroups of processes name.
container_ids() { cat "$B"/proc/[0-9]*/cgroup 2>/dev/null | sed -n 's/.*[/-]\([0-9a-f]\{64\}\).*/\1/p' | sort -u; }

containerd_client() {
	ctr=ctr
	has ctr || ! has docker-containerd-ctr || ctr=docker-containerd-ctr
	for c_sock in /run/containerd/containerd.sock /run/docker/containerd/containerd.sock /run/docker/containerd/docker-containerd.sock /run/k3s/containerd/containerd.sock; do
		[ -S "$root$c_sock" ] || continue
		run containerd/version.txt 5 "$ctr" --address "$c_sock" version
		run containerd/tasks-ls.txt 10 "$ctr" --address "$c_sock" -n moby tasks ls
		run containerd/containers-ls.txt 10 "$ctr" --address "$c_sock" -n moby containers ls
		run containerd/k8s.io/tasks-ls.txt 10 "$ctr" --address "$c_sock" -n k8s.io tasks ls
		run containerd/k8s.io/containers-ls.txt 10 "$ctr" --address "$c_sock" -n k8s.io containers ls
		return
	done
}

cri_client() {
	pid_of kubelet
	if [ -z "$pid" ]; then
		pid_of crio
		[ -n "$pid" ] || return
	fi
	for c_what in version info "ps -a" pods; do
		run "crictl/${c_what%% *}.txt" 10 crictl $c_what || return
	done
}

# kubernetes asks the API server, with the credentials that lie on the node, for what
# only it may read of the kubelet, and for the events of the node's pods.
kubernetes() {
	pid_of kubelet
	[ -n "$pid" ] || return
	look_for ${KUBECONFIG:+"$KUBECONFIG"} /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /var/lib/kubelet/kubeconfig /etc/rancher/k3s/k3s.yaml
	c_config=${found%%"
"*}
	[ -n "$c_config" ] || return
	c_node=$(tr '\037' '\n' 2>/dev/null <"$B/proc/$pid/cmdline" | sed -n 's/^--hostname-override=//p')
	c_node=${c_node:-$(echo "$node" | tr '[:upper:]' '[:lower:]')}
	c_proxy=/api/v1/nodes/$c_node/proxy
	run goroutines/kubelet-goroutine-debug1.txt 15 kubectl --kubeconfig "$c_config" get --raw "$c_proxy/debug/pprof/goroutine?debug=1" || return
	run goroutines/kubelet-goroutine-debug2.txt 15 kubectl --kubeconfig "$c_config" get --raw "$c_proxy/debug/pprof/goroutine?debug=2"
	run config/configz.json 10 kubectl --kubeconfig "$c_config" get --raw "$c_proxy/configz"
	run kubectl/pods.txt 10 kubectl --kubeconfig "$c_config" get pods -A -o wide --field-selector "spec.nodeName=$c_node"
	run kubectl/events.txt 10 kubectl --kubeconfig "$c_config" get events -A -o wide
	run kubectl/node.txt 10 kubectl --kubeconfig "$c_config" describe node "$c_node"
}

# ---------------------------------------------------------------------------
# Logs and configuration. They keep their path on the node.

# copy_file FILE: a small file.
copy_file() {
	[ -f "$root$1" ] || return 0
	mkdir -p "$B${1%/*}" && head -c 4194304 "$root$1" >"$B$1"
}

# copy_log FILE: its last part.
copy_log() {
	[ -f "$root$1" ] || return 0
	mkdir -p "$B${1%/*}" && tail -c "$log_bytes" "$root$1" >"$B$1"
}

# existing GLOB... prints the paths, without the root, that are there and plain.
existing() {
	for g_glob in "$@"; do
		for g_path in $root$g_glob; do
			case ${g_path#"$root"} in '' | *[!A-Za-z0-9_./:@+-]*) continue ;; esac
			[ ! -e "$g_path" ] || echo "${g_path#"$root"}"
		done
	done
}

# look_for GLOB... is existing in a step of its own: a folder may lie on what hangs.
look_for() {
	found=
	begin "" 5 "ls $1 and what lies beside it" existing "$@" || return
	await "$n"
	found=$(cat "$T/out.$n" 2>/dev/null)
}

# flag NAME PID prints the value that a process's command line gives --NAME.
flag() { tr '\037' '\n' 2>/dev/null <"$B/proc/$2/cmdline" | sed -n "s/^--*$1=//p; /^--*$1\$/{n;p;}" | tail -n 1; }

configuration() {
	set -- /etc/docker/daemon.json /etc/containerd/config.toml /etc/crio/crio.conf '/etc/crio/crio.conf.d/*.conf' /etc/default/docker /etc/sysconfig/docker \
		/etc/sysconfig/docker-storage /etc/default/kubelet /etc/sysconfig/kubelet /run/docker/containerd/containerd.toml /run/docker/containerd/config.toml \
		/var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/cpu_manager_state /var/lib/rancher/k3s/agent/etc/containerd/config.toml
	for o_daemon in $daemons; do
		case $o_daemon in
		dockerd:*) set -- "$@" "$(flag config-file "${o_daemon#*:}")" ;;
		*) set -- "$@" "$(flag config "${o_daemon#*:}")" ;;
		esac
	done
	for o_unit in docker.service docker.socket containerd.service kubelet.service crio.service cri-docker.service k3s.service rke2-server.service rke2-agent.service firewalld.service; do
		for o_dir in /etc /run /usr/lib /lib; do
			set -- "$@" "$o_dir/systemd/system/$o_unit" "$o_dir/systemd/system/$o_unit.d/*.conf"
		done
	done
	look_for "$@"
	# Of the files of a unit the first one counts, of its drop-ins all do; /lib may be /usr/lib.
	configs=$(printf '%s\n' "$found" | awk '{ name = $0; sub(/^.*\/systemd\/system\//, "", name) } !seen[name]++')
	sweep 5 "cp FILE" copy_file $configs
	look_for '/run/docker/goroutine-stacks-*.log' '/tmp/containerd.*.stacks.log' '/tmp/crio-goroutine-stacks-*.log'
	sweep 10 "cp FILE" old_dump $(printf '%s\n' "$found" | tail -n 3)
}

# old_dump FILE: a goroutine dump that somebody asked for before.
old_dump() { cp "$root$1" "$B/goroutines/"; }

# runtimes asks each runc that a daemon finds in its PATH, that is configured, or that
# lies where distributions put it, for its version.
runtimes() {
	begin "" 5 "look for runc in the PATH of the daemons" runc_of
	await "$n"
	look_for $(cat "$T/out.$n" 2>/dev/null) /usr/bin/docker-runc /usr/libexec/docker/docker-runc-current $(cat "$B/etc/docker/daemon.json" "$B/etc/containerd/config.toml" 2>/dev/null |
		sed -n 's/.*"path"[ :]*"\(\/[^"]*\)".*/\1/p; s/^ *BinaryName *= *"\(\/[^"]*\)".*/\1/p; s/^ *runtime *= *"\(\/[^"]*\)".*/\1/p')
	u_count=0
	for u_path in $(printf '%s\n' "$found" | awk '!seen[$0]++'); do
		case ${u_path##*/} in *runc* | *crun*) ;; *) continue ;; esac
		u_count=$((u_count + 1)) u_name=runc-version-$u_count.txt
		[ "$u_count" -gt 1 ] || u_name=runc-version.txt
		begin "$u_name" 5 "$u_path --version" ${root:+chroot "$root"} "$u_path" --version
	done
	[ "$u_count" -gt 0 ] || run runc-version.txt 5 runc --version
}

# runc_of prints the runc that the PATH of each daemon leads to; nothing else of its
# environment is looked at.
runc_of() {
	for u_daemon in $daemons; do
		u_path=$(tr '\000' '\n' <"$P/${u_daemon#*:}/environ" | sed -n 's/^PATH=//p')
		IFS=:
		for u_dir in $u_path; do
			[ ! -x "$root$u_dir/runc" ] || { echo "$u_dir/runc" && break; }
		done
		unset IFS
	done
}

# journal UNIT...: a unit's log, or with -k the kernel's. Systemd before 234 has no
# short-iso-precise.
journal() {
	{
		${root:+chroot "$root"} journalctl --no-pager -q --since="-$since" -o short-iso-precise "$@" ||
			${root:+chroot "$root"} journalctl --no-pager -q --since="-$since" -o short-iso "$@"
	} | tail -c "$log_bytes"
}

logs() {
	run logs/dmesg.txt 5 dmesg
	look_for /run/log/journal /var/log/journal
	if [ -n "$found" ] && needs journalctl; then
		begin logs/kernel.log 20 "journalctl -k --since=-$since -o short-iso-precise" journal -k
		for j_unit in $({
			printf '%s\n' "$configs" | sed -n 's/^.*\/\([a-z0-9-]*\)\.service$/\1/p'
			for j_daemon in $daemons; do sed -n 's/.*\/\([A-Za-z0-9._-]*\)\.service.*/\1/p' "$B/proc/${j_daemon#*:}/cgroup"; done
		} | sort -u); do
			begin "logs/$j_unit.log" 20 "journalctl -u $j_unit --since=-$since -o short-iso-precise" journal -u "$j_unit"
		done
	fi
	# Where the daemons write: files behind their standard output and error.
	set -- $(for j_daemon in $daemons; do sed -n 's/.* [12] -> \(\/.*\)/\1/p' "$B/proc/${j_daemon#*:}/fd"; done 2>/dev/null)
	look_for "$@" $log_files
	sweep 10 "tail -c $log_bytes FILE" copy_log $(printf '%s\n' "$found" | grep -v '^/dev/' | sort -u)
}

# ---------------------------------------------------------------------------
# Masking. One awk reads every text that may hold a secret and gives each value a
# number by first appearance, so that equal values stay equal. It is the only reader of
# proc/PID/cmdline, whose arguments are kept apart by \037 until here: an argument that
# is a secret ends where it ends.

masked='
BEGIN {
	# Names of secrets, and what stands between a name and its value: "=", a JSON
	# colon, a YAML colon, the blank behind a flag, the next element of an array.
	names = "(password|passwd|passphrase|secret|token|credentials?|api[-_]?key|apikey|access[-_]?key|private[-_]?key|secret[-_]?key|secret_?access_?key|client-key-data|client-certificate-data|certificate-authority-data|auth)"
	colon = "\\\\*\"[ ]*:[ ]*\\\\*\""
	comma = "\\\\*\",[ ]*\\\\*\""
	named = names "([ ]*=[ ]*|" colon "|" comma "|:[ ]+|[ ]+)"
	perhaps = "[Pp][Aa][Ss][Ss]|PASS|[Tt]oken|TOKEN|[Ss]ecret|SECRET|[Kk]ey|KEY|[Cc]redential|CREDENTIAL|[Bb]earer|BEARER|[Aa]uth|AUTH|eyJ|://[^ /]*@|[A-Z0-9_]=|\"([Ee]nv|ENV)|Environment|-----BEGIN"
	while ((getline file <list) > 0) {
		one_file()
		print count, file
		fflush()
	}
}
function one_file(  line, open, text) {
	count = 0; key = ""; in_key = 0; in_env = 0; flagged = 0; changed = 0; kept = 0
	is_cmdline = (file ~ /\/cmdline$/)
	no_env = (file ~ /os-release$|dmesg|kernel|kern\.log|meminfo|mountinfo/)
	# Nothing is written until a line changes; then the file is read again from its start.
	while ((getline line <file) > 0) {
		kept++
		text = is_cmdline ? arguments(line) : (keep ? line : masked_line(line))
		if (text == line && !in_key && !changed) continue
		if (!changed) { changed = 1; again(kept - 1) }
		if (in_key != 2) print text >(to file)
		if (in_key) in_key = 2
	}
	close(file)
	if (changed) close(to file)
}
# again copies the first n lines, which did not change. A second reader of a file is
# had by another name for it.
function again(n,  line, other) {
	other = "./" file
	while (n-- > 0 && (getline line <other) > 0) print line >(to file)
	close(other)
}
function hide(v) {
	if (v ~ /^(".*"|\047.*\047)$/) return substr(v, 1, 1) hide(substr(v, 2, length(v) - 2)) substr(v, 1, 1)
	if (length(v) < 3 || v ~ /^<(redacted|hidden)/ || v ~ /^[*x]+$/) return v
	if (!(v in map)) map[v] = ++ids
	count++
	return "<redacted:" map[v] ">"
}
function masked_line(s,  body) {
	if (in_key) {
		if (s ~ /-----END/) { in_key = 0; return hide(key) }
		# A text may hold the first line of a key only: what cannot be the body of one ends it.
		if (length(s) <= 100 && s ~ /^[ \t]*[A-Za-z0-9+\/=:,-]*[ \t\r]*$/ || s ~ /^[A-Za-z-]+: [A-Z0-9,-]+[\r]?$/) { key = key s; return s }
		in_key = 0
		return (key == "" ? "" : hide(key) "\n") masked_line(s)
	}
	if (in_env) {
		if (s ~ /^[ \t]*"/) return quoted_env(s)
		in_env = 0
	}
	if (flagged) {
		flagged = 0
		if (match(s, /"/)) return substr(s, 1, RSTART) hide_to(substr(s, RSTART + 1), "\"")
	}
	if (s !~ perhaps) return s
	if (s ~ /-----BEGIN [A-Z ]*PRIVATE KEY-----/) {
		if (s ~ /-----END/) {
			match(s, /-----BEGIN [A-Z ]*PRIVATE KEY-----.*-----END [A-Z ]*PRIVATE KEY-----/)
			s = substr(s, 1, RSTART - 1) hide(substr(s, RSTART, RLENGTH)) substr(s, RSTART + RLENGTH)
		} else {
			match(s, /-----BEGIN [A-Z ]*PRIVATE KEY-----/)
			body = substr(s, RSTART + RLENGTH); s = substr(s, 1, RSTART + RLENGTH - 1)
			if (body ~ /^[ \t\r]*$/) { in_key = 1; key = ""; return s body }
			# a key on one line that is cut
			if (match(body, /^[A-Za-z0-9+\/=\\]+/) && RLENGTH >= 20) body = hide(substr(body, 1, RLENGTH)) substr(body, RLENGTH + 1)
			s = s body
		}
	}
	if (s ~ /^[ \t]*"--?[A-Za-z0-9_.-]*(password|passwd|passphrase|secret|token|key)",?$/) { flagged = 1; return s }
	if (s ~ /"[Ee][Nn][Vv]\\*"[ ]*:[ ]*\[/) s = env_array(s)
	else if (s ~ /^[ \t]*Environment=/) s = unit_env(s)
	else if (!no_env) s = upper_env(s)
	return values(bearer(jwt(urls(s))))
}
# urls masks user:password before the host, and a long user alone, which is a token.
function urls(s,  out, user) {
	while (match(s, /:\/\/[^\/@ \t"\\]+@/)) {
		user = substr(s, RSTART + 3, RLENGTH - 4)
		out = out substr(s, 1, RSTART + 2) (user ~ /:/ || length(user) >= 20 ? hide(user) : user) "@"
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}
function jwt(s,  out) {
	while (match(s, /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*/)) {
		out = out substr(s, 1, RSTART - 1) hide(substr(s, RSTART, RLENGTH))
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}
function bearer(s,  out, at) {
	while (match(s, /([Bb]earer|BEARER|[Aa]uthorization[\\"]*: *[\\"]*[Bb]asic) +[A-Za-z0-9._~+\/-]+=*/)) {
		at = RSTART + RLENGTH
		match(substr(s, RSTART, RLENGTH), /[^ ]+$/)
		out = out substr(s, 1, at - RLENGTH - 1) (RLENGTH >= 8 ? hide(substr(s, at - RLENGTH, RLENGTH)) : substr(s, at - RLENGTH, RLENGTH))
		s = substr(s, at)
	}
	return out s
}
# hide_to masks s up to the mark, which stays.
function hide_to(s, mark,  i) {
	i = mark == "\"" ? closing(s) : index(s, mark)
	if (!i) i = length(s) + 1
	return hide(substr(s, 1, i - 1)) substr(s, i)
}
# closing is where the quote stands that ends a JSON string.
function closing(s,  i, c) {
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\\") i++
		else if (c == "\"") return i
	}
	return 0
}
# values masks what follows the name of a secret.
function values(s,  low, out, at, hit, before, v) {
	low = tolower(s)
	while (match(low, named)) {
		at = RSTART + RLENGTH
		before = out substr(s, 1, RSTART - 1); hit = substr(s, RSTART, RLENGTH)
		out = before hit; s = substr(s, at); low = substr(low, at)
		v = value(s, before, hit)
		if (v == "") continue
		out = out hide(v); s = substr(s, length(v) + 1); low = substr(low, length(v) + 1)
	}
	return out s
}
# value is the part of s that is the value of the name in hit, "" for none.
function value(s, before, hit,  i) {
	if (hit ~ /^[Aa][Uu][Tt][Hh]/ && before !~ /(^|["\t ])$/) return ""
	if (hit ~ /\\"$/) { i = index(s, "\\\""); if (hit ~ /,[ ]*\\*"$/ && before !~ /--?[A-Za-z0-9_.-]*$/) return ""; return i ? substr(s, 1, i - 1) : s }
	if (hit ~ /"$/) { if (hit ~ /,[ ]*"$/ && before !~ /--?[A-Za-z0-9_.-]*$/) return ""; i = closing(s); return i ? substr(s, 1, i - 1) : s }
	if (hit ~ /=[ ]*$/) {
		if (hit ~ /^[Aa]uth/ && before !~ /^[ \t]*$/) return ""
		return word(s)
	}
	if (hit ~ /:[ ]+$/) {
		if (before !~ /^[ \t-]*["]?[A-Za-z0-9_.-]*$/) return ""
		sub(/[ \t\r]+$/, "", s)
		return s
	}
	if (before !~ /(^|[ \t"=])--?[A-Za-z0-9_.-]*$/ || s ~ /^-/) return ""
	return word(s)
}
# word is the quoted string or the bare word that s begins with, quotes and all.
function word(s,  i) {
	if (s ~ /^"/) { i = closing(substr(s, 2)); return i ? substr(s, 1, i + 1) : s }
	if (s ~ /^\047/) { i = index(substr(s, 2), "\047"); return i ? substr(s, 1, i + 1) : s }
	# In a bracket expression POSIX knows no \]: the bracket to exclude comes first.
	return match(s, /^[^] \t"\\,;&|)}]+/) ? substr(s, 1, RLENGTH) : ""
}
# Variables that hold flags are read on: their secrets are those of a command line.
function flags(name) { return name ~ /(OPTS|OPTIONS|ARGS|FLAGS)$/ }
# assign masks the value of NAME=VALUE.
function assign(s,  i) {
	i = index(s, "=")
	if (!i || substr(s, 1, i - 1) ~ /[^A-Za-z0-9_.-]/) return s
	return flags(substr(s, 1, i - 1)) ? s : substr(s, 1, i) hide(substr(s, i + 1))
}
# upper_env masks NAME=VALUE with a name in capitals, as in docker run -e and env.
function upper_env(s,  out, name, v) {
	while (match(s, /(^|[^A-Za-z0-9_.%<])[A-Z_][A-Z0-9_]*=/)) {
		name = substr(s, RSTART, RLENGTH - 1); sub(/^[^A-Z_]/, "", name)
		out = out substr(s, 1, RSTART + RLENGTH - 1); s = substr(s, RSTART + RLENGTH)
		if (flags(name)) continue
		v = s ~ /^["\047]/ ? word(s) : (match(s, /^[^ \t"\047\\]+/) ? substr(s, 1, RLENGTH) : "")
		if (v == "") continue
		out = out hide(v); s = substr(s, length(v) + 1)
	}
	return out s
}
# quoted_env masks one line of an array of variables in JSON that is set out in lines.
function quoted_env(s,  i, body) {
	i = index(s, "\"")
	if (!i) return s
	body = substr(s, i + 1)
	match(body, /",?[ \t]*$/)
	if (RSTART < 1) return s
	return substr(s, 1, i) assign(substr(body, 1, RSTART - 1)) substr(body, RSTART)
}
# env_array masks "Env":["A=b","C=d"], also where a log has quoted the JSON.
function env_array(s,  out, quote, i, body) {
	match(s, /\\*"[Ee][Nn][Vv]\\*"[ ]*:[ ]*\[/)
	out = substr(s, 1, RSTART + RLENGTH - 1)
	quote = substr(s, RSTART, 1) == "\\" ? "\\\"" : "\""
	s = substr(s, RSTART + RLENGTH)
	if (s ~ /^[ \t]*$/) { in_env = 1; return out s }
	while (s !~ /^[ ,]*\]/ && (i = index(s, quote))) {
		out = out substr(s, 1, i + length(quote) - 1); s = substr(s, i + length(quote))
		i = quote == "\"" ? closing(s) : index(s, quote)
		if (!i) i = length(s) + 1
		out = out assign(substr(s, 1, i - 1)) substr(s, i, length(quote)); s = substr(s, i + length(quote))
	}
	return out values(bearer(jwt(urls(s))))
}
# unit_env masks Environment=A=b "C=d e" of a unit.
function unit_env(s,  out, i, w) {
	i = index(s, "="); out = substr(s, 1, i); s = substr(s, i + 1)
	while (s != "") {
		match(s, /^[ \t]*/); out = out substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1)
		if (s == "") break
		if (s ~ /^["\047]/) {
			i = index(substr(s, 2), substr(s, 1, 1)); if (!i) i = length(s)
			out = out substr(s, 1, 1) assign(substr(s, 2, i - 1)) substr(s, 1, 1); s = substr(s, i + 2)
		} else { match(s, /^[^ \t]+/); out = out assign(substr(s, 1, RLENGTH)); s = substr(s, RLENGTH + 1) }
	}
	return out
}
# arguments masks a command line, argument by argument, and sets blanks between them.
function arguments(s,  n, a, i, out, secret, env) {
	n = split(s, a, "\037")
	for (i = 1; i <= n; i++) {
		if (a[i] == "" && i == n) break
		if (!keep) {
			if (secret && a[i] !~ /^-/) a[i] = hide(a[i])
			else if (env || a[i] ~ /^[A-Z_][A-Z0-9_]*=/) a[i] = assign(a[i])
			else if (a[i] ~ /^--?(env|e)=/) { match(a[i], /=/); a[i] = substr(a[i], 1, RSTART) assign(substr(a[i], RSTART + 1)) }
			else if (match(a[i], /^--?[A-Za-z0-9_.-]*(password|passwd|passphrase|secret|token|key)=/)) a[i] = substr(a[i], 1, RLENGTH) hide(substr(a[i], RLENGTH + 1))
			else if (a[i] ~ perhaps) a[i] = values(bearer(jwt(urls(upper_env(a[i])))))
			secret = (a[i] ~ /^--?[A-Za-z0-9_.-]*(password|passwd|passphrase|secret|token|key)$/)
			env = (a[i] == "-e" || a[i] == "--env")
		}
		out = out (i > 1 ? " " : "") a[i]
	}
	return out
}'

# may_hold lists what may hold text of others; files of the kernel's own numbers are
# left as they are, and profiles, which hold names of functions.
may_hold() {
	cd "$B" || return
	find . -type f ! -name '*.pb.gz' ! -name manifest.jsonl |
		grep -Ev '/proc/[0-9]+/(task/[0-9]+/)?(stat|status|wchan|stack|syscall|cgroup|limits|ns|fd_count)$' |
		if [ -n "$keep" ]; then grep '/cmdline$'; else awk '/\.log|\/var\/log|\/goroutines\// { late[++n] = $0; next } { print } END { for (i = 1; i <= n; i++) print late[i] }'; fi
}

# mask_all masks the files of that list. Prints COUNT FILE of each as it is done.
mask_all() {
	cd "$B" || return
	find . -type d | (cd "$T/masked" && xargs mkdir -p)
	awk -v list="$T/to-mask" -v to="$T/masked/" -v keep="$keep" "$masked"
}

# ---------------------------------------------------------------------------
# Packing.

# in_time SECONDS-TO-DEADLINE COMMAND...: a part of the packing, which also must not
# hang; false when it did not end before that. Each gets a second and a half at least.
in_time() {
	clock
	stop_at=$((end + $1 * 100)) stopped=
	[ "$stop_at" -ge $((now + 150)) ] || stop_at=$((now + 150))
	shift
	begin "" "$(((stop_at - now + 99) / 100))" "" "$@" || return 1
	in_n=$n
	await "$in_n"
	case " $live " in *" $in_n "*) return 1 ;; esac
	eval "[ \"\$stage_$in_n\" = 0 ]"
}

# settle ends the steps that still run.
settle() {
	clock
	for o_n in $live; do eval "[ \"\$due_$o_n\" -lt $now ] || due_$o_n=$now"; done
	stop_at=$((now + 250)) s_stopped=$stopped stopped=
	while [ "$running" -gt 0 ] && ! over; do event; done
	for o_n in $live; do
		left=$((left + 1))
		eval "stage_$o_n=3"
		finish "$o_n" ""
	done
	stopped=$s_stopped
}

pack() {
	settle
	packing=1 item_mib=8192
	date +%Y-%m-%dT%H:%M:%S%z >>"$B/date.txt"
	cp "$B/manifest.jsonl" "$T/steps"
	find "$B" -type f -name '*.err' -size 0 -exec rm -f {} +
	mkdir "$T/masked"
	(may_hold) >"$T/to-mask"
	in_time -"$((reserve / 2))" mask_all || say "masking did not end in time: what was not masked is left out"
	cat "$T/out.$in_n" >"$T/counts" 2>/dev/null
	# What awk did not get to, or not to the end of, may hold secrets. Goroutine dumps come
	# last: they are function names and addresses, and stay.
	awk '{ sub(/^[0-9]+ /, "") } FILENAME == ARGV[1] { done[$0]; next } !($0 in done)' "$T/counts" "$T/to-mask" >"$T/undone"
	(cd "$T/masked" && xargs rm -f) <"$T/undone"
	cp -R "$T/masked/." "$B/" 2>"$T/copied.err" || die "no space left for masking in ${T%/*}"
	grep -v '^\./goroutines/' "$T/undone" >"$T/unmasked"
	(cd "$B" && xargs rm -f) <"$T/unmasked"
	: >"$T/dropped"
	in_time -2 sums && mv "$T/out.$in_n" "$T/out.sums"
	# What cannot be packed in the time that is left, at 20 MiB a second, is left out. Sizes
	# are in KiB: some shells count to 2^31 only.
	clock
	p_raw=$(raw) p_tries=0 p_room=$(((end + 300 - now) * 205))
	[ "$p_raw" -le "$p_room" ] || drop_to "$p_room" "too much to pack in time"
	level=6
	[ "$p_raw" -le 65536 ] || level=1
	while :; do
		manifest >"$B/manifest.jsonl"
		in_time 3 archive || die "packing did not end in time"
		case $(cat "$T/tar.rc" 2>/dev/null) in [01]" 0") ;; *) false ;; esac || # 1: a file changed meanwhile
			die "cannot write $part: $(sed -n '/./{p;q;}' "$T/out.$in_n.err")" # gzip begins with an empty line
		p_size=$(wc -c <"$part" | awk '{ printf "%d", $1 / 1024 + 0.999 }')
		if [ "$p_size" -le $((max_mib * 1024)) ] || [ "$p_tries" -ge 4 ]; then break; fi
		p_tries=$((p_tries + 1))
		drop_to "$(raw | awk -v packed="$p_size" -v max="$max_mib" '{ printf "%d", $1 * max * 1024 / packed * 0.9 }')" "over $max_mib MiB"
	done
}

# sizes prints the size and the name of every file of the bundle, largest first.
sizes() { cd "$B" && find . -type f ! -name manifest.jsonl -exec wc -c {} + | sed '/ total$/d' | sort -rn; }

# raw prints what they have together in KiB.
raw() { sizes | awk '{ n += $1 } END { printf "%d", n / 1024 + 0.999 }'; }

# drop_to KIB WHY leaves out the largest files until the rest has that size.
drop_to() {
	(sizes) | awk -v raw="$(raw)" -v keep="$1" '
		raw > keep { raw -= $1 / 1024; sub(/^ *[0-9]+ \.\//, ""); print "0 " $0 }' >"$T/drop"
	cat "$T/drop" >>"$T/dropped"
	(cd "$B" && sed 's/^0 //' | xargs rm -f) <"$T/drop"
	say "$2: left out $(sed 's/^0 //' "$T/drop" | tr '\n' ' ')"
}

sums() { cd "$B" && find . -type f ! -path '*/proc/[0-9]*' ! -name manifest.jsonl | sed 's|^\./||' | sort | xargs sha256sum; }

# archive writes the tar, the manifest first.
archive() {
	cd "$B" || return
	set -- manifest.jsonl
	for a_file in *; do [ "$a_file" = manifest.jsonl ] || set -- "$@" "$a_file"; done
	{
		tar -cf - "$@"
		echo $? >"$T/tar.ended"
	} | gzip -c "-$level" >"$part"
	echo "$(cat "$T/tar.ended") $?" >"$T/tar.rc"
}

# manifest completes the lines of the steps with size, hash and number of masked
# values, and adds a line for each file that no step names, but for those of /proc/PID.
manifest() {
	(cd "$B" && find . -type f ! -path './proc/[0-9]*' ! -name manifest.jsonl | sed 's|^\./||' | sort | xargs wc -c /dev/null | sed '/ total$/d; / \/dev\/null$/d') >"$T/sizes"
	awk -v cap="$((step_mib * 1048576))" -v logcap="$log_bytes" -v T="$T/" '
		function load(file, into,  line, i) {
			while ((getline line <(T file)) > 0) {
				sub(/^ +/, "", line); i = index(line, " ")
				path = substr(line, i + 1); sub(/^ +/, "", path); sub(/^\.\//, "", path)
				into[path] = substr(line, 1, i - 1)
				if (file == "sizes") order[++paths] = path
			}
		}
		function rest(path) {
			return ",\"bytes\":" bytes[path] (path in sum ? ",\"sha256\":\"" sum[path] "\"" : "") (masked[path] > 0 ? ",\"redacted\":" masked[path] : "")
		}
		BEGIN {
			load("sizes", bytes); load("out.sums", sum); load("counts", masked); load("dropped", dropped); load("unmasked", unmasked)
			for (path in masked) if (path ~ /^proc\/[0-9]+\/cmdline$/) arguments += masked[path]
			while ((getline line <(T "steps")) > 0) {
				path = ""
				if (match(line, /"path":"[^"]*"/)) path = substr(line, RSTART + 8, RLENGTH - 9)
				named[path]
				if (path in bytes) {
					told[path]
					if (bytes[path] + 0 >= cap) sub(/"state":"ok"/, "\"state\":\"truncated\"", line)
					sub(/}$/, rest(path) "}", line)
				} else if (path != "") sub(/"state":"ok"/, "\"state\":\"skipped\"", line)
				if (arguments && line ~ /"command":"cat \/proc\/PID\/cmdline"/) { sub(/}$/, ",\"redacted\":" arguments "}", line); arguments = 0 }
				print line
			}
			for (i = 1; i <= paths; i++) {
				path = order[i]
				if (path in told) continue
				state = path ~ /log|messages/ && bytes[path] + 0 >= logcap ? "truncated" : "ok"
				printf "{\"path\":\"%s\",\"state\":\"%s\"%s}\n", path, state, rest(path)
			}
			for (path in unmasked) if (path !~ /^proc\/[0-9]/) dropped[path]
			for (path in dropped) if (!(path in told) && !(path in named)) printf "{\"path\":\"%s\",\"state\":\"skipped\"}\n", path
		}' </dev/null
}

# ---------------------------------------------------------------------------
# The run.

number() { case $2 in '' | *[!0-9]* | ??????????*) die "$1 wants a number, not \"$2\"" ;; esac; }

options() {
	out='' deadline=120 since=24h interval=5 root='' max_mib=256 keep='' estimate=''
	T='' part=''
	while [ $# -gt 0 ]; do
		case $1 in
		-o | --output | --deadline | --since | --interval | --root | --max-size)
			[ $# -gt 1 ] || die "$1 wants a value; --help shows the options"
			case $1 in
			-o | --output) out=$2 ;;
			--deadline) number "$1" "$2" && deadline=$2 ;;
			--interval) number "$1" "$2" && interval=$2 ;;
			--max-size) number "$1" "$2" && max_mib=$2 ;;
			--since) since=$2 ;;
			--root) root=${2%/} ;;
			esac
			shift
			;;
		--deadline=* | --since=* | --interval=* | --root=* | --max-size=* | --output=*)
			o_value=${1#*=} o_name=${1%%=*}
			shift
			set -- "" "$o_name" "$o_value" "$@"
			;;
		--no-redact) keep=1 ;;
		--estimate) estimate=1 ;;
		--version) echo "collect.sh $version" && exit 0 ;;
		-h | --help) usage && exit 0 ;;
		*) die "unknown option \"$1\"; --help shows the options" ;;
		esac
		shift
	done
	case $since in *[!0-9]?* | '' | [!0-9]*) die "--since wants 90m, 24h or 3d, not \"$since\"" ;; *[smhd]) ;; *) die "--since wants 90m, 24h or 3d, not \"$since\"" ;; esac
	[ "$deadline" -ge 5 ] || die "--deadline wants at least 5 seconds"
	[ -z "$root" ] || [ -d "$root/proc" ] || die "there is no $root/proc"
	P=$root/proc
}

# folder makes the temporary folder: where TMPDIR says, else in memory if 4 GiB are
# available (a sick disk is not written to, and ten thousands of small files are quick),
# else on disk, and if no disk answers in memory again. Whether it does is found out with
# a pipe in memory.
folder() {
	f_pipe=/dev/shm/culprit.$$.$(date +%s)
	if ! mkfifo "$f_pipe" 2>/dev/null; then
		f_pipe=${TMPDIR:-/tmp}/culprit.pipe.$$
		mkfifo "$f_pipe" 2>/dev/null || die "cannot write into ${TMPDIR:-/tmp}: set TMPDIR"
	fi
	exec 9<>"$f_pipe"
	rm -f "$f_pipe"
	f_stamp=$$.$(date +%s)
	f_memory='' f_available=$(available)
	[ "$f_available" -lt 4194304 ] || f_memory=memory
	memory_floor=$((f_available / 2))
	[ "$memory_floor" -le 1048576 ] || memory_floor=1048576
	for f_dir in ${TMPDIR:+"$TMPDIR"} $f_memory /tmp /var/tmp /dev/shm /run; do
		f_need=16384
		[ "$f_dir" != memory ] || f_dir=/dev/shm f_need=2097152
		f_try=$f_dir/culprit.$f_stamp
		f_ok='' f_free=''
		(
			if mkdir -m 700 "$f_try"; then # and not somebody else's
				: >"$f_try/space" && f_free=$(df -Pk "$f_try" | awk 'END { print $4 }') && [ "${f_free:-$f_need}" -ge "$f_need" ] && f_ok=yes
				[ "$f_ok" = yes ] || rm -rf "$f_try"
			fi
			echo "$f_dir ${f_ok:-no} $f_free" >&9
		) </dev/null >/dev/null 2>&1 &
		(sleep 3 && echo "$f_dir late" >&9) </dev/null >/dev/null 2>&1 &
		while read -r f_of f_ok f_free <&9; do [ "$f_of" != "$f_dir" ] || break; done
		{ kill $! && wait $!; } 2>/dev/null
		[ "$f_ok" != yes ] || { T=$f_try && shares "${f_free:-0}" && return; }
	done
	die "no temporary folder with 16 MiB free: set TMPDIR"
}

# shares KIB: where the temporary folder has little room, a log and an item get a part of
# it, since masking and packing need as much again.
shares() {
	case $1 in '' | 0 | *[!0-9]*) return 0 ;; esac
	[ "$1" -ge $((log_bytes / 32)) ] || log_bytes=$(($1 * 32))
	[ "$1" -ge $((item_mib * 4096)) ] || item_mib=$(($1 / 4096)) step_mib=$(($1 / 4096))
}

clean() {
	[ -z "${ticker:-}" ] || kill "$ticker" 2>/dev/null
	[ -z "$part" ] || [ "$part" = "$T/packed" ] || rm -f "$part"
	[ -z "$T" ] || rm -rf "$T"
}

# tick sends a tick a second, and sees how much space is left where the steps write. Of
# a run that was killed it removes what lies in memory or on disk.
tick() {
	while kill -0 "$$"; do
		sleep 1
		echo tick >&9
		[ -e "$T/space.new" ] || (
			df -Pk "$T" >"$T/space.new"
			mv "$T/space.new" "$T/space"
		) &
	done
	ticker=''
	clean
}

interrupt() {
	[ -z "$packing" ] || die "interrupted while packing"
	stopped=interrupted
}

header() {
	node=$(cat "$root/etc/hostname" 2>/dev/null)
	[ -n "$root" ] || node=$(uname -n)
	node=$(printf '%s' "${node:-node}" | tr -c 'A-Za-z0-9._-' _)
	B=$T/bundle
	mkdir "$B" || die "cannot write into $T"
	mkdir "$B/proc" "$B/goroutines"
	clock
	boot_cs=$now epoch=$(date +%s) end=$((now + deadline * 100)) began=$now
	reserve=$((deadline / 5))
	[ "$reserve" -ge 3 ] || reserve=3
	[ "$reserve" -le 25 ] || reserve=25
	stop_at=$((end - reserve * 100))
	moment "$now"
	zone=$(date +%z)
	boot_id='' kernel=
	read -r boot_id 2>/dev/null <"$P/sys/kernel/random/boot_id"
	read -r kernel 2>/dev/null <"$P/sys/kernel/osrelease"
	printf '{"format":"culprit.bundle/1","collector":"%s","node":"%s","boot_id":"%s","kernel":"%s","clock":{"epoch":%s,"monotonic":%s,"zone":"%s"},"started":"%s"}\n' \
		"$version" "$node" "$boot_id" "$kernel" "$epoch" "${now%??}.${now#"${now%??}"}" "${zone%??}:${zone#???}" "$moment" >"$B/manifest.jsonl"
	echo "$node" >"$B/hostname.txt"
	uname -a >"$B/uname.txt"
	date +%Y-%m-%dT%H:%M:%S%z >"$B/date.txt"
	cat "$P/uptime" >"$B/uptime.txt" 2>/dev/null
	echo "$boot_id" >"$B/boot_id.txt"
}

collect() {
	for t_name in curl ss journalctl docker ctr crictl kubectl ionice nsenter; do needs "$t_name"; done
	# what cannot hang
	node
	processes
	daemons
	looking
	first_look=$now
	# what the lock of a memory map, or a full table, may hold up; then tools that do so
	slow_processes
	configuration
	sockets
	run ps-wchan.txt 10 ps -eo pid,ppid,stat,wchan:32,etime,nlwp,rss,comm=COMM
	looked
	# the daemons, several at once, since each may hang
	first_dumps
	docker_first
	containerd_client
	cri_client
	more_dumps
	docker_inspect
	kubernetes
	runtimes
	logs # behind the signals, whose dumps may be in them
	drain
	second_look
	# what reaches every filesystem
	run df.txt 8 df -Pk
	run df-i.txt 8 df -Pi
	run mount.txt 5 mount
	take proc/diskstats-2 /proc/diskstats
	drain
}

# second_look comes an interval after the first.
second_look() {
	[ -n "$daemons" ] || return
	while clock && [ $((now - first_look)) -lt $((interval * 100)) ] && ! over; do event; done
	looking
	for l_small in $small; do
		l_name=${l_small%%:*} l_sock=${l_small##*:} l_pid=${l_small#*:}
		fetch "" 10 "$l_sock" "pprof/goroutine?debug=1" || continue
		await "$n"
		total "$T/out.$n" "$l_name" "${l_pid%%:*}"
	done
	looked
}

# estimated prints what a run would cost, from measured runs: a process makes 8 KiB of
# small files, a quarter of one packed, and takes a millisecond; a MiB of log 20 ms and an
# eighth of it packed.
estimated() {
	e_pids=$(pids | wc -l)
	e_logs=$(existing $log_files | sed "s|^|$root|" | xargs ls -ln | awk -v cap="$log_bytes" '{ n += $5 < cap ? $5 : cap } END { print int(n / 1048576) }')
	echo "$((e_pids)) processes, $e_logs MiB of log files: about $((1 + e_pids / 128 + e_logs)) MiB unpacked besides journals and dumps," \
		"$((1 + e_pids / 4096 + e_logs / 8)) MiB packed, $((interval + 2 + e_pids / 1000 + e_logs / 50)) s where nothing hangs, $((deadline + 5)) s at most"
}

main() {
	options "$@"
	clock
	n=0 stage_0=3 look_n=0 live='' running=0 lanes=6 steps=0 timeouts='' left=0 lacks='' stopped='' packing='' small='' daemons='' why='' hint=''
	step_mib=256 item_mib=256 log_bytes=33554432 cheap='stat status wchan cgroup stack' found='' configs=''
	log_files='/var/log/messages /var/log/syslog /var/log/daemon.log /var/log/kern.log /var/log/docker /var/log/docker.log /var/log/dockerd.log
		/var/log/containerd.log /var/log/kubelet.log /var/log/crio.log /var/log/upstart/docker.log'
	export HOME=/proc # tools keep no caches and read no settings of root
	unset DOCKER_CONTEXT DOCKER_CONFIG CONTAINERD_NAMESPACE
	folder
	trap 'clean; exit 1' EXIT
	header
	out=${out:-$PWD/culprit-$node-$(date -u +%Y%m%dT%H%M%SZ).tar.gz}
	case $out in - | /*) ;; *) out=$PWD/$out ;; esac
	[ ! -d "$out" ] || die "$out is a folder"
	cd / || exit 1
	to=$out.part
	if [ "$out" = - ] || [ -n "$estimate" ]; then to=$T/packed; fi
	(: >"$to") 2>/dev/null || die "cannot write $out"
	part=$to
	trap interrupt INT TERM HUP
	trap '' PIPE
	renice -n 19 -p $$ >/dev/null 2>&1
	ionice -c 3 -p $$ >/dev/null 2>&1
	(echo 1000 >/proc/$$/oom_score_adj) 2>/dev/null # if memory runs out, this goes first
	tick >/dev/null 2>&1 </dev/null &
	ticker=$!
	if [ -n "$estimate" ]; then
		begin "" 10 estimate estimated && await "$n"
		say "$(cat "$T/out.$n" 2>/dev/null)"
		trap - EXIT
		clean
		exit 0
	fi
	[ "$(id -u)" = 0 ] || say "not root: much stays closed"
	say "collecting from $node, $deadline s at most"
	collect
	[ -z "$stopped" ] || say "$stopped: packing what there is"
	pack
	if [ "$out" = - ]; then
		cat "$part" || die "cannot write to standard output"
	else
		mv "$part" "$out" || die "cannot write $out"
		part=
	fi
	clock
	say "$([ "$out" = - ] || echo "$out: ")$p_size KiB, $steps steps in $(((now - began) / 100)) s${timeouts:+; timed out: $timeouts}${lacks:+; not on this node:$lacks}"
	[ "$left" = 0 ] || say "$left processes of this collection cannot be ended and are left behind; they end when what blocks them does"
	[ -z "$hint" ] || say 'dockerd gives no goroutine dump: with "debug": true in /etc/docker/daemon.json and kill -HUP of dockerd it does, without a restart'
	trap - EXIT
	clean
	exit 0
}

main "$@"
