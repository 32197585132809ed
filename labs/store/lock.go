package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockRoot is separate from the directories of the labs, which down removes, and
// accessible only to root, so that no other user can block a lab.
const lockRoot = RunRoot + "/.lock"

func lockPath(lab string) string {
	if lab == serverLock {
		return filepath.Join(lockRoot, serverLock)
	}
	return filepath.Join(lockRoot, element(lab))
}

// Lock keeps two commands from changing a lab at the same time.
type Lock struct {
	path string
	file *os.File
}

// ErrBusy is returned for a lock that another process holds.
var ErrBusy = errors.New("busy")

// LockPatience is longer than the keeper ever holds a lab's lock.
const LockPatience = 2 * time.Second

// Acquire takes the lock for a command.
func Acquire(ctx context.Context, lab string) (*Lock, error) {
	wait, cancel := context.WithTimeout(ctx, LockPatience)
	defer cancel()
	held, err := Await(wait, lab)
	if errors.Is(err, ErrBusy) && ctx.Err() == nil {
		return nil, fmt.Errorf("lab %s is being changed by %s; try again later", lab, Holder(lab))
	}
	if errors.Is(err, ErrBusy) {
		return nil, fmt.Errorf("lock of lab %s: %w", lab, ctx.Err())
	}
	return held, err
}

// Await takes the lock as soon as it is free. If ctx ends first, the error wraps
// ErrBusy.
func Await(ctx context.Context, lab string) (*Lock, error) {
	const poll = 10 * time.Millisecond
	for {
		held, err := TryAcquire(lab)
		if !errors.Is(err, ErrBusy) {
			return held, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(poll):
		}
	}
}

// serverLock is locked while a lab's side of the server itself changes. No lab has
// such a name.
const serverLock = ".server"

// AwaitServer takes the lock of what labs share on the server.
func AwaitServer(ctx context.Context) (*Lock, error) {
	const patience = 20 * time.Second
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	held, err := Await(wait, serverLock)
	if errors.Is(err, ErrBusy) {
		return nil, fmt.Errorf("the server's side of another lab is being changed by %s; try again later", Holder(serverLock))
	}
	return held, err
}

// TryAcquire takes the lock if it is free; otherwise the error wraps ErrBusy.
func TryAcquire(lab string) (*Lock, error) {
	path := lockPath(lab)
	for {
		if err := MakeDir(lockRoot); err != nil {
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
				err = ErrBusy
			}
			return nil, fmt.Errorf("lock of lab %s: %w", lab, err)
		}
		// The last holder may have removed the file between open and lock.
		if l := (&Lock{path, f}); l.current() {
			return l, nil
		}
		f.Close()
	}
}

func (l *Lock) current() bool {
	mine, err1 := l.file.Stat()
	there, err2 := os.Lstat(l.path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// Release releases the lock and removes its file.
func (l *Lock) Release() {
	os.Remove(l.path)
	l.file.Close()
	os.Remove(lockRoot) // both succeed only after the last lab
	os.Remove(RunRoot)
}

// DropLeftLock removes the lock file of a killed command.
func DropLeftLock(lab string) {
	if _, err := os.Lstat(lockPath(lab)); err != nil {
		return
	}
	if held, err := TryAcquire(lab); err == nil {
		held.Release()
	}
}

// LeftLocks names the labs that have a lock file.
func LeftLocks() []string {
	entries, _ := os.ReadDir(lockRoot) // it exists only while a command runs
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Holder names the process that holds a lab's lock, for a message.
func Holder(lab string) string { return lockHolder(lockPath(lab)) }

// lockHolder names the process that holds the lock on a file.
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

// flockHolder finds the process that has locked the file of an inode in the text
// of /proc/locks (proc(5)); 0 if none is visible. Devices are not compared: some
// file systems report a different one there.
func flockHolder(locks []byte, inode uint64) int {
	suffix := ":" + strconv.FormatUint(inode, 10)
	for line := range strings.Lines(string(locks)) {
		// 1: FLOCK ADVISORY WRITE 4711 00:1a:815 0 EOF
		fields := strings.Fields(line)
		if len(fields) != 8 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], suffix) {
			continue // a waiting process has an extra arrow
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}

// printableCommand shortens a command line for a message.
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

// Locked reports whether a command holds the lab's lock. It does not try to take
// the lock, which could make a command that starts at that moment give up.
func Locked(lab string) bool {
	info, err := os.Stat(lockPath(lab))
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	f, err := os.Open("/proc/locks")
	if !ok || err != nil {
		return false
	}
	defer f.Close()
	file := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino) // proc(5)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if words := strings.Fields(lines.Text()); slices.Contains(words, "FLOCK") && slices.Contains(words, file) {
			return true
		}
	}
	return false
}
