package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"culprit/collect"
)

// becomeScript replaces this process by a shell that runs the embedded script. The
// shell reads it from a file without a name, in memory where that is to be had: the
// disk of a sick node may hang, and a script in the command line would show in every
// process listing.
func becomeScript(args []string) error {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("/dev/shm", "culprit.*.sh")
	if err != nil {
		f, err = os.CreateTemp("", "culprit.*.sh")
	}
	if err != nil {
		return err
	}
	os.Remove(f.Name())
	if _, err := f.WriteString(collect.Script); err != nil {
		return err
	}
	const closeOnExec = 0
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_SETFD, closeOnExec); errno != 0 {
		return errno
	}
	argv := append([]string{"sh", fmt.Sprintf("/proc/self/fd/%d", f.Fd())}, args...)
	return fmt.Errorf("cannot run %s: %w", sh, syscall.Exec(sh, argv, os.Environ()))
}
