package tui

import "culprit/analyze/render"

// plain makes text of a bundle safe to draw: whatever would move the cursor, change
// the terminal or not be seen is shown as an escape.
func plain(s string) string { return render.Clean(s) }
