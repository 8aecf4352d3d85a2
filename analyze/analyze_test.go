package analyze

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/join"
	"culprit/analyze/logs"
	"culprit/rules"
)

// TestSignaturesHaveLiterals: one that has none makes every line of every log be looked at.
func TestSignaturesHaveLiterals(t *testing.T) {
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := logs.Compile(set.Signatures)
	if err != nil {
		t.Fatal(err)
	}
	if slow := signatures.Slow(); len(slow) > 0 {
		t.Errorf("without a literal of eight bytes: %v", slow)
	}
}

// partsOf takes files the way of a bundle, up to their parts.
func partsOf(t testing.TB, set *rules.Set, files map[string]string) *parts {
	t.Helper()
	signatures, err := logs.Compile(set.Signatures)
	if err != nil {
		t.Fatal(err)
	}
	p := newParts(signatures, "")
	err = p.read(func(visit func(fact.Source, io.Reader)) (bundle.Bundle, error) {
		return bundle.WalkReader(context.Background(), "test", tarred(t, files), bundle.DefaultLimits(), visit)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tarred is a tar of files, sorted by name.
func tarred(t testing.TB, files map[string]string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[name])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

var builtInRules = sync.OnceValues(func() (*rules.Set, error) { return rules.Load() })

// ruleSet is the built-in pack, read once.
func ruleSet(t testing.TB) *rules.Set {
	t.Helper()
	set, err := builtInRules()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// tablesOf takes files the way of a bundle, up to the joined tables.
func tablesOf(t testing.TB, files map[string]string) (*fact.Tables, []fact.Problem) {
	t.Helper()
	set := ruleSet(t)
	p := partsOf(t, set, files)
	tables := &fact.Tables{}
	var problems []fact.Problem
	for _, node := range p.nodes() {
		node.assemble(tables, "")
		problems = append(problems, node.problems...)
	}
	join.Join(tables)
	return tables, problems
}

const killFrames = "#\t0x1\tgithub.com/docker/docker/daemon.(*Daemon).Kill+0x1\t/d/kill.go:162\n#\t0x2\tgithub.com/docker/docker/daemon.(*Daemon).containerStop+0x1\t/d/stop.go:80\n"

func debug1(kills int) string {
	return fmt.Sprintf("goroutine profile: total %d\n%d @ 0x1 0x2\n%s\n", kills, kills, killFrames)
}

func debug2(kills, minutes int) string {
	var b strings.Builder
	for i := range kills {
		fmt.Fprintf(&b, "goroutine %d [chan receive, %d minutes]:\ngithub.com/docker/docker/daemon.(*Daemon).Kill(0xc0, 0xc1)\n\t/d/kill.go:162 +0x1\ngithub.com/docker/docker/daemon.(*Daemon).containerStop(0xc0)\n\t/d/stop.go:80 +0x1\n\n", i+1, minutes)
	}
	return b.String()
}

func kills(tables *fact.Tables, snapshot string) (n int64, oldest float64) {
	for _, s := range tables.Stacks {
		if s.At.Snapshot == snapshot && s.Daemon == "dockerd" {
			n += s.Count
			oldest = max(oldest, s.MaxWait.V.Minutes())
		}
	}
	return n, oldest
}

// TestFormsOfOneMomentAreNotSummed: counts come from debug=1, ages from debug=2.
func TestFormsOfOneMomentAreNotSummed(t *testing.T) {
	tables, _ := tablesOf(t, map[string]string{
		"goroutines/dockerd-goroutine-debug1.txt": debug1(40),
		"goroutines/dockerd-goroutine-debug2.txt": debug2(38, 7),
	})
	if n, oldest := kills(tables, ""); n != 40 || oldest != 7 {
		t.Errorf("%d goroutines, up to %g minutes; want 40 and 7", n, oldest)
	}
	if len(tables.Dumps) != 2 {
		t.Errorf("%d dumps", len(tables.Dumps))
	}
}

// TestDumpsOfOtherTimesAreOtherSnapshots: yesterday's signal file is not added to
// today's dump.
func TestDumpsOfOtherTimesAreOtherSnapshots(t *testing.T) {
	tables, _ := tablesOf(t, map[string]string{
		"date.txt":                "2026-11-22T03:49:28+00:00\n",
		"dockerd-goroutine-1.txt": debug1(40),
		"goroutine-stacks-2026-11-22T034932Z.log": debug2(39, 9),
		"goroutine-stacks-2026-11-21T034932Z.log": debug2(5, 1),
	})
	if n, oldest := kills(tables, ""); n != 40 || oldest != 9 {
		t.Errorf("today %d, %g minutes", n, oldest)
	}
	if n, _ := kills(tables, "2026-11-21T03:49:32Z"); n != 5 {
		t.Errorf("yesterday %d", n)
	}
}

const psHeader = "    PID    PPID STAT WCHAN            ELAPSED NLWP   RSS COMMAND\n"

func TestProcessesAreMerged(t *testing.T) {
	tables, _ := tablesOf(t, map[string]string{
		"ps-wchan.txt":   psHeader + "      1       0 Ss   do_sigtimedwait    01:40    1  1472 init\n    507       1 D    percpu_rwsem_wait  01:38    1  1044 sh -c x\n",
		"ps-ef.txt":      "UID          PID    PPID  C STIME TTY          TIME CMD\nroot           1       0  0 03:47 ?        00:00:00 init\nroot         900       1  0 03:47 ?        00:00:00 ps -ef\n",
		"proc/507/stack": "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] vfs_write+0x3f0/0x450\n",
	})
	var pids []int
	for _, p := range tables.Processes {
		pids = append(pids, p.PID)
		if p.PID == 507 && (p.Wait.On != "frozen-fs" || p.Wait.Refs[0].String() != "proc/507/stack:1") {
			t.Errorf("507 waits on %q by %v", p.Wait.On, p.Wait.Refs)
		}
	}
	// 900 is the collector's own ps, seen by the listing without states alone.
	if !slices.Equal(pids, []int{1, 507}) {
		t.Errorf("pids %v", pids)
	}
}

// TestHungTaskOfThePast: a trace in the kernel log counts while the task is still
// in D, and not once a whole listing shows it elsewhere or gone.
func TestHungTaskOfThePast(t *testing.T) {
	dmesg := "[  100.000000] INFO: task sh:507 blocked for more than 120 seconds.\n[  100.000001] Call Trace:\n[  100.000002]  percpu_rwsem_wait+0x1/0x2\n[  100.000003]  vfs_write+0x1/0x2\n[  100.000004]  ksys_write+0x1/0x2\n[  101.000000] other\n"
	init := psHeader + "      1       0 Ss   do_sigtimedwait    01:40    1  1472 init\n"
	for _, tt := range []struct {
		name string
		ps   string
		want fact.WaitClass
	}{
		{"still in D", init + "    507       1 D    percpu_rwsem_wait  01:38    1  1044 sh\n", fact.WaitUninterruptible},
		{"recovered", init + "    507       1 S    do_wait            01:38    1  1044 sh\n", fact.WaitNone},
		{"gone", init, fact.WaitNone},
		{"no listing", "", fact.WaitUninterruptible},
	} {
		files := map[string]string{"dmesg.txt": dmesg}
		if tt.ps != "" {
			files["ps.txt"] = tt.ps
		}
		tables, _ := tablesOf(t, files)
		var got fact.WaitClass
		for _, p := range tables.Processes {
			if p.PID == 507 {
				got = p.Wait.Class
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestMountsOncePerNamespace: equal files are one namespace, with all its pids.
func TestMountsOncePerNamespace(t *testing.T) {
	line := "312 225 7:3 / / rw,relatime shared:31 - ext4 /dev/loop3 rw\n"
	tables, _ := tablesOf(t, map[string]string{
		"proc/1/mountinfo": line, "proc/90/mountinfo": line,
		"proc/500/mountinfo": strings.Replace(line, "312", "485", 1),
	})
	var got []string
	for _, m := range tables.Mounts {
		got = append(got, fmt.Sprint(m.ID, m.PIDs))
	}
	if want := []string{"312 [1 90]", "485 [500]"}; !slices.Equal(got, want) {
		t.Errorf("mounts %q, want %q", got, want)
	}
}

func TestSocketsAreListedOnce(t *testing.T) {
	tables, _ := tablesOf(t, map[string]string{
		"ss-anp.txt":    "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nu_str ESTAB 0 0 /var/run/docker.sock 651023 * 0 users:((\"dockerd\",pid=106,fd=220))\n",
		"proc/net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00000000 0001 03 651023 /var/run/docker.sock\n0000000000000000: 00000002 00000000 00000000 0001 03 651024 /var/run/docker.sock\n",
	})
	var got []int64
	for _, s := range tables.Sockets {
		got = append(got, s.Inode)
	}
	if !slices.Equal(got, []int64{651023, 651024}) {
		t.Errorf("inodes %v", got)
	}
}

// TestKlogYear: kubelet stamps get year and zone from the clock of the collection.
func TestKlogYear(t *testing.T) {
	id := strings.Repeat("ab", 32)
	tables, _ := tablesOf(t, map[string]string{
		"date.txt":         "2026-01-02T01:00:00+08:00\n",
		"logs/kubelet.log": `E1231 23:58:00.000000     249 remote_runtime.go:243] StopContainer "` + id + `" from runtime service failed: rpc error: code = Unknown desc = operation timeout: context deadline exceeded` + "\n",
	})
	for _, h := range tables.Hits {
		if h.Signature == "kubelet-stop-container-timeout" {
			if got := h.First.Format("2006-01-02T15:04:05Z07:00"); got != "2025-12-31T23:58:00+08:00" || h.Container != id {
				t.Errorf("%s, container %.6s", got, h.Container)
			}
			return
		}
	}
	t.Error("no hit")
}

// TestBadInput: every bad input of one kind gives a problem with its place, and
// the good file beside it is still read.
func TestBadInput(t *testing.T) {
	good := psHeader + "      1       0 Ss   do_sigtimedwait    01:40    1  1472 init\n    507       1 D    percpu_rwsem_wait  01:38    1  1044 sh\n"
	long := strings.Repeat("x", 10<<20)
	for _, tt := range []struct{ name, file, text, want string }{
		{"a dump cut in the middle of a line", "goroutines/dockerd-goroutine-debug2.txt", debug2(3, 1) + "goroutine 9 [select]:\ngithub.com/docker/dock", "goroutines/dockerd-goroutine-debug2.txt:"},
		{"invalid UTF-8 in JSON", "docker/inspect-1.json", "[{\"Id\": \"a\xff\xfe\", \"State\"", "docker/inspect-1.json"},
		{"a line of 10 MiB", "logs/dockerd.log", "time=\"2026-11-22T03:47:48Z\" level=info msg=\"a\"\n" + long + "\n", "logs/dockerd.log:2"},
		{"an empty file", "docker/info.txt", "", "docker/info.txt"},
		{"a page of HTML where ss was expected", "ss-anp.txt", "<html><body>503</body></html>\n", "ss-anp.txt"},
		{"JSON where ps was expected", "ps-auxww.txt", `{"error": "denied"}` + "\n", "ps-auxww.txt"},
		{"a ps with states that somebody edited", "ps-ef2.txt", "USER PID %CPU %MEM VSZ RSS TTY D START TIME COMMAND\nroot 1 0.0 0.0 1 1 ? D 03:47 0:00 init\n", "ps-ef2.txt:1"},
		{"broken daemon.json", "config/daemon.json", "{\"debug\": tru}\n", "config/daemon.json:1"},
		{"a name that leads out", "../../etc/cron.d/x", "text\n", "etc/cron.d/x"},
		{"an absolute name", "/abs/notes.txt", "text\n", "abs/notes.txt"},
	} {
		tables, problems := tablesOf(t, map[string]string{"ps-wchan.txt": good, tt.file: tt.text})
		if !slices.ContainsFunc(problems, func(p fact.Problem) bool { return strings.HasPrefix(p.Ref.String(), tt.want) }) {
			t.Errorf("%s: no problem at %s: %v", tt.name, tt.want, problems)
		}
		if !slices.ContainsFunc(tables.Processes, func(p fact.Process) bool { return p.PID == 507 && p.State == "D" }) {
			t.Errorf("%s: the other file was not read", tt.name)
		}
	}
}

// TestTogether: two halves of a node are one incident; two nodes with equal pids
// stay apart.
func TestTogether(t *testing.T) {
	set := ruleSet(t)
	write := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	ps := psHeader + "      1       0 Ss   do_sigtimedwait    01:40    1  1472 init\n    507       1 D    percpu_rwsem_wait  01:38    1  1044 sh\n"
	stack := "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] vfs_write+0x3f0/0x450\n"
	host := func(name string) string { return "Linux " + name + " 6.1.0 #1 SMP x86_64 GNU/Linux\n" }
	run := func(dirs ...string) *Report {
		r, err := Bundles(context.Background(), Options{Rules: set}, dirs...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	half := run(write(map[string]string{"uname.txt": host("a"), "ps.txt": ps}), write(map[string]string{"uname.txt": host("a"), "proc/507/stack": stack}))
	if !slices.ContainsFunc(half.Findings, func(f *rules.Finding) bool { return f.Rule.ID.ID == "filesystem-frozen" }) {
		t.Error("two halves of one node do not join")
	}
	for _, f := range half.Findings {
		if f.Rule.ID.ID == "filesystem-frozen" && f.Evidence[0].Refs(1)[0].String() != "2/proc/507/stack:1" {
			t.Errorf("ref %v does not say which bundle", f.Evidence[0].Refs(1))
		}
	}
	two := run(write(map[string]string{"uname.txt": host("a"), "ps.txt": ps}), write(map[string]string{"uname.txt": host("b"), "proc/507/stack": stack}))
	if slices.ContainsFunc(two.Findings, func(f *rules.Finding) bool { return f.Rule.ID.ID == "filesystem-frozen" }) {
		t.Error("the stack of another node's process 507 was joined")
	}
}

// TestGaps: hung commands, missing sources and sockets that no listing shows.
func TestGaps(t *testing.T) {
	var fds strings.Builder
	for i := range 50 {
		fmt.Fprintf(&fds, "%d -> socket:[%d]\n", i, 7000+i)
	}
	tables, _ := tablesOf(t, map[string]string{
		"ps-wchan.txt": psHeader + "      1       0 Ss   do_sigtimedwait    01:40    1  1472 init\n    106       1 Ssl  futex_do_wait      01:38   10  1044 /usr/bin/dockerd -H unix:///var/run/docker.sock\n",
		"proc/106/fd":  fds.String(),
		"ss-anp.txt":   "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nu_str ESTAB 0 0 /var/run/docker.sock 7000 * 0 users:((\"dockerd\",pid=106,fd=0))\n",
		"collect.log":  "03:49:28\trc=0\t0.0s\tps auxww\n03:49:43\trc=124\t15.0s\tdocker info\n",
	})
	var got []string
	for _, g := range gaps(tables, nil) {
		got = append(got, g.What)
	}
	want := []string{"docker info did not end in time", "dockerd holds 49 more sockets than the listing shows: clients in other network namespaces"}
	if !slices.Equal(got, want) {
		t.Errorf("gaps %q, want %q", got, want)
	}
}

// TestRuleTests runs the tests of the built-in rules.
func TestRuleTests(t *testing.T) {
	set, err := rules.LoadTested()
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Tests) < 2*len(set.Rules) {
		t.Errorf("%d tests for %d rules", len(set.Tests), len(set.Rules))
	}
	tester, err := NewTester(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range set.Tests {
		t.Run(strings.TrimSuffix(filepath.Base(rt.File), ".yaml"), func(t *testing.T) {
			mismatch, err := tester.Run(rt)
			if err != nil || mismatch != "" {
				t.Errorf("%s:%d: %s %v", rt.File, rt.Line, mismatch, err)
			}
		})
	}
}

// TestTesterFails: a test that asks for what is not there fails.
func TestTesterFails(t *testing.T) {
	set := ruleSet(t)
	tester, err := NewTester(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range []*rules.Test{
		{Rule: "filesystem-frozen", Files: map[string]string{"uname.txt": "Linux a 6.1.0 #1\n"}},
		{Rule: "many-dstate-tasks", Files: map[string]string{"dmesg.txt": "[  100.0] INFO: task sh:7 blocked for more than 120 seconds.\n"}, Silent: true},
	} {
		if mismatch, err := tester.Run(rt); err != nil || mismatch == "" {
			t.Errorf("%s passes: %v", rt.Rule, err)
		}
	}
}

// FuzzFiles takes the whole way with one file of any name and content: no panic,
// and every ref of a finding or problem names a source of the bundle.
func FuzzFiles(f *testing.F) {
	f.Add("ps.txt", psHeader+"      1       0 Ss   x    01:40    1  1472 init\n")
	f.Add("proc/507/stack", "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] vfs_write+0x3f0/0x450\n")
	f.Add("logs/dockerd.log", "time=\"2026-11-22T03:47:48Z\" level=info msg=\"Container abcdef012345 failed to exit within 10 seconds of kill - trying direct SIGKILL\"\n")
	f.Add("goroutines/d.txt", debug1(4))
	set := ruleSet(f)
	f.Fuzz(func(t *testing.T, name, text string) {
		dir := t.TempDir()
		if strings.ContainsAny(name, "\x00") || !filepath.IsLocal(name) || len(name) > 100 {
			return
		}
		file := filepath.Join(dir, name)
		if os.MkdirAll(filepath.Dir(file), 0o755) != nil || os.WriteFile(file, []byte(text), 0o644) != nil {
			return
		}
		r, err := Bundles(context.Background(), Options{Rules: set}, dir)
		if err != nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		check := func(refs ...fact.Ref) {
			for _, ref := range refs {
				if ref.Line < 0 || ref.Line > lines || ref.EndLine > lines {
					t.Errorf("ref %v outside %d lines", ref, lines)
				}
			}
		}
		for _, p := range r.Problems {
			check(p.Ref)
		}
		for _, found := range r.Findings {
			for _, e := range found.Evidence {
				check(e.Refs(100)...)
			}
		}
	})
}
