package analyze

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/rules"
)

// tooSure says what a report of a part of a bundle claims that only the whole can prove, ""
// nothing.
func tooSure(r *Report) string {
	if !r.Tables.Partial || !slices.ContainsFunc(r.Gaps, func(g Gap) bool { return g.What == rules.NotWhole }) {
		return "it does not say that it is of a part"
	}
	for _, s := range r.Seen {
		if s.Complete {
			return s.Table + " is complete"
		}
	}
	for _, f := range r.Findings {
		if f.Confidence == rules.Certain {
			return f.Rule.ID.ID + " is certain"
		}
		claims := f.Evidence
		for _, out := range f.RuledOut {
			if len(out.Evidence) == 0 {
				return f.Rule.ID.ID + " rules out " + out.Rival + " by nothing"
			}
			claims = append(claims, out.Evidence...)
		}
		for _, e := range claims {
			if len(e.Rows) == 0 {
				return f.Rule.ID.ID + ": " + e.Name + " by absence"
			}
		}
	}
	return ""
}

// TestCutSamples: of a sample that is cut anywhere nothing is certain or by absence, and a
// likely root is one that the whole has too.
func TestCutSamples(t *testing.T) {
	const parts = 8
	for _, path := range sampleBundles(t) {
		name := filepath.Base(filepath.Dir(path))
		whole, err := Bundles(t.Context(), Options{Rules: ruleSet(t)}, path)
		if err != nil {
			t.Fatal(name, err)
		}
		text := tarred(t, contents(t, path))
		judged := 0
		for k := 1; k < parts; k++ {
			r, err := Bundles(t.Context(), Options{Rules: ruleSet(t), Stdin: bytes.NewReader(text.Bytes()[:text.Len()*k/parts])}, "-")
			if err != nil {
				t.Errorf("%s: %d of %d parts: %v", name, k, parts, err)
				continue
			}
			if why := tooSure(r); why != "" {
				t.Errorf("%s: %d of %d parts: %s", name, k, parts, why)
			}
			for _, i := range r.Verdicts {
				f := r.Findings[i]
				has := slices.ContainsFunc(whole.Findings, func(w *rules.Finding) bool { return w.Rule.ID.ID == f.Rule.ID.ID })
				if f.Confidence == rules.Likely && !has {
					t.Errorf("%s: %d of %d parts: %s is likely, of which the whole knows nothing", name, k, parts, f.Rule.ID.ID)
				}
				judged++
			}
		}
		t.Logf("%s: %d roots in %d parts, %d in the whole", name, judged, parts-1, len(whole.Verdicts))
	}
}

// every is a clock that strikes at each n-th look.
func every(n int) func() bool {
	looks := 0
	return func() bool {
		looks++
		return looks%n == 0
	}
}

// TestEarlyLeavesNoTrace: judged again and again, between two sources and while one is
// read, and with all that it then held spoilt at once, a bundle gives the same report.
// No early report claims what only the whole bundle can prove.
func TestEarlyLeavesNoTrace(t *testing.T) {
	verdicts := 0
	for _, path := range sampleBundles(t) {
		told := 0
		o := Options{earlyDue: every(97)} // each look would take minutes
		o.Early = func(r *Report) {
			told++
			verdicts += len(r.Verdicts)
			if claim := tooSure(r); claim != "" || !r.Early {
				t.Errorf("%s: after %d sources: %s", path, r.Sources, claim)
			}
			eachRef(reflect.ValueOf(r.Tables), func(fact.Ref) fact.Ref { return fact.Ref{Source: "spoilt"} })
		}
		with, without := analysed(t, t.Context(), o, path), analysed(t, t.Context(), Options{}, path)
		if told < 5 || !reflect.DeepEqual(with, without) {
			t.Errorf("%s: another report with %d early ones", path, told)
		}
	}
	if verdicts == 0 {
		t.Error("no early report has a verdict")
	}
}

// TestEarlyAtEverySource: at each look the report tells of all sources before the one
// that is being read, pasted ones and those of other paths too, also in the middle of
// a large one; what it tells first is there before the end.
func TestEarlyAtEverySource(t *testing.T) {
	dir := t.TempDir()
	write(t, []byte(psMounts), dir, "a", "ps.txt")
	write(t, []byte(strings.Repeat("level=info msg=x\n", 100_000)), dir, "a", "z.log")
	write(t, []byte("[root@node-a ~]# uname -r\n3.10.0\n[root@node-a ~]# cat /proc/7/stack\n[<0>] mnt_want_write+0x1/0x2\n[root@node-a ~]# exit\n"), dir, "b", "session.txt")
	write(t, []byte(psMounts), dir, "b", "uname.txt")
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	var at string
	told := map[string][]int{} // by what is read, how many sources the reports tell of
	o := Options{earlyDue: every(1), Progress: func(source string) { at = source }}
	o.Early = func(r *Report) { told[at] = append(told[at], r.Sources) }
	with, without := analysed(t, t.Context(), o, paths...), analysed(t, t.Context(), Options{}, paths...)
	if !reflect.DeepEqual(with, without) {
		t.Error("another report with early ones")
	}
	for source, before := range map[string]int{"1/z.log": 1, "2/session.txt": 2, "2/uname.txt": 3} {
		got := slices.Compact(told[source])
		if !slices.Equal(got, []int{before}) {
			t.Errorf("at %s: reports on %v sources, want %d", source, got, before)
		}
	}
	if len(told["1/z.log"]) < 10 || len(told["1/ps.txt"]) > 0 {
		t.Errorf("%d looks in the large source, %d reports on nothing", len(told["1/z.log"]), len(told["1/ps.txt"]))
	}
}

// TestEarlyWaits: a bundle that is read at once needs no early word.
func TestEarlyWaits(t *testing.T) {
	e := newEarly(t.Context(), Options{Early: func(*Report) {}})
	if e.due() {
		t.Error("due at once")
	}
	if e.next = e.next.Add(-earlyPause); !e.due() {
		t.Error("not due after its pause")
	}
}

// ended is a context that ends when a test says so, with the error that it says.
type ended struct {
	context.Context
	err error
}

func (e *ended) Err() error { return e.err }

// TestReadingThatIsEnded: cancelled or out of time, the reading stops, what was read is
// analysed, the report says so, and nothing in it is certain.
func TestReadingThatIsEnded(t *testing.T) {
	const sample = "../samples/cgroup-frozen-20.10.24/bundle.tar.zst"
	whole := analysed(t, t.Context(), Options{}, sample)
	if v := whole.Findings[whole.Verdicts[0]]; v.Confidence != rules.Certain {
		t.Fatalf("%s is %s", v.Rule.ID.ID, v.Confidence)
	}
	other := write(t, []byte(psMounts), t.TempDir(), "ps.txt")
	for _, c := range []struct {
		name   string
		paths  []string
		err    error
		at     int // the number of the source at which it ends
		reason string
	}{
		{"cancelled", []string{sample}, context.Canceled, 200, "bundle.tar.zst: the reading was cancelled: the rest is not read"},
		{"out of time", []string{sample}, context.DeadlineExceeded, 200, "bundle.tar.zst: limit of time reached: the rest is not read"},
		{"cancelled in the first of two", []string{sample, other}, context.Canceled, 200, "2/ps.txt: the reading was cancelled: the rest is not read"},
		{"out of time in the first of two", []string{sample, other}, context.DeadlineExceeded, 200, "2/ps.txt: limit of time reached: the rest is not read"},
		{"cancelled in the second of two", []string{other, sample}, context.Canceled, 200, "2/bundle.tar.zst: the reading was cancelled: the rest is not read"},
	} {
		ctx := &ended{Context: t.Context()}
		begun := 0
		o := Options{earlyDue: every(150), Early: func(*Report) {
			if ctx.err != nil {
				t.Errorf("%s: an early report after the end", c.name)
			}
		}}
		o.Progress = func(string) {
			if begun++; begun == c.at {
				ctx.err = c.err
			}
		}
		r := analysed(t, ctx, o, c.paths...)
		if v := r.Findings[r.Verdicts[0]]; v.Rule.ID.ID != "cgroup-frozen-externally" || v.Confidence != rules.Likely {
			t.Errorf("%s: %s is %s", c.name, v.Rule.ID.ID, v.Confidence)
		}
		says := slices.ContainsFunc(r.Problems, func(p fact.Problem) bool { return p.Ref.String()+": "+p.Text == c.reason })
		if !says || begun != c.at || r.Early {
			t.Errorf("%s: %d sources, problems %v", c.name, begun, r.Problems)
		}
		for _, s := range r.Seen {
			if s.Complete {
				t.Errorf("%s: %s is complete", c.name, s.Table)
			}
		}
	}
}

// TestReadingThatNeverBegan has nothing to report on.
func TestReadingThatNeverBegan(t *testing.T) {
	for _, c := range []struct{ end, want error }{
		{context.Canceled, context.Canceled},
		{context.DeadlineExceeded, bundle.ErrUnrecognised},
	} {
		ctx := &ended{t.Context(), c.end}
		for _, path := range append(sampleBundles(t)[:1], t.TempDir()) {
			if _, err := Bundles(ctx, Options{Rules: ruleSet(t)}, path); !errors.Is(err, c.want) {
				t.Errorf("%v: %v, want %v", c.end, err, c.want)
			}
		}
	}
	cancelled := &ended{t.Context(), nil}
	o := Options{Rules: ruleSet(t), Progress: func(string) { cancelled.err = context.Canceled }}
	if _, err := Bundles(cancelled, o, sampleBundles(t)[0], "no such file"); err == nil {
		t.Error("a path that is not there is no error")
	}
}

// TestUnreadIsNotAbsent: columns that rest on a row that is not there are unknown where
// it may be in what was not read.
func TestUnreadIsNotAbsent(t *testing.T) {
	files := map[string]string{
		"ps-wchan.txt": psHeader + "      1       0 Ss   do_sigtimedwait 3-00:00:00    1  1472 init\n", "dmesg.txt": "[    1.0] usb 1-1: new device\n",
		"docker/inspect.json": inspectOf(strings.Repeat("5c", 32), "web", 9999, ""),
	}
	for _, partial := range []bool{false, true} {
		p := partsOf(t, ruleSet(t), files)
		p.bundle.Partial = partial
		r := Options{Rules: ruleSet(t)}.judge([]*parts{p})
		alive, hung := r.Tables.Containers[0].InitAlive, r.Tables.Processes[0].Hung
		if alive.Known == partial || hung.Known == partial {
			t.Errorf("partial %v: init %v, hung %v", partial, alive, hung)
		}
	}
}
