package host

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// ParseDockerPS reads the table of docker ps, with full or short ids (Container.ID
// is what is printed: 12 digits without --no-trunc):
//
//	CONTAINER ID   IMAGE   COMMAND             CREATED        STATUS                  PORTS   NAMES
//	a5a5803818da   bb:1    "sh -c 'sleep 9'"   2 hours ago    Up 2 minutes (Paused)           app-batch
//
// Columns start where the header's words stand, counted in characters as docker's
// tabwriter does. A table whose blanks were squeezed is split at runs of them, and a row
// with single blanks, or without a header, at the words that every row has.
func ParseDockerPS(r io.Reader, source string) ([]fact.Container, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Container
	var starts []int
	for l.scan() {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if strings.HasPrefix(l.text, "CONTAINER ID") {
			starts = dockerColumns(l.text)
			continue
		}
		row := dockerRow.FindStringSubmatch(l.text)
		if starts == nil && row == nil {
			l.refuse("a header of docker ps")
			continue
		}
		var id, status, name string
		if starts != nil {
			id, status, name = dockerCells(l.text, starts)
		}
		if row != nil && (starts == nil || dockerState(status) == "") {
			id, status, name = row[1], row[2], row[3]
		}
		if len(id) < 12 || !isHex(id) {
			l.refuse("a container of docker ps")
			continue
		}
		c := fact.Container{ID: id, Name: name, Docker: dockerState(status), Refs: []fact.Ref{l.ref()}}
		if c.Docker == "" {
			l.fault("%s is no status of a container", quote(status))
		}
		c.Paused = fact.Opt[bool]{V: c.Docker == "paused", Known: c.Docker != ""}
		c.Up, c.ExitCode = dockerUp(status), dockerExit(status)
		rows = append(rows, c)
	}
	if starts != nil {
		l.checkEnd()
	}
	return rows, l.problems()
}

// dockerRow is a row of docker ps by its words alone: id, image, quoted command, age,
// status, ports (each with "->" or a protocol), one name.
var dockerRow = regexp.MustCompile(`^([0-9a-f]{12}|[0-9a-f]{64}) +\S+ +".*" +\S.*? ago +` +
	`(Up (?:Less than a second|About an? (?:minute|hour)|\d+ [a-z]+)(?: \([^)]*\))*|(?:Exited|Restarting) \(\d+\) .*? ago|Created|Dead|Removal In Progress)` +
	`(?: +\S*(?:->|/(?:tcp|udp|sctp))\S*)* +(\S+)$`)

// dockerColumns are the starts of STATUS, of the column behind it, and of NAMES;
// -1 where the header lacks one.
func dockerColumns(header string) []int {
	status, names := strings.Index(header, "STATUS"), strings.Index(header, "NAMES")
	next := -1
	for _, name := range []string{"PORTS", "NAMES", "SIZE"} {
		if i := strings.Index(header, name); i > status && (next < 0 || i < next) {
			next = i
		}
	}
	return []int{status, next, names}
}

func dockerCells(line string, starts []int) (id, status, name string) {
	id, _ = cutField(line)
	chars := []rune(line)
	cell := func(from, to int) string {
		if from < 0 || from >= len(chars) {
			return ""
		}
		if to < 0 || to > len(chars) {
			to = len(chars)
		}
		return strings.TrimSpace(string(chars[from:to]))
	}
	status = cell(starts[0], starts[1])
	name, _ = cutField(cell(starts[2], -1))
	if dockerState(status) == "" || starts[0] > 0 && starts[0] <= len(chars) && chars[starts[0]-1] != ' ' {
		cells := slices.DeleteFunc(strings.Split(line, "  "), func(s string) bool { return strings.TrimSpace(s) == "" })
		for _, c := range cells[1:] {
			if c = strings.TrimSpace(c); dockerState(c) != "" {
				status, name = c, strings.TrimSpace(cells[len(cells)-1])
			}
		}
	}
	return id, status, name
}

// dockerState maps the STATUS text of docker ps to .State.Status.
func dockerState(status string) string {
	first, _ := cutField(status)
	switch {
	case first == "Up" && strings.HasSuffix(status, "(Paused)"):
		return "paused"
	case first == "Up":
		return "running"
	case status == "Removal In Progress":
		return "removing"
	case status == "Created" || status == "Dead":
		return strings.ToLower(status)
	case (first == "Exited" || first == "Restarting") && strings.HasPrefix(status, first+" ("):
		return strings.ToLower(first)
	}
	return ""
}

// units are those of docker's durations (go-units, HumanDuration).
var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour,
	"day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour, "year": 365 * 24 * time.Hour,
}

// dockerUp reads the time in "Up 3 weeks (healthy)", "Up About an hour", "Up Less
// than a second".
func dockerUp(status string) fact.Opt[time.Duration] {
	rest, ok := strings.CutPrefix(status, "Up ")
	words := strings.Fields(strings.TrimPrefix(rest, "About "))
	if !ok || len(words) < 2 {
		return fact.Opt[time.Duration]{}
	}
	if words[0] == "Less" {
		return fact.Some(time.Duration(0))
	}
	n, err := strconv.Atoi(words[0])
	if words[0] == "a" || words[0] == "an" {
		n, err = 1, nil
	}
	unit := units[strings.TrimSuffix(words[1], "s")]
	if err != nil || n < 0 || n > 9999 || unit == 0 {
		return fact.Opt[time.Duration]{}
	}
	return fact.Some(time.Duration(n) * unit)
}

// dockerExit reads the code in "Exited (137) 3 minutes ago".
func dockerExit(status string) fact.Opt[int] {
	rest, ok := strings.CutPrefix(status, "Exited (")
	code, _, closed := strings.Cut(rest, ")")
	n, err := strconv.Atoi(code)
	return fact.Opt[int]{V: n, Known: ok && closed && err == nil}
}

// isHex reports whether s is lower-case hexadecimal.
func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }
