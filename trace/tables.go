package trace

import (
	"fmt"
	"net/netip"

	"pseudowan/status"
)

// maxLookups limits how many VRFs of a router pass a packet on to each other.
const maxLookups = 8

// goal is the object of a lookup. Among equally good paths, over which packets are
// spread, the lookup prefers the one that the switch takes.
type goal struct {
	to    netip.Addr
	taken status.Forwarding
	depth int // VRFs that may still pass the packet on
}

// lookup is what the tables do with a packet.
type lookup struct {
	status.Forwarding
	slow bool   // the router has to answer itself: the packet must get to the slow path
	mac  string // of the next hop; "" if unknown
}

// stops returns a packet that ends at the router.
func stops(why string) lookup { return lookup{Forwarding: status.Forwarding{Stops: why}} }

// byTables returns what a router should do with a packet by its tables. taken is what
// its switch does.
func (s *Snapshot) byTables(router string, p Packet, taken status.Forwarding) lookup {
	g := goal{p.Destination, taken, maxLookups}
	in, ok := s.port(router, p.Port)
	switch {
	case !ok:
		return stops(fmt.Sprintf("the router has no port %d", p.Port))
	case p.Label == nil && in.VRF == "":
		return stops("arrives from another router without a label")
	case p.Label == nil && confined(p.Destination):
		return stops("has a destination that routers do not forward to")
	case p.Label == nil:
		f := s.lookUp(router, in.VRF, g)
		// Only the router itself can answer a confined source.
		f.slow = f.slow && (f.Stops == forRouter || !confined(p.Source))
		return f
	}
	if f, ok := s.onward(router, p); ok {
		return f
	}
	if s.ends(router, *p.Label) && len(p.Under) > 0 { // explicit null
		popped := p.Label
		p.Label, p.Under = &p.Under[0], p.Under[1:]
		f := s.byTables(router, p, taken)
		f.Popped = popped
		return f
	}
	binding, ok := s.label(router, *p.Label)
	if !ok {
		return stops(fmt.Sprintf("the router has not assigned label %d", *p.Label))
	}
	if binding.Swap != nil {
		return s.across(router, status.Route{Prefix: binding.Prefix, NextHop: binding.NextHop, Label: binding.Swap}, taken)
	}
	var f lookup
	if binding.NextHop.IsValid() && !binding.NextHop.IsUnspecified() {
		f = s.towards(router, binding.VRF, binding.NextHop)
		f.Source, f.NextHop = status.SourceLabel, binding.NextHop
	} else {
		f = s.lookUp(router, binding.VRF, g)
	}
	f.Popped = p.Label
	return f
}

// confined reports whether routers do not forward to an address: multicast, broadcast
// and reserved ones (RFC 1812 section 5.3.7), and IPv6 link-local ones.
func confined(a netip.Addr) bool {
	return a.Is4() && a.As4()[0] >= 224 || a.IsMulticast() || a.Is6() && a.IsLinkLocalUnicast()
}

// lookUp finds the longest match in a VRF among the router's own addresses, the
// neighbours and the best routes.
func (s *Snapshot) lookUp(router, vrf string, want goal) lookup {
	v, ok := s.vrf(router, vrf)
	if !ok || want.depth == 0 {
		return lookup{Forwarding: status.Forwarding{VRF: vrf, Stops: "there is no such VRF"}}
	}
	to, bits := want.to, -1
	f := lookup{Forwarding: status.Forwarding{VRF: v.VRF, RD: v.RD, Stops: noRoute}, slow: !confined(to)}
	for _, i := range s.ports(router, v.VRF) {
		for _, g := range i.Addresses {
			if g.Addr() == to {
				f.Prefix, f.Source, f.Stops, f.slow = hostPrefix(to), status.SourceConnected, forRouter, true
				return f
			}
			if g.Contains(to) && g.Bits() > bits {
				bits = g.Bits()
				f.Prefix, f.Source, f.Stops, f.slow = g.Masked(), status.SourceConnected, s.silent(to, s.hostAt(i, to)), true
			}
		}
	}
	if n, ok := s.neighbor(router, v.VRF, to); ok {
		f = s.out(router, v, n)
		f.Prefix, f.Source = hostPrefix(to), status.SourceNeighbor
		return f
	}
	for _, r := range v.Routes {
		switch {
		case !r.Best || !r.Prefix.Contains(to) || r.Prefix.Bits() < bits:
		case r.Prefix.Bits() > bits:
			bits = r.Prefix.Bits()
			f = s.byRoute(router, v, r, want)
		case f.Source == r.Source:
			if other := s.byRoute(router, v, r, want); other.Out == want.taken.Out && other.To == want.taken.To {
				f = other
			}
		}
	}
	return f
}

// Reasons for which a packet stops, as far as they are compared.
const (
	noRoute   = "no route"
	forRouter = "is for the router itself"
)

// silent says that an address does not answer; origin, where it should be, may be "".
func (s *Snapshot) silent(a netip.Addr, origin string) string {
	protocol := "ARP"
	if a.Is6() {
		protocol = "neighbour discovery"
	}
	if origin == "" {
		return fmt.Sprintf("nobody answers %s for %s", protocol, a)
	}
	return fmt.Sprintf("%s does not answer %s for %s", s.named(origin), protocol, a)
}

// silentRemedy says where to look for an address that does not answer.
func (s *Snapshot) silentRemedy(a netip.Addr, origin string) string {
	if router, _, ok := s.endOfVRF(origin); ok {
		return "check the router: pseudowan show interface --router " + router
	}
	host := s.hostAt(status.Interface{Host: origin}, a)
	if host == "" {
		return "check the hosts on segment " + origin
	}
	return "check the host: pseudowan exec " + host + " -- ip address"
}

// byRoute returns where a best route leads.
func (s *Snapshot) byRoute(router string, v status.VRF, r status.Route, want goal) lookup {
	origin := v.VRF
	remote := r.Source == status.SourceBGP && s.isRemote(router, r.NextHop)
	if r.Label != nil && !remote {
		if b, ok := s.label(router, *r.Label); ok {
			origin = b.VRF
		}
	}
	var f lookup
	switch {
	case r.Source == status.SourceConnected && origin != v.VRF && !r.Prefix.IsSingleIP():
		want.depth--
		return s.lookUp(router, origin, want) // the packet is in that VRF now
	case r.Source == status.SourceAggregate && origin != v.VRF:
		want.depth--
		return s.lookUp(router, origin, want)
	case r.Source == status.SourceAggregate:
		f = lookup{Forwarding: status.Forwarding{Stops: noRoute}, slow: !confined(want.to)}
	case r.Source == status.SourceConnected:
		f = s.towards(router, origin, want.to)
	case remote:
		f = s.across(router, r, want.taken)
	default:
		f = s.towards(router, origin, r.NextHop)
	}
	f.VRF, f.RD, f.Prefix, f.Source, f.NextHop = v.VRF, v.RD, r.Prefix, r.Source, r.NextHop
	return f
}

// isRemote reports whether a next hop is another router and not a customer, that is,
// on no subnet of a VRF.
func (s *Snapshot) isRemote(router string, nextHop netip.Addr) bool {
	for _, i := range s.core(router) {
		if contains(i.Addresses, nextHop) {
			return true
		}
	}
	for _, i := range s.Interfaces {
		if i.Router == router && i.VRF != "" && contains(i.Addresses, nextHop) {
			return false
		}
	}
	return true
}

// across sends to another router, with the label that it assigned.
func (s *Snapshot) across(router string, r status.Route, taken status.Forwarding) lookup {
	for _, i := range s.core(router) {
		if contains(i.Addresses, r.NextHop) {
			n, _ := s.neighbor(router, "", r.NextHop)
			f := lookup{Forwarding: status.Forwarding{Pushed: r.Label, Out: i.Name, To: s.routerAt(r.NextHop)}, mac: n.MAC}
			if len(s.LSPs) > 0 && r.Label != nil {
				f.Stack = []uint32{*r.Label}
			}
			return f
		}
	}
	if len(s.LSPs) > 0 {
		return s.around(router, r, taken)
	}
	return stops(fmt.Sprintf("next hop %s is not connected", r.NextHop))
}

// towards sends to an address on a subnet of a VRF.
func (s *Snapshot) towards(router, vrf string, a netip.Addr) lookup {
	v, _ := s.vrf(router, vrf)
	if n, ok := s.neighbor(router, vrf, a); ok {
		return s.out(router, v, n)
	}
	f := lookup{Forwarding: status.Forwarding{VRF: v.VRF, RD: v.RD, Stops: s.silent(a, "")}, slow: true}
	for _, i := range s.ports(router, vrf) {
		if contains(i.Addresses, a) {
			f.Stops = s.silent(a, s.hostAt(i, a))
		}
	}
	return f
}

// out sends to a neighbour on an access port.
func (s *Snapshot) out(router string, v status.VRF, to status.Neighbor) lookup {
	f := lookup{Forwarding: status.Forwarding{VRF: v.VRF, RD: v.RD, Out: to.Interface}, mac: to.MAC}
	for _, i := range s.Interfaces {
		if i.Router == router && i.Name == to.Interface {
			f.To = s.neighborAt(i, to.Address, to.MAC)
		}
	}
	return f
}
