package vrf

import (
	"maps"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/router/access"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
)

// localKey identifies a local route: two neighbours may bring the same prefix.
type localKey struct {
	vrf    string
	prefix netip.Prefix
	via    neighbor.Key
}

// FollowNeighbor updates the host route of an address on an access port that
// appeared, disappeared or moved, and the routes that it brings into the VRF.
func (t *Tables) FollowNeighbor(k neighbor.Key) {
	p := t.ports.Port(k.Port)
	if p == nil {
		return
	}
	_, up := t.ports.Lookup(k)
	if up && t.ports.Idle(k) {
		return
	}
	if !access.LinkLocal(k.Addr) {
		t.hostRoute(fib.Key{VRF: p.VRFID, Prefix: hostPrefix(k.Addr)}, k.Port, up)
	}
	for key, route := range t.broughtBy(p, k.Addr) {
		if up {
			t.setLocal(key, route)
		} else {
			t.removeLocal(key)
		}
	}
}

// hostRoute notes whether an address is on a port.
func (t *Tables) hostRoute(key fib.Key, port uint32, up bool) {
	switch {
	case up:
		t.hosts[key] = port
	case t.hosts[key] == port:
		delete(t.hosts, key)
	}
	t.again(key)
}

// FollowCarrier notes that an access port gained or lost its carrier: its subnets are
// announced while it has one.
func (t *Tables) FollowCarrier(p *access.Port, up bool) {
	if up {
		for key, route := range t.subnets(p) {
			t.setLocal(key, route)
		}
		return
	}
	for _, g := range p.Gateways {
		t.removeLocal(localKey{p.VRF, g.Masked(), neighbor.Key{Port: p.Port}})
	}
}

// broughtBy returns the routes that a neighbour's address brings: its host route, if
// hosts are announced, and the static routes behind it.
func (t *Tables) broughtBy(p *access.Port, addr netip.Addr) map[localKey]bgp.LocalRoute {
	v := t.byID[p.VRFID]
	via := neighbor.Key{Port: p.Port, Addr: addr}
	out := map[localKey]bgp.LocalRoute{}
	add := func(prefix netip.Prefix, source bgp.Source, nextHop netip.Addr, private bool) {
		label, ok := v.LabelOf(prefix, nextHop)
		if !ok {
			t.log.Error("no label for a route; it is not announced", "vrf", v.Name, "prefix", prefix)
			return
		}
		out[localKey{v.Name, prefix, via}] = bgp.LocalRoute{Prefix: prefix, NextHop: nextHop, Source: source, Label: label, Private: private, Site: p.SoO}
	}
	if !access.LinkLocal(addr) {
		for _, prefix := range v.RedistributeConnected.Prefixes([]netip.Prefix{hostPrefix(addr)}, nil) {
			add(prefix, bgp.Connected, netip.Addr{}, false)
		}
	}
	for _, s := range v.Statics {
		if s.Port == p.Port && s.NextHop.WithZone("") == addr {
			add(s.Prefix, bgp.Static, s.NextHop, !v.RedistributeStatic)
		}
	}
	return out
}

// subnets returns the connected subnets of a port, if subnets are announced and the
// port has a carrier.
func (t *Tables) subnets(p *access.Port) map[localKey]bgp.LocalRoute {
	out := map[localKey]bgp.LocalRoute{}
	if !t.carriers.Up(p.Name) {
		return out
	}
	v := t.byID[p.VRFID]
	for _, prefix := range v.RedistributeConnected.Prefixes(nil, p.Gateways) {
		label, ok := v.LabelOf(prefix, netip.Addr{})
		if !ok {
			t.log.Error("no label for a subnet; it is not announced", "vrf", p.VRF, "prefix", prefix)
			continue
		}
		out[localKey{p.VRF, prefix, neighbor.Key{Port: p.Port}}] = bgp.LocalRoute{
			Prefix: prefix, Source: bgp.Connected, Label: label, Site: p.SoO,
		}
	}
	return out
}

func (t *Tables) setLocal(key localKey, route bgp.LocalRoute) {
	if t.local[key] != route {
		t.local[key] = route
		t.note(t.tables.SetLocal(key.vrf, route))
	}
}

// removeLocal removes a local route, unless another neighbour brings the same.
func (t *Tables) removeLocal(key localKey) {
	route, ok := t.local[key]
	if !ok {
		return
	}
	delete(t.local, key)
	for other, same := range t.local {
		if other.vrf == key.vrf && same == route {
			return
		}
	}
	t.note(t.tables.RemoveLocal(key.vrf, route))
}

// refreshLocal brings the local routes in line with a new configuration.
func (t *Tables) refreshLocal() {
	want := map[localKey]bgp.LocalRoute{}
	for _, e := range t.ports.Entries() {
		if p := t.ports.Port(e.Key.Port); p != nil && len(e.MAC) > 0 {
			maps.Copy(want, t.broughtBy(p, e.Key.Addr))
		}
	}
	for _, p := range t.ports.All() {
		maps.Copy(want, t.subnets(p))
	}
	for key := range t.local {
		if _, ok := want[key]; !ok {
			t.removeLocal(key)
		}
	}
	for key, route := range want {
		t.setLocal(key, route)
	}
}
