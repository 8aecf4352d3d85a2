package logs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

// templates are templates of lines that no signature matches; %x is a long id, %d
// a number.
var templates = []string{
	`time="2026-11-22T03:%02d:%02d.123456789Z" level=debug msg="Calling GET /v1.38/containers/%x/json"`,
	`time="2026-11-22T03:%02d:%02d.123456789Z" level=info msg="shim reaped" id=%x module="containerd/tasks"`,
	`time="2026-11-22T03:%02d:%02d.123456789Z" level=debug msg=event module=libcontainerd namespace=moby topic=/tasks/exec-started id=%x`,
	`I1122 03:%02d:%02d.123456    1028 kubelet.go:1953] SyncLoop (PLEG): "web-0_prod(%x)", event: &pleg.PodLifecycleEvent{Type:"ContainerStarted"}`,
	`I1122 03:%02d:%02d.123456    1028 operation_generator.go:571] MountVolume.SetUp succeeded for volume "token" (UniqueName: "kubernetes.io/secret/%x")`,
}

// benchSigs are n signatures, every third with something to capture.
func benchSigs(n int) []fact.Signature {
	verbs := []string{"failed to start", "failed to stop", "could not release", "lost contact with", "timed out waiting for"}
	things := []string{"overlay2 mount", "thin pool", "containerd task", "network namespace", "swap accounting", "ingress endpoint",
		"volume plugin", "pod sandbox", "image layer", "cgroup freezer", "node lease", "device manager"}
	var all []fact.Signature
	for i := range n {
		text := verbs[i%len(verbs)] + " " + things[i/len(verbs)%len(things)]
		pattern := text
		if i%3 == 0 {
			pattern += ` (?P<id>[0-9a-f]{8,64})`
		}
		all = append(all, fact.Signature{ID: fmt.Sprintf("s%d", i), Pattern: pattern})
	}
	return all
}

// benchText is size bytes of log of which one line in hitEvery is a hit.
func benchText(size, hitEvery int, all []fact.Signature) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for n := 1; b.Len() < size; n++ {
		id := fmt.Sprintf("%016x%016x%016x%016x", rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64())
		if n%hitEvery == 0 {
			text, _, _ := bytes.Cut([]byte(all[rnd.IntN(len(all))].Pattern), []byte(" (?P"))
			fmt.Fprintf(&b, "time=\"2026-11-22T03:%02d:%02d.5Z\" level=error msg=\"%s %08x\"\n", n/60%60, n%60, text, rnd.IntN(100))
			continue
		}
		template := templates[rnd.IntN(len(templates))]
		fmt.Fprintf(&b, template+"\n", n/60%60, n%60, id)
	}
	return b.Bytes()
}

func BenchmarkScan(b *testing.B) {
	all := benchSigs(60)
	for name, hitEvery := range map[string]int{"hits=0.1%": 1000, "hits=50%": 2} {
		text := benchText(64<<20, hitEvery, all)
		s := mustCompile(b, all)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Scan(bytes.NewReader(text), "l", "")
			}
		})
	}
}

func TestBenchTextAgainstEveryLine(t *testing.T) {
	all := benchSigs(60)
	text := benchText(1<<20, 20, all)
	want := everyLine(all, string(text))
	got := map[string]int64{}
	for _, h := range mustCompile(t, all).Scan(bytes.NewReader(text), "l", "").Hits {
		got[h.Signature] += h.Count
	}
	hits := 0
	for _, sig := range all {
		hits += len(want[sig.ID])
		if got[sig.ID] != int64(len(want[sig.ID])) {
			t.Errorf("%s: %d lines, want %d", sig.ID, got[sig.ID], len(want[sig.ID]))
		}
	}
	if hits < 100 {
		t.Errorf("only %d hits to compare", hits)
	}
}

func TestNoAllocationWithoutHit(t *testing.T) {
	s := mustCompile(t, benchSigs(60))
	sc := &scan{set: s, tally: newTally(s, "l"), coverage: newCoverage(), tried: make([]int, len(s.patterns))}
	text := []byte("I1122 03:00:00.123456    1028 kubelet.go:1953] SyncLoop (PLEG): failed to start nothing\n")
	sc.coverage.nextSample = 1 << 40
	if n := testing.AllocsPerRun(1000, func() { sc.block(line.Block{No: sampleHead + 1, Lines: 1, Text: text}) }); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}
