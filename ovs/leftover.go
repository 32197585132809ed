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
// killed before it could do so. A process is ended only if it is verified to be
// that daemon: its pid may have been reused.
func endLeftovers(ctx context.Context, dir string) error {
	for _, name := range []string{switchDaemon, databaseServer} {
		if err := endLeftover(ctx, dir, name); err != nil {
			return err
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
		return 0, nil // incomplete, and so useless
	}
	return pid, nil
}

// openDaemon finds a daemon of a run directory by its pid file, or by its
// command line if that file was removed. pid is 0 if it does not run. The caller
// must close the pidfd.
func openDaemon(dir, name string) (pid, fd int, err error) {
	pid, err = readPID(filepath.Join(dir, name+".pid"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	if fd, err = openIfDaemon(pid, dir, name); fd >= 0 || err != nil {
		return pid, fd, err
	}
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return 0, 0, err
	}
	for _, p := range procs {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || !isDaemon(pid, name, dir) {
			continue
		}
		if fd, err := openIfDaemon(pid, dir, name); fd >= 0 || err != nil {
			return pid, fd, err
		}
	}
	return 0, 0, nil
}

// openIfDaemon returns the pidfd of a process if it is the daemon, else -1.
func openIfDaemon(pid int, dir, name string) (fd int, err error) {
	if pid <= 0 {
		return -1, nil
	}
	// From here on the pidfd names one process, even if the pid is reused.
	fd, err = unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
		return -1, nil // no such process, or a thread
	}
	if err != nil {
		return -1, fmt.Errorf("%s (pid %d) of %s: %w", name, pid, dir, err)
	}
	if !isDaemon(pid, name, dir) {
		unix.Close(fd)
		return -1, nil
	}
	return fd, nil
}

func endLeftover(ctx context.Context, dir, name string) error {
	pid, fd, err := openDaemon(dir, name)
	if err != nil || pid == 0 {
		return err
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	if err := awaitExit(ctx, fd); err != nil {
		return fmt.Errorf("leftover %s (pid %d) of %s: %w", name, pid, dir, err)
	}
	return nil
}

// isDaemon reports whether a process runs the program name for the run directory
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

// awaitExit waits until the process of a pidfd has ended. It sleeps in the
// runtime's poller, and so blocks no thread.
func awaitExit(ctx context.Context, fd int) error {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(own, true); err != nil {
		unix.Close(own)
		return err
	}
	f := os.NewFile(uintptr(own), "pidfd")
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })
	defer stop()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	err = raw.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
	if ctx.Err() != nil {
		return fmt.Errorf("does not end: %w", ctx.Err())
	}
	return err
}
