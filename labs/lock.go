package labs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockRoot is apart from the directories that `down` removes.
const lockRoot = "/run/lock"

// lock keeps two commands from changing one lab at the same time. The lock
// file goes when it is given back.
type lock struct {
	path string
	file *os.File
}

func acquire(lab string) (*lock, error) {
	path := filepath.Join(lockRoot, "pseudowan-"+lab)
	if err := os.MkdirAll(lockRoot, 0o755); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lock of lab %s: %w", lab, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fmt.Errorf("lab %s is being changed by another pseudowan command; try again when it has ended", lab)
			}
			return nil, fmt.Errorf("lock of lab %s: %w", lab, err)
		}
		// The last holder may have removed the file between open and lock.
		if l := (&lock{path, f}); l.current() {
			return l, nil
		}
		f.Close()
	}
}

func (l *lock) current() bool {
	mine, err1 := l.file.Stat()
	there, err2 := os.Lstat(l.path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

func (l *lock) release() {
	os.Remove(l.path)
	l.file.Close()
}
