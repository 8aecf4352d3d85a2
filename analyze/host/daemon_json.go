package host

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"

	"culprit/analyze/fact"
)

// ParseDaemonJSON reads /etc/docker/daemon.json: live-restore, debug,
// containerd (the address) and the path of another default runtime than runc, of dockerd. A key that is not there is unknown, since a
// flag may set it. Refs are the lines of the keys. dockerd refuses a broken file,
// a value of the wrong type and anything behind the object; all are problems. A
// file without any of the keys gives a row with a ref to its first line.
func ParseDaemonJSON(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	l := newLines(nil, source)
	b := readJSON(l, r)
	t := newLineTable(b)
	d := fact.Daemon{Name: "dockerd"}
	if len(bytes.TrimSpace(b)) == 0 {
		l.problem(fact.Ref{Source: source}, "an empty daemon.json")
		return nil, l.problems()
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(b, &whole); err != nil {
		l.brokenJSON(b, t, 0, err)
		return nil, l.problems()
	}
	var runtime string
	var runtimes map[string]struct{ Path string }
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.Token() // the opening brace; b is known to be valid
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			break
		}
		at := int(dec.InputOffset()) - 1
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			break
		}
		ref := t.ref(source, at, at)
		var into any
		var on bool
		switch key {
		case "live-restore", "debug":
			into = &on
		case "containerd":
			into = &d.Containerd
		case "default-runtime":
			into = &runtime
		case "runtimes":
			into = &runtimes
		default:
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			l.problem(ref, "%s is %s, which dockerd refuses", key, quote(string(value)))
			continue
		}
		switch key {
		case "live-restore":
			d.LiveRestore = fact.Some(on)
		case "debug":
			d.Debug = fact.Some(on)
		}
		d.Refs = fact.AppendRefs(d.Refs, ref)
	}
	if runtime != "" && runtime != "runc" {
		d.Runtime = cmp.Or(runtimes[runtime].Path, runtime)
	}
	if len(d.Refs) == 0 {
		d.Refs = []fact.Ref{{Source: source, Line: 1}}
	}
	return []fact.Daemon{d}, l.problems()
}
