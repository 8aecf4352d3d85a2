package fact

import "time"

// The metrics of samples: what two looks at one process compare.
const (
	MetricGoroutines = "goroutines"
	MetricFDs        = "fds"
	MetricSockets    = "sockets"
	MetricRSS        = "rss_kib" // resident memory in KiB
)

// Sample is one quantity of one process at one moment. Two samples of the same
// daemon, pid and metric show whether it grows.
type Sample struct {
	// At has no Snapshot: Taken says the moment.
	At Place
	// Daemon is dockerd, containerd, or the name of a client.
	Daemon string
	PID    int // 0 unknown
	Metric string
	Value  int64
	// Taken is the moment, zero when unknown.
	Taken time.Time
	Refs  []Ref
}
