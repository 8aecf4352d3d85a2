package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slurm is a Slurm of one node, with a munged, a slurmctld and a slurmd of its own.
type slurm struct {
	t   *testing.T
	dir string // of everything it has: configuration, key, sockets, state, logs
}

// slurmConf is its slurm.conf. RequeueExit is the contract of a shard. config_overrides
// gives the node its CPUs whatever the machine has. NoInAddrAny and NoCtldInAddrAny keep
// the daemons on loopback.
const slurmConf = `ClusterName=culprit
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=%[2]d
SlurmdPort=%[3]d
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthInfo=socket=%[1]s/munge.socket
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/spool
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd.pid
SlurmctldLogFile=%[1]s/slurmctld.log
SlurmdLogFile=%[1]s/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
SlurmdParameters=config_overrides
RequeueExit=1-41,43-255
NodeName=node NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=4
PartitionName=all Nodes=node Default=YES
`

// slurmDaemons is the first process of a namespace: what it starts ends with it. munged
// wants its socket below folders that all may enter, but for --force.
const slurmDaemons = `set -eu
mount -t proc proc /proc
munged --foreground --force --socket=munge.socket --key-file=munge.key --seed-file=munge.seed --pid-file=munge.pid --log-file=munge.log &
until [ -S munge.socket ]; do sleep 0.05; done
slurmctld -D -f "$SLURM_CONF" &
slurmd -D -f "$SLURM_CONF" -N node &
wait
`

func newSlurm(t *testing.T) *slurm {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "slurmd wants root")
	}
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch", "scontrol"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program+" is missing; .ci/run installs it")
		}
	}
	s := &slurm{t, t.TempDir()}
	key := make([]byte, 128)
	rand.Read(key)
	files := map[string]string{
		"slurm.conf": fmt.Sprintf(slurmConf, s.dir, freePort(t), freePort(t)),
		// The plugin is loaded, and finds no cgroups that it could touch.
		"cgroup.conf": fmt.Sprintf("CgroupPlugin=cgroup/v1\nCgroupMountpoint=%s/cgroup\n", s.dir),
		"munge.key":   string(key),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := s.command("sh", "-c", slurmDaemons)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(s.dir, "daemons.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	s.wait("a node that is idle", func() string {
		out, _ := s.command("sinfo", "--noheader", "--format=%T").CombinedOutput()
		return strings.TrimSpace(string(out))
	}, "idle")
	return s
}

// freePort is one that nobody had a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *slurm) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "SLURM_CONF="+filepath.Join(s.dir, "slurm.conf"))
	return cmd
}

// wait waits until what is looked at is as wanted.
func (s *slurm) wait(what string, look func() string, want string) {
	s.t.Helper()
	got := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if got = look(); got == want {
			return
		}
	}
	logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		s.t.Logf("%s:\n%s", filepath.Base(log), text[max(0, len(text)-4000):])
	}
	s.t.Fatalf("no %s:\n%s\nwant\n%s", what, got, want)
}

// tasks says of each task of an array how it is, in the order of their indexes. Tasks that
// were put back into the queue are let go at once: Slurm gives them two minutes.
func (s *slurm) tasks(job string) string {
	out, err := s.command("scontrol", "--oneliner", "show", "job", job).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	var tasks []string
	for line := range strings.Lines(string(out)) {
		field := map[string]string{}
		for _, f := range strings.Fields(line) {
			name, value, _ := strings.Cut(f, "=")
			field[name] = value
		}
		if field["Reason"] == "BeginTime" {
			s.command("scontrol", "update", "JobId="+field["JobId"], "StartTime=now").Run()
		}
		tasks = append(tasks, fmt.Sprintf("%s: %s, exit %s, restarts %s", field["ArrayTaskId"], field["JobState"], field["ExitCode"], field["Restarts"]))
	}
	slices.Sort(tasks)
	return strings.Join(tasks, "\n")
}

// slurmJob is one task: the shard that Slurm says. The first one is killed in the middle
// once, before the others begin.
const slurmJob = `#!/bin/sh
if [ "$SLURM_ARRAY_TASK_ID$SLURM_RESTART_COUNT" = 0 ]; then
	culprit batch --plan plan.jsonl --results results --workers 1 &
	until set -- results/*/*.json; [ $# -ge 3 ]; do sleep 0.01; done
	kill -KILL $!
	wait $!
	code=$?
	set -- results/*/*.json
	echo killed with $# results
	>killed
	exit $code
fi
until [ -e killed ]; do sleep 0.05; done
exec culprit batch --plan plan.jsonl --results results --workers 1
`

// A real scheduler starts the shards as the tasks of an array. The one that was killed it
// starts again, the one that the plan does not have it does not. What is merged is what one
// machine would have found.
func TestSlurm(t *testing.T) {
	binary := built(t)
	s := newSlurm(t)
	const bundles, shards = 30, 3
	dir := manyBundles(t, bundles)
	work := t.TempDir()
	in := func(name string) string { return filepath.Join(work, name) }
	must(t, binary, "plan", dir, "--shards", fmt.Sprint(shards), "-o", in("plan.jsonl"))
	if err := os.Symlink(binary, in("culprit")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("job.sh"), []byte(slurmJob), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := s.command("sbatch", "--parsable", "--requeue", "--open-mode=append", "--output=%a.out", "--chdir="+work, fmt.Sprint("--array=0-", shards), in("job.sh"))
	cmd.Env = append(cmd.Env, "PATH="+work+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.wait("end of the job", func() string { return s.tasks(strings.TrimSpace(string(out))) }, `0: COMPLETED, exit 0:0, restarts 1
1: COMPLETED, exit 0:0, restarts 0
2: COMPLETED, exit 0:0, restarts 0
3: FAILED, exit 42:0, restarts 0`)
	said := func(task int) string {
		text, err := os.ReadFile(in(fmt.Sprint(task, ".out")))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	killed := regexp.MustCompile(`killed with (\d+) results`).FindStringSubmatch(said(0))
	if killed == nil {
		t.Fatalf("the task that was killed says %q", said(0))
	}
	if n, _ := strconv.Atoi(killed[1]); n < 3 || n >= bundles/shards || !strings.Contains(said(0), ": "+killed[1]+" known already") {
		t.Errorf("the task that was killed says %q", said(0))
	}
	if text := said(shards); strings.Count(text, "shard 3: the plan has 0 to 2") != 1 {
		t.Errorf("the task without a shard says %q", text)
	}
	must(t, binary, "merge", in("results"), "--store", in("merged.db"))
	must(t, binary, "batch", dir, "--store", in("one.db"))
	got, want := must(t, binary, "fleet", "export", "--store", in("merged.db")), must(t, binary, "fleet", "export", "--store", in("one.db"))
	if n := bytes.Count([]byte(got), []byte("\n")); got != want || n != bundles {
		t.Errorf("%d merged results of %d bytes, one machine has %d bytes", n, len(got), len(want))
	}
}
