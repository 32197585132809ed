package keeper

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/labs/store"
)

// attend waits until an agent ends. It kills one that hangs and, when the keeper
// ends, terminates one whose router is no longer wanted. It looks at the agent every so
// often, and when the kernel reports that one of the keeper's children was stopped.
func (k *keeper) attend(ctx context.Context, r store.KeeperRouter, pid int, end <-chan error, every time.Duration) error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	var w watched
	turn := time.NewTimer(w.pause(every))
	defer turn.Stop()
	for {
		select {
		case err := <-end:
			return err
		case <-ctx.Done():
			if store.Wanted(k.lab, r.Name) {
				return nil // the next keeper takes it over
			}
			_ = syscall.Kill(pid, syscall.SIGTERM) // fails only if it has ended
			return <-end
		case <-children:
		case <-turn.C:
		}
		if w.hangs(pid, store.BeatFile(k.lab, r.Name), time.Now()) && !store.Halts(k.lab)[r.Name].Paused {
			k.log.Error("killing an agent, which hangs", "router", r.Name, "pid", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		turn.Reset(w.pause(every))
	}
}

// endOf waits for the end of a process that is not a child. It sleeps in the runtime's
// poller, and so blocks no thread.
func endOf(pid int) <-chan error {
	end := make(chan error, 1)
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		end <- err
		return end
	}
	process := os.NewFile(uintptr(fd), "pidfd")
	raw, err := process.SyscallConn()
	if err != nil {
		process.Close()
		end <- err
		return end
	}
	go func() {
		defer process.Close()
		err := raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
		})
		end <- errors.Join(errors.New("its process has ended"), err)
	}()
	return end
}
