package bundle

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// How prompts of a shell look. Groups: user, host, dir, command. A prompt whose
// bracket was lost in copying ("[me@a ps -ef") counts where a command of ours
// follows.
var (
	bracketPrompt = regexp.MustCompile(`^\[([a-z_][\w.-]*)@([\w.-]+)(?: ([^\]]*))?\][#$](?: (.*))?$`)
	colonPrompt   = regexp.MustCompile(`^(?:\([\w.-]+\) )?([a-z_][\w.-]*)@([\w.-]+):([^\s#$]*)[#$](?: (.*))?$`)
	hostPrompt    = regexp.MustCompile(`^()([A-Za-z][\w-]*\w)()# (.*)$`)
	brokenPrompt  = regexp.MustCompile(`^\[([a-z_][\w.-]*)@([\w.-]+)( )([a-z][^\]]*)$`)
	shellPrompt   = regexp.MustCompile(`^()()((?:ba|da|k|z|a)?sh-\d+\.\d+\w*)[#$](?: (.*))?$`)
	busyboxPrompt = regexp.MustCompile(`^()()(/[\w./-]*|~) # (.*)$`)
	barePrompt    = regexp.MustCompile(`^()()()[#$] (.*)$`)
	// prompts are tried in order; those that are sure need no known command.
	prompts = []struct {
		re   *regexp.Regexp
		sure bool
	}{{bracketPrompt, true}, {colonPrompt, true}, {shellPrompt, true}, {busyboxPrompt, true}, {hostPrompt, false}, {brokenPrompt, false}, {barePrompt, false}}

	exitLine = regexp.MustCompile(`^\[exit (\d{1,3})\]$`)
	dateLine = regexp.MustCompile(`^[A-Z][a-z]{2} (?:[A-Z][a-z]{2} [ \d]\d|[ \d]\d [A-Z][a-z]{2}) [\d: ]{8,}(?:[AP]M )?[A-Z0-9+-]{2,6} (?:\d{4})$`)
)

// typed are the tools whose name alone makes a bare "# " or "host# " a prompt.
var typed = words(`ps ss netstat docker ctr crictl kubectl nerdctl podman runc journalctl dmesg systemctl cat grep egrep
	zgrep tail head ls mount uname date nsenter lsof curl readlink watch sudo strace df uptime hostname top`)

// pastedLine is one line of a pasted text, without its end.
type pastedLine struct {
	text   string
	no     int
	offset int64
}

func (l pastedLine) ref(source string) fact.Ref {
	return fact.Ref{Source: source, Line: l.no, Offset: l.offset}
}

// prompt is who was asked for a command, and where.
type prompt struct {
	host string
	// shell is what stands in the place of a host, "bash-4.2" or "/", else "".
	shell string
}

// step is one command of a session and what it printed. The text before the first
// prompt is a step without a command.
type step struct {
	prompt  prompt
	command string
	line    pastedLine // of the prompt
	output  []pastedLine
	exit    fact.Opt[int]
	// ended is set where the next prompt or the exit status follows, so that the
	// output is known to be all.
	ended bool
	// clock is the time of the header of a watch block as it stands there, "" none.
	clock string
	// inside is the container in which the command ran, "?" an unknown one, ""
	// none. It is typed at a shell's prompt there where within is set.
	inside string
	within bool
	// framed is set in an indented, quoted or fenced block, whose end is known.
	framed bool
}

// transcript is a pasted text cut at its prompts.
type transcript struct {
	steps []step
	// prose is set where something else than a prompt comes first: a write-up with
	// pieces of terminal in it. Then an output's end is not known.
	prose bool
	// outerHost is the only host in the prompts that is no container, "" none or
	// several.
	outerHost string
}

// splitSession cuts lines at the prompts of a shell and at the headers of watch.
func splitSession(lines []pastedLine) transcript {
	s := transcript{steps: []step{{}}}
	begun := false
	indent, fenced := "", false
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		last := &s.steps[len(s.steps)-1]
		if margin := marginOf(l.text); margin != "" {
			indent = margin
		} else if _, _, ok := parsePrompt(l.text); ok {
			indent = ""
		}
		switch rest, ok := strings.CutPrefix(l.text, indent); {
		case ok:
			l.text = rest
		case strings.TrimSpace(l.text) != "": // prose behind a quoted block
			indent = ""
			last = s.proseFrom(last)
		}
		if strings.HasPrefix(l.text, "```") {
			fenced = !fenced
			s.proseFrom(last)
			continue
		}
		framed := indent != "" || fenced
		if p, command, ok := parsePrompt(l.text); ok {
			last.ended = true
			for strings.HasSuffix(command, `\`) && i+1 < len(lines) {
				i++
				command = strings.TrimSuffix(command, `\`) + " " + strings.TrimPrefix(strings.TrimSpace(lines[i].text), "> ")
			}
			s.prose = s.prose || !begun && len(s.steps[0].output) > 0
			begun = true
			s.steps = append(s.steps, step{prompt: p, command: strings.TrimSpace(command), line: l, framed: framed})
			continue
		}
		if w, ok := parseWatch(l.text); ok {
			last.ended = true
			s.prose = s.prose || !begun && len(s.steps[0].output) > 0
			begun = true
			at := prompt{host: w.host}
			if w.host == "" {
				at = last.prompt
			}
			s.steps = append(s.steps, step{prompt: at, command: w.command, clock: w.clock, line: l, framed: framed})
			continue
		}
		if m := exitLine.FindStringSubmatch(l.text); m != nil && last.command != "" {
			code, _ := strconv.Atoi(m[1])
			last.exit, last.ended = fact.Some(code), true
			continue
		}
		if len(last.output) > 0 || strings.TrimSpace(l.text) != "" {
			last.output = append(last.output, l)
		}
	}
	s.prose = s.prose || !begun
	s.outerHost = onlyHost(s.steps)
	s.enter()
	return s
}

func onlyHost(steps []step) string {
	host := ""
	for _, st := range steps {
		if h := st.prompt.host; h != "" && !isShortID(h) {
			if host != "" && host != h {
				return ""
			}
			host = h
		}
	}
	return host
}

// proseFrom ends the last step where a block ends, or another begins, and opens one
// without a command.
func (s *transcript) proseFrom(last *step) *step {
	last.ended, s.prose = true, true
	s.steps = append(s.steps, step{prompt: last.prompt})
	return &s.steps[len(s.steps)-1]
}

// loose reports whether prose may follow a step's output without a mark.
func (s *transcript) loose(st *step) bool { return s.prose && (!st.framed || st.command == "") }

// marginOf is what stands before the prompt of a quoted or indented block, "" where
// the line begins with a prompt or has none that is sure.
func marginOf(text string) string {
	rest := strings.TrimLeft(text, " \t>")
	if rest == text || len(text) > maxStepLine {
		return ""
	}
	if bracketPrompt.MatchString(rest) || colonPrompt.MatchString(rest) {
		return text[:len(text)-len(rest)]
	}
	return ""
}

// parsePrompt reads a line that a shell's prompt begins.
func parsePrompt(text string) (p prompt, command string, ok bool) {
	if len(text) > maxStepLine || text == "" || text[0] != '[' && !strings.ContainsAny(text, "#$") {
		return p, "", false
	}
	for _, form := range prompts {
		m := form.re.FindStringSubmatch(text)
		if m == nil || !form.sure && !isTyped(m[4]) {
			continue
		}
		p = prompt{host: m[2]}
		if m[2] == "" {
			p.shell = m[3]
		}
		return p, m[4], true
	}
	return p, "", false
}

// isTyped reports whether text can only be a command: a tool of a node with a flag,
// a path or a verb behind it. "# docker hangs" is a heading.
func isTyped(text string) bool {
	first := unwrap(strings.Fields(strings.NewReplacer(";", " ; ", "|", " | ").Replace(text)))
	if len(first) == 0 || !typed[path.Base(first[0])] && !strings.HasPrefix(first[0], "/proc/") {
		return false
	}
	if strings.ContainsAny(text, "|;&") || strings.Contains(text, " -") || strings.Contains(text, " /") {
		return true
	}
	switch path.Base(first[0]) {
	case "docker", "ctr", "crictl", "kubectl", "nerdctl", "podman", "systemctl":
		return len(first) > 1 && typedVerbs[first[1]] && len(first) <= 4
	}
	return len(first) == 1
}

var typedVerbs = words(`ps inspect info version logs stop rm kill exec run start restart top images tasks task containers
	container get describe status cat show daemon-reload pods stats events create pull`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// enter finds the steps that ran inside a container: the commands that docker exec
// and its like run, and those typed at the prompt of a shell that it opened. A shell
// with the prompt of the node, as one in the host's UTS namespace has, lasts until
// somebody leaves it.
func (s *transcript) enter() {
	var outer prompt
	inside, other := "", false
	for i := range s.steps[1:] {
		st := &s.steps[i+1]
		if inside != "" {
			other = other || st.prompt != outer
			if other && st.prompt == outer {
				inside = ""
			}
		}
		if isShortID(st.prompt.host) {
			st.inside = st.prompt.host
		} else {
			st.inside = inside
		}
		if st.inside != "" {
			st.within = true
			if inside != "" {
				st.prompt.host = outer.host
			}
			if st.leaves() {
				inside = ""
			}
			continue
		}
		in, command, ok := execIn(st.command)
		if !ok {
			continue
		}
		st.inside, st.command = in, command
		if command == "" && !st.exit.Known && !st.printed() {
			inside, other, outer = in, false, st.prompt
		}
	}
}

// leaves reports whether a shell ends with this step.
func (st *step) leaves() bool {
	if st.command == "exit" || st.command == "logout" {
		return true
	}
	n := len(st.output)
	return n > 0 && strings.TrimSpace(st.output[n-1].text) == "exit"
}

func (st *step) printed() bool {
	return slices.ContainsFunc(st.output, func(l pastedLine) bool { return strings.TrimSpace(l.text) != "" })
}

// isShortID reports the host name that docker gives to a container: the first 12
// digits of its id.
func isShortID(host string) bool {
	return len(host) == 12 && strings.Trim(host, "0123456789abcdef") == ""
}

// execIn takes a command apart that runs another inside a container or in the
// namespaces of a process. Of an interactive shell the inner command is "".
func execIn(command string) (in, inner string, ok bool) {
	fields := strings.Fields(command)
	for len(fields) > 0 && (fields[0] == "sudo" || fields[0] == "time") {
		fields = fields[1:]
	}
	if len(fields) == 0 {
		return "", "", false
	}
	tool := path.Base(fields[0])
	if tool == "nsenter" {
		return enterNS(fields[1:])
	}
	syn, known := tools[tool]
	if !known || tool == "runc" && len(fields) < 3 {
		return "", "", false
	}
	verb, rest := word(fields[1:], syn.valued)
	if holds(syn.groups, verb) {
		verb, rest = word(rest, syn.valued)
	}
	if verb != "exec" && verb != "attach" {
		return "", "", false
	}
	rest = skipFlags(rest, "-u --user -e --env -w --workdir -n --namespace -c --container --exec-id --env-file --detach-keys")
	if len(rest) == 0 {
		return "?", "", true
	}
	in, rest = strings.TrimPrefix(rest[0], "pod/"), skipFlags(rest[1:], "-c --container -n --namespace")
	return in, innerCommand(rest), true
}

// enterNS reads the arguments of nsenter: the namespaces of pid 1 are the node's.
func enterNS(args []string) (in, inner string, ok bool) {
	target := ""
	for i, a := range args {
		switch {
		case (a == "-t" || a == "--target") && i+1 < len(args):
			target = args[i+1]
		case strings.HasPrefix(a, "--target="):
			target = a[len("--target="):]
		case strings.HasPrefix(a, "-t"):
			target = a[len("-t"):]
		}
	}
	if target == "1" || target == "" {
		return "", "", false
	}
	return "?", innerCommand(skipFlags(args, "-t --target -S --setuid -G --setgid")), true
}

// innerCommand is the command of an exec, "" for a shell that waits for one.
func innerCommand(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	switch path.Base(fields[0]) {
	case "sh", "bash", "ash", "dash", "zsh":
		if len(fields) > 2 && strings.HasPrefix(fields[1], "-") && strings.Contains(fields[1], "c") {
			return strings.Trim(strings.Join(fields[2:], " "), `'"`)
		}
		return ""
	}
	return strings.Join(fields, " ")
}

// controls are what a terminal was told beside the text: colours, titles, and what
// script(1) records of the line editor.
var controls = regexp.MustCompile(`\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\))`)

// entities are what a page that was saved as text leaves of its markup.
var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&nbsp;", " ", "&amp;", "&", "\u00a0", " ")

// plain is a line without its end, colours and markup.
func plain(line string) string {
	line = strings.TrimRight(line, "\r\n")
	if strings.Contains(line, "\x1b") {
		line = controls.ReplaceAllString(line, "")
	}
	return entities.Replace(line)
}

// cutLines cuts text into lines.
func cutLines(text []byte) []pastedLine {
	var list []pastedLine
	rest := bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	offset := int64(len(text) - len(rest))
	for line := range bytes.Lines(rest) {
		list = append(list, pastedLine{plain(string(line)), len(list) + 1, offset})
		offset += int64(len(line))
	}
	return list
}
