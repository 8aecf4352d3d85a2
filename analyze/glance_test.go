package analyze

import (
	"testing"

	"culprit/rules"
)

func TestMessage(t *testing.T) {
	for text, want := range map[string]string{
		`time="2026-11-22T03:47:57.339581724Z" level=info msg="Container f650 failed to exit" container=f650`: "Container f650 failed to exit  container=f650",
		`I1103 13:46:02.118402    1302 kubelet.go:2412] "Skipping pod synchronization" err="PLEG"`:            `Skipping pod synchronization  file=kubelet.go:2412  err=PLEG`,
		"plain words": "plain words",
		"":            "",
	} {
		if got := Message(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestIsError(t *testing.T) {
	for text, want := range map[string]bool{
		`time="2026-11-22T03:47:57Z" level=error msg="x"`:          true,
		`time="2026-11-22T03:47:57Z" level=info msg="level=error"`: false,
		`E1103 13:46:02.118402    1302 kubelet.go:2412] x`:         true,
		"error": false,
	} {
		if got := IsError(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// A line is known by the signature of which it is the example.
func TestSignature(t *testing.T) {
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	known, err := Signature(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range set.Signatures {
		if got := known(s.Example); got == "" {
			t.Errorf("%s: its example is not known", s.ID)
		}
	}
	if got := known("nothing that anybody knows"); got != "" {
		t.Errorf("%q knows it", got)
	}
}
