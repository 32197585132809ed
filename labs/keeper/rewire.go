package keeper

import (
	"context"
	"slices"

	"pseudowan/labs/build"
	"pseudowan/labs/plan"
)

// rewire makes the wires of torn hosts again, and returns the nodes at their other
// ends, which have lost an interface.
func (h *healer) rewire(ctx context.Context, b *build.Builder, applied *plan.Plan, torn []plan.Host) (far map[string]bool, err error) {
	isTorn := func(node string) bool {
		return b.Placed(node) && slices.ContainsFunc(torn, func(t plan.Host) bool { return t.Name == node })
	}
	lost := func(w plan.Wire) bool { return isTorn(w.A.Node) || isTorn(w.B.Node) }
	if err := h.placeNeighbors(ctx, b, applied, torn); err != nil {
		return nil, err
	}
	there := func(w plan.Wire) bool { return h.exists(b, applied, w.A.Node) && h.exists(b, applied, w.B.Node) }
	far = map[string]bool{}
	err = b.Wires(ctx, func(w plan.Wire) bool {
		for _, node := range []string{w.A.Node, w.B.Node} {
			far[node] = far[node] || lost(w) && there(w) && !isTorn(node)
		}
		return lost(w) && there(w)
	})
	if err != nil {
		return nil, err
	}
	for _, s := range applied.Segments {
		if !s.OfHosts() || !slices.ContainsFunc(s.Wires, lost) {
			continue
		}
		s.Wires = slices.DeleteFunc(slices.Clone(s.Wires), func(w plan.Wire) bool { return !there(w) })
		if err := b.Segment(ctx, s); err != nil {
			return nil, err
		}
	}
	return far, nil
}

// placeNeighbors finds the running hosts of the runtime with which torn ones may
// share a segment.
func (h *healer) placeNeighbors(ctx context.Context, b *build.Builder, applied *plan.Plan, torn []plan.Host) error {
	onSegment := func(t plan.Host) bool {
		return slices.ContainsFunc(t.Interfaces, func(i plan.Interface) bool { return i.Segment != "" })
	}
	if !slices.ContainsFunc(torn, onSegment) {
		return nil
	}
	boxes, err := h.boxes(ctx)
	for _, s := range boxes {
		if s.Running() && !b.Placed(s.Node) {
			b.Place(s.Node, s.NetNS)
		}
	}
	return err
}

// exists reports whether the namespace of a node is there: that of a host of the
// runtime is only while the host runs.
func (h *healer) exists(b *build.Builder, applied *plan.Plan, node string) bool {
	i := slices.IndexFunc(applied.Hosts, func(t plan.Host) bool { return t.Name == node })
	return i < 0 || applied.Hosts[i].Runtime != h.runtime.Name() || b.Placed(node)
}
