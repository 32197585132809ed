package labs

import (
	"errors"
	"fmt"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
)

// restored lists the nodes that were applied before and have gone, or ended,
// since.
func restored(before, now *plan.Plan, found inventory.Inventory) []string {
	var out []string
	for _, r := range now.Routers {
		applied := slices.ContainsFunc(before.Routers, func(x plan.Router) bool { return x.Name == r.Name })
		runs := slices.ContainsFunc(found.ByKind(hosts.KindRouter), func(ns hosts.Namespace) bool { return ns.Mark.Node == r.Name })
		if applied && !runs {
			out = append(out, "restored router "+r.Name)
		}
	}
	for _, h := range now.Hosts {
		applied := slices.ContainsFunc(before.Hosts, func(x plan.Host) bool { return x.Name == h.Name })
		runs := slices.ContainsFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Running() && !s.Paused })
		ended := slices.ContainsFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Ended })
		switch {
		case applied && !runs:
			out = append(out, "restored host "+h.Name)
		case applied && ended && len(h.Command) > 0:
			out = append(out, "restarted the command of host "+h.Name)
		}
	}
	return out
}

// interfaceName is an interface in a namespace.
type interfaceName struct{ namespace, name string }

// removeStaleWires removes the wires of ours that the plan no longer has from
// the namespaces that stay.
func (a *applier) removeStaleWires() error {
	want := map[interfaceName]bool{}
	namespaces := map[string]bool{a.build.Path(""): true}
	for _, w := range a.plan.AllWires() {
		for _, e := range []plan.End{w.A, w.B} {
			path := a.build.Path(e.Node)
			want[interfaceName{path, e.Interface}] = true
			namespaces[path] = true
		}
	}
	for _, n := range a.plan.NICs {
		path := a.build.Path(n.Router)
		want[interfaceName{path, n.Interface}] = true
		want[interfaceName{path, hosts.NICWireName(n.Interface)}] = true
	}
	var errs []error
	for path := range namespaces {
		ends, err := hosts.WireEnds(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("list the wires in %s: %w", path, err))
			continue
		}
		for _, e := range ends {
			if !want[interfaceName{path, e.Name}] {
				errs = append(errs, hosts.RemoveWire(path, e.Name))
			}
		}
	}
	return errors.Join(errs...)
}
