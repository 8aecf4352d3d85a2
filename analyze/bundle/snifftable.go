package bundle

import (
	"bytes"
	"regexp"
	"slices"
)

// How listings and configuration of the node's tools look.
var (
	unameLine  = regexp.MustCompile(`^Linux \S+ \d+\.\d+\S* `)
	hostLine   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	clockTime  = regexp.MustCompile(`\d\d:\d\d:\d\d`)
	sysctlLine = regexp.MustCompile(`^[a-z]+(?:[./][\w.@-]+)+ = `)
	sampleLine = regexp.MustCompile(`^\d{9,11}(?:\.\d+)? [\w.-]+ \d+ [a-z_]+ \d+$`)
	uptimeLine = regexp.MustCompile(`^\d+\.\d\d \d+\.\d\d$|\bup .*load average`)
	daemonKey  = regexp.MustCompile(`"(?:live-restore|storage-driver|log-driver|log-opts|exec-opts|registry-mirrors|insecure-registries|data-root)"\s*:`)
	section    = regexp.MustCompile(`^\[(?:Unit|Service|Install|Socket|Mount|Slice|Timer|Path)\]$`)
)

// columns returns the words of the table header among the first lines: some
// tools complain before they print. A prompt before it makes a session.
func (s *sniff) columns(must ...string) [][]byte {
	if s.headers == nil {
		s.headers = s.readHeaders()
	}
	for _, words := range s.headers {
		if !slices.ContainsFunc(must, func(m string) bool { return !hasWord(words, m) }) {
			return words
		}
	}
	return nil
}

// readHeaders returns the words of the first lines that no prompt stands before.
func (s *sniff) readHeaders() [][][]byte {
	headers := [][][]byte{}
	for _, l := range s.lines[:min(5, len(s.lines))] {
		if isPrompt(l) {
			break
		}
		headers = append(headers, bytes.Fields(l))
	}
	return headers
}

func hasWord(words [][]byte, w string) bool {
	return slices.ContainsFunc(words, func(b []byte) bool { return string(b) == w })
}

// ps takes any listing with a header that has PID and one of the columns that
// only ps prints; lsof and top print PID and COMMAND too.
func (s *sniff) ps() bool {
	cols := s.columns("PID")
	if len(cols) < 2 || hasWord(cols, "FD") || hasWord(cols, "PR") || hasWord(cols, "TASK") {
		return false
	}
	for _, c := range []string{"CMD", "COMMAND", "ARGS", "COMM", "STAT", "WCHAN"} {
		if hasWord(cols, c) {
			return true
		}
	}
	return false
}

func (s *sniff) ss() bool { return s.columns("State", "Recv-Q", "Send-Q") != nil && !s.netstat() }

func (s *sniff) netstat() bool {
	for _, l := range s.lines[:min(5, len(s.lines))] {
		if bytes.HasPrefix(l, []byte("Active Internet connections")) || bytes.HasPrefix(l, []byte("Active UNIX domain sockets")) {
			return true
		}
	}
	return false
}

func (s *sniff) netUnix() bool {
	return s.columns("Num", "RefCount", "Protocol", "Flags", "Inode") != nil
}

// dockerPS does without the commands: collectors leave them out, as they hold secrets.
func (s *sniff) dockerPS() bool {
	return s.columns("CONTAINER", "ID", "IMAGE", "STATUS") != nil
}
func (s *sniff) tasks() bool      { return s.columns("TASK", "PID", "STATUS") != nil }
func (s *sniff) containers() bool { return s.columns("CONTAINER", "IMAGE", "RUNTIME") != nil }

func (s *sniff) dockerInfo() bool {
	client := bytes.HasPrefix(s.first, []byte("Client:")) && s.has("Debug Mode:", "Server:") == 2 // no daemon answered
	return (s.has("Storage Driver:", "Server Version:", "Containers:", "Kernel Version:") >= 2 || client) && !s.document()
}

func (s *sniff) dockerVersion() bool {
	return bytes.HasPrefix(s.first, []byte("Client")) && s.has("API version:", "Git commit:", "Go version:") >= 2
}

// has counts the keys with which one of the first 200 lines begins.
func (s *sniff) has(keys ...string) (n int) {
	lines := s.lines[:min(200, len(s.lines))]
	for _, k := range keys {
		for _, l := range lines {
			if bytes.HasPrefix(bytes.TrimSpace(l), []byte(k)) {
				n++
				break
			}
		}
	}
	return n
}

// inspect takes the object of a container, alone or in an array, and the "[]"
// that docker prints for one that it does not know.
func (s *sniff) inspect() bool {
	if !isJSON(s.raw) {
		return false
	}
	if s.whole && string(bytes.Join(bytes.Fields(s.raw), nil)) == "[]" {
		return true
	}
	return bytes.Contains(s.raw, []byte(`"Id":`)) && bytes.Contains(s.raw, []byte(`"State":`)) && bytes.Contains(s.raw, []byte(`"Path":`))
}

// daemonJSON takes any text: a daemon.json that is broken stops dockerd.
func (s *sniff) daemonJSON() bool { return s.configuration() }

func (s *sniff) runcVersion() bool { return bytes.HasPrefix(s.first, []byte("runc version ")) }

// kubeletConfig takes the configuration itself, not a ConfigMap that holds one.
func (s *sniff) kubeletConfig() bool {
	if isJSON(s.raw) {
		return bytes.Contains(s.raw, []byte(`"KubeletConfiguration"`)) || bytes.HasPrefix(s.first, []byte(`{"kubeletconfig":`))
	}
	return slices.ContainsFunc(s.lines, func(l []byte) bool { return string(bytes.TrimSpace(l)) == "kind: KubeletConfiguration" && l[0] == 'k' })
}

func (s *sniff) cpuManagerState() bool {
	return isJSON(s.raw) && bytes.Contains(s.raw, []byte(`"policyName"`)) && bytes.Contains(s.raw, []byte(`"defaultCpuSet"`))
}

// configuration takes any text.
func (s *sniff) configuration() bool { return !s.binary && !isHTML(s.raw) }

// daemonKeys takes a JSON object with a key that only dockerd's configuration has.
func (s *sniff) daemonKeys() bool {
	return bytes.HasPrefix(bytes.TrimSpace(s.raw), []byte("{")) && isJSON(s.raw) && daemonKey.Match(s.raw)
}

func (s *sniff) unit() bool {
	for _, l := range s.lines {
		switch l = bytes.TrimSpace(l); {
		case section.Match(l):
			return true
		case l[0] != '#' && l[0] != ';':
			return false
		}
	}
	return false
}

func (s *sniff) osRelease() bool {
	return s.has("NAME=", "ID=", "VERSION_ID=", "PRETTY_NAME=") >= 2
}

// samples takes the collector's lines, below comments.
func (s *sniff) samples() bool {
	n := 0
	for _, l := range s.lines[:min(20, len(s.lines))] {
		switch l = bytes.TrimSpace(l); {
		case l[0] == '#':
		case !sampleLine.Match(l):
			return false
		default:
			n++
		}
	}
	return n > 0
}

func (s *sniff) uname() bool {
	return s.whole && len(s.lines) == 1 && unameLine.Match(s.first)
}

func (s *sniff) hostname() bool { return s.only(hostLine) }

func (s *sniff) date() bool {
	return s.whole && len(s.lines) <= 4 && clockTime.Match(s.first) && !s.document()
}

func (s *sniff) uptime() bool {
	return s.whole && len(s.lines) <= 2 && uptimeLine.Match(bytes.TrimSpace(s.first))
}

// sysctl is a listing, or the one value of a file.
func (s *sniff) sysctl() bool {
	return s.whole && len(s.lines) == 1 || s.sysctlListing()
}

func (s *sniff) sysctlListing() bool {
	return s.each(3, sysctlLine)
}
