package host

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestRuncVersion(t *testing.T) {
	tests := []struct {
		text, version string
		vendor        bool
	}{
		{"425e105d5a03fabd737a126ad93d62a9eeede87f", "1.0.0-rc8", false},
		{"425e105", "1.0.0-rc8", false},
		{"a592beb5bc4c4092b1b1bac971afed27687340c5", "1.0.0-rc5+dev", false},
		{"dc9208a3303feef5b3839f4323d9beb36df0a9dd", "1.0.0-rc10", false},
		{"0000000000000000000000000000000000000000", "", false},
		{"N/A", "", false},
		{"N/A (expected: a592beb5bc4c4092b1b1bac971afed27687340c5)", "", false},
		{"dc9208a3303feef5b3839f4323d9beb36df0a9dd (expected: 425e105d5a03fabd737a126ad93d62a9eeede87f)", "1.0.0-rc10", false},
		{"v1.0.0-rc93-0-g12644e6", "1.0.0-rc93", false},
		{"v1.1.5-0-gf19387a6", "1.1.5", false},
		{"1.0.0-rc8", "1.0.0-rc8", false},
		{"1.0.0-rc8+dev", "1.0.0-rc8+dev", false},
		{"1.0.0-rc5+dev.docker-18.06", "1.0.0-rc5+dev.docker-18.06", false},
		{"1.0.0-rc10+dev", "1.0.0-rc10+dev", true}, // may be after the fix that became rc91
		{"v1.0.0-rc90-405-ga4a306d2a", "1.0.0-rc90+dev", true},
		{"1.0.0~rc6+dfsg1", "1.0.0-rc6+dfsg1", true},
		{"1.1.5+ds1-1+deb12u1", "1.1.5+ds1-1+deb12u1", true},
		{"1.1.0-rc.1", "1.1.0-rc.1", false},
		{"1.0.0-72.rc8.dev.gite3b4c11.el7", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		got := runcVersion(tt.text, fact.Ref{})
		if got.Version != tt.version || got.Version != "" && got.Vendor != tt.vendor {
			t.Errorf("%q: %q vendor %t, want %q %t", tt.text, got.Version, got.Vendor, tt.version, tt.vendor)
		}
	}
}

func TestParseRuncVersion(t *testing.T) {
	const text = "runc version 1.0.0-rc8\ncommit: 425e105d5a03fabd737a126ad93d62a9eeede87f\nspec: 1.0.1-dev\n"
	got, problems := ParseRuncVersion(strings.NewReader(text), "r")
	noProblems(t, problems)
	equal(t, "rows", got, []fact.Daemon{{Name: "runc", Version: "1.0.0-rc8", Refs: []fact.Ref{lineRef("r", text, 1)}}})

	const commit = "runc version unknown\ncommit: ff819c7e9184c13b7c2607fe6c30ae19403a7aff\nspec: 1.0.2-dev\n"
	got, problems = ParseRuncVersion(strings.NewReader(commit), "r")
	noProblems(t, problems)
	equal(t, "rows", got, []fact.Daemon{{Name: "runc", Version: "1.0.0-rc92", Refs: []fact.Ref{lineRef("r", commit, 2)}}})

	got, problems = ParseRuncVersion(strings.NewReader("bash: runc: command not found\n"), "r")
	equal(t, "problems", texts(problems), []string{"r no version of runc"})
	equal(t, "rows", len(got), 0)
}

func TestParseDockerInfoRunc(t *testing.T) {
	const text = "Server:\n Server Version: 18.09.2\n runc version: 425e105d5a03fabd737a126ad93d62a9eeede87f\n"
	got, problems := ParseDockerInfo(strings.NewReader(text), "i")
	noProblems(t, problems)
	equal(t, "rows", got, []fact.Daemon{
		{Name: "dockerd", Version: "18.09.2", Refs: []fact.Ref{lineRef("i", text, 2)}},
		{Name: "runc", Version: "1.0.0-rc8", Told: true, Refs: []fact.Ref{lineRef("i", text, 3)}}})
	got, _ = ParseDockerInfo(strings.NewReader("Server:\n Server Version: 18.06.3-ce\n runc version: N/A (expected: a592beb5bc4c4092b1b1bac971afed27687340c5)\n"), "i")
	equal(t, "rows", len(got), 1)
}

func TestParseRuncState(t *testing.T) {
	path := "run/docker/runtime-runc/moby/" + idA + "/state.json"
	for text, state := range map[string]string{"": "empty", `{"id":"a"`: "cut", `{"id":"a"}`: "whole", "{}\n": "whole", "\x00\x00\x00": "cut", `{"id":"a"}{`: "cut"} {
		got, problems := ParseRuncState(strings.NewReader(text), path)
		noProblems(t, problems)
		ref := fact.Ref{Source: path}
		equal(t, text, got, []fact.Container{{ID: idA, StateFile: state, StateFileRef: ref, Refs: []fact.Ref{ref}}})
	}
	got, problems := ParseRuncState(strings.NewReader("{}"), "state.json")
	equal(t, "problems", texts(problems), []string{"state.json a state.json in a folder that no container gives its id"})
	equal(t, "rows", len(got), 0)
}

func TestParseRunListing(t *testing.T) {
	text := "/run:\ntotal 0\n-rw-r--r-- 1 root root 0 Nov 22 03:55 state.json\n\n/run/docker/runtime-runc/moby/" + idA + ":\ntotal 12\n-rw------- 1 root root 9017 Nov 22 03:55 state.json\n" +
		"\n/run/docker/runtime-runc/moby/" + idB + ":\ntotal 0\ndrwx------ 1 root root 0 Nov 22 03:55 state.json\n-rw------- 1 root root 0 Nov 22 03:55 other.json\n" +
		"-rw------- 1 root root 0 Nov 22 03:55 /run/docker/runtime-runc/moby/" + idB + "/state.json\nls: cannot access state.json\n"
	got, problems := ParseRunListing(strings.NewReader(text), "l")
	noProblems(t, problems)
	row := func(id, state string, line int) fact.Container {
		ref := lineRef("l", text, line)
		return fact.Container{ID: id, StateFile: state, StateFileRef: ref, Refs: []fact.Ref{ref}}
	}
	equal(t, "rows", got, []fact.Container{row(idA, "whole", 7), row(idB, "empty", 13)})
}

func TestConfiguredRuntime(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"none", "version = 2\n[grpc]\n  address = \"/run/containerd/containerd.sock\"\n", ""},
		{"empty name", "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n  BinaryName = \"\"\n", ""},
		{"the default", "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n  BinaryName = \"/opt/runc\"\n", "/opt/runc"},
		{"another one", "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.gvisor.options]\n  BinaryName = \"/opt/runsc\"\n", ""},
		{"another default", "[plugins.cri.containerd]\n  default_runtime_name = \"nvidia\"\n[plugins.cri.containerd.runtimes.nvidia]\n", "nvidia"},
		{"another default's path", "[plugins.cri.containerd]\n  default_runtime_name = 'nvidia'\n[plugins.cri.containerd.runtimes.nvidia.options]\n  BinaryName = '/usr/bin/nvidia'\n", "/usr/bin/nvidia"},
		{"v1", "[plugins.linux]\n  runtime = \"docker-runc\"\n", "docker-runc"},
		{"a comment", "[plugins.linux]\n#  runtime = \"docker-runc\"\n", ""},
	} {
		got, problems := ParseContainerdConfig(strings.NewReader(tt.text), "c")
		noProblems(t, problems)
		path := ""
		for _, d := range got {
			path = d.Runtime
		}
		if path != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, path, tt.want)
		}
	}
	for text, want := range map[string]string{
		`{"default-runtime": "runc", "runtimes": {"old": {"path": "/opt/runc"}}}`: "",
		`{"default-runtime": "old", "runtimes": {"old": {"path": "/opt/runc"}}}`:  "/opt/runc",
		`{"default-runtime": "old"}`: "old",
	} {
		got, _ := ParseDaemonJSON(strings.NewReader(text), "j")
		if got[0].Runtime != want {
			t.Errorf("%s: %q, want %q", text, got[0].Runtime, want)
		}
	}
}
