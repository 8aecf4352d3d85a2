package fact

import "time"

// FileLock is one lock on a file that /proc/locks shows, held or waited for.
type FileLock struct {
	At Place
	// Number groups a lock with those who wait for it.
	Number int
	// Kind is FLOCK, POSIX, OFDLCK, LEASE ...; "" where only an open file tells of the
	// wait. Access is READ, WRITE, UNLCK or RW.
	Kind, Access string
	// PID took the lock, or waits; 0 not told. With flock(2) it may have ended long ago:
	// whoever has the file open then holds the lock.
	PID int
	// Dev is "major:minor" of the superblock, in decimal as in mountinfo.
	Dev   string
	Inode int64
	// Waits is set for one that waits.
	Waits bool
	Refs  []Ref

	// What package join adds:

	// File is the path of the file, "" unknown.
	File string
	// Process holds the lock, or waits for it, 0 unknown; with its command name, state
	// letter and age.
	Process     int
	Comm, State string
	Age         Opt[time.Duration]
	// Holder is the process that holds the lock: Process itself, or the one that is
	// waited for; 0 unknown.
	Holder     int
	HolderComm string
	// Lasting is, for a lock that is waited for, whether its holder is older than all who
	// wait; false where the holder is younger than a minute and a waiter is not: the lock
	// changes hands. Unknown in between, and without their ages.
	Lasting Opt[bool]
}
