package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// NetNSRuntime is the runtime whose hosts are network namespaces: each command is a
// program of the server with the host's network, name, and own /etc/hosts,
// /run and /tmp. A host costs no process beyond the command that its Spec asks
// for and the one that waits for its end.
type NetNSRuntime struct {
	homes Homes
	enter []string // starts supervisors
}

// NetNSDriver describes the runtime.
func NetNSDriver() Driver {
	return Driver{
		Name:  NetNS,
		Open:  func(o Options) (Runtime, error) { return &NetNSRuntime{NewHomes(o.StateDir, o.Enter), o.Enter}, nil },
		Enter: supervise,
	}
}

// endGrace is how long a host's processes have to end by themselves.
const endGrace = 2 * time.Second

// Name implements Runtime.
func (r *NetNSRuntime) Name() string { return NetNS }

// Ready implements Runtime.
func (r *NetNSRuntime) Ready(context.Context) error { return nil }

// Check implements Runtime.
func (r *NetNSRuntime) Check(_ context.Context, specs []Spec) error {
	marked, err := Namespaces()
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range specs {
		if err := errors.Join(r.homes.Check(s), checkFree(s, marked)); err != nil {
			errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
		}
	}
	return errors.Join(errs...)
}

// Prepare implements Runtime. It ends the commands of hosts whose namespace or
// directory somebody has deleted: they would never be in the new one.
func (r *NetNSRuntime) Prepare(ctx context.Context, specs []Spec) error {
	lost := map[tenant]bool{}
	for _, s := range specs {
		_, gone := os.Stat(r.homes.Dir(s.Lab, s.Node))
		if gone != nil || !isNamespaceFile((Namespace{Name: s.Namespace}).Path()) {
			lost[tenant{s.Lab, s.Node}] = true
		}
	}
	tenants := r.homes.Tenants()
	return EndProcessesAnd(ctx, nil, func(pid int) bool {
		lab, node, ok := tenants.Of(pid)
		return ok && lost[tenant{lab, node}]
	}, endGrace)
}

// Ensure implements Runtime.
func (r *NetNSRuntime) Ensure(ctx context.Context, spec Spec) (Sandbox, error) {
	if err := ctx.Err(); err != nil {
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	ns, created, err := EnsureNamespace(spec.Namespace, spec.Mark())
	if err != nil {
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	box, err := r.furnish(ctx, ns, spec)
	if err != nil {
		if created {
			err = errors.Join(err, r.Remove(context.WithoutCancel(ctx), r.sandbox(ns)))
		}
		return Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	return box, nil
}

// furnish makes what belongs to a host beside its namespace.
func (r *NetNSRuntime) furnish(ctx context.Context, ns Namespace, spec Spec) (Sandbox, error) {
	if err := errors.Join(PrepareHost(ns.Path()), r.homes.Write(spec)); err != nil {
		return Sandbox{}, err
	}
	if err := r.ensureCommand(ctx, r.sandbox(ns), spec); err != nil {
		return Sandbox{}, err
	}
	return r.sandbox(ns), nil
}

func (r *NetNSRuntime) sandbox(ns Namespace) Sandbox {
	box := Sandbox{Runtime: r.Name(), Lab: ns.Mark.Lab, Node: ns.Mark.Node, Name: ns.Name, NetNS: ns.Path()}
	c, known := settledCommand(r.homes.Dir(box.Lab, box.Node))
	switch {
	case !known:
	case c.Code != nil:
		box.Ended, box.ExitCode = true, *c.Code
	case c.running():
		box.PID = c.PID
	default: // it was killed with its supervisor
		box.Ended, box.ExitCode = true, UnknownExit
	}
	return box
}

// List implements Runtime.
func (r *NetNSRuntime) List(_ context.Context, lab string) ([]Sandbox, error) {
	all, err := Namespaces()
	if err != nil {
		return nil, err
	}
	var found []Sandbox
	for _, ns := range all {
		if ns.Mark.Kind == KindHost && (lab == "" || ns.Mark.Lab == lab) {
			found = append(found, r.sandbox(ns))
		}
	}
	return found, nil
}

// Remove implements Runtime.
func (r *NetNSRuntime) Remove(ctx context.Context, s Sandbox) error {
	ns := Namespace{Name: s.Name, Mark: s.Mark()}
	if err := EndProcesses(ctx, []Namespace{ns}, endGrace); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	if err := ns.Delete(); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	if err := r.homes.Remove(s.Lab, s.Node); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	return nil
}

// Command implements Runtime.
func (r *NetNSRuntime) Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error) {
	return r.homes.Command(ctx, s, e)
}
