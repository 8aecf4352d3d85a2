package logs

import (
	"bytes"
	"regexp"

	"culprit/analyze/fact"
)

// execPlaces tell from a line about an exec or probe where it ran; the first that
// matches decides.
//
//	dockerd     starting exec command EXEC in container ID                      (debug)
//	dockerd     Error running exec EXEC in container: OCI runtime exec failed: ...
//	dockerd     Handler for POST /v1.38/exec/EXEC/start returned error: ...
//	dockerd     Health check for container ID error: ...
//	containerd  ExecSync for \"ID\" failed
//	kubelet     Readiness probe for "POD_NAMESPACE(UID):NAME" failed (failure): ...
//	kubelet     "Probe failed" probeType="Readiness" pod="NAMESPACE/POD" podUID="UID" containerName="NAME" ...
//	kubelet     ExecSync ID '...' from runtime service failed: ...
//	kubelet     "ExecSync cmd from runtime service failed" err="..." containerID="ID"
//	kubelet     Event(v1.ObjectReference{Kind:"Pod", Namespace:"NAMESPACE", Name:"POD", UID:"UID", ..., FieldPath:"spec.containers{NAME}"})
//	kubelet     "Event occurred" object="NAMESPACE/POD" fieldPath="spec.containers{NAME}"
var execPlaces = []*regexp.Regexp{
	regexp.MustCompile(`starting exec command (?P<exec>[0-9a-f]{64}) in container (?P<container>[0-9a-f]{64})`),
	regexp.MustCompile(`Error running exec (?P<exec>[0-9a-f]{64}) in container|/exec/(?P<exec_2>[0-9a-f]{64})/start`),
	regexp.MustCompile(`Health check for container (?P<container>[0-9a-f]{64}) |ExecSync (?:for )?\\*"?(?P<container_2>[0-9a-f]{64})`),
	regexp.MustCompile(`\bprobe for \\*"(?P<pod>[a-z0-9.-]+)(?:_(?P<namespace>[a-z0-9-]+))?\((?P<uid>[0-9a-f-]+)\):(?P<member>[a-z0-9-]+)\\*"`),
	regexp.MustCompile(`\bpod="(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+)" podUID="?(?P<uid>[0-9a-f-]+)"? containerName="(?P<member>[a-z0-9-]+)"`),
	regexp.MustCompile(`\bcontainerID="(?P<container>[0-9a-f]{64})"`),
	regexp.MustCompile(`Namespace:"(?P<namespace>[a-z0-9-]+)", Name:"(?P<pod>[a-z0-9.-]+)", UID:"(?P<uid>[0-9a-f-]+)".*FieldPath:"spec\.containers\{(?P<member>[a-z0-9-]+)\}"`),
	regexp.MustCompile(`\bobject="(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+)" fieldPath="spec\.containers\{(?P<member>[a-z0-9-]+)\}"`),
}

// maxExecs is how many started execs are remembered. One that cannot be started
// fails within seconds, two minutes at most; a busy node starts some dozen a second.
const maxExecs = 4096

// execs finds where the execs of one source ran.
type execs struct {
	containers map[string]string // exec id -> container id
	ring       [maxExecs]string  // the exec ids in order, the oldest overwritten
	next       int
	// head is a line of klog that ends in `output=<`: the text in question follows
	// in the next lines, behind a tab.
	head []byte
}

// follow keeps the beginning of an entry that goes on in the next line.
func (x *execs) follow(text []byte) {
	switch {
	case bytes.HasSuffix(text, []byte("=<")):
		x.head = append(x.head[:0], text...)
	case len(x.head) > 0 && (len(text) == 0 || text[0] != '\t'):
		x.head = x.head[:0]
	}
}

// place are the fields that a line about an exec tells of its container:
// "container", or "pod" (NAMESPACE/POD), "uid" and "member" (the container's name
// in the pod). A line that names an exec alone is looked up among those started.
func (x *execs) place(text []byte) map[string]string {
	if len(x.head) > 0 {
		text = x.head
	}
	for _, re := range execPlaces {
		m := re.FindSubmatch(text)
		if m == nil {
			continue
		}
		f := map[string]string{}
		for i, name := range re.SubexpNames() {
			if name != "" && m[i] != nil {
				f[fieldName(name)] = string(m[i])
			}
		}
		exec := f["exec"]
		switch {
		case exec != "" && f["container"] != "":
			x.started(exec, f["container"])
		case exec != "" && x.containers[exec] != "":
			f["container"] = x.containers[exec]
		}
		if ns := f["namespace"]; ns != "" {
			f["pod"] = ns + "/" + f["pod"]
		}
		delete(f, "exec")
		delete(f, "namespace")
		return f
	}
	return nil
}

func (x *execs) started(exec, container string) {
	if x.containers == nil {
		x.containers = map[string]string{}
	}
	delete(x.containers, x.ring[x.next])
	x.ring[x.next], x.containers[exec] = exec, container
	x.next = (x.next + 1) % maxExecs
}

// placeFields are the names that place gives, in the order in which they tell hits
// apart.
var placeFields = []string{"container", "pod", "uid", "member"}

// about is the place of a match whose signature speaks of an exec, nil for others.
func (x *execs) about(sig fact.Signature, text []byte) map[string]string {
	if sig.Exec == "" {
		return nil
	}
	return x.place(text)
}
