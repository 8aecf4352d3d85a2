// Package render words a report. It is the only place that does: text, Markdown
// and JSON say the same sentences. No byte of a bundle reaches the output
// unescaped.
package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"culprit/analyze/fact"
	"culprit/rules"
)

// Clean makes text safe for a terminal and a page: control characters, invalid
// UTF-8, bidirectional overrides and other characters that cannot be seen are
// shown as escapes.
func Clean(s string) string {
	unsafe := func(r rune) bool {
		return r == 0xfffd || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == 0xfffd:
			fmt.Fprintf(&b, "\\x%02x", s[i])
		case r == '\t':
			b.WriteByte(' ')
		case unsafe(r) && r < 0x100:
			fmt.Fprintf(&b, "\\x%02x", r)
		case unsafe(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// saysText is evidenceText for a report that quotes the lines themselves.
func saysText(e rules.Evidence) string {
	if _, isHit := e.Rows[0].Value.(*fact.Hit); isHit {
		return plural(e.Sum, "log line")
	}
	return evidenceText(e)
}

// evidenceText says what the rows of a piece of evidence show.
func evidenceText(e rules.Evidence) string {
	if len(e.Rows) == 0 {
		return e.Name
	}
	var text string
	switch row := e.Rows[0].Value.(type) {
	case *fact.Process:
		text = processText(row, e)
	case *fact.Stack:
		text = stackText(e)
	case *fact.Hit:
		text = hitText(row, e.Sum)
	case *fact.Container:
		text = containerText(row) + more(len(e.Rows)-1)
	case *fact.Socket:
		text = socketText(row, e.Sum)
	case *fact.Client:
		text = clientText(row) + more(len(e.Rows)-1)
	case *fact.Daemon:
		text = daemonText(row)
	case *fact.Heap:
		text = heapText(e)
	case *fact.Item:
		text = itemText(row) + more(len(e.Rows)-1)
	case *fact.FileLock:
		text = lockText(row) + more(len(e.Rows)-1)
	case *fact.Sample:
		text = samplesText(e)
	case *fact.Rootfs:
		text = rootfsText(row) + more(len(e.Rows)-1)
	case *fact.Mount:
		text = mountText(row) + more(len(e.Rows)-1)
	case *fact.Node:
		text = nodeText(row)
	case *fact.Cgroup:
		text = fmt.Sprintf("cgroup %s is %s", row.Path, row.Freezer) + more(len(e.Rows)-1)
	default:
		text = plural(e.Sum, "row") + " of " + e.Table
	}
	return Clean(text)
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

func plural(n int64, word string) string {
	if n != 1 {
		word += "s"
	}
	return rules.Thousands(n) + " " + word
}

// processText names the first process with its wait, and counts the others.
func processText(p *fact.Process, e rules.Evidence) string {
	text := fmt.Sprintf("%s (%d)", cmp.Or(p.Comm, "process"), p.PID)
	switch p.Wait.Class {
	case fact.WaitUninterruptible:
		text += " is in uninterruptible sleep (D)"
	case fact.WaitFrozen:
		text += " is frozen"
	case fact.WaitStopped:
		text += " is stopped (T)"
	case fact.WaitTraced:
		text += " is held by a debugger (t)"
	case fact.WaitZombie:
		text += " is a zombie"
	case fact.WaitChildren:
		text += fmt.Sprintf(" is dying and waits for process %d", p.Wait.Blocker)
	default:
		text += " runs"
	}
	if p.Wait.Frame != "" {
		text += " in " + strings.Join(append(slices.Clone(p.Wait.Via[max(0, len(p.Wait.Via)-1):]), p.Wait.Frame), " < ")
	}
	if p.Wait.File != "" {
		text += ", writing " + p.Wait.File
	}
	if p.KillPending.Or(false) {
		text += ", SIGKILL pending"
	}
	return text + more(len(e.Rows)-1)
}

// stackText counts goroutines and names what most of them are in.
func stackText(e rules.Evidence) string {
	top := largest(e)
	var oldest fact.Stack
	for _, row := range e.Rows {
		s := row.Value.(*fact.Stack)
		if s.MaxWait.Known && s.MaxWait.V >= oldest.MaxWait.V {
			oldest = *s
		}
	}
	text := fmt.Sprintf("%s of %s in %s", plural(e.Sum, "goroutine"), cmp.Or(top.Daemon, "an unknown program"), ownFrame(top.Frames))
	if top.HTTP() == fact.HTTPIdle {
		text = fmt.Sprintf("%s of %s, %s of them on connections without a request", plural(e.Sum, "goroutine"), top.Daemon, rules.Thousands(top.Count))
	}
	if oldest.MaxWait.Known && oldest.MaxWait.V > 0 {
		text += ", waiting up to " + rules.Age(oldest.MaxWait.V)
	}
	return text
}

// ownFrame is the innermost function that is not of the runtime, the standard
// library or a transport, without its import path.
func ownFrame(frames []string) string {
	for _, f := range frames {
		host, _, _ := strings.Cut(f, "/")
		if strings.Contains(host, ".") && strings.Contains(f, "/") && !strings.HasPrefix(f, "google.golang.org/") {
			return f[strings.LastIndexByte(f, '/')+1:]
		}
	}
	if len(frames) == 0 {
		return "an unknown stack"
	}
	return frames[0][strings.LastIndexByte(frames[0], '/')+1:]
}

// excerpt is how much of a log line is quoted.
const excerpt = 200

// cut shortens a line to what is quoted.
func cut(line string) string { return cutTo(line, excerpt) }

// cutTo shortens a line to that many bytes, between characters.
func cutTo(line string, most int) string {
	if len(line) <= most {
		return line
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + "..."
}

func hitText(h *fact.Hit, n int64) string {
	text := cut(strings.TrimSpace(h.Text))
	if n == 1 {
		return text
	}
	return plural(n, "line") + " such as: " + text
}

func containerText(c *fact.Container) string {
	var says []string
	say := func(format string, args ...any) { says = append(says, fmt.Sprintf(format, args...)) }
	if c.Docker != "" {
		say("docker says %s", c.Docker)
	}
	if c.Paused.Known {
		say("paused %t", c.Paused.V)
	}
	switch {
	case c.NoTask:
		say("containerd has no task")
	case c.Task != "":
		say("containerd says %s", c.Task)
	}
	if c.InitAlive.Known {
		say("its process %d is %s", cmp.Or(c.PID.Or(0), c.TaskPID.Or(0)), alive(c.InitAlive.V))
	}
	switch {
	case c.ShimState == "T":
		say("its shim %d is stopped (T)", c.Shim)
	case c.ShimAlive.Known:
		say("its shim is %s", alive(c.ShimAlive.V))
	}
	if c.ContainerdRestarted.Or(false) {
		say("containerd is younger than the shim")
	}
	if c.ShimSide == fact.SideShim || c.ShimSide == fact.SideHost {
		say("its shim lives in another mount namespace than dockerd")
	}
	if c.ShimOlder.Or(false) {
		say("its shim is older than dockerd")
	}
	if c.Freezer != "" {
		say("freezer %s", c.Freezer)
	}
	if c.Pids.Known && c.PidsMax.Known && c.PidsMax.V != fact.Unlimited {
		say("%s of %s processes and threads", rules.Thousands(c.Pids.V), rules.Thousands(c.PidsMax.V))
	}
	if c.PidsRefused.V > 0 {
		say("%s refused", plural(c.PidsRefused.V, "fork"))
	}
	if c.OOMKills.V > 0 {
		say("%s", plural(c.OOMKills.V, "OOM kill"))
		if c.MemoryMax.Known && c.MemoryMax.V != fact.Unlimited {
			say("%s of %s KiB of memory in use", rules.Thousands(c.Memory.V>>10), rules.Thousands(c.MemoryMax.V>>10))
		}
	}
	return "container " + c.Name + ": " + strings.Join(says, ", ")
}

func alive(yes bool) string {
	if yes {
		return "there"
	}
	return "gone"
}

func socketText(s *fact.Socket, n int64) string {
	text := plural(n, "connection")
	if s.State == "LISTEN" {
		return fmt.Sprintf("%s: %s wait to be accepted", s.Local, plural(s.RecvQ.Or(0), "connection"))
	}
	if s.Endpoint != "" {
		text = plural(n, s.Endpoint+" connection")
	}
	if s.Daemon != "" {
		text += " of " + s.Daemon
	}
	if s.PeerState != "" {
		text += " whose other end is " + s.PeerState
	}
	return text
}

func clientText(c *fact.Client) string {
	text := "of " + cmp.Or(c.Comm, "an unknown client")
	if c.PID != 0 {
		text += fmt.Sprintf(" (%d)", c.PID)
	}
	text = plural(c.Connections, c.Endpoint+" connection") + " " + text
	if c.Idle.Known {
		text += fmt.Sprintf(", %s without a request", rules.Thousands(c.Idle.V))
	}
	if c.Kept.Known {
		text += fmt.Sprintf("; its own dump keeps %s", rules.Thousands(c.Kept.V))
	}
	return text
}

// heapText counts what the heap holds of all rows.
func heapText(e rules.Evidence) string {
	var objects, bytes int64
	for _, row := range e.Rows {
		h := row.Value.(*fact.Heap)
		objects, bytes = objects+h.InUseObjects, bytes+h.InUseBytes
	}
	h := e.Rows[0].Value.(*fact.Heap)
	return fmt.Sprintf("%s, %s MiB in the heap of %s, of %s and the like", plural(objects, "object"), rules.Thousands(bytes>>20), h.Daemon, ownFrame([]string{h.Func}))
}

func daemonText(d *fact.Daemon) string {
	text := d.Name
	if d.Version != "" {
		text += " " + d.Version
	}
	if d.PID != 0 {
		text += fmt.Sprintf(" (%d)", d.PID)
	}
	if d.OwnMounts.Or(false) {
		text += " lives in a mount namespace of its own (" + cmp.Or(d.Propagation, "unknown propagation") + ")"
	} else if d.FDCount.Known && d.NoFile.Known {
		text += fmt.Sprintf(" has %s of %s descriptors open", rules.Thousands(int64(d.FDCount.V)), rules.Thousands(d.NoFile.V))
	}
	if d.CPUManager != "" {
		text += ", CPU manager policy " + d.CPUManager
	}
	if d.Listeners.V > 0 {
		text += ", " + plural(d.Listeners.V, "/events stream")
	}
	return text
}

// lockText says who holds or waits for which lock.
func lockText(l *fact.FileLock) string {
	who := "a process that is not told"
	if l.Process != 0 {
		who = fmt.Sprintf("%s (%d)", cmp.Or(l.Comm, "process"), l.Process)
		if l.State == "D" || l.State == "T" {
			who += ", in state " + l.State + ","
		}
	}
	file := cmp.Or(l.File, fmt.Sprintf("inode %d of device %s", l.Inode, l.Dev))
	if !l.Waits {
		return who + " holds the lock on " + file
	}
	age := ""
	if l.Age.Known {
		age = ", " + rules.Age(l.Age.V) + " after its start,"
	}
	return who + age + " waits for the lock on " + file
}

// samplesText is the first and the last of the samples of each quantity; of many
// quantities the first three.
func samplesText(e rules.Evidence) string {
	var texts []string
	rows := e.Rows
	for len(rows) > 0 {
		first := rows[0].Value.(*fact.Sample)
		n := 1
		for n < len(rows) && sameSeries(first, rows[n].Value.(*fact.Sample)) {
			n++
		}
		last := rows[n-1].Value.(*fact.Sample)
		text := fmt.Sprintf("%s of %s: %s", first.Metric, cmp.Or(first.Daemon, "an unknown program"), rules.Thousands(first.Value))
		if n > 1 {
			text += fmt.Sprintf(" at %s, %s at %s", first.Taken.Format(time.DateTime), rules.Thousands(last.Value), last.Taken.Format(time.DateTime))
		}
		texts, rows = append(texts, text), rows[n:]
	}
	if more := len(texts) - 3; more > 0 {
		texts = append(texts[:3], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

func sameSeries(a, b *fact.Sample) bool {
	return a.Daemon == b.Daemon && a.PID == b.PID && a.Metric == b.Metric
}

func itemText(i *fact.Item) string {
	switch i.State {
	case fact.TimedOut:
		if i.Duration > 0 {
			return fmt.Sprintf("%s gave no answer in %s", i.Command, rules.Age(i.Duration))
		}
		return i.Command + " gave no answer in time"
	case fact.Denied:
		return i.Command + " was refused"
	}
	return i.Command + ": " + string(i.State)
}
