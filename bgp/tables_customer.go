package bgp

import "net/netip"

// CustomerRoute is a route that a VRF of this router has received from a customer
// by BGP (RFC 4364 section 7). Prefix and peer identify it. The VRF's RD and
// export targets replace the route's own.
type CustomerRoute struct {
	Route     Route // its Label is the one with which it is announced
	Reachable bool  // whether packets can be sent to its next hop
}

// SetCustomer adds a customer's route to a VRF, or changes it. It does nothing if
// there is no such VRF.
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
	p.out = p.leaving(v)
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

// customerKey returns the key of a customer's route among the local ones, which
// has the peer instead of the next hop.
func customerKey(vrf string, prefix netip.Prefix, peer netip.Addr) localKey {
	return localKey{vrf: vrf, prefix: prefix, source: BGP, nextHop: peer}
}
