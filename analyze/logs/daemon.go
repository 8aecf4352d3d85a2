package logs

import (
	"bytes"
	"strings"
)

// daemonOf is the daemon behind a program name of a syslog prefix, by the names
// that distributions and OpenShift use; another program's own name; "" when one
// process runs several daemons, so that the program does not tell which one wrote.
func daemonOf(unit string) string {
	unit = unit[strings.LastIndexByte(unit, '/')+1:]
	switch unit {
	case "docker", "dockerd", "docker-current", "dockerd-current", "dockerd-ce":
		return "dockerd"
	case "docker-containerd", "docker-containerd-current":
		return "containerd"
	case "kubelet.sh", "kubenswrapper", "hyperkube":
		return "kubelet"
	case "cri-o":
		return "crio"
	case "k3s", "rke2", "k0s":
		return ""
	}
	if strings.HasPrefix(unit, "containerd-shim") || strings.HasPrefix(unit, "docker-containerd-shim") {
		return "containerd-shim"
	}
	return unit
}

// tell is text that only one daemon prints in its ordinary lines.
type tell struct {
	text   []byte
	daemon string
}

// tells are texts of logrus messages (dockerd, containerd) and klog file names
// (kubelet). Files that kubelet shares with other kubernetes programs, such as
// reflector.go, are no tells.
var tells = []tell{
	{[]byte(`msg="Calling `), "dockerd"},
	{[]byte(`msg="API listen on `), "dockerd"},
	{[]byte(`module=libcontainerd`), "dockerd"},
	{[]byte(`msg="Docker daemon"`), "dockerd"},
	{[]byte(`msg="Daemon has completed initialization"`), "dockerd"},
	{[]byte(`msg="Handler for `), "dockerd"},
	{[]byte(`failed to exit within `), "dockerd"},
	{[]byte(`msg="starting containerd"`), "containerd"},
	{[]byte(`msg="loading plugin `), "containerd"},
	{[]byte(`msg="containerd successfully booted`), "containerd"},
	{[]byte(`msg="starting signal loop"`), "containerd"},
	{[]byte(`msg="shim disconnected"`), "containerd"},
	{[]byte(`msg="shim reaped"`), "containerd"},
	{[]byte(" kubelet.go:"), "kubelet"},
	{[]byte(" kubelet_node_status.go:"), "kubelet"},
	{[]byte(" kubelet_pods.go:"), "kubelet"},
	{[]byte(" pod_workers.go:"), "kubelet"},
	{[]byte(" kuberuntime_manager.go:"), "kubelet"},
	{[]byte(" kuberuntime_container.go:"), "kubelet"},
	{[]byte(" remote_runtime.go:"), "kubelet"},
	{[]byte(" pod_container_deletor.go:"), "kubelet"},
	{[]byte(" prober.go:"), "kubelet"},
	{[]byte(" docker_sandbox.go:"), "kubelet"},
	{[]byte(" eviction_manager.go:"), "kubelet"},
	{[]byte(" operation_generator.go:"), "kubelet"},
	{[]byte(" status_manager.go:"), "kubelet"},
	{[]byte(" cpu_manager.go:"), "kubelet"},
}

// toldBy is the daemon that a line's text tells, "" none.
func toldBy(text []byte) string {
	for _, t := range tells {
		if bytes.Contains(text, t.text) {
			return t.daemon
		}
	}
	return ""
}

// majority is the key that holds more than half of all counts, "" none.
func majority(counts map[string]int) string {
	total := 0
	for _, n := range counts {
		total += n
	}
	for name, n := range counts {
		if 2*n > total {
			return name
		}
	}
	return ""
}
