package labs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pseudowan/hosts"
)

// changesBetween says in a line each what applying now changes in a lab that
// was applied as before.
func changesBetween(before, now *Plan) []string {
	var out []string
	old := map[string]any{}
	for _, r := range before.Routers {
		old["router "+r.Name] = r
	}
	for _, h := range before.Hosts {
		old["host "+h.Name] = h
	}
	note := func(name string, thing any) {
		was, ok := old[name]
		delete(old, name)
		switch {
		case !ok:
			out = append(out, "added "+name)
		case !sameJSON(was, thing):
			out = append(out, "changed "+name)
		}
	}
	for _, r := range now.Routers {
		note("router "+r.Name, r)
	}
	for _, h := range now.Hosts {
		note("host "+h.Name, h)
	}
	for _, r := range before.Routers {
		if _, gone := old["router "+r.Name]; gone {
			out = append(out, "removed router "+r.Name)
		}
	}
	for _, h := range before.Hosts {
		if _, gone := old["host "+h.Name]; gone {
			out = append(out, "removed host "+h.Name)
		}
	}
	return out
}

// leftovers says in a line each, where told does not yet, what a change that was
// cut short may have done that applying now undoes.
func leftovers(cut, now *Plan, told []string) []string {
	return slices.DeleteFunc(changesBetween(cut, now), func(line string) bool {
		// What it was about to remove is there, or is among the restored.
		return strings.HasPrefix(line, "added ") || slices.Contains(told, line)
	})
}

// restored lists the nodes that were applied before and have gone, or ended,
// since.
func restored(before, now *Plan, found observed) []string {
	var out []string
	for _, r := range now.Routers {
		applied := slices.ContainsFunc(before.Routers, func(x RouterPlan) bool { return x.Name == r.Name })
		runs := slices.ContainsFunc(found.namespacesBy(hosts.KindRouter), func(ns hosts.Namespace) bool { return ns.Mark.Node == r.Name })
		if applied && !runs {
			out = append(out, "restored router "+r.Name)
		}
	}
	for _, h := range now.Hosts {
		applied := slices.ContainsFunc(before.Hosts, func(x HostPlan) bool { return x.Name == h.Name })
		runs := slices.ContainsFunc(found.hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Running() && !s.Paused })
		ended := slices.ContainsFunc(found.hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Ended })
		switch {
		case applied && !runs:
			out = append(out, "restored host "+h.Name)
		case applied && ended && len(h.Host.Command) > 0:
			out = append(out, "restarted the command of host "+h.Name)
		}
	}
	return out
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// interfaceName is an interface in a namespace.
type interfaceName struct{ namespace, name string }

// removeStaleWires removes the wires of ours that the plan no longer has from
// the namespaces that stay.
func (a *applier) removeStaleWires() error {
	want := map[interfaceName]bool{}
	namespaces := map[string]bool{a.nodePath(""): true}
	for _, w := range a.plan.allWires() {
		for _, e := range []EndPlan{w.A, w.B} {
			path := a.nodePath(e.Node)
			want[interfaceName{path, e.Interface}] = true
			namespaces[path] = true
		}
	}
	for _, n := range a.plan.NICs {
		path := a.nodePath(n.Router)
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

// allWires are the wires of the plan, those of segments among them.
func (p *Plan) allWires() []WirePlan {
	all := slices.Clone(p.Wires)
	for _, s := range p.Segments {
		all = append(all, s.Wires...)
	}
	return all
}
