package rules

import "testing"

func TestBuiltinPackLoads(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rules) < 20 || len(s.IDs) < 150 || len(s.Signatures) < 15 {
		t.Errorf("%d rules, %d ids, %d signatures", len(s.Rules), len(s.IDs), len(s.Signatures))
	}
}

// BenchmarkLoad reads and compiles the built-in pack, as every analysis does.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}
