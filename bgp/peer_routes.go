package bgp

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// RouteView is a way to look at the routes of a session.
type RouteView string

// The views.
const (
	ReceivedRoutes   RouteView = "received"   // what the peer has announced, before the import policy
	AcceptedRoutes   RouteView = "accepted"   // what is used of it, after the import policy
	AdvertisedRoutes RouteView = "advertised" // what the peer has been told, after the export policy
)

// PeerRoute is a route of a session.
type PeerRoute struct {
	Route
	Rejected string        // why a received route is not used; "" if it is
	ID       *uint32       // path identifier (RFC 7911); nil: it has none
	Changed  []policy.Step // the terms of the import policy that change a received route
}

// Has reports whether the speaker has a session with the peer, in whatever state.
func (s *Speaker) Has(peer netip.Addr) bool {
	_, ok := s.sessions.neighbor(peer.WithZone(""))
	return ok
}

// PeerRoutes lists the routes of an established session, by prefix and RD. There
// are none while the session is down.
func (s *Speaker) PeerRoutes(peer netip.Addr, view RouteView) []PeerRoute {
	r := s.transport.session(peer.WithZone(""))
	if r == nil {
		return nil
	}
	var list []PeerRoute
	if view == AdvertisedRoutes {
		for _, p := range r.editor.Paths() {
			list = append(list, peerRoute(p.Path, p.ID, p.Label))
		}
	} else {
		list = r.received(view)
	}
	slices.SortFunc(list, func(a, b PeerRoute) int { return a.Key().compare(b.Key()) })
	return list
}

// ReceivedOf lists what the peer of an established session has announced of a prefix, by
// RD.
func (s *Speaker) ReceivedOf(peer netip.Addr, prefix netip.Prefix) []PeerRoute {
	r := s.transport.session(peer.WithZone(""))
	if r == nil {
		return nil
	}
	list := peerRoutes(r.judge.PathsTo(prefix), ReceivedRoutes)
	slices.SortFunc(list, func(a, b PeerRoute) int { return a.Key().compare(b.Key()) })
	return list
}

// received lists what the peer has announced.
func (r *relay) received(view RouteView) []PeerRoute { return peerRoutes(r.judge.Paths(), view) }

func peerRoutes(paths []gate.ReceivedPath, view RouteView) []PeerRoute {
	var list []PeerRoute
	for _, p := range paths {
		path := p.Before
		if view == AcceptedRoutes {
			if p.Unused != "" {
				continue
			}
			path = p.After
		}
		route := peerRoute(path, p.ID, p.Label)
		if view == ReceivedRoutes {
			route.Rejected, route.Changed = p.Unused, p.By.Changed
		}
		list = append(list, route)
	}
	return list
}

func peerRoute(p policy.Path, id *uint32, label uint32) PeerRoute {
	r := PeerRoute{ID: id, Route: Route{
		RD: p.RD, Prefix: p.Prefix, NextHop: p.NextHop, Label: vpn.Label(label),
		Origin: p.Origin, ASPath: p.ASPath, Communities: p.Communities, LargeCommunities: p.Large,
		MED: p.MED, LocalPref: p.LocalPref, Weight: p.Weight,
	}}
	if id != nil {
		r.PathID = *id
	}
	for _, c := range p.Extended {
		if t, ok := vpn.RouteTargetFromBytes(c); ok {
			r.Targets = append(r.Targets, t)
		} else {
			r.Extended = append(r.Extended, c)
		}
	}
	return r
}
