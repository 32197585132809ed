package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"pseudowan/hosts"
)

// namespaces is the runtime whose hosts are network namespaces: each command is
// a program of the server with the host's network, name, and own /etc/hosts,
// /run and /tmp. A host costs no process beyond the command of its Spec and
// that command's supervisor.
type namespaces struct {
	name  string // of the runtime
	homes hosts.Homes
	enter []string // starts supervisors
	alone bool     // nothing but the own command is in a host
}

// Driver describes the runtime.
func Driver() hosts.Driver {
	return hosts.Driver{
		Name: hosts.NetNS,
		Open: func(o hosts.Options) (hosts.Runtime, error) {
			return Named(hosts.NetNS, o), nil
		},
		Enter: supervise,
	}
}

// Runtime is what runtimes of hosts that are namespaces share.
type Runtime interface {
	hosts.Runtime
	hosts.Logger
	// Dir returns the directory of a host's files, on the server.
	Dir(lab, node string) string
}

// Named returns a runtime that is like netns under a name of its own. Hosts of one
// are not seen by another.
func Named(name string, o hosts.Options) Runtime {
	return &namespaces{name: name, homes: hosts.NewHomes(o.StateDir, o.Enter).KeepingIn(o.KeepDir), enter: o.Enter}
}

// Alone returns a runtime as Named does, in whose hosts nothing runs but their own
// command: what an earlier one has left behind ends before the next one starts.
func Alone(name string, o hosts.Options) Runtime {
	r := Named(name, o).(*namespaces)
	r.alone = true
	return r
}

// Dir implements Runtime.
func (r *namespaces) Dir(lab, node string) string { return r.homes.Dir(lab, node) }

// endGrace is how long a host's processes have after SIGTERM.
const endGrace = 2 * time.Second

// Name implements Runtime.
func (r *namespaces) Name() string { return r.name }

// Ready implements Runtime.
func (r *namespaces) Ready(context.Context) error { return nil }

// Check implements Runtime.
func (r *namespaces) Check(_ context.Context, specs []hosts.Spec) error {
	var errs []error
	names := map[string][]string{} // by lab
	for _, s := range specs {
		names[s.Lab] = append(names[s.Lab], s.Namespace)
		if err := r.homes.Check(s); err != nil {
			errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
		}
	}
	for lab, list := range names {
		errs = append(errs, hosts.CheckNames(lab, list...))
	}
	return errors.Join(errs...)
}

// Prepare implements Runtime. It ends the commands of hosts whose namespace or
// directory has been deleted: they would never be in the new one. It removes hosts of
// another runtime that are in the way.
func (r *namespaces) Prepare(ctx context.Context, specs []hosts.Spec) error {
	if err := r.removeOthers(ctx, specs); err != nil {
		return err
	}
	type host struct{ lab, node string }
	lost := map[host]bool{}
	for _, s := range specs {
		_, gone := os.Stat(r.homes.Dir(s.Lab, s.Node))
		if gone != nil || !(hosts.Namespace{Name: s.Namespace}).Exists() {
			lost[host{s.Lab, s.Node}] = true
		}
	}
	tenants := r.homes.Tenants()
	return hosts.EndProcessesAnd(ctx, nil, func(pid int) bool {
		lab, node, ok := tenants.Of(pid)
		return ok && lost[host{lab, node}]
	}, endGrace)
}

// Ensure implements Runtime.
func (r *namespaces) Ensure(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
	if err := ctx.Err(); err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	ns, created, err := hosts.EnsureNamespace(spec.Namespace, spec.Mark())
	if err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	box, err := r.furnish(ctx, ns, spec)
	if err != nil {
		if created {
			err = errors.Join(err, r.remove(context.WithoutCancel(ctx), r.sandbox(ns)))
		}
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	return box, nil
}

// furnish makes what a host has beside its namespace.
func (r *namespaces) furnish(ctx context.Context, ns hosts.Namespace, spec hosts.Spec) (hosts.Sandbox, error) {
	if err := errors.Join(hosts.PrepareHost(ns.Path()), r.homes.Write(spec), r.writeName(spec.Lab, spec.Node)); err != nil {
		return hosts.Sandbox{}, err
	}
	if err := r.ensureCommand(ctx, r.sandbox(ns), spec); err != nil {
		return hosts.Sandbox{}, err
	}
	return r.sandbox(ns), nil
}

func (r *namespaces) sandbox(ns hosts.Namespace) hosts.Sandbox {
	box := hosts.Sandbox{Runtime: r.Name(), Lab: ns.Mark.Lab, Node: ns.Mark.Node, Name: ns.Name, NetNS: ns.Path()}
	c, known := settledCommand(r.homes.Dir(box.Lab, box.Node))
	switch {
	case !known:
	case c.Code != nil:
		box.Ended, box.ExitCode = true, *c.Code
	case c.running():
		box.PID = c.PID
	default: // it was killed with its supervisor
		box.Ended, box.ExitCode = true, hosts.UnknownExit
	}
	return box
}

// List implements Runtime.
func (r *namespaces) List(_ context.Context, lab string) ([]hosts.Sandbox, error) {
	all, err := hosts.Namespaces()
	if err != nil {
		return nil, err
	}
	var found []hosts.Sandbox
	for _, ns := range all {
		if ns.Mark.Kind == hosts.KindHost && (lab == "" || ns.Mark.Lab == lab) && r.nameOf(ns.Mark.Lab, ns.Mark.Node) == r.name {
			found = append(found, r.sandbox(ns))
		}
	}
	return found, nil
}

// Remove implements Runtime.
func (r *namespaces) Remove(ctx context.Context, s hosts.Sandbox) error {
	if err := r.remove(ctx, s); err != nil {
		return err
	}
	if err := r.homes.RemoveKept(s.Lab, s.Node); err != nil {
		return fmt.Errorf("host %s: %w", s.Node, err)
	}
	return nil
}

// remove removes a host but not what it keeps.
func (r *namespaces) remove(ctx context.Context, s hosts.Sandbox) error {
	ns := hosts.Namespace{Name: s.Name, Mark: s.Mark()}
	if err := hosts.EndProcesses(ctx, []hosts.Namespace{ns}, endGrace); err != nil {
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
func (r *namespaces) Command(ctx context.Context, s hosts.Sandbox, e hosts.Exec) (*exec.Cmd, error) {
	return r.homes.Command(ctx, s, e)
}
