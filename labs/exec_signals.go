package labs

import (
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

// relay passes the signals of this process on to a command until stop is called.
// At a terminal the command itself gets those of Ctrl-C and Ctrl-\; they are not
// passed on, because many programs react differently to a second one.
func relay(signals chan os.Signal, command *os.Process, atTerminal bool) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			if heard := s == unix.SIGINT || s == unix.SIGQUIT; !heard || !atTerminal {
				_ = command.Signal(s) // it may have ended
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

// runRelayed runs a command and passes this process's signals on to it.
func runRelayed(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	if !signal.Ignored(unix.SIGHUP) { // as under nohup
		signal.Notify(signals, unix.SIGHUP)
	}
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		return err
	}
	defer relay(signals, cmd.Process, inForeground())()
	return cmd.Wait()
}

// inForeground reports whether this process is in the terminal's foreground
// process group, which gets the signal of Ctrl-C.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
