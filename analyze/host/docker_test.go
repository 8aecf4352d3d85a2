package host

import (
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

const (
	idA = "a5a5803818da9a1dc42f692beec90e3026d54b67b5d9370718c73f6a5fc81b36"
	idB = "f650c0a5eec823cbbba5e3f4bf3c94294be9b8c445c1dfdc84cf23c8d72bb266"
)

func TestParseDockerPS(t *testing.T) {
	const text = "CONTAINER ID   IMAGE   COMMAND                  CREATED          STATUS                       PORTS                  NAMES\n" +
		"a5a5803818da   bb:1    \"sh -c 'while :; do…\"   2 minutes ago    Up 2 minutes (Paused)                               app-batch\n" +
		"f650c0a5eec8   bb:1    \"sleep 86400\"            About a minute   Up About a minute            0.0.0.0:80->80/tcp     web,link/web\n" +
		"a18a016d1c1b   bb:1    \"true\"                   2 hours ago      Exited (137) 3 seconds ago                          done\n" +
		"89cb326e48e1   bb:1    \"true\"                   2 hours ago      Removal In Progress                                 going\n" +
		"1e7fc5f9d0c1   bb:1    \"true\"                   2 hours ago      Dead                                                dead-one\n" +
		"1e7fc5f9d0c2   bb:1    \"true\"                   2 hours ago      Created                                             new-one\n" +
		"1e7fc5f9d0c3   bb:1    \"true\"                   2 hours ago      Restarting (1) 3 seconds ago                        again\n" +
		"1e7fc5f9d0c4   bb:1    \"true\"                   2 hours ago      Levitating                                          odd\n"
	got, problems := ParseDockerPS(strings.NewReader(text), "ps-a")
	equal(t, "problems", texts(problems), []string{`ps-a:9 "Levitating" is no status of a container`})
	want := []fact.Container{
		{ID: "a5a5803818da", Name: "app-batch", Docker: "paused", Paused: fact.Some(true), Up: fact.Some(2 * time.Minute)},
		{ID: "f650c0a5eec8", Name: "web,link/web", Docker: "running", Paused: fact.Some(false), Up: fact.Some(time.Minute)},
		{ID: "a18a016d1c1b", Name: "done", Docker: "exited", Paused: fact.Some(false), ExitCode: fact.Some(137)},
		{ID: "89cb326e48e1", Name: "going", Docker: "removing", Paused: fact.Some(false)},
		{ID: "1e7fc5f9d0c1", Name: "dead-one", Docker: "dead", Paused: fact.Some(false)},
		{ID: "1e7fc5f9d0c2", Name: "new-one", Docker: "created", Paused: fact.Some(false)},
		{ID: "1e7fc5f9d0c3", Name: "again", Docker: "restarting", Paused: fact.Some(false)},
		{ID: "1e7fc5f9d0c4", Name: "odd"},
	}
	for i := range want {
		want[i].Refs = []fact.Ref{lineRef("ps-a", text, i+2)}
	}
	equal(t, "rows", got, want)
}

func TestParseDockerPSForms(t *testing.T) {
	got, problems := ParseDockerPS(strings.NewReader("CONTAINER ID  IMAGE  COMMAND  CREATED  STATUS  PORTS  NAMES\n"+
		idA+"  bb:1  \"sh -c 'x'\"  2 hours ago  Up 2 hours  app\n"+
		"Error response from daemon: context deadline exceeded\n"), "p")
	equal(t, "problems", texts(problems), []string{`p:3 the command failed: "Error response from daemon: context deadline exceeded"`})
	if len(got) != 1 || got[0].ID != idA || got[0].Docker != "running" || got[0].Name != "app" {
		t.Errorf("squeezed blanks: %+v", got)
	}
	got, problems = ParseDockerPS(strings.NewReader("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n"), "p")
	if len(got) != 0 || len(problems) != 1 || !strings.HasPrefix(problems[0].Text, "the command failed: ") {
		t.Errorf("%v %q", got, texts(problems))
	}
}

func TestDockerUp(t *testing.T) {
	for status, want := range map[string]fact.Opt[time.Duration]{
		"Up Less than a second":  fact.Some(time.Duration(0)),
		"Up 1 second":            fact.Some(time.Second),
		"Up 40 seconds":          fact.Some(40 * time.Second),
		"Up About a minute":      fact.Some(time.Minute),
		"Up About an hour":       fact.Some(time.Hour),
		"Up 3 weeks (healthy)":   fact.Some(21 * 24 * time.Hour),
		"Up 2 years":             fact.Some(2 * 365 * 24 * time.Hour),
		"Up":                     {},
		"Up 3 fortnights":        {},
		"Up -1 hours":            {},
		"Exited (0) 3 weeks ago": {},
	} {
		if got := dockerUp(status); got != want {
			t.Errorf("%s: %v, want %v", status, got, want)
		}
	}
}

func inspectJSON(id, rest string) string {
	return "    {\n        \"Id\": \"" + id + "\",\n        \"State\": {\"Status\": \"running\", \"Paused\": true, \"Pid\": 371,\n" +
		"            \"StartedAt\": \"2026-11-22T03:55:37.047137863Z\"},\n" + rest + "    }"
}

func TestParseInspect(t *testing.T) {
	text := "[\n" + inspectJSON(idA, "        \"Name\": \"/isolated-1\",\n        \"HostConfig\": {\"Runtime\": \"runc\", \"LogConfig\": {\"Type\": \"fluentd\", \"Config\": {}}},\n"+
		"        \"Config\": {\"Labels\": {\"io.kubernetes.pod.name\": \"web-0\", \"io.kubernetes.pod.namespace\": \"shop\"}}\n") +
		",\n    {\"Id\": \"sha256:22f3\", \"RepoTags\": []},\n" +
		"    {\"Id\": \"" + idB + "\", \"Name\": \"/x\", \"State\": {\"Running\": false, \"StartedAt\": \"0001-01-01T00:00:00Z\"}}\n]\n"
	got, problems := ParseInspect(strings.NewReader(text), "i")
	noProblems(t, problems)
	first, last := lineRef("i", text, 2), lineRef("i", text, 11)
	first.EndLine = 9
	equal(t, "rows", got, []fact.Container{
		{ID: idA, Name: "isolated-1", Docker: "running", PID: fact.Some(371), Paused: fact.Some(true), OOMKilled: fact.Some(false), LogDriver: "fluentd", Runtime: "runc", Pod: "web-0", PodNamespace: "shop",
			Started: time.Date(2026, 11, 22, 3, 55, 37, 47137863, time.UTC), Refs: []fact.Ref{first}},
		{ID: idB, Name: "x", Docker: "created", PID: fact.Some(0), Paused: fact.Some(false), OOMKilled: fact.Some(false), Refs: []fact.Ref{last}},
	})
}

func TestParseInspectBroken(t *testing.T) {
	good := inspectJSON(idA, "        \"Name\": \"/a\"\n")
	tests := []struct {
		name, text string
		rows       int
		problems   []string
	}{
		{"one object", good, 1, nil},
		{"two outputs in a row", "[" + good + "]\n[" + good + "]\n", 2, nil},
		{"none", "[]\n", 0, nil},
		{"empty", "", 0, nil},
		{"syntax", "[\n" + good + ",\n  {\"Id\": \"x\",}\n]", 1, []string{"i:8 broken JSON at 8:14: invalid character '}' looking for beginning of object key string"}},
		{"cut in an object", "[\n" + good + ",\n  {\"Id\": \"x\"", 1, []string{"i:8 broken JSON: what starts in line 8 does not end"}},
		{"cut behind an object", "[\n" + good, 1, []string{"i:7 the JSON array is not closed"}},
		{"not JSON", "\nError: No such object: x\n", 0, []string{`i:2 not JSON: "Error: No such object: x"`}},
		{"timeout", "command timed out after 8s: docker inspect", 0, []string{`i:1 the command failed: "command timed out after 8s: docker inspect"`}},
		{"a wrong type", strings.Replace(good, "371", `"371"`, 1), 1, []string{"i:1-6 State.Pid is a JSON string where docker writes a int"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseInspect(strings.NewReader(tt.text), "i")
			equal(t, "problems", texts(problems), tt.problems)
			if len(got) != tt.rows {
				t.Errorf("%d rows, want %d", len(got), tt.rows)
			}
		})
	}
}

func TestIsVendorVersion(t *testing.T) {
	for v, want := range map[string]bool{
		"18.09.2": false, "18.06.3-ce": false, "17.06.2-ee-5": false, "19.03.0-rc2": false, "v1.7.0-rc.1": false, "1.6.0-beta.3": false,
		"20.10.24+dfsg1": true, "1.6.20~ds1-1+deb12u3": true, "20.10.7-0ubuntu1": true, "v1.24.1+k3s1": true, "1.6.6-k3s1": true,
		"1.13.1-209.git7d71120.el7_9": true, "v1.21.5-eks-bc4871b": true, "18.06.1-ce-dfsg": true, "18.06.3-ce+x": true, "": false,
	} {
		if got := isVendorVersion(v); got != want {
			t.Errorf("%q: %v", v, got)
		}
	}
}

func TestParseDockerVersion(t *testing.T) {
	const modern = "Client:\n Version:           20.10.24+dfsg1\n\nServer: Docker Engine - Community\n Engine:\n  Version:          18.09.2\n" +
		"  Git commit:       6247962\n containerd:\n  Version:          1.6.20~ds1\n runc:\n  Version:          1.1.5\n"
	at := func(text string, n int) []fact.Ref { return []fact.Ref{lineRef("v", text, n)} }
	tests := []struct {
		name, text string
		want       []fact.Daemon
		problems   []string
	}{
		{"18.09 and later", modern, []fact.Daemon{
			{Name: "dockerd", Version: "18.09.2", Refs: at(modern, 6)},
			{Name: "containerd", Version: "1.6.20~ds1", Vendor: true, Refs: at(modern, 9)},
			{Name: "runc", Version: "1.1.5", Told: true, Refs: at(modern, 11)}}, nil},
		{"17.03", "Client:\n Version:      17.03.1-ce\n\nServer:\n Version:      17.03.1-ce\n API version:  1.27\n", []fact.Daemon{
			{Name: "dockerd", Version: "17.03.1-ce", Refs: []fact.Ref{ref("v", 5, 43)}}}, nil},
		{"1.5", "Client version: 1.6.0\nServer version: 1.5.0\n", []fact.Daemon{{Name: "dockerd", Version: "1.5.0", Refs: []fact.Ref{ref("v", 2, 22)}}}, nil},
		{"client only", "Client:\n Version:      17.03.1-ce\n", nil, []string{"v no server version: the daemon did not answer"}},
		{"no daemon", "Client:\n Version: 1\nCannot connect to the Docker daemon at unix:///var/run/docker.sock.\n", nil,
			[]string{`v:3 the command failed: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseDockerVersion(strings.NewReader(tt.text), "v")
			equal(t, "rows", got, tt.want)
			equal(t, "problems", texts(problems), tt.problems)
		})
	}
}

func TestParseDockerInfo(t *testing.T) {
	const modern = "Client:\n Context:    default\n Debug Mode: false\n\nServer:\n Server Version: 18.09.2\n" +
		" containerd version: 1.6.20~ds1-1+deb12u3\n Debug Mode: true\n  File Descriptors: 855\n  EventsListeners: 3\n Live Restore Enabled: false\n"
	got, problems := ParseDockerInfo(strings.NewReader(modern), "d")
	noProblems(t, problems)
	equal(t, "modern", got, []fact.Daemon{
		{Name: "dockerd", Version: "18.09.2", Debug: fact.Some(true), LiveRestore: fact.Some(false),
			Listeners: fact.Some(int64(3)), ListenersRef: lineRef("d", modern, 10),
			Refs: []fact.Ref{lineRef("d", modern, 6), lineRef("d", modern, 8), lineRef("d", modern, 10), lineRef("d", modern, 11)}},
		{Name: "containerd", Version: "1.6.20~ds1-1+deb12u3", Vendor: true, Refs: []fact.Ref{lineRef("d", modern, 7)}},
	})
	const old = "Containers: 0\nServer Version: 17.03.1-ce\ncontainerd version: 4ab9917febca54791c5f071a9d1f404867857fcc\nDebug Mode (client): true\nDebug Mode (server): false\nLive Restore Enabled: true\n"
	got, problems = ParseDockerInfo(strings.NewReader(old), "d")
	noProblems(t, problems)
	equal(t, "17.03, a commit for containerd", got, []fact.Daemon{
		{Name: "dockerd", Version: "17.03.1-ce", Debug: fact.Some(false), LiveRestore: fact.Some(true),
			Refs: []fact.Ref{lineRef("d", old, 2), lineRef("d", old, 5), lineRef("d", old, 6)}},
	})
	got, problems = ParseDockerInfo(strings.NewReader("Client:\n Debug Mode: false\n\nServer:\nERROR: Cannot connect to the Docker daemon\n"), "d")
	equal(t, "no daemon", texts(problems), []string{`d:5 the command failed: "ERROR: Cannot connect to the Docker daemon"`})
	if got != nil {
		t.Errorf("rows %+v", got)
	}
}

func TestParseDaemonJSON(t *testing.T) {
	const text = "{\n  \"debug\": true,\n  \"storage-driver\": \"overlay2\", \"log-opts\": {\"debug\": \"no\"},\n  \"live-restore\": false,\n  \"containerd\": \"/run/c.sock\"\n}\n"
	got, problems := ParseDaemonJSON(strings.NewReader(text), "j")
	noProblems(t, problems)
	equal(t, "rows", got, []fact.Daemon{{Name: "dockerd", Debug: fact.Some(true), LiveRestore: fact.Some(false), Containerd: "/run/c.sock",
		Refs: []fact.Ref{lineRef("j", text, 2), lineRef("j", text, 4), lineRef("j", text, 5)}}})

	tests := []struct {
		name, text string
		rows       int
		problems   []string
	}{
		{"nothing set", "{}\n", 1, nil},
		{"trailing comma", "{\n  \"debug\": true,\n}\n", 0, []string{"j:3 broken JSON at 3:1: invalid character '}' looking for beginning of object key string"}},
		{"cut", "{\n  \"debug\": tr", 0, []string{"j:2 broken JSON at 2:13: unexpected end of JSON input"}},
		{"two objects", "{}\n{}\n", 0, []string{"j:2 broken JSON at 2:1: invalid character '{' after top-level value"}},
		{"empty", "", 0, []string{"j an empty daemon.json"}},
		{"an array", "[]", 0, []string{"j:1 broken JSON at 1:1: a JSON array, not an object"}},
		{"a wrong type", "{\"live-restore\": \"true\"}", 1, []string{`j:1 live-restore is "\"true\"", which dockerd refuses`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseDaemonJSON(strings.NewReader(tt.text), "j")
			equal(t, "problems", texts(problems), tt.problems)
			if len(got) != tt.rows || tt.rows == 1 && (got[0].LiveRestore.Known || got[0].Refs[0].Line != 1) {
				t.Errorf("rows %+v", got)
			}
		})
	}
}
