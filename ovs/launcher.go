package ovs

import (
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// launcher starts child processes from one OS thread that stays in one network
// namespace: a replaced daemon must run where its predecessor did.
type launcher struct {
	jobs chan func()
}

// newLauncher makes the thread and moves it into the caller's network namespace,
// which new threads do not inherit.
func newLauncher() (*launcher, error) {
	ns, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("own network namespace: %w", err)
	}
	defer unix.Close(ns)
	l := &launcher{jobs: make(chan func())}
	entered := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		err := unix.Setns(ns, unix.CLONE_NEWNET)
		entered <- err
		if err != nil {
			return
		}
		for job := range l.jobs {
			job()
		}
	}()
	if err := <-entered; err != nil {
		return nil, fmt.Errorf("enter own network namespace: %w", err)
	}
	return l, nil
}

func (l *launcher) start(cmd *exec.Cmd) error {
	started := make(chan error)
	l.jobs <- func() { started <- cmd.Start() }
	return <-started
}

// close ends the thread. Its children keep running.
func (l *launcher) close() { close(l.jobs) }
