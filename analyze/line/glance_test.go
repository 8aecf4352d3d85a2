package line

import (
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestGlanceLevel(t *testing.T) {
	tests := []struct {
		text string
		want fact.Level
	}{
		{`time="2021-05-06T16:51:40Z" level=error msg="a"`, fact.LevelError},
		{`time="2021-05-06T16:51:40Z" level=fatal msg="a"`, fact.LevelError},
		{`time="2021-05-06T16:51:40Z" level=panic msg="a"`, fact.LevelError},
		{`time="2021-05-06T16:51:40Z" level=warning msg="a"`, fact.LevelWarning},
		{`time="2021-05-06T16:51:40Z" level=info msg="level=error" error="level=fatal"`, fact.LevelOther},
		{`time=2026-11-22T04:10:46Z level=WARN msg=a`, fact.LevelWarning},
		{`level=error msg=a`, fact.LevelError},
		{`time="2021-05-06T16:51:40Z" msg="a" level=error`, fact.LevelError},
		{"\x1b[31mERRO\x1b[0m[0001] a", fact.LevelError},
		{`E0930 16:12:35.980371    1028 a.go:1] b`, fact.LevelError},
		{`F0930 16:12:35.980371    1028 a.go:1] b`, fact.LevelError},
		{`W0930 16:12:35.980371    1028 a.go:1] b`, fact.LevelWarning},
		{`I0930 16:12:35.980371    1028 a.go:1] E0930 16:12:35.980371`, fact.LevelOther},
		{`Nov 22 03:49:28 host kubelet[9]: E1122 03:49:28.123456    9 a.go:1] b`, fact.LevelError},
		{`Nov 22 04:10:46 node-d06 daemon.err dockerd[7]: a`, fact.LevelError},
		{`Nov 22 04:10:46 node-d06 daemon.err dockerd[7]: time="2021-05-06T16:51:40Z" level=info msg=a`, fact.LevelOther},
		{`2026-11-22T03:49:28.1Z stderr F E1122 03:49:28.123456    9 a.go:1] b`, fact.LevelError},
		{`{"level":"error","ts":1637553908.12,"msg":"a"}`, fact.LevelError},
		{`{"ts":1637553908.12,"msg":"level","severity":"WARNING"}`, fact.LevelWarning},
		{`{"stream":"a","level":"error"}`, fact.LevelError},
		{`{"log":"E0930 16:12:35.980371 1 a.go:1] b\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`, fact.LevelError},
		{`{"log":"time=\"2026-11-22T03:49:28Z\" level=error msg=\"\u003ca\u003e\"\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`, fact.LevelError},
		{`{"log":"{\"ts\":1.5,\"level\":\"error\"}\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`, fact.LevelError},
		{`{"log":"Nov 22 03:49:28 host kubelet[9]: E1122 03:49:28.123456    9 a.go:1] b\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`, fact.LevelError},
		{`{"log":"error\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}`, fact.LevelOther},
		{`[62365.889369] error: a`, fact.LevelOther},
		{`{"level":error`, fact.LevelOther},
		{`{"log":"`, fact.LevelOther},
		{`error`, fact.LevelOther},
		{``, fact.LevelOther},
	}
	for _, tt := range tests {
		stamp, got := Glance([]byte(tt.text))
		if got != tt.want {
			t.Errorf("Glance(%q) gives level %d, want %d", tt.text, got, tt.want)
		}
		if want, _ := Stamp([]byte(tt.text)); stamp != want {
			t.Errorf("Glance(%q) gives %v, Stamp %v", tt.text, stamp, want)
		}
		if inner := strings.Contains(tt.text, `"log":"{`); !inner && got != levelOf(Parse([]byte(tt.text)).Level) {
			t.Errorf("Glance(%q) gives level %d, Parse %q", tt.text, got, Parse([]byte(tt.text)).Level)
		}
	}
}

func levelOf(word string) fact.Level {
	return map[string]fact.Level{"error": fact.LevelError, "fatal": fact.LevelError, "panic": fact.LevelError, "warning": fact.LevelWarning}[word]
}

func TestSinceBoot(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`[62365.889369] a`:                              62365889369 * time.Microsecond,
		`<4>[    0.000000][    T0] a`:                   0,
		`Nov 22 03:49:28 host kernel: [    1.500000] a`: 1500 * time.Millisecond,
		`[Tue Nov  3 13:33:10 2026] a`:                  -1,
		`a [62365.889369] b`:                            -1,
		``:                                              -1,
	} {
		got, ok := SinceBoot([]byte(text))
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("SinceBoot(%q) = %v %v, want %v", text, got, ok, want)
		}
	}
}

func TestGlanceDoesNotAllocate(t *testing.T) {
	for _, text := range glanceTexts {
		b := []byte(text)
		if n := testing.AllocsPerRun(100, func() { Glance(b) }); n > 0 {
			t.Errorf("Glance(%q) allocates %v times", text, n)
		}
	}
}

var glanceTexts = map[string]string{
	"logrus":    `time="2021-05-06T16:51:40.009989451Z" level=error msg="Handler for GET /containers/json returned error: context canceled"`,
	"klog":      `E1122 03:49:27.500000    1 kubelet.go:1953] SyncLoop (PLEG): "web-0_prod(0123)", event: a`,
	"syslog":    `Nov 22 03:49:28 host kubelet[1]: E1122 03:49:27.500000    1 a.go:1] a`,
	"docker":    `{"log":"time=\"2026-11-22T03:49:28Z\" level=error msg=\"failed\" error=\"context canceled\"\n","stream":"stderr","time":"2026-11-22T03:49:28.512345678Z"}`,
	"zap":       `{"level":"error","ts":1637553908.12,"msg":"failed to do what was asked for","err":"context canceled"}`,
	"traceback": "\tgithub.com/docker/docker/daemon.(*Daemon).Kill(0xc0, 0xc1)",
}

func BenchmarkGlance(b *testing.B) {
	for name, text := range glanceTexts {
		b.Run(name, func(b *testing.B) {
			raw := []byte(text)
			for b.Loop() {
				Glance(raw)
			}
		})
	}
}
