package host

import (
	"io"
	"path"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// tellingOptions are unit options that decide incidents; their lines are Refs.
var tellingOptions = []string{
	"ExecStart", "MountFlags", "PrivateMounts", "PrivateTmp", "ProtectSystem", "KillMode", "Delegate",
	"LimitNOFILE", "TasksMax", "LimitNPROC",
}

// ParseUnit reads a systemd unit or drop-in, systemd.syntax(7), or the output of
// systemctl cat, in which comments name the files:
//
//	# /etc/systemd/system/docker.service.d/10-flags.conf
//	[Service]
//	MountFlags=slave
//	ExecStart=/usr/bin/dockerd \
//	    --containerd=/run/containerd/containerd.sock
//
// There is one row for each of dockerd, containerd, kubelet and crio, named by
// ExecStart or else by the file name; units of other programs give none.
// UnitOptions are the options of all sections as "Key=Value", continued lines
// joined, in file order: a later one overrides or, with an empty value, resets.
func ParseUnit(r io.Reader, source string) ([]fact.Daemon, []fact.Problem) {
	u := unitFile{l: newLines(r, source), name: daemonOfUnit(source)}
	for u.l.scan() {
		u.line()
	}
	if u.open != "" {
		u.logical() // continued, but nothing follows
	}
	u.flush()
	if len(u.rows) == 0 && !u.section && u.l.n > 0 && len(u.l.found) == 0 {
		u.l.problem(fact.Ref{Source: source}, "no section of a systemd unit")
	}
	return u.rows, u.l.problems()
}

type unitFile struct {
	l       *lines
	rows    []fact.Daemon
	d       fact.Daemon // of the current file
	name    string      // the daemon that the file's name tells
	first   fact.Ref    // its first option
	section bool
	open    string // an option that goes on in the next line
	openRef fact.Ref
}

func (u *unitFile) line() {
	text := strings.TrimSpace(u.l.text)
	if comment := strings.TrimLeft(text, "#; "); comment != text {
		if u.open == "" && strings.HasPrefix(comment, "/") && isUnitPath(comment) {
			u.flush()
			u.name = daemonOfUnit(comment)
		}
		return
	}
	if u.open == "" {
		u.openRef = u.l.ref()
	}
	u.openRef.EndLine = u.l.n
	u.open += strings.TrimSuffix(text, `\`)
	if len(u.open) < maxLine && strings.HasSuffix(text, `\`) {
		return
	}
	u.logical()
}

// logical takes one line with its continuations.
func (u *unitFile) logical() {
	if u.openRef.EndLine == u.openRef.Line {
		u.openRef.EndLine = 0
	}
	text := strings.Join(strings.Fields(u.open), " ")
	u.open = ""
	switch {
	case text == "":
	case text[0] == '[' && strings.HasSuffix(text, "]"):
		u.section = true
	default:
		u.option(text, u.openRef)
	}
}

func (u *unitFile) option(text string, ref fact.Ref) {
	key, value, ok := strings.Cut(text, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" || strings.ContainsAny(key, " /:") {
		u.l.problem(ref, "not a line of a unit: %s", quote(text))
		return
	}
	if !u.section {
		u.l.problem(ref, "an option outside of any section: %s", quote(text))
		return
	}
	u.d.UnitOptions = append(u.d.UnitOptions, key+"="+value)
	setKubeletFlags(&u.d, value, ref) // in ExecStart, or in a variable that it takes
	if key == "ExecStart" && value != "" {
		args := strings.TrimLeft(value, "@-:+!")
		u.d.Name = RoleOf("", args)
		if u.d.Name == "dockerd" {
			setDockerdFlags(&u.d, args)
		}
	}
	if slices.Contains(tellingOptions, key) {
		u.d.Refs = append(u.d.Refs, ref)
	}
	if u.first.Line == 0 {
		u.first = ref
	}
}

// flush ends one file. Files of the same daemon are one row.
func (u *unitFile) flush() {
	d, first := u.d, u.first
	u.d, u.first = fact.Daemon{}, fact.Ref{}
	if d.Name == "" {
		d.Name = u.name
	}
	if !slices.Contains([]string{"dockerd", "containerd", "kubelet", "crio"}, d.Name) || len(d.UnitOptions) == 0 {
		return
	}
	if len(d.Refs) == 0 {
		d.Refs = []fact.Ref{first}
	}
	if i := slices.IndexFunc(u.rows, func(o fact.Daemon) bool { return o.Name == d.Name }); i >= 0 {
		o := &u.rows[i]
		o.UnitOptions = append(o.UnitOptions, d.UnitOptions...)
		o.LiveRestore, o.Debug = d.LiveRestore.Fill(o.LiveRestore), d.Debug.Fill(o.Debug)
		if d.Containerd != "" {
			o.Containerd = d.Containerd
		}
		if d.CPUManager != "" {
			o.CPUManager, o.CPUManagerRef, o.CPUManagerBy = d.CPUManager, d.CPUManagerRef, d.CPUManagerBy
		}
		o.Refs = fact.AppendRefs(o.Refs, d.Refs...)
		return
	}
	u.rows = append(u.rows, d)
}

func isUnitPath(s string) bool {
	return !strings.Contains(s, " ") && (strings.HasSuffix(s, ".service") || strings.HasSuffix(s, ".conf"))
}

// daemonOfUnit is the daemon whose unit the path names: .../docker.service or
// .../docker.service.d/10-flags.conf.
func daemonOfUnit(p string) string {
	for ; p != "." && p != "/" && p != ""; p = path.Dir(p) {
		unit := strings.TrimSuffix(path.Base(p), ".d")
		switch strings.TrimSuffix(unit, ".service") {
		case unit:
		case "docker":
			return "dockerd"
		case "containerd":
			return "containerd"
		case "kubelet":
			return "kubelet"
		case "crio", "cri-o":
			return "crio"
		}
	}
	return ""
}
