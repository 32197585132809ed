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
	var ports []guard.Port
	ends := map[string]string{}
	for _, s := range b.plan.Segments {
		for _, g := range s.Guards {
			ends[g.Port] = g.Host
			ports = append(ports, guard.Port{
				Name: g.Port, RA: g.RA, DHCP: g.DHCP, Source: g.Source, MAC: g.MAC, Allowed: g.Addresses,
			})
		}
	}
	changed, err := guard.Ensure(ctx, b.Path(""), ports)
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
