package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// ExecOptions select a command and a node.
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
	if err := inventory.NeedRoot(); err != nil {
		return 0, err
	}
	lab, err := inventory.Pick(ctx, o.Lab)
	if err != nil {
		return 0, err
	}
	found, err := inventory.Of(ctx, lab, nil)
	if err != nil {
		return 0, err
	}
	// The command, which gets Ctrl-C too, does not end with ctx: see relay.
	cmd, err := commandIn(context.WithoutCancel(ctx), found, lab, o)
	if err != nil {
		return 0, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = runRelayed(cmd)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return hosts.ExitStatus(exit.ProcessState), nil
	}
	return 0, err
}

// shell starts bash or sh, whichever the node has.
var shell = []string{"sh", "-c", "if command -v bash >/dev/null; then exec bash; fi; exec sh"}

// notEntered is the exit code if a node cannot be entered.
const notEntered = 125

func commandIn(ctx context.Context, o inventory.Inventory, lab string, x ExecOptions) (*exec.Cmd, error) {
	inside := hosts.Exec{Argv: x.Argv, TTY: x.TTY}
	if len(x.Argv) == 0 {
		inside.Argv, inside.Shell = shell, true
	}
	for _, s := range o.Hosts {
		if s.Node == x.Node {
			runtime, err := o.Get(s.Runtime)
			if err != nil {
				return nil, err
			}
			if !s.Running() {
				return nil, &hosts.ExitError{Code: notEntered, Err: fmt.Errorf("host %s is not running: %s; `pseudowan up` starts it", x.Node, ended(plan.Host{}, s))}
			}
			return runtime.Command(ctx, s, inside)
		}
	}
	if o.Unseen.Has(x.Node) {
		return nil, &hosts.ExitError{Code: notEntered, Err: o.Unseen.OfHost(x.Node)}
	}
	for _, ns := range o.ByKind(hosts.KindRouter) {
		if ns.Mark.Node != x.Node {
			continue
		}
		// A router is entered like a netns host. Its own Open vSwitch is below /run,
		// where the tools expect it.
		return inventory.Homes.Command(ctx, hosts.Sandbox{
			Lab: lab, Node: store.RouterDirName(x.Node), Name: ns.Name, NetNS: ns.Path(),
		}, inside)
	}
	return nil, o.NoSuchNode(lab, x.Node)
}

// Enter is the main function of a process started by inventory.SelfCommand, with
// the rest of its arguments. It returns only if it fails.
func Enter(args []string) error { return drivers.Enter(args) }
