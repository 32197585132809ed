package hosts

import (
	"context"
	"encoding/json"
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

	"pseudowan/logfile"
)

// ownCommand records the process that a host runs by itself.
type ownCommand struct {
	PID   int      `json:"pid"`
	Start string   `json:"start"` // in clock ticks after boot, which tells a reused PID
	Argv  []string `json:"argv"`
	Given string   `json:"given"` // digest of the files and the environment that it was started with
}

// Files in a host's directory.
const (
	commandFile = "command.json"
	commandLog  = "command.log"
)

// ensureCommand starts the host's own command, keeps it while it is the one
// that is asked for, or ends another. Other files or another environment take
// a fresh start.
func (r *NetNS) ensureCommand(ctx context.Context, s Sandbox, spec Spec) (pid int, err error) {
	root, argv := r.dir(s.Lab, s.Node), spec.Command
	if old := runningCommand(root); old != nil {
		if slices.Equal(old.Argv, argv) && old.Given == spec.given() {
			return old.PID, nil
		}
		if err := old.end(ctx); err != nil {
			return 0, err
		}
	}
	if len(argv) == 0 {
		return 0, nil
	}
	return r.startCommand(s, spec)
}

func (r *NetNS) startCommand(s Sandbox, spec Spec) (pid int, err error) {
	argv := spec.Command
	root := r.dir(s.Lab, s.Node)
	// It outlives this process, so no context may end it.
	cmd, err := r.Command(context.Background(), s, Exec{Argv: argv, Dir: "/"})
	if err != nil {
		return 0, err
	}
	log, err := logfile.Restart(filepath.Join(root, commandLog))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// It is inside from its first moment, so that whoever ends the host's
	// processes cannot miss it.
	if err := doIn(s.NetNS, cmd.Start); err != nil {
		return 0, fmt.Errorf("start %s: %w", argv[0], err)
	}
	pid = cmd.Process.Pid
	b, err := json.Marshal(ownCommand{PID: pid, Start: startTime(pid), Argv: argv, Given: spec.given()})
	if err == nil {
		err = os.WriteFile(filepath.Join(root, commandFile), b, 0o644)
	}
	if err != nil {
		return 0, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	go func() { _ = cmd.Wait() }() // no zombie, for as long as this process is the parent
	return pid, nil
}

// runningCommand is nil where the recorded process has ended, or none is
// recorded.
func runningCommand(root string) *ownCommand {
	b, err := os.ReadFile(filepath.Join(root, commandFile))
	if err != nil {
		return nil
	}
	var c ownCommand
	if json.Unmarshal(b, &c) != nil || c.Start == "" || startTime(c.PID) != c.Start {
		return nil
	}
	return &c
}

// startTime is when a process was started; empty where it has ended.
func startTime(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name in parentheses may contain anything; state is the third field,
	// the start time the 22nd (proc(5)).
	_, rest, ok := strings.Cut(string(b[max(0, strings.LastIndexByte(string(b), ')')):]), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

func (c *ownCommand) end(ctx context.Context) error {
	fd, err := unix.PidfdOpen(c.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if startTime(c.PID) != c.Start {
		return nil // the number is another process's now
	}
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		_ = unix.Kill(-c.PID, sig) // the session that it leads; ESRCH: it ended by itself
		if err := waitEnded(ctx, []process{{c.PID, fd}}, time.Now().Add(endGrace)); err != nil {
			return err
		}
	}
	return nil
}

// CommandRuns reports whether a host's own command runs.
func (r *NetNS) CommandRuns(lab, node string) bool { return runningCommand(r.dir(lab, node)) != nil }

// CommandLog is the path of what a host's own command has said. Somebody has to
// bound it: see package logfile.
func (r *NetNS) CommandLog(lab, node string) string {
	return filepath.Join(r.dir(lab, node), commandLog)
}
