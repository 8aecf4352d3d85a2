package fleet

import (
	_ "embed"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"text/template"
)

// ExitNever is the exit code of a shard that cannot succeed by being started again; a
// Job gives its index up. Any other code but 0 may be tried again.
const ExitNever = 42

// jobUser is the user of the container, as in cmd/culprit/Dockerfile: nobody.
const jobUser = 65534

//go:embed job.yaml
var jobText string

var jobTemplate = template.Must(template.New("job.yaml").Parse(jobText))

// Job is a Kubernetes Job that works off a plan, a shard an index.
type Job struct {
	Name, Image string
	Shards      int
	// Parallelism is how many shards are worked on at once.
	Parallelism int
	// Bundles names the volume claim with the bundles, Results the one with plan.jsonl and
	// the results; they may be one.
	Bundles, Results string
	// Mount is where the container sees the bundles, and its working directory, to which
	// the paths of the plan are relative.
	Mount string
	// CPU and Memory are what a shard asks for and may use: quantities such as 500m, 2Gi.
	CPU, Memory string
}

var (
	// Names of RFC 1123. That of a Job leaves room in 63 for "-99999-abcde".
	jobName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$`)
	claimName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
	imageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)
	quantity  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i|[MGTPE])?$`)
	mountPath = regexp.MustCompile(`^/[ -9;-~]+$`)
)

// Write writes the Job as YAML, for kubectl apply -f. Errors name what is wrong with it.
func (j Job) Write(w io.Writer) error {
	for _, f := range []struct {
		what, value string
		form        *regexp.Regexp
	}{
		{"the Job's name", j.Name, jobName}, {"the image", j.Image, imageName}, {"the claim of bundles", j.Bundles, claimName}, {"the claim of results", j.Results, claimName},
		{"the mount", j.Mount, mountPath}, {"cpu", j.CPU, quantity}, {"memory", j.Memory, quantity},
	} {
		if !f.form.MatchString(f.value) {
			return fmt.Errorf("%s: %q is not of the form %s", f.what, f.value, f.form)
		}
	}
	for _, taken := range []string{"/shards", "/tmp"} {
		if at := path.Clean(j.Mount); at == "/" || at == taken || strings.HasPrefix(at, taken+"/") {
			return fmt.Errorf("the mount: %q is taken", j.Mount)
		}
	}
	if err := checkShards(j.Shards); err != nil {
		return err
	}
	if j.Parallelism < 1 {
		return fmt.Errorf("parallelism %d: want 1 or more", j.Parallelism)
	}
	volume := "results"
	if j.Bundles == j.Results {
		volume = "bundles" // a pod that has one claim in two volumes may wait for ever
	}
	return jobTemplate.Execute(w, struct {
		Job
		// MaxFailed is how many shards may fail before the others are stopped: what fails a
		// tenth of them is wrong with all.
		MaxFailed     int
		Never, User   int
		ResultsVolume string
		TwoVolumes    bool
	}{j, max(1, j.Shards/10), ExitNever, jobUser, volume, j.Bundles != j.Results})
}
