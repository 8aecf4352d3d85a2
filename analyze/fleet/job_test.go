package fleet

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func aJob() Job {
	return Job{Name: "culprit", Image: "registry.example/culprit:1.2@sha256:00", Shards: 40, Parallelism: 8, Bundles: "archive", Results: "out", Mount: "/mnt/the bundles", CPU: "1500m", Memory: "2Gi"}
}

// decode reads a Job as the API server does, and refuses what it does not know.
func decodeJob(t testing.TB, j Job) batchv1.Job {
	t.Helper()
	var b bytes.Buffer
	if err := j.Write(&b); err != nil {
		t.Fatal(err)
	}
	var job batchv1.Job
	if err := yaml.UnmarshalStrict(b.Bytes(), &job); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	return job
}

func TestJob(t *testing.T) {
	job := decodeJob(t, aJob())
	s := job.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || *s.CompletionMode != batchv1.IndexedCompletion || *s.Completions != 40 || *s.Parallelism != 8 ||
		*s.BackoffLimitPerIndex != 2 || *s.MaxFailedIndexes != 4 || s.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("%+v", s)
	}
	rules := s.PodFailurePolicy.Rules
	if len(rules) != 2 || rules[0].Action != batchv1.PodFailurePolicyActionFailIndex || *rules[0].OnExitCodes.ContainerName != "culprit" || rules[0].OnExitCodes.Operator != batchv1.PodFailurePolicyOnExitCodesOpIn || !slices.Equal(rules[0].OnExitCodes.Values, []int32{42}) ||
		rules[1].Action != batchv1.PodFailurePolicyActionIgnore || rules[1].OnPodConditions[0].Type != corev1.DisruptionTarget || rules[1].OnPodConditions[0].Status != corev1.ConditionTrue {
		t.Errorf("%+v", rules)
	}
	pod, c := s.Template.Spec, s.Template.Spec.Containers[0]
	if p := pod.SecurityContext; !*p.RunAsNonRoot || *p.RunAsUser != jobUser || p.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken {
		t.Errorf("%+v", p)
	}
	if p := c.SecurityContext; *p.AllowPrivilegeEscalation || !*p.ReadOnlyRootFilesystem || !slices.Equal(p.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("%+v", p)
	}
	for _, r := range []corev1.ResourceList{c.Resources.Requests, c.Resources.Limits} {
		if r.Cpu().MilliValue() != 1500 || r.Memory().Value() != 2<<30 {
			t.Errorf("%+v", c.Resources)
		}
	}
	if c.Image != aJob().Image || c.WorkingDir != "/mnt/the bundles" || strings.Join(c.Args, " ") != "batch --plan /shards/plan.jsonl --results /shards/results" {
		t.Errorf("%+v", c)
	}
	dockerfile, err := os.ReadFile("../../cmd/culprit/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"FROM scratch\n", "COPY culprit /culprit\n", fmt.Sprintf("USER %d:%[1]d\n", jobUser), "ENTRYPOINT [\"/culprit\"]\n"} {
		if !strings.Contains(string(dockerfile), "\n"+line) {
			t.Errorf("the Dockerfile has no %s", line)
		}
	}
}

// The bundles cannot be written, whether they have a volume to themselves or not.
func TestJobVolumes(t *testing.T) {
	for _, results := range []string{"out", "archive"} {
		j := aJob()
		j.Results = results
		pod := decodeJob(t, j).Spec.Template.Spec
		claims := map[string]string{}
		for _, v := range pod.Volumes {
			if v.PersistentVolumeClaim != nil {
				claims[v.Name] = fmt.Sprint(v.PersistentVolumeClaim.ClaimName, " ", v.PersistentVolumeClaim.ReadOnly)
			} else if v.EmptyDir == nil {
				t.Errorf("volume %+v", v)
			}
		}
		got := ""
		for _, m := range pod.Containers[0].VolumeMounts {
			got += fmt.Sprintf("%s: %s %t; ", m.MountPath, claims[m.Name], m.ReadOnly)
		}
		want := "/mnt/the bundles: archive true true; /shards: out false false; /tmp:  false; "
		if results == "archive" {
			want = "/mnt/the bundles: archive false true; /shards: archive false false; /tmp:  false; "
		}
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// More rules lie in the image or beside the plan; both kinds of Job ask them, and leave out
// what was read where that is asked for.
func TestJobRules(t *testing.T) {
	for _, plan := range []string{"", "s3://incidents/plan?region=x"} {
		j := aJob()
		if j.Plan = plan; plan != "" {
			j.Results = "s3://incidents/results?region=x"
		}
		without := decodeJob(t, j).Spec.Template.Spec.Containers[0].Args
		j.Rules, j.NoFacts = "/shards/our rules", true
		if got, want := decodeJob(t, j).Spec.Template.Spec.Containers[0].Args, append(without, "--rules", "/shards/our rules", "--no-facts"); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if j.Rules = "rules"; j.Write(&bytes.Buffer{}) == nil {
			t.Error("rules at no path of the container")
		}
	}
}

// A Job over a bucket has no volume but /tmp, and its credentials from a Secret or an
// identity.
func TestJobOfObjects(t *testing.T) {
	j := aJob()
	j.Plan, j.Results, j.Secret, j.ServiceAccount = "s3://incidents/it's the plan?region=x", "s3://incidents/results?region=x", "aws", "reader"
	pod := decodeJob(t, j).Spec.Template.Spec
	c := pod.Containers[0]
	if want := []string{"batch", "--plan", "s3://incidents/it%27s%20the%20plan?region=x", "--results", "s3://incidents/results?region=x"}; !slices.Equal(c.Args, want) {
		t.Errorf("%q, want %q", c.Args, want)
	}
	if len(pod.Volumes) != 1 || len(c.VolumeMounts) != 1 || c.VolumeMounts[0].MountPath != "/tmp" || c.WorkingDir != "" {
		t.Errorf("%+v at %+v", pod.Volumes, c.VolumeMounts)
	}
	if pod.ServiceAccountName != "reader" || len(c.EnvFrom) != 1 || c.EnvFrom[0].SecretRef.Name != "aws" || len(c.Env) != 2 {
		t.Errorf("%+v", c)
	}
	if j.Secret, j.ServiceAccount = "", ""; len(decodeJob(t, j).Spec.Template.Spec.Containers[0].EnvFrom) > 0 {
		t.Error("a secret without a name")
	}
	for want, change := range map[string]func(*Job){
		"the secret: ": func(j *Job) { j.Secret = "A" }, "the service account: ": func(j *Job) { j.ServiceAccount = "a\nb" },
		"the results: a URL of none": func(j *Job) { j.Results = "claim" }, "the plan: a URL with credentials": func(j *Job) { j.Plan = "s3://a:b@c/d" }, "the plan: a pod has no such": func(j *Job) { j.Plan = "file:///x" },
	} {
		bad := j
		change(&bad)
		if err := bad.Write(&bytes.Buffer{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestJobRefused(t *testing.T) {
	for want, change := range map[string]func(*Job){
		"the image": func(j *Job) { j.Image = "" }, "the Job's name": func(j *Job) { j.Name = "A b" }, "the claim of bundles": func(j *Job) { j.Bundles = "x\n  y: z" },
		"the claim of results": func(j *Job) { j.Results = "" }, "the mount: \"/shards/x\" is taken": func(j *Job) { j.Mount = "/shards/x" }, "the mount: \"bundles\"": func(j *Job) { j.Mount = "bundles" },
		"the mount: \"/.\" is taken": func(j *Job) { j.Mount = "/." },
		"cpu":                        func(j *Job) { j.CPU = "two" }, "memory": func(j *Job) { j.Memory = "2 GB" }, "0 shards": func(j *Job) { j.Shards = 0 }, "parallelism 0": func(j *Job) { j.Parallelism = 0 },
	} {
		j := aJob()
		change(&j)
		if err := j.Write(&bytes.Buffer{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	j := aJob()
	j.Shards, j.Name = 3, strings.Repeat("n", 50)
	if job := decodeJob(t, j); *job.Spec.MaxFailedIndexes != 1 {
		t.Errorf("of 3 shards %d may fail", *job.Spec.MaxFailedIndexes)
	}
}
