package host

import (
	"encoding/json"
	"io"
	"path"
	"strings"

	"culprit/analyze/fact"
)

// What a container's state.json is.
const (
	stateWhole = "whole"
	stateEmpty = "empty"
	stateCut   = "cut"
)

// ParseRuncState reads the state.json of one container, which runc keeps in a folder
// named by its id (/run/docker/runtime-runc/moby/<id>, /run/containerd/runc/k8s.io/<id>)
// and reads before it does anything with it. Whether it is a whole JSON document is
// all that counts.
func ParseRuncState(r io.Reader, source string) ([]fact.Container, []fact.Problem) {
	l := newLines(nil, source)
	b := readJSON(l, r)
	state := stateWhole
	switch {
	case len(b) == 0:
		state = stateEmpty
	case !json.Valid(b):
		state = stateCut
	}
	row, ok := stateRow(path.Dir(source), state, fact.Ref{Source: source})
	if !ok {
		l.problem(fact.Ref{Source: source}, "a state.json in a folder that no container gives its id")
		return nil, l.problems()
	}
	return []fact.Container{row}, l.problems()
}

// ParseRunListing takes the sizes of state.json files from a listing of /run, ls -lR
// or ls -l with whole paths; it passes over everything else.
//
//	/run/docker/runtime-runc/moby/<id>:
//	total 12
//	-rw------- 1 root root 9017 Nov 22 03:55 state.json
func ParseRunListing(r io.Reader, source string) ([]fact.Container, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Container
	dir := ""
	for l.scan() {
		if strings.HasPrefix(l.text, "/") && strings.HasSuffix(l.text, ":") {
			dir = strings.TrimSuffix(l.text, ":")
			continue
		}
		f := strings.Fields(l.text)
		if len(f) < 8 || f[0][0] != '-' || path.Base(f[len(f)-1]) != "state.json" || !isDigits(f[4]) {
			continue
		}
		state := stateWhole
		if strings.Trim(f[4], "0") == "" {
			state = stateEmpty
		}
		at := dir
		if strings.Contains(f[len(f)-1], "/") {
			at = path.Dir(f[len(f)-1])
		}
		if row, ok := stateRow(at, state, l.ref()); ok {
			rows = append(rows, row)
		}
	}
	return rows, l.problems()
}

// stateRow is the container whose folder dir is.
func stateRow(dir, state string, ref fact.Ref) (fact.Container, bool) {
	id := path.Base(dir)
	if len(id) != 64 || !isHex(id) {
		return fact.Container{}, false
	}
	return fact.Container{ID: id, StateFile: state, StateFileRef: ref, Refs: []fact.Ref{ref}}, true
}
