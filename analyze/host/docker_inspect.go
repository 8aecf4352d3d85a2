package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// maxJSON bounds a JSON source, which is held in memory as a whole.
const maxJSON = 64 << 20

// inspected is the part of docker inspect's output that rows are made of.
type inspected struct {
	ID    string `json:"Id"`
	Name  string
	State *struct {
		Status                                       string
		Running, Paused, Restarting, Dead, OOMKilled bool
		Pid, ExitCode                                int
		StartedAt                                    string
	}
	HostConfig struct {
		Runtime   string
		LogConfig struct{ Type string }
	}
	Config      struct{ Labels map[string]string }
	GraphDriver struct{ Data struct{ MergedDir string } }
	Mounts      []struct{ Source string }
}

// ParseInspect reads the JSON of docker inspect for containers: an array, one
// object, or several of them in a row. Objects of other kinds are skipped. Where
// the JSON is broken, the containers before the break are returned and the
// problem names line and column. Times are RFC 3339; a container that never
// started has a zero Started.
func ParseInspect(r io.Reader, source string) ([]fact.Container, []fact.Problem) {
	l := newLines(nil, source)
	b := readJSON(l, r)
	t := newLineTable(b)
	if i := bytes.IndexFunc(b, notSpace); i >= 0 && b[i] != '[' && b[i] != '{' {
		end := len(b)
		if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
			end = i + n
		}
		l.n, l.off = t.line(i), t.start(i)
		l.text = string(b[i:end])
		l.refuse("JSON")
		return nil, l.problems()
	}
	var rows []fact.Container
	for at := 0; ; {
		skip := bytes.IndexFunc(b[at:], func(r rune) bool { return notSpace(r) && !strings.ContainsRune("[],", r) })
		if skip < 0 {
			break
		}
		at += skip
		dec := json.NewDecoder(bytes.NewReader(b[at:]))
		var c inspected
		err := dec.Decode(&c)
		end := at + int(dec.InputOffset())
		var wrongType *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrongType):
			l.problem(t.ref(source, at, end), "%s is a JSON %s where docker writes a %s", wrongType.Field, wrongType.Value, wrongType.Type)
		case err != nil:
			l.brokenJSON(b, t, at, err)
			return rows, l.problems()
		}
		if row, ok := c.row(); ok {
			row.Refs = []fact.Ref{t.ref(source, at, end)}
			rows = append(rows, row)
		}
		at = end
	}
	if b := bytes.TrimSpace(b); len(b) > 0 && b[0] == '[' && b[len(b)-1] != ']' {
		l.problem(t.ref(source, len(b)-1, len(b)-1), "the JSON array is not closed")
	}
	return rows, l.problems()
}

func (c *inspected) row() (fact.Container, bool) {
	if c.State == nil || len(c.ID) < 12 || !isHex(c.ID) {
		return fact.Container{}, false
	}
	labels := c.Config.Labels
	row := fact.Container{
		ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Docker: c.State.Status,
		PID: fact.Some(max(c.State.Pid, 0)), Paused: fact.Some(c.State.Paused), Runtime: c.HostConfig.Runtime,
		Pod: labels["io.kubernetes.pod.name"], PodNamespace: labels["io.kubernetes.pod.namespace"],
		Rootfs: c.GraphDriver.Data.MergedDir,
	}
	if t, err := time.Parse(time.RFC3339Nano, c.State.StartedAt); err == nil && t.Year() > 1 {
		row.Started = t.UTC()
	}
	for _, m := range c.Mounts {
		row.DockerSocket = row.DockerSocket || strings.HasSuffix(m.Source, "/docker.sock")
	}
	row.OOMKilled = fact.Some(c.State.OOMKilled)
	row.ExitCode = fact.Opt[int]{V: c.State.ExitCode, Known: row.Docker == "exited"}
	row.LogDriver = c.HostConfig.LogConfig.Type
	if name := labels["io.kubernetes.container.name"]; row.Name == "" {
		row.Name = name
	}
	if row.Docker == "" { // docker before 1.9
		switch {
		case c.State.Paused:
			row.Docker = "paused"
		case c.State.Restarting:
			row.Docker = "restarting"
		case c.State.Running:
			row.Docker = "running"
		case c.State.Dead:
			row.Docker = "dead"
		case row.Started.IsZero():
			row.Docker = "created"
		default:
			row.Docker = "exited"
		}
	}
	return row, true
}

func notSpace(r rune) bool { return !strings.ContainsRune(" \t\r\n", r) }
