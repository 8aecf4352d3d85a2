package join

import (
	"regexp"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

var (
	kernelRelease = regexp.MustCompile(`^(\d+)\.(\d+)`)
	el7Release    = regexp.MustCompile(`^3\.10\.0-(\d+)\S*\.el7`)
)

// el7Sysctl is the first el7 kernel, of 7.4, with fs.may_detach_mounts.
const el7Sysctl = 693

// foreignMounts is what rmdir does on this kernel with a mount point that another
// mount namespace uses: from 3.18 on (commit 8ed936b5671b, mount_namespaces(7)) it
// detaches that mount, before it fails with EBUSY. An el7 kernel can do it where
// fs.may_detach_mounts is 1.
func (w *world) foreignMounts() {
	if w.node == nil {
		return
	}
	release := w.node.Kernel
	if m := el7Release.FindStringSubmatch(release); m != nil {
		if n, _ := strconv.Atoi(m[1]); n < el7Sysctl {
			w.node.ForeignMounts = "block"
			return
		}
		for _, s := range w.sysctls {
			if s.Name == "fs.may_detach_mounts" {
				w.node.ForeignMounts = map[string]string{"0": "block", "1": "detach"}[strings.TrimSpace(s.Value)]
				w.node.Refs = fact.AppendRefs(s.Refs, w.node.Refs...)
			}
		}
		return
	}
	m := kernelRelease.FindStringSubmatch(release)
	if m == nil {
		return
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	w.node.ForeignMounts = "block"
	if major > 3 || major == 3 && minor >= 18 {
		w.node.ForeignMounts = "detach"
	}
}
