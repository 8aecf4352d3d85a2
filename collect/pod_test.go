package collect_test

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"culprit/collect"
)

// TestPod holds pod.yaml to the API: every key exists there, and the volumes and the
// options of the script are the ones that it uses.
func TestPod(t *testing.T) {
	text, err := os.ReadFile("pod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(text, &pod); err != nil {
		t.Fatal(err)
	}
	if !pod.Spec.HostPID || len(pod.Spec.Containers) != 1 {
		t.Fatalf("hostPID %v, %d containers", pod.Spec.HostPID, len(pod.Spec.Containers))
	}
	c := pod.Spec.Containers[0]
	if c.SecurityContext == nil || c.SecurityContext.Privileged == nil || !*c.SecurityContext.Privileged {
		t.Error("not privileged: /proc/PID/stack stays closed")
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("no volume %s", m.Name)
		}
		if m.MountPath == "/host" && (m.MountPropagation == nil || *m.MountPropagation != corev1.MountPropagationHostToContainer) {
			t.Error("the mount of the host does not follow its unmounts")
		}
	}
	command := strings.Join(c.Command, " ")
	if !strings.Contains(command, "collect.sh --root /host -o /out/node.tar.gz") || !strings.Contains(collect.Script, "--root DIR") {
		t.Errorf("command %q", command)
	}
}
