package router

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/meter"
	"pseudowan/router/vrf"
	"pseudowan/status"
)

// vrfRows lists the VRFs with their routes, and counts the packets from other routers
// that came up.
func (a *agent) vrfRows(ctx context.Context, sel status.Selection) ([]status.VRF, error) {
	cfg, err := inLoop(ctx, a.loop, func() config.Router { return a.loop.cfg })
	if err != nil {
		return nil, err
	}
	_, byVRF, err := meter.Count(ctx, a.sw, cfg)
	if err != nil {
		return nil, err
	}
	return inLoop(ctx, a.loop, func() []status.VRF {
		rows := a.loop.routeRows(sel)
		for i, row := range rows {
			p := byVRF[a.loop.vrfs.VRF(row.VRF).ID]
			rows[i].Punted, rows[i].PuntsDropped = p.Packets, p.Dropped
		}
		return rows
	})
}

// routeRows lists the VRFs; those without a selected route are left out if only some are
// selected.
func (l *loop) routeRows(sel status.Selection) []status.VRF {
	rows := []status.VRF{}
	for _, v := range l.vrfs.VRFs() {
		if !sel.InVRF(v.Name, v.RD.String()) {
			continue
		}
		row := status.VRF{
			Router: l.name(), VRF: v.Name, RD: v.RD.String(), Import: texts(v.Import), Export: texts(v.Export),
			Routes: []status.Route{}, MaxRoutes: v.Limit.Max,
		}
		used := l.vrfs.Usage(v.Name)
		row.Held, row.Refused = used.Held, used.Refused
		for _, e := range l.selected(v.Name, sel) {
			row.Routes = append(row.Routes, status.Route{
				Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path), Label: labelOf(e.Route.Label), Source: status.RouteSource(e.Source.String()),
				Best: e.Best, Reason: e.Reason, MED: e.Route.MED, LocalPref: e.Route.LocalPref, Weight: e.Route.Weight,
				ASPath: e.Route.ASPath.String(), Origin: status.Origin(vrf.OriginOf(e.Path).String()),
				Unusable: e.Route.Unusable, ChangedBy: words(e.Policy.Changed), SoO: texts(vpn.SitesOf(e.Route.Extended)),
			})
		}
		if !sel.Prefix.IsValid() || len(row.Routes) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// selected lists the selected routes of a VRF.
func (l *loop) selected(vrf string, sel status.Selection) []bgp.Entry {
	switch {
	case !sel.Prefix.IsValid():
		return l.vrfs.Routes(vrf)
	case !sel.Longer:
		return l.vrfs.Paths(vrf, sel.Prefix)
	}
	return slices.DeleteFunc(l.vrfs.Routes(vrf), func(e bgp.Entry) bool { return !sel.Has(e.Route.Prefix) })
}

// words writes terms of policies.
func words(steps []policy.Step) []string {
	out := []string{}
	for _, s := range steps {
		out = append(out, s.String())
	}
	return out
}

// shownNextHop returns the next hop of a path, 0.0.0.0 or :: for connected routes and
// aggregates.
func shownNextHop(p bgp.Path) netip.Addr {
	if p.Source == bgp.Connected || p.Source == bgp.Aggregate {
		return unspecified(p.Route.Prefix.Addr())
	}
	return p.Route.NextHop
}

func labelOf(l vpn.Label) *uint32 {
	n := uint32(l)
	return &n
}

// mplsRows lists the assigned labels (in), and those pushed (out) for the best
// route to each prefix.
func (l *loop) mplsRows(sel status.Selection) []status.MPLS {
	rows := []status.MPLS{}
	for _, v := range l.vrfs.VRFs() {
		if !sel.InVRF(v.Name, v.RD.String()) {
			continue
		}
		for _, e := range l.selected(v.Name, sel) {
			if !e.Best || !e.Remote() && e.VRF != v.Name {
				continue
			}
			row := status.MPLS{
				Router: l.name(), VRF: v.Name, RD: v.RD.String(), Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path),
				Label: uint32(e.Route.Label), Direction: status.DirectionIn,
			}
			if e.Remote() {
				row.Direction = status.DirectionOut
			}
			rows = append(rows, row)
		}
	}
	return rows
}

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
		if !sel.Has(b.Key.Prefix) {
			continue
		}
		nextHop := l.vrfs.NextHopOf(v, b.Key)
		if !nextHop.IsValid() && b.Key.Family == vpn.VPNv4 {
			nextHop = netip.IPv4Unspecified()
		} else if !nextHop.IsValid() {
			nextHop = netip.IPv6Unspecified()
		}
		rows = append(rows, status.Flow{
			Router: l.name(), VRF: v.Name, RD: v.RD.String(), Direction: status.DirectionIn,
			Prefix: b.Key.Prefix, Label: labelOf(b.Label), NextHop: nextHop,
		})
	}
	return rows
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
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b status.Flow) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return rows
}

// rowCookie returns the cookie of the flow whose counters a row shows.
func (l *loop) rowCookie(row status.Flow) pipeline.Cookie {
	if row.Direction == status.DirectionIn {
		return pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(*row.Label))
	}
	c, _ := l.fib.Route(fib.Key{VRF: l.vrfs.VRF(row.VRF).ID, Prefix: row.Prefix})
	return c
}

func (a *agent) ribRows(ctx context.Context, sel status.Selection) ([]status.RIB, error) {
	rows := []status.RIB{}
	rds, err := inLoop(ctx, a.loop, func() map[string]bool { return a.loop.rds(sel.VRF) })
	if err != nil {
		return nil, err
	}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		paths, err := a.speaker.RIB(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			if !sel.Has(p.Prefix) || sel.VRF != "" && !rds[p.RD.String()] {
				continue
			}
			rows = append(rows, status.RIB{
				Router: a.name, Family: string(f), RD: p.RD.String(), Prefix: p.Prefix, NextHop: p.NextHop,
				Label: uint32(p.Label), Targets: texts(p.Targets), Best: p.Best,
				ASPath: p.ASPath.String(), Origin: status.Origin(p.Origin.String()), MED: p.MED, LocalPref: p.LocalPref,
				Unusable: p.Unusable, Peer: p.Peer, Weight: p.Weight, Stale: p.Stale,
				Communities: texts(p.Communities), Large: texts(p.LargeCommunities), Extended: texts(p.Extended),
			})
		}
	}
	return rows, nil
}

// rds returns the RDs of a VRF, given by its name or RD.
func (l *loop) rds(vrf string) map[string]bool {
	rds := map[string]bool{}
	for _, v := range l.cfg.VRFs {
		if vrf == v.Name || vrf == v.RD.String() {
			rds[v.RD.String()] = true
		}
	}
	return rds
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
