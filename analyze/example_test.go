package analyze

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"
	"culprit/rules"
)

// TestExamplesOfSamples: of every group in every text dump of the samples, each place
// gives a goroutine with the group's functions, and with the arguments as they are
// printed there.
func TestExamplesOfSamples(t *testing.T) {
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := filepath.Glob("../samples/*/bundle.tar.zst")
	if err != nil || len(bundles) < 3 {
		t.Fatalf("%d samples, %v", len(bundles), err)
	}
	ctx, o := context.Background(), Options{Rules: set}
	read, withArgs := 0, 0
	for _, path := range bundles {
		r, err := Bundles(ctx, o, path)
		if err != nil {
			t.Fatal(err)
		}
		sources := map[string][]string{}
		for _, s := range r.Tables.Stacks {
			for _, ref := range s.Refs {
				if ref.Line == 0 { // protobuf
					continue
				}
				if sources[ref.Source] == nil {
					var b bytes.Buffer
					if err := Raw(ctx, o, &b, ref.Source, path); err != nil {
						t.Fatal(err)
					}
					sources[ref.Source] = strings.SplitAfter(b.String(), "\n")
				}
				text := strings.Join(sources[ref.Source][ref.Line-1:max(ref.Line, ref.EndLine)], "")
				g, err := Example(strings.NewReader(text), s.Frames)
				if err != nil || !calls(g, s) {
					t.Fatalf("%s: %v\n got %+v\nwant %q in\n%s", ref, err, g, s.Frames, text)
				}
				read++
				for _, f := range g.Frames {
					if f.Args != "" && !strings.Contains(text, "("+f.Args+")\n") {
						t.Errorf("%s: %s: the arguments %s are not in\n%s", ref, f.Func, f.Args, text)
					}
					if f.Args != "" {
						withArgs++
					}
				}
				if printed := strings.Count(text, ")\n") - strings.Count(text, "()\n"); g.ID != 0 && printed != countArgs(g) {
					t.Errorf("%s: %d calls have arguments, got %d", ref, printed, countArgs(g))
				}
			}
		}
	}
	t.Logf("%d places, %d calls with arguments", read, withArgs)
	if read < 1000 || withArgs < 1000 {
		t.Errorf("only %d places and %d calls with arguments", read, withArgs)
	}
}

func countArgs(g Goroutine) (n int) {
	for _, f := range g.Frames {
		if f.Args != "" {
			n++
		}
	}
	return n
}

// calls reports whether the goroutine's functions are those of the group, which leaves
// those of the runtime out; a form that cuts deep stacks has only the first of them.
func calls(g Goroutine, s fact.Stack) bool {
	var all, own []string
	for _, f := range g.Frames {
		switch {
		case f.Origin == "created by":
		case f.Origin != "runtime":
			own = append(own, f.Func)
			fallthrough
		default:
			all = append(all, f.Func)
		}
	}
	if own == nil {
		own = slices.DeleteFunc(all, func(fn string) bool { return fn == "runtime.goexit" })
	}
	n := min(len(own), len(s.Frames))
	return slices.Equal(own, s.Frames) || n >= 20 && slices.Equal(own[:n], s.Frames[:n])
}
