package line

import (
	"testing"
	"time"

	"culprit/analyze/fact"
)

func at(year int, month time.Month, day, h, m, s, nano int, zone *time.Location) time.Time {
	return time.Date(year, month, day, h, m, s, nano, zone)
}

func TestStamp(t *testing.T) {
	utc, east8 := time.UTC, time.FixedZone("", 8*3600)
	bare := func(y int, m time.Month, d, hh, mm, ss, n int) fact.Stamp {
		return fact.Stamp{Time: at(y, m, d, hh, mm, ss, n, utc), NoYear: y == 0, NoZone: true}
	}
	full := func(t time.Time) fact.Stamp { return fact.Stamp{Time: t} }
	tests := []struct {
		text string
		want fact.Stamp
	}{
		{`time="2021-05-06T16:51:40.009989451+08:00" level=error msg="a"`, full(at(2021, 5, 6, 16, 51, 40, 9989451, east8))},
		{`time="2026-11-22T04:10:46Z" level=info msg=a`, full(at(2026, 11, 22, 4, 10, 46, 0, utc))},
		{`time=2026-11-22T04:10:46.5-05:30 level=INFO msg=a`, full(at(2026, 11, 22, 4, 10, 46, 5e8, time.FixedZone("", -5*3600-1800)))},
		{`level=info msg=a`, fact.Stamp{}},
		{`E0930 16:12:35.980371    1028 file.go:348] a`, bare(0, 9, 30, 16, 12, 35, 980371000)},
		{`I0229 00:00:00.000001       1 file.go:1] a`, bare(0, 2, 29, 0, 0, 0, 1000)},
		{`I0230 00:00:00.000001       1 file.go:1] a`, fact.Stamp{}},
		{`Nov 22 03:49:28 host dockerd[12]: a`, bare(0, 11, 22, 3, 49, 28, 0)},
		{`Nov  3 03:49:28 host dockerd[12]: a`, bare(0, 11, 3, 3, 49, 28, 0)},
		{`Nov 10 14:17:41.900439 host kubelet[2296]: a`, bare(0, 11, 10, 14, 17, 41, 900439000)},
		{`5月 26 18:42:17 host dockerd[1]: a`, bare(0, 5, 26, 18, 42, 17, 0)},
		{`12月  6 18:42:17 host dockerd[1]: a`, bare(0, 12, 6, 18, 42, 17, 0)},
		{`2026-11-22T03:49:28.123456+0000 host dockerd[1]: a`, full(at(2026, 11, 22, 3, 49, 28, 123456000, utc))},
		{`2026-11-22T03:49:28+08:00 host dockerd[1]: a`, full(at(2026, 11, 22, 3, 49, 28, 0, east8))},
		{`2026-11-22T03:49:28.1Z stdout F a`, full(at(2026, 11, 22, 3, 49, 28, 1e8, utc))},
		{`2026-11-22 03:49:28,123 a`, bare(2026, 11, 22, 3, 49, 28, 123e6)},
		{`2019-10-02 02:14:15.2505693 +0000 UTC m=+0.1 container create`, full(at(2019, 10, 2, 2, 14, 15, 250569300, utc))},
		{`2026/11/22 03:49:28 a`, bare(2026, 11, 22, 3, 49, 28, 0)},
		{`Tue 2026-11-03 13:33:10 UTC host dockerd[1]: a`, full(at(2026, 11, 3, 13, 33, 10, 0, utc))},
		{`Tue 2026-11-03 13:33:10 CST host dockerd[1]: a`, bare(2026, 11, 3, 13, 33, 10, 0)},
		{`[Tue Nov  3 13:33:10 2026] a`, bare(2026, 11, 3, 13, 33, 10, 0)},
		{`[62365.889369] a`, fact.Stamp{}},
		{`INFO[0012] a`, fact.Stamp{}},
		{`INFO[2021-05-06T16:51:40+08:00] a`, full(at(2021, 5, 6, 16, 51, 40, 0, east8))},
		{`{"level":"info","ts":1637553908.25,"msg":"a"}`, full(at(2021, 11, 22, 4, 5, 8, 25e7, utc))},
		{`{"ts":1637553908250,"msg":"a"}`, full(at(2021, 11, 22, 4, 5, 8, 25e7, utc))},
		{`{"a":{"time":"x"},"b":[1,"]"],"time":"2026-11-22T03:49:28Z"}`, full(at(2026, 11, 22, 3, 49, 28, 0, utc))},
		{`{"log":"a\n","stream":"stderr","time":"2026-11-22T03:49:28.5Z"}`, full(at(2026, 11, 22, 3, 49, 28, 5e8, utc))},
		// The more complete one counts, the inner among equals.
		{`Nov 22 03:49:28 host dockerd[1]: time="2026-11-22T03:49:27.5+08:00" level=info msg=a`, full(at(2026, 11, 22, 3, 49, 27, 5e8, east8))},
		{`Nov 22 03:49:28 host kubelet[1]: E1122 03:49:27.500000    1 a.go:1] a`, bare(0, 11, 22, 3, 49, 27, 5e8)},
		{`2026-11-22T03:49:28.1Z stderr F E1122 03:49:27.500000    1 a.go:1] a`, full(at(2026, 11, 22, 3, 49, 28, 1e8, utc))},
		{`/var/log/kubelet.INFO:812:I0712 03:19:59.590703   35913 a.go:95] a`, bare(0, 7, 12, 3, 19, 59, 590703000)},
		{`/var/log/messages-1:Nov 22 03:49:28 host kernel: a`, bare(0, 11, 22, 3, 49, 28, 0)},
		{`<6>[Tue Nov  3 13:33:10 2026] a`, bare(2026, 11, 3, 13, 33, 10, 0)},
		{`Flag --sync-frequency has been deprecated`, fact.Stamp{}},
		{`-- Logs begin at Fri 2022-02-04 09:42:52 UTC --`, fact.Stamp{}},
		{`Nov 32 03:49:28 host a`, fact.Stamp{}},
		{`Nov 22 24:49:28 host a`, fact.Stamp{}},
		{`2026-13-22T03:49:28Z a`, fact.Stamp{}},
		{`time="0001-01-01T00:00:00Z" level=info msg=a`, fact.Stamp{}},
		{``, fact.Stamp{}},
	}
	for _, tt := range tests {
		got, ok := Stamp([]byte(tt.text))
		if !got.Time.Equal(tt.want.Time) || got.NoYear != tt.want.NoYear || got.NoZone != tt.want.NoZone {
			t.Errorf("Stamp(%q) = %+v, want %+v", tt.text, got, tt.want)
		}
		if _, o := got.Time.Zone(); ok && o != offset(tt.want.Time) {
			t.Errorf("Stamp(%q) has zone offset %d, want %d", tt.text, o, offset(tt.want.Time))
		}
		if ok == tt.want.IsZero() {
			t.Errorf("Stamp(%q) reports %v", tt.text, ok)
		}
	}
}

func offset(t time.Time) int {
	_, o := t.Zone()
	return o
}

func TestStampDoesNotAllocate(t *testing.T) {
	for _, text := range []string{
		`time="2021-05-06T16:51:40.009989451+08:00" level=error msg="a"`,
		`Nov 22 03:49:28 host kubelet[1]: E1122 03:49:27.500000    1 a.go:1] a`,
		`[62365.889369] a`,
		`{"log":"a\n","stream":"stderr","time":"2026-11-22T03:49:28.5Z"}`,
		`no stamp at all`,
	} {
		b := []byte(text)
		if n := testing.AllocsPerRun(100, func() { Stamp(b) }); n > 0 {
			t.Errorf("Stamp(%q) allocates %v times", text, n)
		}
	}
}

// FuzzLayout compares the table of layouts with package time.
func FuzzLayout(f *testing.F) {
	f.Add("2026-11-22T03:49:28.123456789+08:00")
	f.Add("2026-02-29T23:59:59Z")
	f.Fuzz(func(t *testing.T, text string) {
		s, n := isoLayout.read([]byte(text))
		if n == 0 || s.NoZone || text[10] != 'T' || n > len("2026-11-22T03:49:28.123456789+08:00") {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, text[:n])
		if err == nil && !want.Equal(s.Time) {
			t.Errorf("read %q as %v, want %v", text[:n], s.Time, want)
		}
	})
}

func BenchmarkStamp(b *testing.B) {
	for name, text := range map[string]string{
		"logrus": `time="2021-05-06T16:51:40.009989451Z" level=error msg="a"`,
		"klog":   `E1122 03:49:27.500000    1 a.go:1] a`,
		"syslog": `Nov 22 03:49:28 host kubelet[1]: a`,
	} {
		b.Run(name, func(b *testing.B) {
			raw := []byte(text)
			for b.Loop() {
				Stamp(raw)
			}
		})
	}
}
