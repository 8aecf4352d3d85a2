package host

import (
	"strings"

	"culprit/analyze/fact"
)

// RoleOf is the role of a process by its command line, or by its command name
// where it has none left: dockerd, containerd, containerd-shim, kubelet, crio,
// runc, "" any other. The base name of the first argument decides; old names are
// known too: docker-containerd, docker -d, docker daemon, dockerd-current,
// hyperkube kubelet.
func RoleOf(comm, args string) string {
	argv := strings.Fields(args)
	name := comm
	if len(argv) > 0 {
		name = strings.TrimPrefix(argv[0][strings.LastIndexByte(argv[0], '/')+1:], "-")
	}
	name = strings.TrimSuffix(name, "-current") // Red Hat's builds
	switch name {
	case "dockerd", "containerd", "kubelet", "crio", "runc":
		return name
	case "docker-containerd":
		return "containerd"
	case "docker-runc":
		return "runc"
	case "docker-containerd-shim":
		return "containerd-shim"
	case "docker":
		// Flags of the client may stand before the word daemon.
		for _, arg := range argv[min(1, len(argv)):] {
			if arg == "daemon" || arg == "-d" || arg == "--daemon" {
				return "dockerd"
			}
			if !strings.HasPrefix(arg, "-") {
				return ""
			}
		}
	case "hyperkube":
		if len(argv) > 1 && argv[1] == "kubelet" {
			return "kubelet"
		}
	}
	if name == "containerd-shim" || strings.HasPrefix(name, "containerd-shim-") {
		return "containerd-shim"
	}
	return ""
}

// ShimOf reads the command line of a containerd shim: the full id of its
// container (of its sandbox, in a pod), containerd's namespace, and whether it is
// a shim of runtime v1. All are zero for another process.
//
//	containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/<id> ...   v1
//	containerd-shim-runc-v2 -namespace moby -id <id> -address /run/containerd/containerd.sock
//	docker-containerd-shim <id> /var/run/docker/libcontainerd/<id> docker-runc     v1, before docker 17.11
func ShimOf(args string) (containerID, namespace string, v1 bool) {
	if RoleOf("", args) != "containerd-shim" {
		return "", "", false
	}
	argv := strings.Fields(args)
	namespace = flagValue(argv, "namespace")
	if id := flagValue(argv, "id"); id != "" {
		return id, namespace, false
	}
	if dir := strings.TrimRight(flagValue(argv, "workdir"), "/"); dir != "" {
		elems := strings.Split(dir, "/")
		if n := len(elems); n >= 2 {
			if namespace == "" {
				namespace = elems[n-2]
			}
			return elems[n-1], namespace, true
		}
	}
	if len(argv) > 1 && len(argv[1]) == 64 && isHex(argv[1]) {
		return argv[1], namespace, true
	}
	return "", "", false
}

// flagValue is the value of a flag in the forms -name v, -name=v and with two
// dashes; the last one counts, "" none.
func flagValue(argv []string, name string) string {
	value := ""
	for i, arg := range argv {
		bare := strings.TrimLeft(arg, "-")
		if bare == arg || len(arg)-len(bare) > 2 {
			continue
		}
		if v, ok := strings.CutPrefix(bare, name+"="); ok {
			value = v
		} else if bare == name && i+1 < len(argv) {
			value = argv[i+1]
		}
	}
	return strings.Trim(value, `"'`)
}

// setDockerdFlags takes live restore, debug and containerd's address from the
// command line of dockerd.
func setDockerdFlags(d *fact.Daemon, args string) {
	argv := strings.Fields(args)
	d.Containerd = flagValue(argv, "containerd")
	for _, arg := range argv[1:] {
		name, value, given := strings.Cut(arg, "=")
		on := fact.Some(true)
		if given {
			on = parseBool(value)
		}
		switch name {
		case "--live-restore":
			d.LiveRestore = on
		case "--debug", "-D":
			d.Debug = on
		}
	}
}
