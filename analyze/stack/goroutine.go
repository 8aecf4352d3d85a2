package stack

import (
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// Goroutine is one goroutine of a text dump. A group of debug=1 has frames only, as no
// goroutine of it is told from the others.
type Goroutine struct {
	ID int64 // 0 unknown
	// State is the wait reason as in fact.Stack, "" unknown.
	State string
	// Wait is how long it waits in whole minutes, 0 below one; unknown in debug=1.
	Wait fact.Opt[time.Duration]
	// Locked is whether it was locked to a thread, where the dump has states.
	Locked bool
	// Frames are innermost first and hold those of the runtime, too. The creator, where
	// the dump has it, is the last.
	Frames []Frame
}

// Frame is one call of a goroutine as the runtime printed it.
type Frame struct {
	// Func is the canonical name, as in fact.Stack.Frames; "..." stands where the
	// runtime left frames out.
	Func string
	// Args are "0xc0004a0010, {0x7f2a10, 0x5}, _" as printed; "" none or unknown.
	Args string
	// File is as printed; "" and Line 0 unknown.
	File string
	Line int
	// Origin is one of the words below, "" unknown.
	Origin string
}

// The origins of a frame.
const (
	OriginRuntime    = "runtime"
	OriginStandard   = "standard library"
	OriginMain       = "main" // package main, and what its file shows to be of the program's own module
	OriginDependency = "dependency"
	OriginCreator    = "created by" // no call: the function that started the goroutine
)

// originOf tells whose a function is, by its name and file as printed. An import path
// whose first word has no dot is of the standard library; vendored packages and those
// of the module cache are dependencies:
//
//	/go/src/github.com/docker/docker/daemon/kill.go:162                       main
//	/go/src/github.com/docker/docker/vendor/google.golang.org/grpc/server.go  dependency
//	/go/pkg/mod/google.golang.org/grpc@v1.71.0/server.go:631                  dependency
//	/usr/local/go/src/vendor/golang.org/x/net/http2/hpack/hpack.go:62         standard library
func originOf(fn, file string) string {
	name := Canonical(fn)
	if internalFrame(name) {
		return OriginRuntime
	}
	if strings.HasPrefix(fn, "vendor/") {
		return OriginStandard
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 { // an address
		return ""
	}
	first, _, _ := strings.Cut(name[:slash+dot], "/")
	vendored := strings.Contains(fn, "/vendor/") || strings.Contains("/"+file, "/vendor/")
	switch {
	case first == "main":
		return OriginMain
	case !strings.Contains(first, "."):
		return OriginStandard
	case vendored || file == "" || strings.Contains(file, "@"):
		return OriginDependency
	}
	return OriginMain
}

// splitPlace takes "file:line" apart; the line is 0 where there is none.
func splitPlace(place string) (file string, line int) {
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return place, 0
	}
	line, err := strconv.Atoi(place[i+1:])
	if err != nil || line < 0 {
		return place, 0
	}
	return place[:i], line
}
