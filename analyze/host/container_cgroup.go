package host

import "strings"

// ContainerOf is the full id of the container that a cgroup path belongs to, ""
// none. The innermost element with an id counts, so that a cgroup made inside a
// container still belongs to it:
//
//	/docker/<id>
//	/kubepods/burstable/pod<uid>/<id>
//	/system.slice/docker-<id>.scope
//	/kubepods.slice/.../cri-containerd-<id>.scope, crio-<id>.scope
//	/system.slice/containerd.service/kubepods-burstable-pod<uid>.slice:cri-containerd:<id>
//
// A crio-conmon-<id>.scope holds the container's monitor, which is outside of it.
func ContainerOf(cgroupPath string) string {
	cgroupPath = strings.TrimSuffix(cgroupPath, " (deleted)")
	elems := strings.Split(cgroupPath, "/")
	for i := len(elems) - 1; i >= 0; i-- {
		name := strings.TrimSuffix(elems[i], ".scope")
		if len(name) < 64 {
			continue
		}
		prefix, id := name[:len(name)-64], name[len(name)-64:]
		if !isHex(id) || strings.HasSuffix(prefix, "conmon-") {
			continue
		}
		if prefix == "" || strings.HasSuffix(prefix, "-") || strings.HasSuffix(prefix, ":") {
			return id
		}
	}
	return ""
}
