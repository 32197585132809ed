package netns

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// The files that a supervisor inherits.
const (
	lockFD   = 3 + iota // held for its lifetime
	reportFD            // gets runs, or an error
)

// startCommand starts the supervisor of a host's own command, and returns when
// the command runs.
func (r *namespaces) startCommand(ctx context.Context, s hosts.Sandbox, spec hosts.Spec) error {
	root, argv := r.homes.Dir(s.Lab, s.Node), spec.Command
	cmd, err := r.supervisor(s, argv)
	if err != nil {
		return err
	}
	log, err := logfile.Restart(filepath.Join(root, commandLog))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	lock, err := lockCommand(ctx, root)
	if err != nil {
		return err
	}
	defer lock.Close() // the supervisor has it, too
	if err := (ownCommand{Argv: argv, Given: given(spec)}).write(root); err != nil {
		return err
	}
	report, told, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	cmd.ExtraFiles = []*os.File{lock, told}
	// It is inside from its first moment, so that ending the host's processes
	// cannot miss it.
	err = hosts.Within(s.NetNS, cmd.Start)
	told.Close()
	if err != nil {
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	go func() { _ = cmd.Wait() }() // reaped while this process is its parent
	if err := awaitStart(report); err != nil {
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	return nil
}

// supervisor prepares the supervisor of a command. It outlives this process, so no
// context may end it.
func (r *namespaces) supervisor(s hosts.Sandbox, argv []string) (*exec.Cmd, error) {
	cmd, err := r.Command(context.Background(), s, hosts.Exec{Argv: argv, Dir: "/"})
	if err != nil {
		return nil, err
	}
	cmd.Args = slices.Concat(r.enter, []string{hosts.NetNS, "-dir", r.homes.Dir(s.Lab, s.Node), "--"}, cmd.Args)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

// awaitStart reads a supervisor's report.
func awaitStart(report io.Reader) error {
	said, err := io.ReadAll(report)
	if err != nil || string(said) != runs {
		return errors.Join(err, errors.New(cmp.Or(string(said), "its supervisor has ended")))
	}
	return nil
}

// runs is the supervisor's report of a successful start.
const runs = "runs"

// supervise is the supervisor of a host's own command: a process of that host
// that starts the command and waits for it, so that its exit code is known when
// the process that asked for it is long gone. Signals that would end it are
// meant for the command, too: all processes of the host get them.
func supervise(args []string) error {
	set := flag.NewFlagSet(hosts.NetNS, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	root := set.String("dir", "", "")
	if err := set.Parse(args); err != nil || *root == "" || set.NArg() == 0 {
		return &hosts.ExitError{Code: 125, Err: errors.Join(err, errors.New("want -dir DIR -- COMMAND"))}
	}
	unix.CloseOnExec(lockFD)
	unix.CloseOnExec(reportFD)
	report := os.NewFile(reportFD, "report")
	// Caught, not ignored: the command would inherit ignored signals.
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	cmd := exec.Command(set.Arg(0), set.Args()[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprint(report, err)
		return &hosts.ExitError{Code: 125, Err: err}
	}
	c, err := readCommand(*root)
	c.PID, c.Start = cmd.Process.Pid, startTime(cmd.Process.Pid)
	if err = errors.Join(err, c.write(*root)); err != nil {
		fmt.Fprint(report, err)
		return &hosts.ExitError{Code: 125, Err: errors.Join(err, cmd.Process.Kill(), cmd.Wait())}
	}
	fmt.Fprint(report, runs)
	report.Close()
	_ = cmd.Wait() // the result is in its state
	code := exitCode(cmd.ProcessState)
	c.Code = &code
	_ = c.write(*root) // it fails if the host has been removed
	os.Exit(0)
	return nil
}

// exitCode returns a process's exit code, or as in a shell 128 plus the signal
// that ended it.
func exitCode(p *os.ProcessState) int {
	const signalled = 128
	if s, ok := p.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return signalled + int(s.Signal())
	}
	return p.ExitCode()
}
