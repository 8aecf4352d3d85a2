package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"culprit/analyze/fact"
)

// The pack of these tests: a cause on a superblock, a mechanism in a container, a
// leak that rests on one dump shared by all containers, a symptom of the daemon.
const testIDs = `
t-cause: {role: cause, layer: storage, per: mount, rivals: [t-rival], meaning: a cause}
t-rival: {role: cause, layer: kernel, per: mount, rivals: [t-cause], meaning: a rival}
t-mechanism: {role: mechanism, layer: kernel, per: container, explained_by: [t-cause], rivals: [t-rival], meaning: a mechanism}
t-leak: {role: mechanism, layer: runtime, per: container, explained_by: [t-mechanism], rivals: [t-rival], meaning: a leak}
t-symptom: {role: symptom, layer: runtime, per: daemon, explained_by: [t-leak], meaning: a symptom}
t-paused: {role: cause, latent: true, layer: client, per: container, rivals: [t-rival], meaning: may be latent}
`

var testRules = map[string]string{
	"defs/cause.yaml": `
id: t-cause
title: cause
layer: storage
severity: critical
per: mount
select:
  waiters: {from: processes, where: 'row.wait.on == "frozen-fs"', on: mount}
  rival: {from: processes, where: 'row.wait.on == "nfs"', on: mount}
  second: {from: processes, where: 'row.wait.on == "frozen-fs" && row.kill_pending', on: mount}
cause: [{name: waits, at_least: {of: waiters, n: 1}}]
certain: [{name: kill pending, at_least: {of: second, n: 1}}]
rules_out: {t-rival: {none: rival}}
summary: '{scope} holds {waiters.total task}'
next: {now: ['thaw {scope}']}
`,
	"defs/mechanism.yaml": `
id: t-mechanism
title: mechanism
layer: kernel
severity: critical
per: container
select:
  stuck: {from: processes, where: 'row.wait.class == "uninterruptible"', on: container}
cause: [{name: stuck, at_least: {of: stuck, n: 1}}]
no_rival: a test
summary: '{scope}: {stuck.comm} in {stuck.wait.frame}'
next: {}
`,
	"defs/leak.yaml": `
id: t-leak
title: leak
layer: runtime
severity: critical
per: container
select:
  killers: {from: stacks, where: 'row.daemon == "dockerd" && row.calls("d.Kill")'}
  waiters: {from: stacks, where: 'row.daemon == "dockerd" && row.calls("d.Wait")'}
  stuck: {from: processes, where: 'row.wait.class == "uninterruptible"', on: container}
  events: {from: stacks, where: 'row.daemon == "dockerd" && row.calls("d.Events")'}
cause: [{name: stuck, at_least: {of: stuck, n: 1}}]
effect:
  - {name: many, at_least: {of: killers, n: 3}}
  - {name: pairs, at_least_as_many: {a: waiters, b: killers, slack: 1}}
rules_out: {t-rival: {at_least: {of: events, n: 2}}}
summary: '{scope}: {killers.total}'
next: {}
`,
	"defs/symptom.yaml": `
id: t-symptom
title: symptom
layer: runtime
severity: warning
per: daemon
select:
  all: {from: stacks, where: 'row.daemon == "dockerd"', on: daemon}
effect: [{name: many, at_least: {of: all, n: 5}}]
summary: '{all.total}'
next: {}
`,
	"defs/paused.yaml": `
id: t-paused
title: paused
layer: client
severity: warning
per: container
select:
  paused: {from: containers, where: 'row.paused', on: container}
  waiting: {from: containers, where: 'row.paused && row.task == "WAITED"', on: container}
cause: [{name: paused, at_least: {of: paused, n: 1}}]
effect: [{name: someone waits, at_least: {of: waiting, n: 1}}]
no_rival: a test
summary: '{scope} paused'
next: {}
`,
}

func testSet(t *testing.T) *Set {
	t.Helper()
	fs := fstest.MapFS{"ids.yaml": {Data: []byte(testIDs)}}
	for name, text := range testRules {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := Load(fs)
	if err != nil {
		t.Fatal(err)
	}
	s.Rules = slices.DeleteFunc(s.Rules, func(r *Rule) bool { return !strings.HasPrefix(r.ID.ID, "t-") })
	return s
}

var (
	idA = strings.Repeat("a", 64)
	idB = strings.Repeat("b", 64)
	vol = fact.NewKey(fact.KeyMount, fact.Place{}, "7:4", "/data")
)

// world is a small incident: one D process in each of containers a and b, both on
// /data, and a dump with four stop requests.
func testWorld() *fact.Tables {
	stuck := func(pid int, container string) fact.Process {
		return fact.Process{PID: pid, Comm: "sh", State: "D", Container: container, KillPending: fact.Some(true),
			Wait: fact.Wait{Class: fact.WaitUninterruptible, On: "frozen-fs", Frame: "vfs_write", Mounts: []fact.Key{vol}},
			Refs: []fact.Ref{{Source: fmt.Sprintf("proc/%d/stack", pid), Line: 1}}}
	}
	stack := func(n int64, frame string) fact.Stack {
		return fact.Stack{Daemon: "dockerd", Count: n, Frames: []string{"x/" + frame}, Refs: []fact.Ref{{Source: "dump", Line: int(n)}}}
	}
	edge := func(from, to fact.Key) fact.Edge { return fact.Edge{From: from, To: to} }
	container := func(id string) fact.Key { return fact.NewKey(fact.KeyContainer, fact.Place{}, id, id[:1]) }
	docker := fact.NewKey(fact.KeyDaemon, fact.Place{}, "dockerd", "dockerd")
	return &fact.Tables{
		Processes: []fact.Process{{PID: 1, State: "S"}, stuck(7, idA), stuck(8, idB)},
		Stacks:    []fact.Stack{stack(4, "d.Kill"), stack(3, "d.Wait"), stack(2, "d.Events")},
		Edges: []fact.Edge{edge(container(idA), vol), edge(container(idB), vol),
			edge(container(idA), docker), edge(container(idB), docker)},
		Coverage: []fact.Coverage{{Table: "processes", Complete: true}, {Table: "containers", Complete: true}, {Table: "stacks", Daemon: "dockerd", Complete: true}},
	}
}

func find(t *testing.T, r Result, id string) *Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Rule.ID.ID == id {
			return f
		}
	}
	return nil
}

func verdictIDs(r Result) []string {
	var out []string
	for _, i := range r.Verdicts {
		out = append(out, r.Findings[i].Rule.ID.ID)
	}
	return out
}

func TestEvaluateChain(t *testing.T) {
	r := testSet(t).Evaluate(testWorld())
	if got := verdictIDs(r); !slices.Equal(got, []string{"t-cause"}) {
		t.Fatalf("verdicts %v", got)
	}
	cause, leak, symptom := find(t, r, "t-cause"), find(t, r, "t-leak"), find(t, r, "t-symptom")
	if cause.Confidence != Certain || cause.Summary != "/data holds 2 tasks" || cause.Next.Now[0] != "thaw /data" {
		t.Errorf("cause: %s, %q, %q", cause.Confidence, cause.Summary, cause.Next.Now)
	}
	if len(leak.Scope) != 2 || leak.Summary != "a, b: 4" {
		t.Errorf("two containers share one dump: scope %v, %q", leak.Scope, leak.Summary)
	}
	for _, e := range leak.Evidence {
		if e.Selection == "killers" && e.Sum != 4 {
			t.Errorf("shared evidence is counted %d times 4", e.Sum/4)
		}
	}
	// The nearest explainer is linked, not the root behind it.
	names := func(is []int) (out []string) {
		for _, i := range is {
			out = append(out, r.Findings[i].Rule.ID.ID)
		}
		return out
	}
	if got := names(symptom.ExplainedBy); !slices.Equal(got, []string{"t-leak"}) {
		t.Errorf("symptom explained by %v", got)
	}
	if got := names(leak.ExplainedBy); !slices.Equal(got, []string{"t-mechanism", "t-mechanism"}) {
		t.Errorf("leak explained by %v", got)
	}
}

func TestEvaluateCases(t *testing.T) {
	for _, tt := range []struct {
		name     string
		change   func(*fact.Tables)
		rule     string
		want     Confidence // "" silent
		status   Status
		verdicts []string
	}{
		{"kill not known to be pending", func(w *fact.Tables) {
			w.Processes[1].KillPending, w.Processes[2].KillPending = fact.Opt[bool]{}, fact.Opt[bool]{}
		}, "t-cause", Likely, Active, []string{"t-cause"}},
		{"a process whose state nobody tells may be the rival", func(w *fact.Tables) {
			w.Processes = append(w.Processes, fact.Process{PID: 9})
		}, "t-cause", Likely, Active, []string{"t-cause"}},
		{"the rival on the same superblock", func(w *fact.Tables) {
			w.Processes = append(w.Processes, fact.Process{PID: 9, State: "D", Wait: fact.Wait{Class: fact.WaitUninterruptible, On: "nfs", Mounts: []fact.Key{vol}}})
		}, "t-cause", "", "", []string{"t-mechanism", "t-mechanism"}},
		{"the rival elsewhere", func(w *fact.Tables) {
			other := fact.NewKey(fact.KeyMount, fact.Place{}, "0:9", "/nfs")
			w.Processes = append(w.Processes, fact.Process{PID: 9, State: "D", Wait: fact.Wait{Class: fact.WaitUninterruptible, On: "nfs", Mounts: []fact.Key{other}}})
		}, "t-cause", Certain, Active, []string{"t-cause"}},
		{"two candidate superblocks are never certain", func(w *fact.Tables) {
			other := fact.NewKey(fact.KeyMount, fact.Place{}, "8:1", "/")
			for i := range w.Processes {
				if len(w.Processes[i].Wait.Mounts) > 0 {
					w.Processes[i].Wait.Mounts = []fact.Key{vol, other}
				}
			}
		}, "t-cause", Likely, Active, []string{"t-cause"}},
		{"no cause found: the mechanism is open and no more than likely", func(w *fact.Tables) {
			for i := range w.Processes {
				w.Processes[i].Wait.On = "unknown"
			}
		}, "t-mechanism", Likely, Active, []string{"t-mechanism", "t-mechanism"}},
		{"the event receivers are in a cut dump", func(w *fact.Tables) {
			w.Stacks = w.Stacks[:2]
			w.Coverage[2].Complete = false
		}, "t-leak", Likely, Active, []string{"t-cause"}},
		{"the event receivers are gone: the rival is shown", func(w *fact.Tables) { w.Stacks = w.Stacks[:2] }, "t-leak", "", "", []string{"t-cause"}},
		{"a lone dump is only suspicious", func(w *fact.Tables) {
			w.Processes, w.Edges, w.Coverage = nil, nil, w.Coverage[2:]
		}, "t-leak", Suspected, Active, nil},
		{"a whole process table without D refutes the leak", func(w *fact.Tables) { w.Processes = w.Processes[:1] }, "t-leak", "", "", nil},
		{"a dump of a daemon that does not manage the container", func(w *fact.Tables) {
			crio := fact.NewKey(fact.KeyDaemon, fact.Place{}, "crio", "crio")
			w.Edges = []fact.Edge{{From: fact.NewKey(fact.KeyContainer, fact.Place{}, idA, "a"), To: crio}, {From: fact.NewKey(fact.KeyContainer, fact.Place{}, idB, "b"), To: crio}}
		}, "t-leak", Suspected, Active, []string{"t-cause", "t-mechanism", "t-mechanism"}},
		{"latent: nobody waits", func(w *fact.Tables) {
			w.Containers = []fact.Container{{ID: idA, Name: "a", Paused: fact.Some(true), Task: "RUNNING"}}
		}, "t-paused", Likely, Latent, []string{"t-cause"}},
		{"active: somebody waits", func(w *fact.Tables) {
			w.Containers = []fact.Container{{ID: idA, Name: "a", Paused: fact.Some(true), Task: "WAITED"}}
		}, "t-paused", Certain, Active, []string{"t-cause", "t-paused"}},
		{"another node's rows are another world", func(w *fact.Tables) {
			for i := range w.Processes {
				w.Processes[i].At.Node = "other"
				w.Processes[i].Wait.Mounts = nil
			}
			w.Coverage[0].At.Node = "other"
		}, "t-leak", Suspected, Active, []string{"t-mechanism", "t-mechanism"}},
		{"rows of another moment are not judged", func(w *fact.Tables) {
			for i := range w.Stacks {
				w.Stacks[i].At.Snapshot = "2026-01-02T03:04:05Z"
			}
		}, "t-symptom", "", "", []string{"t-cause"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := testWorld()
			tt.change(w)
			r := testSet(t).Evaluate(w)
			f := find(t, r, tt.rule)
			switch {
			case f == nil && tt.want != "":
				t.Errorf("%s is silent", tt.rule)
			case f != nil && (f.Confidence != tt.want || f.Status != tt.status):
				t.Errorf("%s is %s %s, want %q %s", tt.rule, f.Status, f.Confidence, tt.want, tt.status)
			}
			if got := verdictIDs(r); !slices.Equal(got, tt.verdicts) {
				t.Errorf("verdicts %v, want %v", got, tt.verdicts)
			}
		})
	}
}

// TestJoined walks the connections along which explanations may travel.
func TestJoined(t *testing.T) {
	key := func(kind fact.KeyKind, id string) fact.Key { return fact.NewKey(kind, fact.Place{}, id, "") }
	a, b := key(fact.KeyContainer, "a"), key(fact.KeyContainer, "b")
	pa, pb := key(fact.KeyPID, "1"), key(fact.KeyPID, "2")
	m, d, c := key(fact.KeyMount, "7:4"), key(fact.KeyDaemon, "dockerd"), key(fact.KeyDaemon, "containerd")
	g := newGraph([]fact.Edge{{From: pa, To: a}, {From: pb, To: b}, {From: pa, To: m}, {From: a, To: d}, {From: b, To: d}, {From: d, To: c}})
	for _, tt := range []struct {
		x, y fact.Key
		want bool
	}{
		{a, a, true}, {a, m, true}, {pa, m, true}, {d, m, true}, {a, d, true}, {d, c, true}, {a, pa, true},
		{a, b, false}, {b, m, false}, {a, c, false}, {pb, m, false},
		{a, key(fact.KeyNode, "node"), true}, {m, key(fact.KeyNode, "node"), true},
		{a, fact.Key{Kind: fact.KeyNode, Node: "other", ID: "node"}, false},
	} {
		if got := g.joined(tt.x, tt.y); got != tt.want {
			t.Errorf("%v with %v: %v", tt.x, tt.y, got)
		}
		if got := g.joined(tt.y, tt.x); got != tt.want {
			t.Errorf("%v with %v: %v", tt.y, tt.x, got)
		}
	}
}

// TestEvaluateIsDeterministic runs twice and compares the order of everything.
func TestEvaluateIsDeterministic(t *testing.T) {
	s := testSet(t)
	dump := func() string {
		var b strings.Builder
		for _, f := range s.Evaluate(testWorld()).Findings {
			fmt.Fprintln(&b, f.Rule.ID.ID, f.Scope, f.Summary, f.Explains, f.ExplainedBy, f.Open)
		}
		return b.String()
	}
	first := dump()
	for range 5 {
		if next := dump(); next != first {
			t.Fatalf("%s\n---\n%s", first, next)
		}
	}
}

func TestHostileRuleIsStoppedAndTheOthersGoOn(t *testing.T) {
	s := testSet(t)
	p, _, err := compilePredicate(envs{}, processesTable, `row.wait.via.exists(f, f.matches("^(a*)*b$"))`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rules {
		if r.ID.ID == "t-mechanism" {
			r.Select[0].Where = p
		}
	}
	w := testWorld()
	for i := range w.Processes {
		w.Processes[i].Stack = []string{"x"}
		w.Processes[i].Wait.Via = slices.Repeat([]string{strings.Repeat("a", 4000)}, 4000)
	}
	r := s.Evaluate(w)
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "stuck") {
		t.Errorf("problems %v", r.Problems)
	}
	if find(t, r, "t-cause") == nil {
		t.Error("the other rules did not go on")
	}
}

// A process that is uninterruptible shows so by its stack; that its cgroup is
// thawed stands elsewhere, and a predicate that asks for it cites that line first.
func TestEvidenceCitesTheColumnsAsked(t *testing.T) {
	stack, freezer := fact.Ref{Source: "stack", Line: 1, EndLine: 1}, fact.Ref{Source: "freezer", Line: 4, EndLine: 4}
	row := Row{"processes", &fact.Process{Freezer: "THAWED", FreezerRef: freezer, Wait: fact.Wait{Refs: []fact.Ref{stack}}}}
	for where, want := range map[string][]fact.Ref{
		`row.freezer == "THAWED"`:                           {freezer, stack},
		`row.wait.on != "freezer" && row.comm != "freezer"`: {stack},
	} {
		p, _, err := compilePredicate(envs{}, processesTable, where)
		if err != nil {
			t.Fatal(err)
		}
		if refs := (Evidence{Rows: []Row{row}, cited: p.cited}).Refs(8); !slices.Equal(refs, want) {
			t.Errorf("%s cites %v, want %v", where, refs, want)
		}
	}
}
