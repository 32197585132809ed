package look

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/hosts"
	"pseudowan/hosts/impair"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/status"
	"pseudowan/topology"
)

// faults are the faults of a lab's links that are in place now, in words, by the
// ends of the links.
type faults map[faultAt]string

type faultAt struct{ node, iface string }

// faultsOf reads the faults of a lab. A link whose interfaces somebody has restored,
// or a restarted container brought anew, has none.
func faultsOf(ctx context.Context, lab string, applied *topology.Topology, o *inventory.Inventory) faults {
	list, err := store.Faults(lab)
	tracked := trackedPorts(lab, applied)
	if err != nil || len(list)+len(tracked) == 0 {
		return nil
	}
	if o == nil {
		found, err := inventory.Of(ctx, lab, nil)
		if err != nil {
			return nil
		}
		o = &found
	}
	out := faults{}
	for _, f := range list {
		var words []string
		if f.Down && look(ctx, o, lab, f.Cable.Down).Down {
			words = append(words, "down")
		}
		if slices.ContainsFunc(f.Cable.Impair, func(e plan.End) bool { return look(ctx, o, lab, e).Impaired }) {
			words = append(words, impaired(f)...)
		}
		out.add(f.Cable, words...)
	}
	for _, c := range tracked {
		if slices.ContainsFunc(c.Ends, func(e plan.End) bool { return look(ctx, o, lab, e).Held }) {
			out.add(c, status.FaultTracking)
		}
	}
	return out
}

// add notes what is wrong with a cable at its ends.
func (f faults) add(c plan.Cable, words ...string) {
	for _, e := range c.Ends {
		at := faultAt{e.Node, e.Interface}
		for _, w := range words {
			if f[at] != "" {
				w = f[at] + "," + w
			}
			f[at] = w
		}
	}
}

// trackedPorts lists the cables to customers of routers that track their uplinks.
func trackedPorts(lab string, applied *topology.Topology) (list []plan.Cable) {
	if applied != nil && !slices.ContainsFunc(applied.Routers, func(r topology.Router) bool { return r.Tracking != nil }) {
		return nil // without a look at the plan, which may be large
	}
	planned, err := store.Applied(lab)
	if err != nil {
		return nil
	}
	for _, r := range planned.Routers {
		if t := r.Config.Transport; t == nil || t.Tracking == nil {
			continue
		}
		for _, a := range r.Config.Access {
			if cables, err := planned.Cables(r.Name + ":" + a.Name); err == nil {
				list = append(list, cables...)
			}
		}
	}
	return list
}

// look returns the state of the interface at an end.
func look(ctx context.Context, o *inventory.Inventory, lab string, e plan.End) impair.State {
	path := hosts.Namespace{Name: plan.LabNamespace(lab)}.Path()
	if e.Node != "" {
		path = hosts.Namespace{Name: plan.NodeNamespace(lab, e.Node)}.Path()
	}
	for _, s := range o.Hosts {
		if s.Node == e.Node && s.Running() {
			path = s.NetNS
		}
	}
	s, err := impair.Look(ctx, impair.Interface{Namespace: path, Name: e.Interface, Held: config.TrackedGroup})
	if err != nil {
		return impair.State{}
	}
	return s
}

// impaired returns what happens to packets on a link, and by which means, without
// blanks: tables are cut at these.
func impaired(f store.Fault) (words []string) {
	if f.Loss > 0 {
		words = append(words, "loss="+strconv.FormatFloat(100*f.Loss, 'f', -1, 64)+"%")
	}
	if f.Delay > 0 {
		words = append(words, "delay="+f.Delay.String())
	}
	if f.Rate > 0 {
		words = append(words, fmt.Sprintf("rate=%dkbit/s", f.Rate/1000))
	}
	if len(words) > 0 && len(f.Means) > 0 {
		words[len(words)-1] += "(" + strings.Join(f.Means, "+") + ")"
	}
	return words
}

// mark notes the faults at ports.
func (f faults) mark(rows []status.Interface) {
	for i := range rows {
		if fault := f[faultAt{rows[i].Router, rows[i].Name}]; fault != "" {
			rows[i].Fault = fault
		}
	}
}

// of lists the faults at a node, with the interfaces.
func (f faults) of(node string) []string {
	var out []string
	for at, words := range f {
		if at.node == node {
			out = append(out, at.iface+":"+words)
		}
	}
	slices.Sort(out)
	return out
}
