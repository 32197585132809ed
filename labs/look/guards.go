package look

import (
	"context"
	"fmt"
	"slices"

	"pseudowan/hosts"
	"pseudowan/hosts/guard"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
)

// Guards lists the port guards of a lab, with their counters. A filter selects
// segments with a router or VRF on them.
func (l *Lab) Guards(ctx context.Context, f Filter) ([]status.Guard, error) {
	applied, err := store.Applied(l.Name)
	if err != nil {
		return nil, fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", l.Name, err)
	}
	var counts map[string]guard.Count
	out := []status.Guard{}
	for _, s := range applied.Segments {
		if len(s.Guards) == 0 || !l.segmentIn(s.Of, f) {
			continue
		}
		if counts == nil {
			if counts, err = guard.Counts(ctx, hosts.Namespace{Name: applied.Namespace}.Path()); err != nil {
				return nil, err
			}
		}
		for _, g := range s.Guards {
			n := counts[g.Port]
			row := status.Guard{
				Segment: s.Of, Host: g.Host, Interface: g.Interface, Guard: topology.Guard{RA: g.RA, Source: g.Source, DHCP: g.DHCP}.Words(),
				State: status.GuardActive, Arrived: n.Arrived, RA: n.Dropped[guard.KindRA], Source: n.Dropped[guard.KindSource],
				DHCP: n.Dropped[guard.KindDHCP], Hidden: n.Dropped[guard.KindHidden],
			}
			for _, p := range g.Addresses {
				row.Allowed = append(row.Allowed, p.String())
			}
			if !g.Rule().Active(counts) {
				row.State = status.GuardMissing
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// segmentIn reports whether a filter selects a segment.
func (l *Lab) segmentIn(name string, f Filter) bool {
	if f.Router == "" && f.VRF == "" {
		return true
	}
	if l.applied == nil {
		return false
	}
	s := l.applied.Segment(topology.Attachment{Segment: name})
	return s != nil && slices.ContainsFunc(s.Routers, func(r topology.SegmentRouter) bool {
		return (f.Router == "" || r.Router == f.Router) && f.InVRF(r.VRF, l.rd(r.Router, r.VRF))
	})
}
