package fleet

import (
	"errors"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"culprit/analyze/bundle"
)

// NoRoom reports whether an error is that a disk, or what a user may have of it, is full.
func NoRoom(err error) bool {
	if s := (*sqlite.Error)(nil); errors.As(err, &s) {
		// Where only the index of the log has no room, SQLite speaks of its size.
		return s.Code() == sqlite3.SQLITE_FULL || s.Code() == sqlite3.SQLITE_IOERR_SHMSIZE
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// ofMachine reports whether it is this machine that falls short, of a disk too, and not a
// bundle: read again where there is more, it may be whole.
func ofMachine(err error) bool { return NoRoom(err) || bundle.OfMachine(err) }
