package bundle

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// pipeline is one command line between ";", "&&" and "||", cut at its pipes.
type pipeline []string

// pipelines cuts a command line, honouring quotes.
func pipelines(command string) []pipeline {
	var list []pipeline
	var now pipeline
	var b strings.Builder
	quoted := byte(0)
	stage := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			now = append(now, s)
		}
		b.Reset()
	}
	end := func() {
		stage()
		if len(now) > 0 {
			list = append(list, now)
		}
		now = nil
	}
	for i := 0; i < len(command); i++ {
		c := command[i]
		double := i+1 < len(command) && command[i+1] == c
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quoted = c
			b.WriteByte(c)
		case c == ';' || (c == '&' || c == '|') && double:
			if c != ';' {
				i++
			}
			end()
		case c == '|':
			stage()
		default:
			b.WriteByte(c)
		}
	}
	end()
	return list
}

// shape is what the stages behind a command leave of its output.
type shape int

const (
	whole    shape = iota // all of it
	filtered              // some of its lines, as they were
	counted               // their number
	edited                // something else
)

var (
	awkEdits = regexp.MustCompile(`print|[^=!<>~]=[^=~]|sub\(`)
	greps    = words("grep egrep fgrep zgrep rg")
	pagers   = words("cat less more tee tac")
	filters  = words("head tail sort uniq")
)

// shape judges a pipeline behind its first stage.
func (p pipeline) shape() shape {
	is := whole
	for _, stage := range p[1:] {
		fields := unwrap(strings.Fields(stage))
		if len(fields) == 0 {
			return edited
		}
		tool := path.Base(fields[0])
		switch {
		case pagers[tool]:
		case tool == "wc" || greps[tool] && hasFlag(fields[1:], 'c'):
			return counted
		case greps[tool] && !hasFlag(fields[1:], 'o') && !hasFlag(fields[1:], 'n'),
			filters[tool] && !hasFlag(fields[1:], 'c'),
			(tool == "awk" || tool == "gawk") && !awkEdits.MatchString(stage):
			is = filtered
		default:
			return edited
		}
	}
	return is
}

// greps reports whether one of the stages chooses lines by what stands in them.
func (p pipeline) greps() bool {
	return slices.ContainsFunc(p[1:], func(stage string) bool { return !pagers[firstWord(stage)] && firstWord(stage) != "head" })
}

// everything are the patterns that every line holds.
var everything = words(`. "" '' ^ .* '.' "."`)

func firstWord(s string) string {
	if fields := strings.Fields(s); len(fields) > 0 {
		return path.Base(fields[0])
	}
	return ""
}

// hasFlag reports whether one of the words is a group of short flags with f in it.
func hasFlag(fields []string, f byte) bool {
	for _, w := range fields {
		if len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.IndexByte(w, f) > 0 {
			return true
		}
	}
	return false
}

// reading is what a command prints: the file that holds the same in a bundle.
type reading struct {
	path string
	kind fact.Kind
	// part is set where the command itself chooses some lines: grep, tail.
	part bool
	// pattern is what a grep looked for, "" none.
	pattern string
	// host is where the command ran, if it says so: ssh HOST.
	host string
}

// read says what a command reads; the kind is "" where it is nothing of ours.
func readOf(command string) reading {
	fields := unwrap(strings.Fields(command))
	if len(fields) == 0 {
		return reading{}
	}
	tool := path.Base(fields[0])
	if tool == "ssh" {
		return readOver(fields[1:])
	}
	if pagers[tool] || filters[tool] || greps[tool] || holds("zcat ls readlink sed awk xzcat bat", tool) {
		return readFile(tool, fields[1:])
	}
	p, ok := outputs[tool]
	if tool, verb := toolVerb(command); verb != "" {
		p, ok = outputs[tool+" "+verb], true
		if strings.HasPrefix(verb, "debug/pprof/goroutine") {
			p = "goroutine"
		}
	}
	switch {
	case !ok || p == "":
		return reading{}
	case strings.HasSuffix(p, "inspect") || p == "docker-ps" || p == "docker-version" || p == "docker-info":
		if strings.Contains(command, " -f") && p != "docker-ps" || strings.Contains(command, "--format") || p == "docker-ps" && strings.Contains(command, " -q") {
			return reading{}
		}
	case p == "journalctl":
		p = journal(fields[1:])
	}
	// docker ps -f, docker top, journalctl --since: some of all.
	part := strings.Contains(command, "--filter") || p == "docker-ps" && strings.Contains(command, " -f") || tool == "docker" && p == "ps"
	return reading{path: p, kind: nameKind(p), part: part}
}

// listsAll reports whether a command lists whatever exists of its kind.
func listsAll(kind fact.Kind, command string) bool {
	fields := strings.Fields(command)
	switch kind {
	case fact.KindMountinfo, fact.KindFreezer:
		return false // of one namespace, one cgroup
	case fact.KindDockerPS:
		return hasFlag(fields, 'a') || strings.Contains(command, "--all")
	case fact.KindSS:
		narrow := strings.ContainsFunc("tuxwl046", func(f rune) bool { return hasFlag(fields, byte(f)) })
		return hasFlag(fields, 'a') && !narrow
	}
	return true
}

// outputs are the commands whose output has a kind of its own, with a name of that
// kind.
var outputs = map[string]string{
	"ps": "ps", "ss": "ss", "netstat": "netstat", "dmesg": "dmesg", "journalctl": "journalctl",
	"uname": "uname", "hostname": "hostname", "date": "date", "uptime": "uptime",
	"docker ps": "docker-ps", "docker container ls": "docker-ps", "docker container ps": "docker-ps", "docker top": "ps",
	"docker inspect": "docker-inspect", "docker container inspect": "docker-inspect", "docker info": "docker-info",
	"docker system info": "docker-info", "docker version": "docker-version",
	"docker logs": "container.log", "kubectl logs": "container.log", "crictl logs": "container.log",
	"ctr tasks ls": "ctr-tasks-ls", "ctr task ls": "ctr-task-ls", "ctr t ls": "ctr-tasks-ls",
	"ctr containers ls": "ctr-containers-ls", "ctr container ls": "ctr-container-ls", "ctr c ls": "ctr-containers-ls",
	"systemctl cat": "systemctl-cat", "systemctl status": "container.log",
}

// journal is a name for what journalctl prints: its unit's log or the kernel's.
func journal(args []string) string {
	for i, a := range args {
		switch {
		case a == "-k" || a == "--dmesg":
			return "dmesg"
		case a == "-u" && i+1 < len(args):
			return "journalctl-" + path.Base(args[i+1])
		case strings.HasPrefix(a, "-u"):
			return "journalctl-" + path.Base(a[len("-u"):])
		case strings.HasPrefix(a, "--unit="):
			return "journalctl-" + path.Base(a[len("--unit="):])
		}
	}
	return "journalctl"
}

// readFile says which file a command such as cat or grep reads, where it is one.
func readFile(tool string, args []string) reading {
	r := reading{part: !pagers[tool] && tool != "ls" && tool != "readlink" && tool != "zcat"}
	var files []string
	patterned := !greps[tool] && tool != "sed" && tool != "awk"
	for i := 0; i < len(args); i++ {
		a := strings.Trim(args[i], `'"`)
		switch {
		case strings.HasPrefix(a, "-"):
			if greps[tool] && a == "-e" && i+1 < len(args) {
				i++
				r.pattern, patterned = strings.Trim(args[i], `'"`), true
			} else if holds("-n -A -B -C -m -c", a) && (tool == "head" || tool == "tail" || a != "-n" && a != "-c" && greps[tool]) {
				i++
			}
		case strings.ContainsAny(a, "<>"):
		case !patterned:
			patterned = true
			if greps[tool] {
				r.pattern = a
			}
		default:
			files = append(files, a)
		}
	}
	if greps[tool] && hasFlag(args, 'c') || len(files) == 0 {
		return reading{}
	}
	r.path = strings.TrimPrefix(path.Clean(strings.ReplaceAll(files[0], "$$", "self")), "/")
	if len(files) > 1 || strings.ContainsAny(r.path, "*?[{$") {
		// Several files: their lines carry the names, or cannot be told apart.
		r.path = strings.Join(files, " ")
		return r
	}
	r.kind = nameKind(r.path)
	if strings.HasPrefix(string(r.kind), "proc-") && procPID(r.path) == 0 {
		r.kind = "" // of the shell itself
	}
	return r
}

// readOver is what a command reads on another host.
func readOver(args []string) reading {
	args = skipFlags(args, "-p -i -l -o -J -F")
	if len(args) < 2 {
		return reading{}
	}
	r := readOf(strings.Trim(strings.Join(args[1:], " "), `'"`))
	r.host = args[0][strings.LastIndexByte(args[0], '@')+1:]
	return r
}
