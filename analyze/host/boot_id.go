package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseBootID reads /proc/sys/kernel/random/boot_id, random(4): a UUID that is
// new with every boot, returned in lower case with dashes, "" unknown.
// journalctl prints the same without dashes.
func ParseBootID(r io.Reader, source string) (string, []fact.Problem) {
	l := newLines(r, source)
	for l.scan() {
		text := strings.ToLower(strings.TrimSpace(l.text))
		if text == "" {
			continue
		}
		digits := strings.ReplaceAll(text, "-", "")
		if len(digits) != 32 || !isHex(digits) {
			l.refuse("a boot id")
			continue
		}
		return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-"), l.problems()
	}
	return "", l.problems()
}
