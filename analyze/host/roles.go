package host

import (
	"slices"

	"culprit/analyze/fact"
)

// Roles fills in what command lines and cgroups mean: the daemon or shim that a
// process is, the container that a shim serves, the container that a process
// runs in.
func Roles(processes []fact.Process) {
	for i := range processes {
		p := &processes[i]
		p.Daemon = RoleOf(p.Comm, p.Args)
		if p.Daemon == "containerd-shim" {
			p.Serves, p.ServesNamespace, p.ServesV1 = ShimOf(p.Args)
		}
		if m := cpuManagerFlag.FindStringSubmatch(p.Args); m != nil && p.Daemon == "kubelet" {
			p.CPUManager = m[1]
		}
		p.Container = containerOfCgroups(p.Cgroups)
	}
}

// containerOfCgroups is the container that any of the cgroups names.
func containerOfCgroups(cgroups map[string]string) string {
	controllers := make([]string, 0, len(cgroups))
	for c := range cgroups {
		controllers = append(controllers, c)
	}
	slices.Sort(controllers)
	for _, c := range controllers {
		if id := ContainerOf(cgroups[c]); id != "" {
			return id
		}
	}
	return ""
}
