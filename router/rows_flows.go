package router

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/status"
)

// flowRows lists the counters, one row for each incoming label and each route.
func (a *agent) flowRows(ctx context.Context, sel status.Selection, exact bool) ([]status.Flow, error) {
	counters, err := a.sw.Counters(ctx, exact)
	if err != nil {
		return nil, err
	}
	return inLoop(ctx, a.loop, func() []status.Flow {
		rows := []status.Flow{}
		for i := range a.loop.cfg.VRFs {
			v := &a.loop.cfg.VRFs[i]
			if sel.InVRF(v.Name, v.RD.String()) {
				rows = append(rows, a.loop.labelFlows(v, sel)...)
				rows = append(rows, a.loop.routeFlows(v, sel)...)
			}
		}
		for i := range rows {
			n := counters[a.loop.rowCookie(rows[i])]
			rows[i].Packets, rows[i].Bytes = n.Packets, n.Bytes
		}
		return rows
	})
}

func (l *loop) labelFlows(v *config.VRF, sel status.Selection) []status.Flow {
	var rows []status.Flow
	for _, b := range l.vrfs.Bindings(v) {
		if sel.Has(b.Key.Prefix) {
			rows = append(rows, l.labelFlow(v, b))
		}
	}
	return rows
}

// labelFlow returns the row of an incoming label, without counters.
func (l *loop) labelFlow(v *config.VRF, b vpn.Binding) status.Flow {
	nextHop := l.vrfs.NextHopOf(v, b.Key)
	if !nextHop.IsValid() && b.Key.Family == vpn.VPNv4 {
		nextHop = netip.IPv4Unspecified()
	} else if !nextHop.IsValid() {
		nextHop = netip.IPv6Unspecified()
	}
	return status.Flow{
		Router: l.name(), VRF: v.Name, RD: v.RD.String(), Direction: status.DirectionIn,
		Prefix: b.Key.Prefix, Label: labelOf(b.Label), NextHop: nextHop,
	}
}

// labelRows lists incoming labels, without counters: one if it is given, else those that
// selected prefixes have, alone or among others.
func (l *loop) labelRows(sel status.Selection, label *vpn.Label) []status.Flow {
	rows := []status.Flow{}
	add := func(v *config.VRF, b vpn.Binding) {
		if v != nil && (label != nil && b.Label == *label || label == nil && (!b.Key.Prefix.IsValid() || sel.Has(b.Key.Prefix))) {
			rows = append(rows, l.labelFlow(v, b))
		}
	}
	for i := range l.cfg.VRFs {
		for _, b := range l.cfg.VRFs[i].Bindings {
			add(&l.cfg.VRFs[i], b)
		}
	}
	given, _ := l.vrfs.Labels.Given()
	for _, b := range given {
		add(l.vrfs.VRF(b.Key.VRF), b)
		if row, ok := l.swapFlow(b); ok && (label != nil && b.Label == *label || label == nil && sel.Has(b.Key.Prefix)) {
			rows = append(rows, row)
		}
	}
	return rows
}

// swapFlow returns the row of the label of a route that is told on, without counters; ok is
// false for other labels.
func (l *loop) swapFlow(b vpn.Binding) (row status.Flow, ok bool) {
	p, ok := l.border.Of(b.Key)
	if !ok {
		return row, false
	}
	return status.Flow{
		Router: l.name(), RD: p.Route.RD.String(), Direction: status.DirectionIn, Prefix: p.Route.Prefix,
		Label: labelOf(p.In), NextHop: p.Route.NextHop, Swap: labelOf(p.Route.Label),
	}, true
}

// routeFlow returns the row of a route, without counters.
func (l *loop) routeFlow(v *config.VRF, key fib.Key) status.Flow {
	row := status.Flow{
		Router: l.name(), VRF: v.Name, RD: v.RD.String(), Direction: status.DirectionOut, Prefix: key.Prefix,
		NextHop: unspecified(key.Prefix.Addr()),
	}
	if best := l.vrfs.Best(key); best != nil {
		row.NextHop = shownNextHop(*best)
		if best.Remote() {
			row.Label = labelOf(best.Route.Label)
		}
	}
	return row
}

func (l *loop) routeFlows(v *config.VRF, sel status.Selection) []status.Flow {
	var rows []status.Flow
	for key := range l.fib.Routes() {
		if key.VRF != v.ID || !sel.Has(key.Prefix) {
			continue
		}
		if l.vrfs.Connected(key) {
			continue
		}
		rows = append(rows, l.routeFlow(v, key))
	}
	slices.SortFunc(rows, func(a, b status.Flow) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return rows
}

// labelRows is that of the loop; label is a number, "" for none.
func (a *agent) labelRows(ctx context.Context, sel status.Selection, label string) ([]status.Flow, error) {
	var one *vpn.Label
	if label != "" {
		n, err := strconv.ParseUint(label, 10, 20)
		if err != nil {
			return nil, fmt.Errorf("label: %w", err)
		}
		one = new(vpn.Label)
		*one = vpn.Label(n)
	}
	return inLoop(ctx, a.loop, func() []status.Flow { return a.loop.labelRows(sel, one) })
}
