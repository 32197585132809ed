package netns

import (
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
	if err := hosts.StartSupervisor(s.NetNS, cmd, lock); err != nil {
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
	report := hosts.SupervisorReport()
	// Caught, not ignored: the command would inherit ignored signals.
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	cmd := exec.Command(set.Arg(0), set.Args()[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		report.Fail(err)
		return &hosts.ExitError{Code: 125, Err: err}
	}
	c, err := readCommand(*root)
	c.PID, c.Start = cmd.Process.Pid, hosts.StartTime(cmd.Process.Pid)
	if err = errors.Join(err, c.write(*root)); err != nil {
		report.Fail(err)
		return &hosts.ExitError{Code: 125, Err: errors.Join(err, cmd.Process.Kill(), cmd.Wait())}
	}
	report.Runs()
	_ = cmd.Wait() // the result is in its state
	code := hosts.ExitStatus(cmd.ProcessState)
	c.Code = &code
	_ = c.write(*root) // it fails if the host has been removed
	os.Exit(0)
	return nil
}
