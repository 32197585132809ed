package bgp

import "net/netip"

// CustomerRoute is a route that a customer has told a VRF of this router by
// BGP (RFC 4364 section 7). Prefix and peer identify it. The VRF's RD and
// export targets take the place of the route's own.
type CustomerRoute struct {
	Route     Route // Label is the one that it is announced with
	Reachable bool  // whether packets can be sent to its next hop
}

// SetCustomer adds a customer's route to a VRF, or changes it. A VRF that the
// tables do not have is an error of the caller; nothing happens.
func (t *Tables) SetCustomer(vrf string, c CustomerRoute) []Change {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	p := &path{Path: Path{Source: BGP, VRF: vrf, Route: c.Route}}
	p.Route.RD, p.Route.Targets = v.RD, v.Export
	switch {
	case c.Route.Unusable != "":
		p.fault = reasonUnusable
	case !c.Reachable:
		p.fault = reasonUnreachable
	}
	key := customerKey(vrf, c.Route.Prefix, c.Route.Peer)
	old := t.locals[key]
	if old != nil && old.fault == p.fault && old.Route.Equal(p.Route) {
		return nil
	}
	t.locals[key] = p
	return t.replace(old, p)
}

// RemoveCustomer removes a customer's route from a VRF.
func (t *Tables) RemoveCustomer(vrf string, prefix netip.Prefix, peer netip.Addr) []Change {
	key := customerKey(vrf, prefix, peer)
	old := t.locals[key]
	if old == nil {
		return nil
	}
	delete(t.locals, key)
	return t.replace(old, nil)
}

// customerKey identifies a customer's route among the local ones: by who told
// it, not by where it leads.
func customerKey(vrf string, prefix netip.Prefix, peer netip.Addr) localKey {
	return localKey{vrf: vrf, prefix: prefix, source: BGP, nextHop: peer}
}

// Remote reports whether the path leads to another router, with a label.
func (p *Path) Remote() bool { return p.Source == BGP && p.VRF == "" }

// Customer reports whether the path was told by a customer of this router.
func (p *Path) Customer() bool { return p.Source == BGP && p.VRF != "" }

// moved is a local path with the RD and targets that its VRF has now.
func (p *path) moved(v *vrfTable) *path {
	q := *p
	q.Route.RD, q.Route.Targets = v.RD, v.Export
	if p.private {
		q.Route.Targets = nil
	}
	return &q
}
