package host

import (
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestParseUname(t *testing.T) {
	at := ref("u", 1, 0)
	tests := []struct {
		text     string
		want     Uname
		problems []string
	}{
		{"Linux node-a17 5.4.0-99-generic #112-Ubuntu SMP Thu Feb 3 13:50:55 UTC 2022 x86_64 GNU/Linux\n", Uname{"node-a17", "5.4.0-99-generic", at}, nil},
		{"6.18.44\n", Uname{"", "6.18.44", at}, nil},
		{"bash: uname: command not found\n", Uname{}, []string{`u:1 the command failed: "bash: uname: command not found"`}},
		{"Linux node\n", Uname{}, []string{`u:1 not a line of uname: "Linux node"`}},
		{"", Uname{}, nil},
	}
	for _, tt := range tests {
		got, problems := ParseUname(strings.NewReader(tt.text), "u")
		equal(t, tt.text, got, tt.want)
		equal(t, tt.text, texts(problems), tt.problems)
	}
}

func TestParseOSRelease(t *testing.T) {
	tests := []struct {
		text, want string
		line       int
	}{
		{"ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian\"\n", "Debian GNU/Linux 12 (bookworm)", 2},
		{"# c\nNAME='CentOS Linux'\nVERSION=\"7 (Core)\"\n", "CentOS Linux 7 (Core)", 2},
		{"CentOS Linux release 7.9.2009 (Core)\n", "CentOS Linux release 7.9.2009 (Core)", 1},
	}
	for _, tt := range tests {
		got, problems := ParseOSRelease(strings.NewReader(tt.text), "o")
		noProblems(t, problems)
		if got.OS != tt.want || len(got.Refs) != 1 || got.Refs[0] != lineRef("o", tt.text, tt.line) {
			t.Errorf("%q: %q %v", tt.text, got.OS, got.Refs)
		}
	}
	got, problems := ParseOSRelease(strings.NewReader("ID=x\n"), "o")
	equal(t, "nameless", got, fact.Node{})
	equal(t, "nameless", texts(problems), []string{`o:1 no name of a system: "ID=x"`})
}

func TestParseHostname(t *testing.T) {
	for text, want := range map[string]string{"node-a17\n": "node-a17", "# c\n\nk8s.example.com": "k8s.example.com", "": ""} {
		got, problems := ParseHostname(strings.NewReader(text), "h")
		noProblems(t, problems)
		equal(t, text, got, want)
	}
	got, problems := ParseHostname(strings.NewReader("cat: /etc/hostname: No such file or directory\n"), "h")
	equal(t, "refused", got, "")
	equal(t, "refused", texts(problems), []string{`h:1 the command failed: "cat: /etc/hostname: No such file or directory"`})
}

func TestParseBootID(t *testing.T) {
	const id = "3c6ef372-fe94-f82b-a54f-f53a5f1d36f1"
	for text, want := range map[string]string{id + "\n": id, strings.ReplaceAll(id, "-", ""): id, "": ""} {
		got, problems := ParseBootID(strings.NewReader(text), "b")
		noProblems(t, problems)
		equal(t, text, got, want)
	}
	got, problems := ParseBootID(strings.NewReader("none\n"), "b")
	equal(t, "none", got, "")
	equal(t, "none", texts(problems), []string{`b:1 not a boot id: "none"`})
}

func TestParseDate(t *testing.T) {
	want := time.Date(2026, 11, 22, 3, 49, 28, 0, time.UTC)
	for _, text := range []string{
		"2026-11-22T03:49:28+00:00", "2026-11-22T11:49:28+08:00", "2026-11-22T03:49:28+0000", "2026-11-22T03:49:28Z",
		"Sun Nov 22 03:49:28 UTC 2026", "Sun Nov 22 03:49:28 AM UTC 2026", "Sun 22 Nov 2026 03:49:28 AM UTC", "Sun 22 Nov 03:49:28 GMT 2026",
		"Sun Nov 22 11:49:28 +08 2026", "Sun Nov 22 00:19:28 -0330 2026", "Sun, 22 Nov 2026 03:49:28 +0000", "2026-11-22 03:49:28.000000+00:00",
		"               Local time: Sun 2026-11-22 11:49:28 CST\n           Universal time: Sun 2026-11-22 03:49:28 UTC\n                 RTC time: Sun 2026-11-22 03:49:28",
		"1795319368",
	} {
		got, problems := ParseDate(strings.NewReader(text+"\n"), "d")
		noProblems(t, problems)
		if !got.Collected.Equal(want) || !got.CollectedEnd.IsZero() || len(got.Refs) != 1 {
			t.Errorf("%s: %+v", text, got)
		}
	}
	east, _ := ParseDate(strings.NewReader("2026-11-22T11:49:28+08:00\n"), "d")
	if _, offset := east.Collected.Zone(); offset != 8*3600 {
		t.Errorf("the zone is lost: %v", east.Collected)
	}
	got, problems := ParseDate(strings.NewReader("2026-11-22T03:49:28+00:00\n2026-11-22T03:49:34+00:00\n"), "d")
	noProblems(t, problems)
	equal(t, "both ends", got, fact.Node{Collected: want, CollectedEnd: want.Add(6 * time.Second), Refs: []fact.Ref{ref("d", 1, 0), ref("d", 2, 26)}})

	got, problems = ParseDate(strings.NewReader("Sun Nov 22 03:49:28 CST 2026\n"), "d")
	equal(t, "a lettered zone", texts(problems), []string{`d:1 zone "CST" does not tell its offset: read as UTC`})
	equal(t, "a lettered zone", got.Collected, want)
	got, problems = ParseDate(strings.NewReader("2026-11-22T03:49:28Z\n2026-11-22T03:49:27Z\nyesterday\n"), "d")
	equal(t, "backwards", texts(problems), []string{`d:3 not a date: "yesterday"`, "d:2 the collection ends before it starts"})
	equal(t, "backwards", got.Collected, want)
}

func TestParseUptime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"3306.41 1821.45\n": 55*time.Minute + 6*time.Second + 410*time.Millisecond,
		" 19:23:40 up 25 min,  1 user,  load average: 0.83, 0.73, 0.76\n":         25 * time.Minute,
		" 16:19:19 up 17:41,  2 users,  load average: 3.58, 3.27, 2.58\n":         17*time.Hour + 41*time.Minute,
		" 16:19:19 up 3 days,  4:05,  2 users,  load average: 3.58, 3.27, 2.58\n": 76*time.Hour + 5*time.Minute,
		" 16:19:19 up 1 day, 2 min,  load average: 3.58, 3.27, 2.58\n":            24*time.Hour + 2*time.Minute,
		"up 1 week, 2 days, 1 hour, 5 minutes\n":                                  9*24*time.Hour + time.Hour + 5*time.Minute,
	} {
		got, problems := ParseUptime(strings.NewReader(text), "u")
		noProblems(t, problems)
		equal(t, text, got, fact.Node{Uptime: fact.Some(want), Refs: []fact.Ref{ref("u", 1, 0)}})
	}
	for _, text := range []string{"NaN 1\n", "-5 1\n", "up up and away\n", "1e300 0\n", " 1:2 up 3:99, x\n"} {
		got, problems := ParseUptime(strings.NewReader(text), "u")
		if got.Uptime.Known || len(problems) != 1 {
			t.Errorf("%q: %+v %q", text, got, texts(problems))
		}
	}
}

func TestParseSysctl(t *testing.T) {
	row := func(name, value, source string, line int, off int64) fact.Sysctl {
		return fact.Sysctl{Name: name, Value: value, Refs: []fact.Ref{ref(source, line, off)}}
	}
	got, problems := ParseSysctl(strings.NewReader("fs.may_detach_mounts = 0\nsysctl: reading key \"net.ipv6.conf.all.stable_secret\"\nnet/ipv4/conf/eth0/rp_filter = 1\nkernel.version = #1 SMP a = b\n"), "s")
	noProblems(t, problems)
	equal(t, "listing", got, []fact.Sysctl{row("fs.may_detach_mounts", "0", "s", 1, 0), row("net.ipv4.conf.eth0.rp_filter", "1", "s", 3, 79), row("kernel.version", "#1 SMP a = b", "s", 4, 112)})
	got, problems = ParseSysctl(strings.NewReader("1\n"), "node/proc/sys/fs/may_detach_mounts")
	noProblems(t, problems)
	equal(t, "file", got, []fact.Sysctl{row("fs.may_detach_mounts", "1", "node/proc/sys/fs/may_detach_mounts", 1, 0)})
	got, problems = ParseSysctl(strings.NewReader("bash: sysctl: command not found\nfs.file-max\n"), "s")
	equal(t, "no rows", len(got), 0)
	equal(t, "refused", len(problems), 2)
}
