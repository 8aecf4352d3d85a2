package rules

import (
	"strconv"
	"time"

	"culprit/analyze/fact"
)

var locksTable = func() *Schema {
	type T = fact.FileLock
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "locks",
		Doc:  "locks on files (/proc/locks), a row for each holder and for each that waits",
		Columns: []Column{
			knownStr("file", "path of the file; unknown where no listing of open files tells", func(r *T) string { return r.File }),
			strCol("kind", "FLOCK, POSIX, OFDLCK, LEASE ...; empty for one that tries again and again", func(r *T) string { return r.Kind }),
			boolCol("waits", "it waits for the lock", func(r *T) fact.Opt[bool] { return opt(r.Waits) }),
			intCol("pid", "process that holds the lock or waits", func(r *T) fact.Opt[int64] { return fact.Opt[int64]{V: int64(r.Process), Known: r.Process != 0} }),
			knownStr("comm", "its command name", func(r *T) string { return r.Comm }),
			knownStr("state", "its state letter", func(r *T) string { return r.State }),
			durCol("age", "time since its start", func(r *T) fact.Opt[time.Duration] { return r.Age }),
			boolCol("lasting", "the holder is older than all that wait; false where it is younger than a minute and one that waits is not",
				func(r *T) fact.Opt[bool] { return r.Lasting }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.FileLocks }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyPID: keyed(fact.KeyPID, func(r *T) (fact.Place, string, string) {
			if r.Holder == 0 {
				return r.At, "", ""
			}
			return r.At, strconv.Itoa(r.Holder), r.HolderComm
		}),
		fact.KeyNode: nodeKey(place),
	}
	return s
}()
