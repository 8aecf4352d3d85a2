package fleet

import (
	_ "embed"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"text/template"

	"culprit/analyze/bucket/address"
	"culprit/analyze/plan"
)

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
	// Plan is the URL of the plan, where bundles and results are objects too: Results is then
	// the URL of the results, and there are no volumes. "" it is plan.jsonl in a volume.
	Plan string
	// Secret names one whose keys are environment variables of the container: the
	// credentials of an object store. ServiceAccount is for those that need none. Both may be
	// "".
	Secret, ServiceAccount string
	// Bundles names the volume claim with the bundles, Results the one with plan.jsonl and
	// the results; they may be one.
	Bundles, Results string
	// Mount is where the container sees the bundles, and its working directory, to which
	// the paths of the plan are relative.
	Mount string
	// Rules is a folder of the container with more rules, below /shards or of the image; ""
	// none.
	Rules string
	// NoFacts leaves out of the results what was read of each bundle.
	NoFacts bool
	// CPU and Memory are what a shard asks for and may use: quantities such as 500m, 2Gi.
	CPU, Memory string
}

var (
	// Names of RFC 1123. That of a Job leaves room in 63 for "-99999-abcde".
	jobName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$`)
	orNone     = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$`)
	claimName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
	imageName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)
	quantity   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i|[MGTPE])?$`)
	mountPath  = regexp.MustCompile(`^/[ -9;-~]+$`)
	pathOrNone = regexp.MustCompile(`^(/[ -9;-~]+)?$`)
)

// field is a value of the Job and the form that it must have.
type field struct {
	what, value string
	form        *regexp.Regexp
}

func (f field) check() error {
	if !f.form.MatchString(f.value) {
		return fmt.Errorf("%s: %q is not of the form %s", f.what, f.value, f.form)
	}
	return nil
}

func (j Job) checkVolumes() error {
	for _, f := range []field{{"the claim of bundles", j.Bundles, claimName}, {"the claim of results", j.Results, claimName}, {"the mount", j.Mount, mountPath}} {
		if err := f.check(); err != nil {
			return err
		}
	}
	for _, taken := range []string{"/shards", "/tmp"} {
		if at := path.Clean(j.Mount); at == "/" || at == taken || strings.HasPrefix(at, taken+"/") {
			return fmt.Errorf("the mount: %q is taken", j.Mount)
		}
	}
	return nil
}

// checkURLs brings the URLs into their one form, which is ASCII without quotes.
func (j *Job) checkURLs() (err error) {
	for _, of := range []struct {
		what string
		url  *string
	}{{"the plan", &j.Plan}, {"the results", &j.Results}} {
		if _, local, _ := address.File(*of.url); local {
			return fmt.Errorf("%s: a pod has no such folder", of.what)
		}
		if *of.url, err = address.Clean(*of.url); err != nil {
			return fmt.Errorf("%s: %w", of.what, err)
		}
	}
	return nil
}

// Write writes the Job as YAML, for kubectl apply -f. Errors name what is wrong with it.
func (j Job) Write(w io.Writer) error {
	for _, f := range []field{{"the Job's name", j.Name, jobName}, {"the image", j.Image, imageName}, {"cpu", j.CPU, quantity}, {"memory", j.Memory, quantity},
		{"the secret", j.Secret, orNone}, {"the service account", j.ServiceAccount, orNone}, {"the rules", j.Rules, pathOrNone}} {
		if err := f.check(); err != nil {
			return err
		}
	}
	check := j.checkVolumes
	if j.Plan != "" {
		check = j.checkURLs
	}
	if err := check(); err != nil {
		return err
	}
	if err := plan.CheckShards(j.Shards); err != nil {
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
	}{j, max(1, j.Shards/10), plan.ExitNever, jobUser, volume, j.Bundles != j.Results})
}
