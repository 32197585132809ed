package labs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
		return nil, fmt.Errorf("lab %s is being changed by %s; try again when it has ended", lab, lockHolder(lockPath(lab)))
	}
	if errors.Is(err, errBusy) {
		return nil, fmt.Errorf("lock of lab %s: %w", lab, ctx.Err())
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

// dropLeftLock removes the lock file that a killed command has left, which
// nobody holds any more.
func dropLeftLock(lab string) {
	if _, err := os.Lstat(lockPath(lab)); err != nil {
		return
	}
	if held, err := tryAcquire(lab); err == nil {
		held.release()
	}
}

// leftLocks names the labs that have a lock file.
func leftLocks() []string {
	entries, _ := os.ReadDir(lockRoot) // it is there only while a command runs
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// lockHolder names the process that holds the lock on a file, for a message.
func lockHolder(path string) string {
	const somebody = "another process"
	info, err := os.Stat(path)
	if err != nil {
		return somebody
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return somebody
	}
	pid := flockHolder(locks, st.Ino)
	if pid == 0 {
		return somebody
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("process %d (%s)", pid, printableCommand(line))
}

// flockHolder finds in the text of /proc/locks (proc(5)) who holds the whole
// file of an inode; 0 where nobody does that is seen from here. The device is
// left out: not every file system tells the same one in both places.
func flockHolder(locks []byte, inode uint64) int {
	suffix := ":" + strconv.FormatUint(inode, 10)
	for line := range strings.Lines(string(locks)) {
		// 1: FLOCK ADVISORY WRITE 4711 00:1a:815 0 EOF
		fields := strings.Fields(line)
		if len(fields) != 8 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], suffix) {
			continue // one that waits has an arrow more
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}

// printableCommand is a command line for people, cut to a length that a message
// bears.
func printableCommand(cmdline []byte) string {
	const longest = 80
	words := bytes.ReplaceAll(bytes.TrimRight(cmdline, "\x00"), []byte{0}, []byte{' '})
	text := strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, string(words))
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
