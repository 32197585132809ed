package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// removeHosts removes the selected hosts, several at a time.
func removeHosts(ctx context.Context, o inventory.Inventory, selected func(hosts.Sandbox) bool) error {
	var all parallel
	for _, s := range o.Hosts {
		if !selected(s) {
			continue
		}
		all.add(func() error {
			runtime, err := o.Get(s.Runtime)
			if err != nil {
				return err
			}
			return errors.Join(runtime.Remove(ctx, s), inventory.RemoveServices(ctx, s.Lab, s.Node))
		})
	}
	return all.run()
}

// parallel are steps that wait for the kernel much more than they compute, and not for
// each other.
type parallel []func() error

func (r *parallel) add(step func() error) { *r = append(*r, step) }

// run takes all steps, several at a time, also if some fail.
func (r parallel) run() error {
	errs := make([]error, len(r))
	var g errgroup.Group
	g.SetLimit(build.Parallel)
	for i, step := range r {
		g.Go(func() error {
			errs[i] = step()
			return nil
		})
	}
	g.Wait() // all errors are in errs
	return errors.Join(errs...)
}

// interfaceName is an interface in a namespace.
type interfaceName struct{ namespace, name string }

// removeStaleWires removes from the remaining namespaces those of our wires that
// are not in the plan.
func (a *applier) removeStaleWires() error {
	want := map[interfaceName]bool{}
	namespaces := map[string]bool{a.build.Path(""): true}
	for _, w := range a.plan.AllWires() {
		for _, e := range []plan.End{w.A, w.B} {
			path := a.build.Path(e.Node)
			want[interfaceName{path, e.Interface}] = true
			if a.scope.node(e.Node) {
				namespaces[path] = true
			}
		}
	}
	for _, n := range a.plan.NICs {
		path := a.build.Path(n.Router)
		want[interfaceName{path, n.Interface}] = true
		want[interfaceName{path, hosts.NICWireName(n.Interface)}] = true
	}
	for _, i := range a.injected {
		for _, w := range i.Wires {
			want[interfaceName{a.build.Path(w.A.Node), w.A.Interface}] = true
		}
	}
	for _, u := range a.plan.Uplinks {
		want[interfaceName{a.build.Path(""), u.Port}] = true
	}
	var errs []error
	var stale parallel
	for path := range namespaces {
		ends, err := hosts.WireEnds(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("list the wires in %s: %w", path, err))
			continue
		}
		for _, e := range ends {
			if !want[interfaceName{path, e.Name}] {
				stale.add(func() error { return hosts.RemoveWire(path, e.Name) })
			}
		}
	}
	stale.add(a.removeSegments)
	stale.add(func() error { return hosts.RemoveOtherTunnels(a.build.Path(""), a.plan.Tunnels()) })
	return errors.Join(append(errs, stale.run())...)
}

// removeSegments removes the segments that are not in the plan.
func (a *applier) removeSegments() error {
	bridges := map[string]bool{}
	for _, s := range a.plan.Segments {
		bridges[s.Name] = true
	}
	return hosts.RemoveOtherSegments(a.build.Path(""), bridges)
}

// removeExtraPorts removes the namespaces of ports that are not in the plan.
func (a *applier) removeExtraPorts() error {
	keep := map[string]bool{}
	for _, r := range a.plan.Routers {
		for _, name := range r.PortNamespaces() {
			keep[name] = true
		}
	}
	for _, i := range a.injected {
		for _, name := range i.Namespaces() {
			keep[name] = true
		}
	}
	var extra parallel
	for _, ns := range a.before.ByKind(hosts.KindPort) {
		if !keep[ns.Name] {
			extra.add(ns.Delete)
		}
	}
	return extra.run()
}

// removeExtra removes what is not in the plan.
func (a *applier) removeExtra(ctx context.Context) error {
	if a.fresh {
		return nil // nothing was there
	}
	keepHost := func(s hosts.Sandbox) bool {
		return slices.ContainsFunc(a.plan.Hosts, func(h plan.Host) bool {
			return h.Name == s.Node && (h.Runtime == s.Runtime || a.replacedInPlace(h, s))
		})
	}
	keepRouter := func(node string) bool {
		return slices.ContainsFunc(a.plan.Routers, func(r plan.Router) bool { return r.Name == node })
	}
	extra := parallel{
		func() error { return removeHosts(ctx, a.before, func(s hosts.Sandbox) bool { return !keepHost(s) }) },
		a.removeStaleWires, a.removeExtraPorts,
	}
	errs := []error{extra.run()}
	for _, ns := range a.before.ByKind(hosts.KindRouter) {
		if keepRouter(ns.Mark.Node) {
			continue
		}
		errs = append(errs, hosts.EndProcesses(ctx, []hosts.Namespace{ns}, keeper.EndGrace), hosts.ReturnNICs(ns, store.StateDir(a.plan.Lab)), ns.Delete(),
			os.RemoveAll(store.RouterDir(a.plan.Lab, ns.Mark.Node)))
	}
	return errors.Join(errs...)
}

// replacedInPlace reports whether a planned host has the namespace of an earlier one of
// another runtime, which has gone when the new one was made.
func (a *applier) replacedInPlace(h plan.Host, s hosts.Sandbox) bool {
	return s.Name == h.Namespace && !a.before.HoldsContainers(h.Runtime) && !a.before.HoldsContainers(s.Runtime)
}
