package collect_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A wedged filesystem. Once armed (SIGUSR1) its daemon takes statfs and getattr
// of the root and never answers: whoever asks is in a D state that SIGKILL does not
// end, until the connection is aborted. A daemon that is stopped instead does
// not take the request, and SIGKILL ends the wait. Files of the root:
//
//	dirty   can be read and mapped; what is written to it is never taken
//	hung    opens, and no read of it ever ends
//	denied  cannot be opened: EACCES
//	broken  opens, and every read is EIO
type wedge struct {
	fs.Inode
	armed atomic.Bool
}

var (
	_ fs.NodeOnAdder   = (*wedge)(nil)
	_ fs.NodeGetattrer = (*wedge)(nil)
	_ fs.NodeStatfser  = (*wedge)(nil)
)

// never is longer than any test.
func never() { time.Sleep(24 * time.Hour) }

func (w *wedge) OnAdd(ctx context.Context) {
	for i, name := range []string{"dirty", "hung", "denied", "broken"} {
		child := w.NewPersistentInode(ctx, &wedgedFile{name: name}, fs.StableAttr{Mode: fuse.S_IFREG, Ino: uint64(i + 2)})
		w.AddChild(name, child, false)
	}
}

func (w *wedge) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if w.armed.Load() {
		never()
	}
	out.Mode = 0o755
	return 0
}

func (w *wedge) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	if w.armed.Load() {
		never()
	}
	*out = fuse.StatfsOut{Bsize: 4096, Blocks: 1000, Bfree: 500, Bavail: 500, NameLen: 255}
	return 0
}

type wedgedFile struct {
	fs.Inode
	name string
}

var (
	_ fs.NodeGetattrer = (*wedgedFile)(nil)
	_ fs.NodeOpener    = (*wedgedFile)(nil)
	_ fs.NodeReader    = (*wedgedFile)(nil)
	_ fs.NodeWriter    = (*wedgedFile)(nil)
)

func (f *wedgedFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = 0o644, pageSize
	return 0
}

func (f *wedgedFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if f.name == "denied" {
		return nil, 0, syscall.EACCES
	}
	return nil, 0, 0
}

func (f *wedgedFile) Read(context.Context, fs.FileHandle, []byte, int64) (fuse.ReadResult, syscall.Errno) {
	switch f.name {
	case "dirty":
		return fuse.ReadResultData(make([]byte, pageSize)), 0
	case "hung":
		never()
	}
	return nil, syscall.EIO
}

func (f *wedgedFile) Write(context.Context, fs.FileHandle, []byte, int64) (uint32, syscall.Errno) {
	never()
	return 0, syscall.EIO
}

// mountWedge is the daemon of the filesystem at dir. It prints the number of its
// connection below /sys/fs/fuse/connections, then ready.
func mountWedge(dir string) error {
	root := &wedge{}
	none := time.Duration(0)
	server, err := fs.Mount(dir, root, &fs.Options{
		AttrTimeout: &none, EntryTimeout: &none,
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "wedged", Name: "wedged", AllowOther: true},
	})
	if err != nil {
		return err
	}
	var st syscall.Stat_t
	if err := syscall.Stat(dir, &st); err != nil {
		return err
	}
	arm := make(chan os.Signal, 1)
	signal.Notify(arm, syscall.SIGUSR1)
	fmt.Printf("connection %d\nready\n", st.Dev&0xff|st.Dev>>12&^0xff)
	<-arm
	root.armed.Store(true)
	fmt.Println("armed")
	server.Wait()
	return nil
}

// abortConnection ends every request of a FUSE connection with an error.
func abortConnection(number string) {
	file := "/sys/fs/fuse/connections/" + strings.TrimSpace(number) + "/abort"
	if f, err := os.OpenFile(file, os.O_WRONLY, 0); err == nil {
		f.WriteString("1")
		f.Close()
	}
}

// pageSize is that of the file dirty.
const pageSize = 4096

// hangCmdline makes every read of this process's /proc/PID/cmdline wait, as it does
// on a node whose storage is gone: a call that holds the lock of the address space
// for writing waits for a file. It dirties a page of file, which nobody can
// write back, and maps something else in its place. Pages of the arguments
// themselves cannot be taken from a file since Linux 4.17: such a read fails.
// The process takes the name comm.
func hangCmdline(file, comm string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := os.WriteFile("/proc/self/comm", []byte(comm), 0); err != nil {
		return err
	}
	page, err := syscall.Mmap(int(f.Fd()), 0, pageSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	page[0] = 1
	fmt.Println("ready")
	_, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, uintptr(unsafe.Pointer(&page[0])), pageSize,
		syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_FIXED, ^uintptr(0), 0)
	return fmt.Errorf("the mapping was replaced (%v)", errno)
}
