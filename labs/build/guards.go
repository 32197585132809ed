package build

import (
	"context"
	"slices"

	"pseudowan/hosts/guard"
	"pseudowan/labs/plan"
)

// Guards makes the ports of segments drop what their hosts must not send, and takes
// back guards of earlier plans.
func (b *Builder) Guards(ctx context.Context) error {
	if !b.guarded && !guarded(b.plan) {
		return nil
	}
	var all []plan.Guard
	for _, s := range b.plan.Segments {
		all = append(all, s.Guards...)
	}
	return b.guards(all, func(ports []guard.Port) ([]string, error) { return guard.Ensure(ctx, b.Path(""), ports) })
}

// guardPorts does it for the ports of a segment that are there.
func (b *Builder) guardPorts(ctx context.Context, s plan.Segment) error {
	there := slices.DeleteFunc(slices.Clone(s.Guards), func(g plan.Guard) bool {
		return !slices.ContainsFunc(s.Wires, func(w plan.Wire) bool { return w.A.Interface == g.Port })
	})
	if len(there) == 0 {
		return nil
	}
	return b.guards(there, func(ports []guard.Port) ([]string, error) { return guard.Add(ctx, b.Path(""), ports) })
}

// guards makes guards by calling do, and reports those that it repaired.
func (b *Builder) guards(guards []plan.Guard, do func([]guard.Port) (changed []string, err error)) error {
	var ports []guard.Port
	ends := map[string]string{}
	for _, g := range guards {
		ends[g.Port] = g.Host
		ports = append(ports, g.Rule())
	}
	changed, err := do(ports)
	for _, port := range changed {
		if host := ends[port]; host != "" {
			b.repaired("port guard of host "+host, host)
		}
	}
	return err
}

// guarded reports whether any port of a plan has a guard.
func guarded(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Segments, func(s plan.Segment) bool { return len(s.Guards) > 0 })
}
