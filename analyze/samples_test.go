package analyze

import (
	"fmt"
	"testing"
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
