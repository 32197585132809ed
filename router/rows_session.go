package router

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/ce"
	"pseudowan/status"
)

// getRoutes lists the routes of a session (?peer=, ?vrf= with a customer, ?view=), perhaps
// only those received to a prefix (?prefix=).
func (a *agent) getRoutes(ctx context.Context, q *http.Request) (any, error) {
	words := q.URL.Query()
	peer, err := netip.ParseAddr(words.Get("peer"))
	if err != nil {
		return nil, err
	}
	view := status.RouteView(words.Get("view"))
	switch view {
	case status.RoutesReceived, status.RoutesAccepted, status.RoutesAdvertised:
	default:
		return nil, fmt.Errorf("view %q: want received, accepted or advertised", view)
	}
	sel, err := status.ReadSelection(words)
	if err != nil {
		return nil, err
	}
	return a.sessionRows(ctx, words.Get("vrf"), peer, view, sel.Prefix)
}

func (a *agent) sessionRows(ctx context.Context, vrf string, peer netip.Addr, view status.RouteView, only netip.Prefix) ([]status.SessionRoute, error) {
	speakers, err := a.speakersOf(ctx, vrf)
	if err != nil {
		return nil, err
	}
	rows := []status.SessionRoute{}
	for _, s := range speakers {
		if !s.Has(peer) {
			continue
		}
		routes := func() []bgp.PeerRoute { return s.PeerRoutes(peer, bgp.RouteView(view)) }
		if only.IsValid() && view == status.RoutesReceived {
			routes = func() []bgp.PeerRoute { return s.ReceivedOf(peer, only) }
		}
		for _, r := range routes() {
			row := sessionRow(r, vrf == "", s == a.core)
			row.Router, row.VRF, row.RemoteAddress, row.View = a.name, vrf, peer, view
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// speakersOf lists the speakers of the CEs in a VRF, or with "" those for routers.
func (a *agent) speakersOf(ctx context.Context, vrf string) ([]*bgp.Speaker, error) {
	switch {
	case vrf != "":
		return a.speakersIn(ctx, vrf)
	case a.core != nil:
		return []*bgp.Speaker{a.speaker, a.core}, nil
	}
	return []*bgp.Speaker{a.speaker}, nil
}

// speakersIn lists the speakers of the CEs in a VRF.
func (a *agent) speakersIn(ctx context.Context, vrf string) ([]*bgp.Speaker, error) {
	list, err := inLoop(ctx, a.loop, func() (list []*ce.Speaker) {
		for _, c := range a.loop.ces.CEs() {
			if c.VRF() == vrf {
				list = append(list, c.Speaker)
			}
		}
		return list
	})
	speakers := make([]*bgp.Speaker, len(list))
	for i, s := range list {
		speakers[i] = s.Speaker
	}
	return speakers, err
}

func sessionRow(r bgp.PeerRoute, labelled, core bool) status.SessionRoute {
	family := vpn.FamilyOf(r.Prefix)
	row := status.SessionRoute{
		Family: string(family.Plain()), Prefix: r.Prefix, PathID: r.ID, NextHop: r.NextHop, ASPath: r.ASPath.String(), Origin: status.Origin(r.Origin.String()),
		MED: r.MED, LocalPref: r.LocalPref, Weight: r.Weight, Targets: texts(r.Targets), Communities: texts(r.Communities),
		Large: texts(r.LargeCommunities), Extended: texts(r.Extended), Rejected: r.Rejected, ChangedBy: texts(r.Changed),
	}
	switch {
	case core:
		row.Family, row.Label = string(family.Labeled()), labelOf(r.Label)
	case labelled:
		row.Family, row.RD, row.Label = string(family), r.RD.String(), labelOf(r.Label)
	}
	return row
}
