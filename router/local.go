package router

import (
	"maps"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/router/neighbor"
)

// localKey names a local route: two neighbours may bring the same prefix.
type localKey struct {
	vrf    string
	prefix netip.Prefix
	via    neighbor.Key
}

// localRoutes enters or removes the routes that a neighbour's address brings.
func (r *reactor) localRoutes(p *accessPort, addr netip.Addr, up bool) {
	for key, route := range r.broughtBy(p, addr) {
		if up {
			r.setLocal(key, route)
		} else {
			r.removeLocal(key)
		}
	}
}

// broughtBy is the routes that a neighbour's address brings: its own, where
// hosts are announced, and the static routes behind it.
func (r *reactor) broughtBy(p *accessPort, addr netip.Addr) map[localKey]bgp.LocalRoute {
	v := p.vrf
	via := neighbor.Key{Port: p.Port, Addr: addr}
	out := map[localKey]bgp.LocalRoute{}
	add := func(prefix netip.Prefix, source bgp.Source, nextHop netip.Addr, private bool) {
		label, ok := v.LabelOf(prefix, nextHop)
		if !ok {
			r.log.Error("no label for a route; it is not announced", "vrf", v.Name, "prefix", prefix)
			return
		}
		out[localKey{v.Name, prefix, via}] = bgp.LocalRoute{Prefix: prefix, NextHop: nextHop, Source: source, Label: label, Private: private}
	}
	if !linkLocal(addr) {
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

func (r *reactor) setLocal(key localKey, route bgp.LocalRoute) {
	if r.local[key] != route {
		r.local[key] = route
		r.tableChanges(r.tables.SetLocal(key.vrf, route))
	}
}

// removeLocal removes a local route, unless another neighbour brings the same.
func (r *reactor) removeLocal(key localKey) {
	route, ok := r.local[key]
	if !ok {
		return
	}
	delete(r.local, key)
	for other, same := range r.local {
		if other.vrf == key.vrf && same == route {
			return
		}
	}
	r.tableChanges(r.tables.RemoveLocal(key.vrf, route))
}

// refreshRoutes brings the local routes and the switch in line with a new
// configuration.
func (r *reactor) refreshRoutes() {
	want := map[localKey]bgp.LocalRoute{}
	for _, e := range r.neighbors.Entries() {
		if p := r.access[e.Key.Port]; p != nil && len(e.MAC) > 0 {
			maps.Copy(want, r.broughtBy(p, e.Key.Addr))
		}
	}
	for _, p := range r.access {
		maps.Copy(want, r.subnetRoutes(p))
	}
	for key := range r.local {
		if _, ok := want[key]; !ok {
			r.removeLocal(key)
		}
	}
	for key, route := range want {
		r.setLocal(key, route)
	}
	for key := range r.fib.Routes() {
		r.dirty[key] = true
	}
	for key := range r.best {
		r.dirty[key] = true
	}
}

// subnetRoutes is the connected subnets of a port, where subnets are announced
// and the port has a carrier.
func (r *reactor) subnetRoutes(p *accessPort) map[localKey]bgp.LocalRoute {
	out := map[localKey]bgp.LocalRoute{}
	if !r.carriers.Up(p.Name) {
		return out
	}
	for _, prefix := range p.vrf.RedistributeConnected.Prefixes(nil, p.Gateways) {
		label, ok := p.vrf.LabelOf(prefix, netip.Addr{})
		if !ok {
			r.log.Error("no label for a subnet; it is not announced", "vrf", p.VRF, "prefix", prefix)
			continue
		}
		out[localKey{p.VRF, prefix, neighbor.Key{Port: p.Port}}] = bgp.LocalRoute{
			Prefix: prefix, Source: bgp.Connected, Label: label,
		}
	}
	return out
}
