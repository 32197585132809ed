package labs

import (
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

// relay leaves it to a command that runs when it ends: signals that would end
// this process, which come on signals, are passed on to it until stop is called. At a terminal the
// command has heard Ctrl-C and Ctrl-\ already, and would take a second one for
// impatience.
func relay(signals chan os.Signal, command *os.Process, atTerminal bool) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			if heard := s == unix.SIGINT || s == unix.SIGQUIT; !heard || !atTerminal {
				_ = command.Signal(s) // it may have ended just now
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

// runRelayed runs a command that hears this process's signals.
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

// inForeground reports whether this process belongs to the terminal's
// foreground group, which is who Ctrl-C is for.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
