package host

import (
	"io"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestCPUManager(t *testing.T) {
	type parser func(io.Reader, string) ([]fact.Daemon, []fact.Problem)
	tests := []struct {
		name  string
		parse parser
		text  string
		want  string
		line  int
	}{
		{"yaml", ParseKubeletConfig, "kind: KubeletConfiguration\ncpuManagerPolicy: static\ncpuManagerReconcilePeriod: 10s\n", "static", 2},
		{"yaml in quotes", ParseKubeletConfig, "cpuManagerPolicy: \"none\"  # as before\n", "none", 1},
		{"another key", ParseKubeletConfig, "cpuManagerPolicyOptions:\n  full-pcpus-only: \"true\"\ntopologyManagerPolicy: static\n", "", 0},
		{"a comment", ParseKubeletConfig, "# cpuManagerPolicy: static\n", "", 0},
		{"inside something else", ParseKubeletConfig, "data:\n  kubelet: |\n    cpuManagerPolicy: static\n", "", 0},
		{"json", ParseKubeletConfig, "{\"kind\": \"KubeletConfiguration\",\n  \"cpuManagerPolicy\": \"static\"}\n", "static", 2},
		{"configz", ParseKubeletConfig, `{"kubeletconfig":{"syncFrequency":"1m0s","cpuManagerPolicy":"static","cpuManagerReconcilePeriod":"10s"}}`, "static", 1},
		{"variables", ParseKubeletFlags, "KUBELET_KUBEADM_ARGS=\"--cgroup-driver=systemd --cpu-manager-policy=static\"\n", "static", 1},
		{"variables, separate value", ParseKubeletFlags, "KUBELET_EXTRA_ARGS=--cpu-manager-policy none\n", "none", 1},
		{"a commented variable", ParseKubeletFlags, " #KUBELET_EXTRA_ARGS=--cpu-manager-policy=static\nKUBELET_EXTRA_ARGS=\n", "", 0},
		{"the last one counts", ParseKubeletFlags, "A=--cpu-manager-policy=static\nA=--cpu-manager-policy=none\n", "none", 2},
		{"state", ParseCPUManagerState, `{"policyName":"static","defaultCpuSet":"0-1","checksum":3945352861}`, "static", 1},
		{"not json", ParseCPUManagerState, "cat: /var/lib/kubelet/cpu_manager_state: No such file or directory\n", "", 0},
		{"unit", ParseUnit, "[Service]\nEnvironment=\"KUBELET_EXTRA_ARGS=--cpu-manager-policy=static\"\nExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS\n", "static", 2},
		{"unit and drop-in", ParseUnit, "# /x/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet --cpu-manager-policy=static\n# /x/kubelet.service.d/10.conf\n[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --cpu-manager-policy=none\n", "none", 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := tt.parse(strings.NewReader(tt.text), "kubelet.service")
			noProblems(t, problems)
			if tt.want == "" {
				equal(t, "rows", len(got), 0)
				return
			}
			if len(got) != 1 || got[0].Name != "kubelet" || got[0].CPUManager != tt.want || got[0].CPUManagerRef != lineRef("kubelet.service", tt.text, tt.line) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestRolesReadKubeletsFlags(t *testing.T) {
	p := []fact.Process{{PID: 1, Args: "/usr/bin/kubelet --cpu-manager-policy static --v=2"}, {PID: 2, Args: "grep --cpu-manager-policy=static x"}}
	Roles(p)
	if p[0].CPUManager != "static" || p[1].CPUManager != "" {
		t.Errorf("%q %q", p[0].CPUManager, p[1].CPUManager)
	}
}
