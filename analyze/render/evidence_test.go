package render

import (
	"bytes"
	"strings"
	"testing"

	"culprit/analyze"
)

// Where kinds of evidence are missing, no cause does not sound like health.
func TestSilence(t *testing.T) {
	all := []analyze.Seen{{Table: "processes", N: 30, Complete: true}, {Table: "stacks", N: 1, Complete: true}, {Table: "hits", N: 1234}, {Table: "containers", Complete: true}}
	for _, tt := range []struct {
		name string
		r    *analyze.Report
		want string
	}{
		{"all there", &analyze.Report{Seen: all}, "NO ROOT CAUSE  no known cause matches, and nothing unusual was seen\n\n"},
		{"some missing", &analyze.Report{Seen: append(all, analyze.Seen{Table: "sockets"}, analyze.Seen{Table: "mounts"})},
			"NO ROOT CAUSE  no known cause matches this evidence\n" +
				"  looked at   30 processes, 1 goroutine, 1,234 log lines (incomplete), 0\n              containers\n" +
				"  not there   sockets, mounts: causes that only these show were not looked for\n\n"},
		{"nothing there", &analyze.Report{Seen: []analyze.Seen{{Table: "mounts"}}},
			"NO ROOT CAUSE  no known cause matches this evidence\n" +
				"  not there   mounts: causes that only these show were not looked for\n\n"},
	} {
		format, ok := FormatNamed("text")
		if !ok {
			t.Fatal("no text")
		}
		var b bytes.Buffer
		if err := format.Write(&b, tt.r, Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.String(), tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, b.String(), tt.want)
		}
	}
}
