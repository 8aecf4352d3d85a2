package rules

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestPredicate(t *testing.T) {
	stack := &fact.Stack{Daemon: "dockerd", Count: 3, Frames: []string{"github.com/docker/docker/daemon.(*Daemon).Kill", "net/http.(*conn).serve"}}
	process := &fact.Process{PID: 7, State: "D", Wait: fact.Wait{Class: fact.WaitUninterruptible}}
	for _, tt := range []struct {
		schema *Schema
		row    any
		where  string
		want   Truth
	}{
		{stacksTable, stack, `row.daemon == "dockerd" && row.calls("daemon.(*Daemon).Kill", "x.Y")`, True},
		{stacksTable, stack, `row.calls_all("daemon.(*Daemon).Kill", "x.Y")`, False},
		{stacksTable, stack, `row.calls("emon.(*Daemon).Kill")`, False},
		{stacksTable, stack, `row.calls_all("daemon.(*Daemon).Kill", "net/http.(*conn).serve")`, True},
		{stacksTable, stack, `row.max_wait > duration("20m")`, Unknown},
		{stacksTable, stack, `row.max_wait > duration("20m") || row.count == 3`, True},
		{stacksTable, stack, `row.max_wait > duration("20m") && row.count == 4`, False},
		{stacksTable, stack, `!(row.state == "select")`, Unknown},
		{stacksTable, &fact.Stack{Daemon: "dockerd"}, `row.daemon == "dockerd" && row.calls("x.Y")`, Unknown},
		{stacksTable, &fact.Stack{Daemon: "containerd"}, `row.daemon == "dockerd" && row.calls("x.Y")`, False},
		{processesTable, process, `row.wait.class == "uninterruptible"`, True},
		{processesTable, process, `row.wait.on == "nfs"`, Unknown},
		{processesTable, &fact.Process{PID: 7}, `row.wait.class == "uninterruptible"`, Unknown},
		{processesTable, &fact.Process{PID: 7, State: "S"}, `row.wait.on == "nfs"`, False},
		{processesTable, process, `row.comm.startsWith("x") || row.pid in [7, 8]`, True},
		{processesTable, &fact.Process{PID: 7, Args: "java -cp " + strings.Repeat("a.jar:", 20_000)}, `row.args.matches("(^|[ /;])(fsfreeze|xfs_freeze) +(-f|--freeze)( |$)")`, False},
	} {
		p, _, err := compilePredicate(envs{}, tt.schema, tt.where)
		if err != nil {
			t.Errorf("%s: %v", tt.where, err)
			continue
		}
		got, _, err := p.eval(tt.row)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %v, %v; want %v", tt.where, got, err, tt.want)
		}
	}
}

func TestPredicateRefused(t *testing.T) {
	for _, where := range []string{
		`row.demon == "dockerd"`, `row.count`, `row.daemon == 3`, `ro.daemon == "x"`, `row.daemon.matches("(")`,
		`row.frames.exists(a, row.frames.exists(b, a == b))`,
	} {
		if _, _, err := compilePredicate(envs{}, stacksTable, where); err == nil {
			t.Errorf("%s: compiled", where)
		}
	}
}

func TestPredicateCostLimit(t *testing.T) {
	frames := make([]string, 100_000)
	p, _, err := compilePredicate(envs{}, stacksTable, `row.frames.exists(f, f == "no such")`)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := p.eval(&fact.Stack{Frames: frames}); err == nil {
		t.Errorf("no error, got %v", got)
	}
}

// Only what cannot cost much is evaluated without counting.
func TestCheap(t *testing.T) {
	many := strings.Repeat("row.pid == 1 || ", 40) + "row.pid == 2"
	for where, want := range map[string]bool{
		`row.pid > 0`: true, `row.comm == "sh" && row.wait.on.contains("x")`: true,
		`row.args.matches("a+")`: false, `row.wait.via.exists(f, f == "x")`: false, `["a"].all(x, row.comm == x)`: false, many: false,
	} {
		env, err := newEnv(processesTable)
		if err != nil {
			t.Fatal(err)
		}
		ast, issues := env.Compile(where)
		if issues.Err() != nil {
			t.Fatal(issues.Err())
		}
		if got := cheap(ast); got != want {
			t.Errorf("%.60s: cheap %t", where, got)
		}
	}
}
