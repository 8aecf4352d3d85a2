package logs

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

const (
	execID = "8e34e8b910694abe95a467b2936b37635fdabd2f7b7c464dfef952fa5732aa4e"
	idC    = "a5a5803818da9a1dc42f692beec90e3026d54b67b5d9370718c73f6a5fc81b36"
	uid    = "d1aab5f0-ae8f-11eb-a151-080027049c65"
)

func TestPlacesOfExecs(t *testing.T) {
	member := map[string]string{"pod": "prod/web-0", "uid": uid, "member": "c0"}
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{"dockerd, not started in this log", `msg="Error running exec ` + execID + ` in container: x"`, nil},
		{"health check", `msg="Health check for container ` + idC + ` error: x"`, map[string]string{"container": idC}},
		{"containerd", `msg="ExecSync for \"` + idC + `\" failed" error="x"`, map[string]string{"container": idC}},
		{"kubelet asks containerd", `remote_runtime.go:351] ExecSync ` + idC + ` 'true' from runtime service failed: x`, map[string]string{"container": idC}},
		{"the same, structured", `remote_runtime.go:704] "ExecSync cmd from runtime service failed" err="x" containerID="` + idC + `" cmd=[true]`, map[string]string{"container": idC}},
		{"prober", `prober.go:112] Readiness probe for "web-0_prod(` + uid + `):c0" failed (failure): x`, member},
		{"prober in JSON", `{"msg":"Liveness probe for \"web-0_prod(` + uid + `):c0\" errored: x"}`, member},
		{"prober without a namespace", `Readiness probe for "web-0(` + uid + `):c0" failed (failure): x`, map[string]string{"pod": "web-0", "uid": uid, "member": "c0"}},
		{"prober, structured", `"Probe failed" probeType="Readiness" pod="prod/web-0" podUID=` + uid + ` containerName="c0" probeResult=failure output="x"`, member},
		{"prober, the error first", `"Probe errored" err="x" probeType="Readiness" pod="prod/web-0" podUID="` + uid + `" containerName="c0"`, member},
		{"event", `Event(v1.ObjectReference{Kind:"Pod", Namespace:"prod", Name:"web-0", UID:"` + uid + `", APIVersion:"v1", ResourceVersion:"1", FieldPath:"spec.containers{c0}"}): type: 'Warning'`, member},
		{"event, structured", `"Event occurred" object="prod/web-0" fieldPath="spec.containers{c0}" kind="Pod"`, map[string]string{"pod": "prod/web-0", "member": "c0"}},
		{"client", "OCI runtime exec failed: exec failed: x", nil},
	}
	for _, tt := range tests {
		var x execs
		place, got := x.place([]byte(tt.text)), map[string]string{}
		for name, value := range place.fields {
			got[name] = string(value)
		}
		if !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

var execSignatures = []fact.Signature{
	{ID: "starts", Pattern: "starting exec command", Exec: fact.ExecStarts, Debug: true},
	{ID: "fails", Pattern: "exec failed: (?P<error>EOF|unexpected EOF)", Exec: fact.ExecFails},
	{ID: "other", Pattern: "no exec of container"},
}

// TestExecsAreLookedUp: the container comes from the line that starts the exec.
func TestExecsAreLookedUp(t *testing.T) {
	lines := `time="2026-11-22T04:00:00Z" level=debug msg="starting exec command ` + execID + ` in container ` + idC + `"
time="2026-11-22T04:00:01Z" level=error msg="Error running exec ` + execID + ` in container: OCI runtime exec failed: exec failed: EOF: unknown"
time="2026-11-22T04:00:02Z" level=error msg="Error running exec ` + strings.Repeat("0", 64) + ` in container: OCI runtime exec failed: exec failed: EOF: unknown"
I1122 04:00:03.000000 1 prober.go:117] "Probe failed" probeType="Readiness" pod="prod/web-0" podUID=` + uid + ` containerName="c0" probeResult=failure output=<
	OCI runtime exec failed: exec failed: unexpected EOF: unknown
 >
OCI runtime exec failed: exec failed: EOF: unknown
`
	got := mustCompile(t, execSignatures).Scan(strings.NewReader(lines), "d.log", "")
	if !got.Log.Debug {
		t.Error("a line of debug level is not seen")
	}
	var text []string
	for _, h := range got.Hits {
		text = append(text, fmt.Sprintf("%s %s %d %s %s %s", h.Signature, h.Exec, h.Count, h.Fields["error"], h.Fields["container"], h.Fields["pod"]))
	}
	want := "starts starts 1  " + idC + " \nfails fails 1 EOF " + idC + " \nfails fails 2 EOF  \nfails fails 1 unexpected EOF  prod/web-0"
	if strings.Join(text, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(text, "\n"), want)
	}
	if h := got.Hits[3]; h.First.IsZero() {
		t.Error("a line that goes on has no time")
	}
}

// TestEntriesAcrossBlocks: an entry may begin in one block and go on in the next ones.
func TestEntriesAcrossBlocks(t *testing.T) {
	s := mustCompile(t, execSignatures)
	entry := `I1122 04:00:03.000000 1 prober.go:117] "Probe failed" probeType="Readiness" pod="prod/web-0" podUID=` + uid + ` containerName="c0" probeResult=failure output=<` + "\r\n" +
		strings.Repeat("\tmore\n", 20) + "\tOCI runtime exec failed: exec failed: EOF: unknown\n\tOCI runtime exec failed: exec failed: EOF: unknown\n >\n" +
		"\texec failed: EOF of no entry\n"
	const block = 64 << 10
	for pad := block - len(entry) - 10; pad < block+10; pad += 3 {
		got := s.Scan(strings.NewReader(strings.Repeat("x", pad)+"\n"+entry+strings.Repeat("x", block)+"\n"), "l", "")
		if len(got.Hits) != 2 || got.Hits[0].Count != 2 || got.Hits[0].Fields["pod"] != "prod/web-0" || got.Hits[0].First.IsZero() || got.Hits[1].Fields["pod"] != "" {
			t.Fatalf("with %d bytes before it: %+v", pad, got.Hits)
		}
	}
}

func numbered(i int) longID { return longID(fmt.Appendf(nil, "%064x", i)) }

// TestExecsAreForgotten: memory stays bounded, the latest are kept.
func TestExecsAreForgotten(t *testing.T) {
	var x execs
	for i := range 3 * maxExecs {
		x.start(numbered(i), longID([]byte(idC)))
	}
	for i, want := range map[int]bool{0: false, 2*maxExecs - 1: false, 2 * maxExecs: true, 3*maxExecs - 1: true} {
		if _, kept := x.containers[numbered(i)]; kept != want {
			t.Errorf("exec %d is kept: %v", i, kept)
		}
	}
	if len(x.containers) != maxExecs {
		t.Errorf("%d execs are kept", len(x.containers))
	}
}

func TestDebugLevel(t *testing.T) {
	for text, want := range map[string]bool{
		`time="2026-11-22T04:00:00Z" level=debug msg=x`:                                true,
		`Nov 22 04:00:00 node dockerd[7]: time="2026-11-22T04:00:00Z" level=debug m`:   true,
		`{"level":"debug","msg":"x"}`:                                                  true,
		`time="2026-11-22T04:00:00Z" level=info msg=x`:                                 false,
		`level=info ` + strings.Repeat("x", levelReach) + ` a container's level=debug`: false,
	} {
		if isDebug([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestFieldNames(t *testing.T) {
	for group, want := range map[string]string{"container": "container", "container_2": "container", "peer_state": "peer_state", "_2": "_2"} {
		if got := fieldName(group); got != want {
			t.Errorf("%s: %s, want %s", group, got, want)
		}
	}
}
