package router

import (
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
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
		row := l.vrfRow(&v)
		for _, e := range l.selected(v.Name, sel) {
			row.Routes = append(row.Routes, routeRow(e))
		}
		if !sel.Prefix.IsValid() || sel.Shorter || len(row.Routes) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// vrfRow returns the row of a VRF without routes.
func (l *loop) vrfRow(v *config.VRF) status.VRF {
	used := l.vrfs.Usage(v.Name)
	return status.VRF{
		Router: l.name(), VRF: v.Name, RD: v.RD.String(), Import: texts(v.Import), Export: texts(v.Export),
		Routes: []status.Route{}, MaxRoutes: v.Limit.Max, Held: used.Held, Refused: used.Refused,
	}
}

func routeRow(e bgp.Entry) status.Route {
	return status.Route{
		Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path), Label: labelOf(e.Route.Label), Source: status.RouteSource(e.Source.String()),
		Best: e.Best, Backup: e.Backup, Reason: e.Reason, MED: e.Route.MED, LocalPref: e.Route.LocalPref, Weight: e.Route.Weight,
		ASPath: e.Route.ASPath.String(), Origin: status.Origin(vrf.OriginOf(e.Path).String()),
		Unusable: e.Route.Unusable, ChangedBy: words(e.ChangedBy()), SoO: texts(vpn.SitesOf(e.Route.Extended)),
	}
}

// selected lists the selected routes of a VRF.
func (l *loop) selected(vrf string, sel status.Selection) []bgp.Entry {
	if !sel.Prefix.IsValid() {
		return l.vrfs.Routes(vrf)
	}
	var list []bgp.Entry
	prefixes := l.selectedPrefixes(vrf, sel)
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	for _, p := range prefixes {
		list = append(list, l.vrfs.Paths(vrf, p)...)
	}
	return list
}

// selectedPrefixes lists selected prefixes of a VRF, in no order; it may not have some of
// them.
func (l *loop) selectedPrefixes(vrf string, sel status.Selection) []netip.Prefix {
	list := sel.Exact()
	if list == nil {
		for p := range l.vrfs.Prefixes(vrf) {
			if sel.Has(p) {
				list = append(list, p)
			}
		}
	}
	return list
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
		rows = append(rows, l.bindingRows(&v, l.selected(v.Name, sel))...)
	}
	return rows
}

// bindingRows returns the rows of the best paths of a VRF among some.
func (l *loop) bindingRows(v *config.VRF, paths []bgp.Entry) []status.MPLS {
	var rows []status.MPLS
	for _, e := range paths {
		if !e.Best || !e.Remote() && e.VRF != v.Name {
			continue
		}
		row := status.MPLS{
			Router: l.name(), VRF: v.Name, RD: v.RD.String(), Prefix: e.Route.Prefix, NextHop: shownNextHop(e.Path),
			Label: uint32(e.Route.Label), Direction: status.DirectionIn, Stack: []uint32{},
		}
		if e.Remote() {
			row.Direction, row.Stack = status.DirectionOut, l.stackTo(e.Route.NextHop, row.Label)
		}
		rows = append(rows, row)
	}
	return rows
}

// stackTo returns the labels with which packets of a route leave for a next hop: that of the
// best path around that of the route.
func (l *loop) stackTo(nextHop netip.Addr, label uint32) []uint32 {
	p, far := l.lsps.Path(netip.PrefixFrom(nextHop, nextHop.BitLen()))
	if !far || p.Out == pipeline.ImplicitNull || l.links.Of(nextHop) != nil {
		return []uint32{label}
	}
	return []uint32{uint32(p.Out), label}
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
