package labs

import (
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// putRight reports a repair that concerns nodes, unless up reports that it adds,
// changes or restores one of them.
func (a *applier) putRight(what string, nodes ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := slices.ContainsFunc(a.changed, func(line string) bool {
		return slices.ContainsFunc(nodes, func(n string) bool {
			return strings.HasSuffix(line, " router "+n) || strings.HasSuffix(line, " segment "+n) || strings.HasSuffix(line, " host "+n)
		})
	})
	if line := "put right " + what; !told && !a.fresh && !slices.Contains(a.right, line) {
		a.right = append(a.right, line)
	}
}

// addMended reports the repairs since the last up, except in a new lab.
func (a *applier) addMended() {
	for _, line := range store.DrainMended(a.plan.Lab) {
		if !a.fresh && !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}

// report reports changes, each only once.
func (a *applier) report(changes []plan.Change) {
	for _, c := range changes {
		if line := c.String(); !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}

// loss is a node that has disappeared or ended.
type loss struct{ repair, node string }

// String says what is done about it.
func (l loss) String() string { return l.repair + " " + l.node }

// restored lists the nodes in both plans that have disappeared or ended.
func restored(before, now *plan.Plan, found inventory.Inventory) []loss {
	var out []loss
	for _, r := range now.Routers {
		applied := slices.ContainsFunc(before.Routers, func(x plan.Router) bool { return x.Name == r.Name })
		runs := slices.ContainsFunc(found.ByKind(hosts.KindRouter), func(ns hosts.Namespace) bool { return ns.Mark.Node == r.Name })
		if applied && !runs {
			out = append(out, loss{"restored router", r.Name})
		}
	}
	for _, h := range now.Hosts {
		applied := slices.ContainsFunc(before.Hosts, func(x plan.Host) bool { return x.Name == h.Name })
		runs := slices.ContainsFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Running() && !s.Paused })
		ended := slices.ContainsFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name && s.Ended })
		switch {
		case applied && !runs:
			out = append(out, loss{"restored host", h.Name})
		case applied && ended && len(h.Command) > 0:
			out = append(out, loss{"restarted the command of host", h.Name})
		}
	}
	return out
}
