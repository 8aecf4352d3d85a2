package host

import (
	"io"
	"regexp"
	"strings"

	"culprit/analyze/fact"
)

// runcCommits are builds of runc that docker and containerd shipped and that
// docker info names by their commit alone: git describe of opencontainers/runc, and
// for docker's own fork (a592beb5) the release that it was forked from. "+dev" are
// commits behind a release and before the next.
var runcCommits = map[string]string{
	"3f2f8b84a77f73d38244dd690525642a72156c64": "1.0.0-rc4+dev", // docker 17.09
	"0351df1c5a66838d0c392b4ac4cf9450de844e2d": "1.0.0-rc4+dev", // docker 17.10, 17.11
	"b2567b37d7b75eb4cf325b77297b140ea686ce8f": "1.0.0-rc4+dev", // docker 17.12.0, 18.01
	"9f9c96235cc97674e935002fc3d78361b696a69e": "1.0.0-rc4+dev", // docker 17.12.1, 18.02
	"4fc53a81fb7c994640722ac585fa9ca548971871": "1.0.0-rc5",     // docker 18.03 to 18.05
	"69663f0bd4b60df09991c08812a60108003fa340": "1.0.0-rc5+dev", // docker 18.06.0 to 18.06.2, 18.09.0
	"a592beb5bc4c4092b1b1bac971afed27687340c5": "1.0.0-rc5+dev", // docker 18.06.3
	"96ec2177ae841256168fcf76954f7177af9446eb": "1.0.0-rc6+dev", // docker 18.09.1, 18.09.2
	"6635b4f0c6af3810594d2770f662f34ddc15b40d": "1.0.0-rc6+dev", // docker 18.09.3
	"2b18fe1d885ee5083ef9f0838fee39b62d653e30": "1.0.0-rc6+dev", // docker 18.09.4 to 18.09.6
	"425e105d5a03fabd737a126ad93d62a9eeede87f": "1.0.0-rc8",     // docker 18.09.7 to 19.03.2
	"3e425f80a8c931f88e6d94a8c831b9d5aa481657": "1.0.0-rc8+dev", // docker 19.03.3 to 19.03.5
	"dc9208a3303feef5b3839f4323d9beb36df0a9dd": "1.0.0-rc10",    // docker 19.03.6 to 19.03.15
	"24a3cf88a7ae5f4995f6750654c0e2ca61ef4bb2": "1.0.0-rc91",
	"ff819c7e9184c13b7c2607fe6c30ae19403a7aff": "1.0.0-rc92", // containerd 1.4.0 to 1.4.4
	"12644e614e25b05da6fd08a38ffa0cfe1903fdec": "1.0.0-rc93", // containerd 1.5.0
	"2c7861bc5e1b3e756392236553ec14a78a09f8bf": "1.0.0-rc94",
	"b9ee9c6314599f1b4a7f497e1f1f856fe433d3b7": "1.0.0-rc95",
	"84113eef6fc27af1b01b3181f31bbaf708715301": "1.0.0",
	"4144b63817ebcc5b358fc2c8ef95f7cddd709aa7": "1.0.1",
}

// runcRelease is a version as runc, docker info or git describe print it: base,
// commits behind it, suffix.
var runcRelease = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:[-~]rc\.?\d+)?)(?:-(\d+)-g[0-9a-f]+)?([+~-].*)?$`)

// ParseRuncVersion reads the output of runc --version: a row for a runc that lies on
// the node, which need not be the one that is used.
//
//	runc version 1.0.0-rc8
//	commit: 425e105d5a03fabd737a126ad93d62a9eeede87f
//	spec: 1.0.1-dev
func ParseRuncVersion(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Daemon
	for l.scan() {
		key, value, _ := strings.Cut(l.text, " ")
		if key == "runc" {
			_, value, _ = strings.Cut(value, "version ")
		} else if key != "commit:" {
			continue
		}
		if d := runcVersion(value, l.ref()); d.Version != "" && len(rows) == 0 {
			d.Told = false
			rows = append(rows, d)
		}
	}
	if len(rows) == 0 && len(l.found) == 0 {
		l.problem(fact.Ref{Source: source}, "no version of runc")
	}
	return rows, l.problems()
}

// runcVersion makes the row of the runc that dockerd says it runs. The version is ""
// where the text is neither one nor the commit of a known release.
func runcVersion(text string, ref fact.Ref) fact.Daemon {
	// "N/A (expected: a592beb5...)": what was expected is not what is there.
	text, _, _ = strings.Cut(strings.TrimSpace(text), " ")
	d := fact.Daemon{Name: "runc", Told: true, Refs: []fact.Ref{ref}}
	if len(text) >= 7 && isHex(text) {
		for commit, version := range runcCommits {
			if strings.HasPrefix(commit, text) {
				d.Version = version
			}
		}
		return d
	}
	m := runcRelease.FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(m[3], "-") && strings.Contains(m[3], "rc") { // 1.0.0-72.rc8.dev.git...el7
		return d
	}
	base, behind, suffix := strings.Replace(m[1], "~rc", "-rc", 1), m[2], m[3]
	dev := strings.HasPrefix(suffix, "+dev") || behind != "" && behind != "0"
	d.Version = base + suffix
	if dev && suffix == "" {
		d.Version += "+dev"
	}
	// A distribution may carry fixes; so may what came right before rc91 and was
	// called rc10+dev, or rc90+dev by the tag of the same commit.
	d.Vendor = suffix != "" && !dev || dev && (base == "1.0.0-rc10" || base == "1.0.0-rc90")
	return d
}
