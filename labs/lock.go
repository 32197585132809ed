package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockRoot is apart from the directories of the labs, which `down` removes, and
// for root alone, so that nobody else can hold a lab up.
const lockRoot = runRoot + "/.lock"

func lockPath(lab string) string { return filepath.Join(lockRoot, lab) }

// lock keeps two commands from changing one lab at the same time. The lock
// file goes when it is given back.
type lock struct {
	path string
	file *os.File
}

// errBusy is returned for a lock that another process holds.
var errBusy = errors.New("busy")

// lockPatience outlasts what a lab's keeper does by itself.
const lockPatience = 2 * time.Second

// acquire takes the lock for a command.
func acquire(ctx context.Context, lab string) (*lock, error) {
	wait, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	held, err := await(wait, lab)
	if errors.Is(err, errBusy) && ctx.Err() == nil {
		return nil, fmt.Errorf("lab %s is being changed by another pseudowan command; try again when it has ended", lab)
	}
	return held, err
}

// await takes the lock as soon as it is free. When ctx ends the error wraps
// errBusy.
func await(ctx context.Context, lab string) (*lock, error) {
	const poll = 10 * time.Millisecond
	for {
		held, err := tryAcquire(lab)
		if !errors.Is(err, errBusy) {
			return held, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(poll):
		}
	}
}

func tryAcquire(lab string) (*lock, error) {
	path := lockPath(lab)
	for {
		if err := makeDir(lockRoot); err != nil {
			return nil, fmt.Errorf("lock of lab %s: %w", lab, err)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue // another command has just removed the directory
		}
		if err != nil {
			return nil, fmt.Errorf("lock of lab %s: %w", lab, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				err = errBusy
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
	os.Remove(lockRoot) // both succeed only when no lab is left
	os.Remove(runRoot)
}
