package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"pseudowan/hosts"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
)

// ExecOptions say what to run where.
type ExecOptions struct {
	Lab  string // "": the only one
	Node string
	Argv []string // empty: a shell
	TTY  bool
}

// Exec runs a command in a host or a router, with this process's standard
// streams, and returns its exit code. In a router the ovs-* commands find the
// router's own Open vSwitch.
func Exec(ctx context.Context, o ExecOptions) (int, error) {
	if err := needRoot(); err != nil {
		return 0, err
	}
	lab, err := pick(ctx, o.Lab)
	if err != nil {
		return 0, err
	}
	found, err := observe(ctx, lab, silent{})
	if err != nil {
		return 0, err
	}
	if len(o.Argv) == 0 {
		o.Argv = shell
	}
	// Ctrl-C is for the command to answer, see relay: it does not end with ctx.
	cmd, err := found.command(context.WithoutCancel(ctx), lab, o)
	if err != nil {
		return 0, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = runRelayed(cmd)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(exit), nil
	}
	return 0, err
}

// shell starts the best shell that there is inside: a container has its own.
var shell = []string{"sh", "-c", "if command -v bash >/dev/null; then exec bash; fi; exec sh"}

// notEntered is the exit code where a node cannot be entered.
const notEntered = 125

func (o observed) command(ctx context.Context, lab string, x ExecOptions) (*exec.Cmd, error) {
	inside := hosts.Exec{Argv: x.Argv, TTY: x.TTY}
	for _, s := range o.hosts {
		if s.Node == x.Node {
			runtime, err := o.get(s.Runtime)
			if err != nil {
				return nil, err
			}
			if !s.Running() {
				return nil, &hosts.ExitError{Code: notEntered, Err: fmt.Errorf("host %s does not run: %s; `pseudowan up` starts it", x.Node, ended(nil, s))}
			}
			return runtime.Command(ctx, s, inside)
		}
	}
	if o.unseen.has(x.Node) {
		return nil, &hosts.ExitError{Code: notEntered, Err: o.unseen.ofHost(x.Node)}
	}
	for _, ns := range o.namespacesBy(hosts.KindRouter) {
		if ns.Mark.Node != x.Node {
			continue
		}
		// A router is entered as a netns host is. Its own /run holds its Open
		// vSwitch where the tools look for it.
		return homes.Command(ctx, hosts.Sandbox{
			Lab: lab, Node: store.RouterDirName(x.Node), Name: ns.Name, NetNS: ns.Path(),
		}, inside)
	}
	return nil, o.noSuchNode(lab, x.Node)
}

func (o observed) noSuchNode(lab, node string) error {
	var names []string
	for _, s := range o.hosts {
		names = append(names, s.Node)
	}
	for _, ns := range o.namespacesBy(hosts.KindRouter) {
		names = append(names, ns.Mark.Node)
	}
	if o.unseen != nil {
		for _, h := range o.unseen.hosts {
			names = append(names, h.Name)
		}
	}
	slices.SortFunc(names, topology.CompareNames)
	if n := topology.Nearest(node, names); n != "" {
		return status.NotFound(fmt.Sprintf("lab %s has no node %s; did you mean %s?", lab, node, n))
	}
	const few = 8
	if len(names) > few {
		names = append(names[:few], "…")
	}
	return status.NotFound(fmt.Sprintf("lab %s has no node %s; it has %s", lab, node, strings.Join(names, ", ")))
}

// exitCode is the command's, or 128 plus the signal that ended it, as in a shell.
func exitCode(e *exec.ExitError) int {
	const signalled = 128
	if s, ok := e.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return signalled + int(s.Signal())
	}
	return e.ExitCode()
}
