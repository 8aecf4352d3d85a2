package host

import (
	"io"
	"regexp"
	"strings"

	"culprit/analyze/fact"
)

// kubeletKey is the one key of kubelet's configuration that rules ask for, at the
// top level of the YAML file or anywhere in JSON. A YAML parser would tell no more.
var kubeletKey = regexp.MustCompile(`^cpuManagerPolicy:\s*["']?(\w+)|"cpuManagerPolicy"\s*:\s*"(\w+)"`)

// cpuManagerFlag is the same as a flag, in a command line or in a variable of a unit.
var cpuManagerFlag = regexp.MustCompile(`--cpu-manager-policy[= ]["']?(\w+)`)

// policyName is the key of the checkpoint that kubelet writes when it starts.
var policyName = regexp.MustCompile(`"policyName"\s*:\s*"(\w+)"`)

// ParseKubeletConfig reads kubelet's configuration file, YAML or JSON, or what its
// endpoint /configz prints: a row with the CPU manager's policy where it is set.
//
//	kind: KubeletConfiguration
//	cpuManagerPolicy: static
func ParseKubeletConfig(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	return cpuManager(r, source, kubeletKey, fact.ToldByConfig)
}

// ParseKubeletFlags reads a file of variables for kubelet's unit, such as
// /var/lib/kubelet/kubeadm-flags.env and /etc/default/kubelet:
//
//	KUBELET_KUBEADM_ARGS="--cpu-manager-policy=static --kube-reserved=cpu=500m"
func ParseKubeletFlags(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	return cpuManager(r, source, cpuManagerFlag, fact.ToldByFlags)
}

// ParseCPUManagerState reads /var/lib/kubelet/cpu_manager_state: the policy with which
// kubelet runs. It refuses to start when it is told another one.
//
//	{"policyName":"static","defaultCpuSet":"0-1","checksum":3945352861}
func ParseCPUManagerState(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	return cpuManager(r, source, policyName, fact.ToldByItself)
}

// cpuManager looks for re in every line that is no comment; the last match counts.
func cpuManager(r io.Reader, source string, re *regexp.Regexp, by fact.Teller) ([]fact.Daemon, []fact.Problem) {
	l := newLines(r, source)
	d := fact.Daemon{Name: "kubelet"}
	for l.scan() {
		m := re.FindStringSubmatch(l.text)
		if m == nil || strings.HasPrefix(strings.TrimSpace(l.text), "#") {
			continue
		}
		d.CPUManager, d.CPUManagerRef, d.CPUManagerBy = strings.Join(m[1:], ""), l.ref(), by
	}
	if d.CPUManager == "" {
		return nil, l.problems()
	}
	d.Refs = []fact.Ref{d.CPUManagerRef}
	return []fact.Daemon{d}, l.problems()
}

// setKubeletFlags reads kubelet's command line.
func setKubeletFlags(d *fact.Daemon, args string, ref fact.Ref) {
	if m := cpuManagerFlag.FindStringSubmatch(args); m != nil {
		d.CPUManager, d.CPUManagerRef, d.CPUManagerBy = m[1], ref, fact.ToldByFlags
	}
}
