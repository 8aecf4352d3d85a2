package analyze

import (
	"fmt"
	"testing"

	"culprit/analyze/fact"
)

// TestDumpsAreSamples: two complete dumps of one dockerd are two samples of its
// goroutines; forms of one moment are one, and a dump of an earlier instance none.
func TestDumpsAreSamples(t *testing.T) {
	for _, tt := range []struct{ name, elapsed, want string }{
		{"one instance", "3-00:00:00", "[507 goroutines 5 507 goroutines 39]"},
		{"restarted between", "01:00:00", "[507 goroutines 39]"},
	} {
		tables, _ := tablesOf(t, map[string]string{
			"date.txt":     "2026-11-22T03:49:28+00:00\n",
			"ps-wchan.txt": psHeader + "      1       0 Ss   do_sigtimedwait " + tt.elapsed + "    1  1472 init\n    507       1 Ssl  futex_wait " + tt.elapsed + "    9  1044 /usr/bin/dockerd\n",
			"goroutine-stacks-2026-11-22T034932Z.log": debug2(39, 9),
			"goroutine-stacks-2026-11-22T034933Z.log": debug2(40, 9),
			"goroutine-stacks-2026-11-21T034932Z.log": debug2(5, 1),
		})
		var got []any
		for _, s := range tables.Samples {
			got = append(got, s.PID, s.Metric, s.Value)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// idleDump is a debug=1 dump with n goroutines that wait for a request.
func idleDump(n int) string {
	return fmt.Sprintf("goroutine profile: total %d\n%d @ 0x1 0x2\n#\t0x1\tbufio.(*Reader).Peek+0x1\t/usr/bufio.go:1\n#\t0x2\tnet/http.(*conn).serve+0x1\t/usr/server.go:1\n\n", n, n)
}

// TestSampledTwice: of what the collector sampled the dumps of that moment make no
// samples again, and a dump of an hour before is one more. A leak grows between two
// looks five seconds apart, a healthy node does not.
func TestSampledTwice(t *testing.T) {
	look := func(epoch string, goroutines, fds, rss int) string {
		return fmt.Sprintf("%s dockerd 507 goroutines %d\n%s dockerd 507 fds %d\n%s dockerd 507 rss_kib %d\n", epoch, goroutines, epoch, fds, epoch, rss)
	}
	ps := psHeader + "      1       0 Ss   do_sigtimedwait 3-00:00:00    1  1472 init\n    507       1 Ssl  futex_wait 3-00:00:00    9  1044 /usr/bin/dockerd\n"
	for _, tt := range []struct {
		name, samples, earlier string
		counts                 []int64 // of goroutines
		grows                  bool
	}{
		{"a few more", look("1795320568.5", 1499, 1020, 90000) + look("1795320573.5", 1503, 1024, 99000), "", []int64{1499, 1503}, false},
		{"a few less", look("1795320568.5", 1509, 1020, 90000) + look("1795320573.5", 1500, 1014, 90000), "", []int64{1509, 1500}, false},
		{"leaks", look("1795320568.5", 1460, 1010, 90000) + look("1795320573.5", 1499, 1011, 90000), "", []int64{1460, 1499}, true},
		{"a dump of an hour before", look("1795320568.5", 1499, 1010, 90000) + look("1795320573.5", 1499, 1010, 90000), idleDump(1400), []int64{1499, 1499, 1400}, true},
		{"one look", look("1795320568.5", 1460, 1010, 90000), "", []int64{1460}, false},
		{"no samples", "", "", []int64{1501}, false},
	} {
		files := map[string]string{
			"date.txt": "2026-11-22T04:09:28+00:00\n", "ps-wchan.txt": ps,
			"goroutine-stacks-2026-11-22T040930Z.log": idleDump(1501),
		}
		if tt.samples != "" {
			files["samples.txt"] = "# EPOCH DAEMON PID METRIC VALUE\n" + tt.samples
		}
		if tt.earlier != "" {
			files["goroutine-stacks-2026-11-22T030928Z.log"] = tt.earlier
		}
		tables, problems := tablesOf(t, files)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.name, problems)
		}
		var counts []int64
		for _, s := range tables.Samples {
			if s.Metric == fact.MetricGoroutines {
				counts = append(counts, s.Value)
			}
		}
		if fmt.Sprint(counts) != fmt.Sprint(tt.counts) {
			t.Errorf("%s: goroutines %v, want %v", tt.name, counts, tt.counts)
		}
		found, grows := false, false
		for _, f := range ruleSet(t).Evaluate(tables).Findings {
			if f.Rule.ID.ID == "docker-client-socket-leak-unclosed-client" {
				found = true
				for _, e := range f.Evidence {
					grows = grows || e.Name == "they become more"
				}
			}
		}
		if !found || grows != tt.grows {
			t.Errorf("%s: found %v, grows %v, want %v", tt.name, found, grows, tt.grows)
		}
	}
}
