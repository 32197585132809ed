package ovs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	goovs "github.com/digitalocean/go-openvswitch/ovs"
)

// commandError is a failure of one of Open vSwitch's own programs.
type commandError struct {
	Args   []string // the program and its arguments
	Output string   // what it wrote to standard error
	Err    error
}

// Error implements error. It omits the arguments: a whole transaction is too
// long to read.
func (e *commandError) Error() string {
	detail := e.Output
	if detail == "" {
		detail = e.Err.Error()
	}
	return fmt.Sprintf("%s: %s", e.Args[0], detail)
}

// Unwrap returns the error of os/exec.
func (e *commandError) Unwrap() error { return e.Err }

// tools runs Open vSwitch's programs against the run directory dir.
type tools struct {
	dir string
}

// run returns the standard output of a program, even if it fails. No shell is
// involved.
func (t tools) run(ctx context.Context, stdin io.Reader, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = t.environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return stdout.Bytes(), &commandError{
			Args:   append([]string{program}, args...),
			Output: strings.TrimSpace(stderr.String()),
			Err:    err,
		}
	}
	return stdout.Bytes(), nil
}

// environ makes every program look for its sockets, logs and database in dir.
func (t tools) environ() []string {
	return append(os.Environ(),
		"OVS_RUNDIR="+t.dir, "OVS_LOGDIR="+t.dir, "OVS_DBDIR="+t.dir, "OVS_SYSCONFDIR="+t.dir)
}

// client is go-openvswitch on the run directory, bound to ctx.
func (t tools) client(ctx context.Context) *goovs.Client {
	return goovs.New(goovs.Exec(func(program string, args ...string) ([]byte, error) {
		return t.run(ctx, nil, program, args...)
	}))
}

// notSetUp is what ovs-vsctl prints if the database has committed a transaction
// of which ovs-vswitchd could not carry out a part.
const notSetUp = "Error detected while setting up"

// vsctl runs one transaction on the database and waits until ovs-vswitchd has
// carried it out. What ovs-vswitchd could not do is in the error column of the
// interface; it is a failure of ovs-vsctl only since Open vSwitch 4.0.
func (t tools) vsctl(ctx context.Context, args ...string) ([]byte, error) {
	out, err := t.run(ctx, nil, "ovs-vsctl", args...)
	var failed *commandError
	if errors.As(err, &failed) && strings.Contains(failed.Output, notSetUp) {
		return out, nil
	}
	return out, err
}
