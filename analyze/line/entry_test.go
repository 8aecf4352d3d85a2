package line

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"culprit/analyze/fact"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want Entry
	}{
		{`time="2021-05-06T16:51:40.009989451+08:00" level=error msg="exec \"sh\": a=b\n" error="x y" container=0123abcd module=libcontainerd/moby`,
			Entry{Level: "error", Msg: "exec \"sh\": a=b\n", Format: "logrus", Fields: []Field{{"error", "x y"}, {"container", "0123abcd"}, {"module", "libcontainerd/moby"}}}},
		{`time="2021-05-06T16:51:40Z" level=warning msg="cut in the mid\"dle`,
			Entry{Level: "warning", Msg: `cut in the mid"dle`, Format: "logrus"}},
		{`level=info msg=event time=later`, Entry{Level: "info", Msg: "event", Format: "logrus"}},
		{`time=2026-11-22T04:10:46Z level=WARN msg=a msg=b`, Entry{Level: "warning", Msg: "a", Format: "logrus", Fields: []Field{{"msg", "b"}}}},
		{`INFO[0012] loading plugin a=b twice                 type=io.containerd.x id="a b"`,
			Entry{Level: "info", Msg: "loading plugin a=b twice", Format: "logrus", Fields: []Field{{"type", "io.containerd.x"}, {"id", "a b"}}}},
		{"\x1b[31mERRO\x1b[0m[0001] broken", Entry{Level: "error", Msg: "broken", Format: "logrus"}},
		{`E0930 16:12:35.980371    1028 remote_runtime.go:348] ExecSync failed: k=v`,
			Entry{Level: "error", Msg: "ExecSync failed: k=v", PID: 1028, Format: "klog", Fields: []Field{{"file", "remote_runtime.go:348"}}}},
		{`I0930 16:12:35.980371    1028 kubelet.go:2] "SyncLoop \"ADD\"" pod="kube-system/a" err="x: \"y\"" n=3`,
			Entry{Level: "info", Msg: `SyncLoop "ADD"`, PID: 1028, Format: "klog", Fields: []Field{{"file", "kubelet.go:2"}, {"pod", "kube-system/a"}, {"err", `x: "y"`}, {"n", "3"}}}},
		{`Nov 22 03:49:28 node-a17 dockerd[1334]: time="2026-11-22T03:49:28Z" level=info msg="a b"`,
			Entry{Level: "info", Msg: "a b", Unit: "dockerd", PID: 1334, Format: "logrus"}},
		{`Nov 22 03:49:28 node-a17 systemd[1]: Started Docker.`, Entry{Msg: "Started Docker.", Unit: "systemd", PID: 1, Format: "syslog"}},
		{`Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass`, Entry{Msg: "check pass", Unit: "sshd(pam_unix)", PID: 19939, Format: "syslog"}},
		{`Nov 22 04:10:46 node-d06 syslog.info syslogd started: BusyBox v1.35.0`, Entry{Level: "info", Msg: "syslogd started: BusyBox v1.35.0", Format: "syslog"}},
		{`Nov 22 04:10:46 node-d06 daemon.err dockerd[7]: a`, Entry{Level: "error", Msg: "a", Unit: "dockerd", PID: 7, Format: "syslog"}},
		{`Nov 22 03:49:28 host last message repeated 2 times`, Entry{Msg: "last message repeated 2 times", Format: "syslog"}},
		{`Nov 22 03:49:28 host kernel: [62365.889369] a`, Entry{Msg: "a", Unit: "kernel", Format: "kernel"}},
		{`Nov 22 03:49:28 host kernel: a`, Entry{Msg: "a", Unit: "kernel", Format: "kernel"}},
		{`[62365.889369] a: b`, Entry{Msg: "a: b", Unit: "kernel", Format: "kernel"}},
		{`[    0.000000][    T0] a`, Entry{Msg: "a", Unit: "kernel", Format: "kernel"}},
		{`[Tue Nov  3 13:33:10 2026]  [<ffffffff81>] a+0x1/0x2`, Entry{Msg: " [<ffffffff81>] a+0x1/0x2", Unit: "kernel", Format: "kernel"}},
		{`2026-11-22T03:49:28.123456+0000 host kubelet[9]: I1122 03:49:28.123456    9 a.go:1] b`,
			Entry{Level: "info", Msg: "b", Unit: "kubelet", PID: 9, Format: "klog", Fields: []Field{{"file", "a.go:1"}}}},
		{`2026-11-22T03:49:28.123456789Z connection refused: a`, Entry{Msg: "connection refused: a", Format: "text"}},
		{`2026-11-22T03:49:28.1Z stdout F plain: text`, Entry{Msg: "plain: text", Format: "text"}},
		{`{"time":"2026-11-22T03:49:28Z","level":"warn","msg":"a \"b\" é","n":3,"o":{"p":[1,2]}}`,
			Entry{Level: "warning", Msg: `a "b" é`, Format: "json", Fields: []Field{{"n", "3"}, {"o", `{"p":[1,2]}`}}}},
		{`{"ts":1637553908.1,"level":"error","message":"m"}`, Entry{Level: "error", Msg: "m", Format: "json"}},
		{`{"log":"E0930 16:12:35.980371 1 a.go:1] b\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`,
			Entry{Level: "error", Msg: "b", PID: 1, Format: "klog", Fields: []Field{{"file", "a.go:1"}}}},
		{`{"log":"plain\n","stream":"stdout","time":"2026-11-22T03:49:28.1Z"}`, Entry{Msg: "plain", Format: "json"}},
		{`{not json}`, Entry{Msg: "{not json}", Format: "text"}},
		{`[root@node ~]# docker ps`, Entry{Msg: "[root@node ~]# docker ps", Format: "text"}},
		{`nnection refused\"" module=libcontainerd`, Entry{Msg: `nnection refused\"" module=libcontainerd`, Format: "text"}},
		{``, Entry{Format: "text"}},
	}
	for _, tt := range tests {
		got := Parse([]byte(tt.text))
		got.Stamp = fact.Stamp{}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", tt.text, got, tt.want)
		}
	}
}

func TestField(t *testing.T) {
	e := Parse([]byte(`level=info msg=a id=1 id=2`))
	if e.Field("id") != "1" || e.Field("none") != "" {
		t.Errorf("id=%q none=%q", e.Field("id"), e.Field("none"))
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		`plain`:             "plain",
		`a\n\t\"b\"\\`:      "a\n\t\"b\"\\",
		`\x1b[0m\u00e9\101`: "\x1b[0méA",
		`\U0001f600!`:       "😀!",
		`\q \x4`:            `\q \x4`,
		`end\`:              `end\`,
	} {
		if got := Unescape([]byte(in)); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzUnescape(f *testing.F) {
	f.Add("a\n\"\x1b\xff")
	f.Fuzz(func(t *testing.T, text string) {
		q := fmt.Sprintf("%q", text)
		if got := Unescape([]byte(q[1 : len(q)-1])); got != text {
			t.Errorf("Unescape(%s) = %q", q, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`time="2021-05-06T16:51:40.009989451+08:00" level=error msg="a \"b\"" k=v`,
		`INFO[0012] a                b=c`,
		"\x1b[36mINFO\x1b[0m[0012] a",
		`E0930 16:12:35.980371    1028 file.go:348] "a" k="v"`,
		`Nov 22 03:49:28 host prog[12]: a`,
		`2026-11-22T03:49:28.123456+0000 host prog[12]: a`,
		`2026-11-22T03:49:28.1Z stdout F a`,
		`{"log":"a\n","stream":"stdout","time":"2026-11-22T03:49:28.1Z"}`,
		`[62365.889369][ T12] a`,
		`{"log":"{\"level\":\"error\"}\n","stream":"a"}`,
		`[Tue Nov  3 13:33:10 2026] a`,
		`/var/log/x:12:I0712 03:19:59.590703 1 a.go:1] b`,
		`5月 26 18:42:17 h p[1]: a`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		e := Parse(text)
		s, ok := Stamp(text)
		if !bytes.Equal(text, before) {
			t.Error("the line was changed")
		}
		if g, _ := Glance(text); !g.Time.Equal(s.Time) || g.NoYear != s.NoYear || g.NoZone != s.NoZone {
			t.Errorf("Stamp %+v, Glance %+v", s, g)
		}
		if ok == s.IsZero() || !e.Stamp.Time.Equal(s.Time) || e.Stamp.NoYear != s.NoYear || e.Stamp.NoZone != s.NoZone {
			t.Errorf("Stamp %+v %v, Parse %+v", s, ok, e.Stamp)
		}
		switch e.Format {
		case "logrus", "klog", "json", "syslog", "kernel", "text":
		default:
			t.Errorf("format %q", e.Format)
		}
		if !bytes.HasSuffix(text, Body(text)) || !bytes.Contains(text, Unit(text)) && string(Unit(text)) != "kernel" {
			t.Errorf("body %q unit %q", Body(text), Unit(text))
		}
		if !ok {
			return
		}
		if y := s.Time.Year(); s.NoYear != (y == 0) || y < 0 || y > 9999 {
			t.Errorf("year %d, NoYear %v", y, s.NoYear)
		}
	})
}
