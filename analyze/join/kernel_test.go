package join

import (
	"testing"

	"culprit/analyze/fact"
)

func TestForeignMounts(t *testing.T) {
	for _, c := range []struct{ kernel, sysctl, want string }{
		{"6.18.44", "", "detach"},
		{"5.4.0-150-generic", "", "detach"},
		{"3.18.0", "", "detach"},
		{"3.17.8", "", "block"},
		{"2.6.32-754.el6.x86_64", "", "block"},
		{"3.10.0-514.26.2.el7.x86_64", "", "block"}, // 7.3: no such sysctl
		{"3.10.0-514.26.2.el7.x86_64", "1", "block"},
		{"3.10.0-693.el7.x86_64", "0", "block"},
		{"3.10.0-1160.el7.x86_64", "1", "detach"},
		{"3.10.0-1160.el7.x86_64", "", ""},
		{"4.14.35-1902.el7uek.x86_64", "", "detach"},
		{"3.8.13-118.el7uek.x86_64", "", "block"},
		{"", "", ""},
		{"unknown", "", ""},
	} {
		tables := &fact.Tables{Nodes: []fact.Node{{Kernel: c.kernel}}}
		if c.sysctl != "" {
			tables.Sysctls = []fact.Sysctl{{Name: "fs.may_detach_mounts", Value: c.sysctl, Refs: []fact.Ref{ref("sysctl")}}}
		}
		Join(tables)
		if got := tables.Nodes[0].ForeignMounts; got != c.want {
			t.Errorf("kernel %q, sysctl %q: %q, want %q", c.kernel, c.sysctl, got, c.want)
		}
	}
}
