package netns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// ownCommand records the process of a host's own command. Its supervisor writes
// the record at the start and at the end.
type ownCommand struct {
	PID   int      `json:"pid"`   // 0: not started yet
	Start string   `json:"start"` // in clock ticks after boot, to detect a reused PID
	Argv  []string `json:"argv"`
	Given string   `json:"given"`          // digest of the files and the environment at its start
	Code  *int     `json:"code,omitempty"` // exit code once it has ended; 128 plus the signal that ended it
}

// Files in a host's directory.
const (
	commandFile = "command.json"
	commandLog  = "command.log"
)

// ensureCommand starts the host's own command, keeps it if it is the wanted
// one, and ends any other. A change of files or environment restarts it.
func (r *namespaces) ensureCommand(ctx context.Context, s hosts.Sandbox, spec hosts.Spec) error {
	root, argv := r.homes.Dir(s.Lab, s.Node), spec.Command
	old, err := readCommand(root)
	if err == nil && old.running() {
		if slices.Equal(old.Argv, argv) && old.Given == given(spec) {
			return nil
		}
		if err := old.end(ctx); err != nil {
			return err
		}
	}
	if len(argv) == 0 {
		return forgetCommand(ctx, root)
	}
	if r.alone {
		// By their /run, not their network: somebody may capture there from outside.
		tenants := r.homes.Tenants()
		err := hosts.EndProcessesAnd(ctx, nil, func(pid int) bool { return tenants.Has(pid, s.Lab, s.Node) }, endGrace)
		if err != nil {
			return err
		}
	}
	return r.startCommand(ctx, s, spec)
}

// forgetCommand removes the record of a command that is no longer wanted.
func forgetCommand(ctx context.Context, root string) error {
	if _, err := os.Lstat(filepath.Join(root, commandFile)); err != nil {
		return nil
	}
	lock, err := lockCommand(ctx, root)
	if err != nil {
		return err
	}
	defer lock.Close()
	return os.Remove(filepath.Join(root, commandFile))
}

func readCommand(root string) (c ownCommand, err error) {
	b, err := os.ReadFile(filepath.Join(root, commandFile))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	return c, err
}

// write replaces the record atomically.
func (c ownCommand) write(root string) error {
	return hosts.WriteRecord(filepath.Join(root, commandFile), c)
}

// running reports whether the recorded process is alive.
func (c ownCommand) running() bool {
	return c.PID != 0 && c.Start != "" && hosts.StartTime(c.PID) == c.Start
}

// settledCommand reads how a host's own command fares. If the command has ended
// and its supervisor is about to record how, it waits for that.
func settledCommand(root string) (c ownCommand, known bool) {
	const patience, poll = time.Second, time.Millisecond
	deadline := time.Now().Add(patience)
	for waiting := true; ; {
		c, err := readCommand(root)
		if err != nil {
			return c, false
		}
		if c.Code != nil || c.running() || !waiting {
			return c, true
		}
		// The record may be written after this read: read once more.
		if waiting = supervised(root) && time.Now().Before(deadline); waiting {
			time.Sleep(poll)
		}
	}
}

func (c ownCommand) end(ctx context.Context) error {
	fd, err := unix.PidfdOpen(c.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !c.running() {
		return nil // the PID has been reused
	}
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		_ = unix.Kill(-c.PID, sig) // the session that it leads; ESRCH: it has ended already
		if err := hosts.WaitEnded(ctx, fd, time.Now().Add(endGrace)); err != nil {
			return err
		}
	}
	return nil
}

// lockCommand takes the lock that a command's supervisor holds while it lives.
// The supervisor of an earlier command is about to end.
func lockCommand(ctx context.Context, root string) (*os.File, error) {
	const patience, poll = 5 * time.Second, time.Millisecond
	dir, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(poll) {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return dir, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EWOULDBLOCK) && ctx.Err() == nil && time.Now().Before(deadline):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			err = fmt.Errorf("the supervisor of an earlier command does not end: %w", err)
		}
		return nil, errors.Join(err, ctx.Err(), dir.Close())
	}
}

// supervised reports whether a supervisor waits for the end of a host's
// command.
func supervised(root string) bool {
	dir, err := os.Open(root)
	if err != nil {
		return false
	}
	defer dir.Close()
	return errors.Is(unix.Flock(int(dir.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// LogFile implements Logger.
func (r *namespaces) LogFile(lab, node string) string {
	return filepath.Join(r.homes.Dir(lab, node), commandLog)
}
