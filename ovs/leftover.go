package ovs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// endLeftovers ends the daemons of a predecessor in this run directory that was
// killed before it could. A process is ended only if it is verified to be that
// daemon: its pid may be somebody else's by now.
func endLeftovers(ctx context.Context, dir string) error {
	for _, name := range []string{switchDaemon, databaseServer} {
		pid, err := readPID(filepath.Join(dir, name+".pid"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := endLeftover(ctx, pid, name, dir); err != nil {
			return fmt.Errorf("leftover %s (pid %d) of %s: %w", name, pid, dir, err)
		}
	}
	return nil
}

func readPID(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return 0, nil // written only in part: there is nothing to be found by it
	}
	return pid, nil
}

func endLeftover(ctx context.Context, pid int, name, dir string) error {
	if pid == 0 {
		return nil
	}
	// From here on the pidfd names one process, whatever becomes of the number.
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !isDaemon(pid, name, dir) {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return awaitExit(ctx, fd)
}

// isDaemon tells whether a process runs the program name for the run directory
// dir in this network namespace.
func isDaemon(pid int, name, dir string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	if err != nil || strings.TrimSuffix(filepath.Base(exe), " (deleted)") != name {
		return false
	}
	theirs, err1 := os.Readlink(filepath.Join(proc, "ns/net"))
	ours, err2 := os.Readlink("/proc/thread-self/ns/net")
	if err1 != nil || err2 != nil || theirs != ours {
		return false
	}
	cmdline, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	return err == nil && strings.Contains(string(cmdline), "\x00--pidfile="+filepath.Join(dir, name+".pid")+"\x00")
}

// awaitExit waits until the process behind a pidfd has ended.
func awaitExit(ctx context.Context, fd int) error {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, int((10 * time.Millisecond).Milliseconds()))
		if n > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("does not end: %w", ctx.Err())
		}
	}
}
