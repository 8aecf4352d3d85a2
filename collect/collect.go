// Package collect holds the collector, collect.sh, which runs on the sick node and
// writes the bundle that FORMAT.md describes. The analyzer does not depend on it.
package collect

import _ "embed"

// Script is collect.sh: one POSIX-sh program without other files.
//
//go:embed collect.sh
var Script string
