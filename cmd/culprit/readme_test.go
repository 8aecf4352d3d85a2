package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/tui"
)

// TestReadme runs the commands of README.md's console blocks as typed and holds
// the reports it shows against what they print.
func TestReadme(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	printed, ran := map[string]string{}, 0 // by the language of the block that shows it
	for _, command := range consoleCommands(string(text)) {
		// These run the tests, this one among them.
		if command == "make test" || command == "make lint" {
			continue
		}
		ran++
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = root
		// Exit 3 and 5 are findings, not failures.
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); err != nil && code != exitFound && code != exitIncomplete {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		switch {
		case command == "make run":
			printed["text"] = string(out)
		case strings.Contains(command, "--format md"):
			printed["markdown"] = string(out)
		}
	}
	os.Remove(filepath.Join(root, "report.json"))
	if ran < 6 {
		t.Errorf("only %d commands found in README.md", ran)
	}
	for _, k := range tui.Keys() {
		if line := fmt.Sprintf("| `%s` | %s |", k[0], k[1]); !strings.Contains(string(text), line+"\n") {
			t.Errorf("README.md does not list the key: %s", line)
		}
	}
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, language := range []string{"text", "markdown"} {
		shown := fenced(string(text), language)
		if shown == "" {
			t.Errorf("README.md shows no %s", language)
		}
		for part := range strings.SplitSeq(shown, "...") { // "..." stands for what is left out
			if !strings.Contains(words(printed[language]), words(strings.Trim(part, ":\n "))) {
				t.Errorf("README.md shows, and the command does not print:\n%s", part)
			}
		}
	}
}

// consoleCommands are the lines after "$ " in blocks marked console.
func consoleCommands(text string) []string {
	var out []string
	for {
		block := fenced(text, "console")
		if block == "" {
			return out
		}
		for _, line := range strings.Split(block, "\n") {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out = append(out, command)
			}
		}
		text = text[strings.Index(text, block)+len(block):]
	}
}

// fenced is the first block with the language, "" none.
func fenced(text, language string) string {
	_, rest, ok := strings.Cut(text, "```"+language+"\n")
	if !ok {
		return ""
	}
	block, _, _ := strings.Cut(rest, "```")
	return block
}
