package host

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestParseCgroupCounts(t *testing.T) {
	show := func(rows []fact.CgroupCount) string {
		number := func(o fact.Opt[int64]) string {
			switch {
			case !o.Known:
				return "?"
			case o.V == fact.Unlimited:
				return "max"
			}
			return fmt.Sprint(o.V)
		}
		var b strings.Builder
		for _, r := range rows {
			fmt.Fprintf(&b, "%s %.4s", r.Path, r.Container)
			for _, o := range []fact.Opt[int64]{r.Pids, r.PidsMax, r.PidsRefused, r.Memory, r.MemoryMax, r.OOMKills} {
				b.WriteString(" " + number(o))
			}
			fmt.Fprintf(&b, " %d %d %d\n", r.PidsRef.Line, r.RefusedRef.Line, r.OOMRef.Line)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, source, text, want string }{
		{"v1 pids", "cgroup/pids.txt", "/sys/fs/cgroup/pids/docker/" + idA + "/pids.current: 12\n/sys/fs/cgroup/pids/docker/" + idA + "/pids.max: 12\n/sys/fs/cgroup/pids/docker/" + idA + "/pids.events: max 3\n/sys/fs/cgroup/pids/pids.current:90\n",
			"/docker/" + idA + " " + idA[:4] + " 12 12 3 ? ? ? 1 3 0\n/  90 ? ? ? ? ? 4 0 0\n"},
		{"v1 memory", "cgroup/memory.txt", "/sys/fs/cgroup/memory/docker/memory.oom_control: oom_kill_disable 0\n/sys/fs/cgroup/memory/docker/memory.oom_control: under_oom 0\n/sys/fs/cgroup/memory/docker/memory.oom_control: oom_kill 2\n" +
			"/sys/fs/cgroup/memory/docker/memory.usage_in_bytes: 5242880\n/sys/fs/cgroup/memory/docker/memory.limit_in_bytes: 9223372036854771712\n", "/docker  ? ? ? 5242880 max 2 0 0 3\n"},
		{"v2", "cgroup/x", "/sys/fs/cgroup/system.slice/docker-" + idB + ".scope/memory.events: low 0\n/sys/fs/cgroup/system.slice/docker-" + idB + ".scope/memory.events: oom_kill 0\n/sys/fs/cgroup/system.slice/docker-" + idB + ".scope/memory.max: max\n",
			"/system.slice/docker-" + idB + ".scope " + idB[:4] + " ? ? ? ? max 0 0 0 2\n"},
		{"together", "cgroup/pids.txt", "/sys/fs/cgroup/pids/docker/ current=2 max=max events=max 0 \n", "/docker  2 max 0 ? ? ? 1 1 0\n"},
		{"one file", "node/sys/fs/cgroup/pids/docker/pids.events", "max 7\n", "/docker  ? ? 7 ? ? ? 0 1 0\n"},
	} {
		rows, problems := ParseCgroupCounts(strings.NewReader(tt.text), tt.source)
		if got := show(rows); got != tt.want || len(problems) != 0 {
			t.Errorf("%s: %s, want %s; %v", tt.name, got, tt.want, problems)
		}
	}
	odd := "/sys/fs/cgroup/pids/a/pids.current: many\n/sys/fs/cgroup/pids/a/pids.current: max 3\n/sys/fs/cgroup/pids/a/pids.events: 3\n/sys/fs/cgroup/pids/a/cpu.stat: 3\n" +
		"grep: /sys/fs/cgroup/pids/b/pids.max: No such device\n/sys/fs/cgroup/pids/a/pids.current: -1\n/sys/fs/cgroup/pids/a/pids.current: 12"
	if rows, problems := ParseCgroupCounts(strings.NewReader(odd), "cgroup/pids.txt"); len(rows) != 0 || len(problems) != 7 {
		t.Errorf("%+v, %v", rows, problems)
	}
}

func FuzzParseCgroupCounts(f *testing.F) {
	f.Add([]byte("/sys/fs/cgroup/pids/docker/a/pids.current: 12\n/sys/fs/cgroup/memory/docker/a/memory.oom_control: oom_kill 2\n"))
	f.Add([]byte("/a/pids.max:max\n/a/pids.events: max 3\n/memory.max: 9223372036854771712\n/a/memory.events: low"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ParseCgroupCounts(bytes.NewReader(b), "cgroup/pids.txt")
		checkProblems(t, b, problems)
		checkRows(t, b, len(rows))
		for _, r := range rows {
			for _, ref := range []fact.Ref{r.PidsRef, r.RefusedRef, r.OOMRef} {
				if ref.Line != 0 {
					inside(t, b, r.Path, ref)
				}
			}
			if !strings.HasPrefix(r.Path, "/") || r.Pids.V < 0 || r.OOMKills.V < 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
