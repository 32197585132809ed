package trace

import (
	"fmt"
	"net/netip"

	"pseudowan/labs/status"
)

// maxLookups bounds the VRFs of one router that send a packet on to each other.
const maxLookups = 8

// goal is what a packet is looked up for. Of equally good ways, over which
// packets are spread, the one that the switch takes counts as the tables' own.
type goal struct {
	to    netip.Addr
	taken status.Forwarding
	depth int // VRFs that may still send it on to each other
}

// byTables is what a router should do with a packet, as its tables have it.
// taken is what its switch does.
func (s *Snapshot) byTables(router string, p Packet, taken status.Forwarding) status.Forwarding {
	g := goal{p.Destination, taken, maxLookups}
	in, ok := s.port(router, p.Port)
	switch {
	case !ok:
		return status.Forwarding{Stops: fmt.Sprintf("the router has no port %d", p.Port)}
	case p.Label == nil && in.VRF == "":
		return status.Forwarding{Stops: "arrives from another router without a label"}
	case p.Label == nil:
		return s.lookUp(router, in.VRF, g)
	}
	binding, ok := s.label(router, *p.Label)
	if !ok {
		return status.Forwarding{Stops: fmt.Sprintf("the router has not given out label %d", *p.Label)}
	}
	var f status.Forwarding
	if binding.NextHop.IsValid() && !binding.NextHop.IsUnspecified() {
		f = s.towards(router, binding.VRF, binding.NextHop)
		f.Source, f.NextHop = "label", binding.NextHop
	} else {
		f = s.lookUp(router, binding.VRF, g)
	}
	f.Popped = p.Label
	return f
}

// lookUp finds the longest match in a VRF: the router's own addresses, the
// neighbours, the best routes.
func (s *Snapshot) lookUp(router, vrf string, want goal) status.Forwarding {
	v, ok := s.vrf(router, vrf)
	if !ok || want.depth == 0 {
		return status.Forwarding{VRF: vrf, Stops: "there is no such VRF"}
	}
	f := status.Forwarding{VRF: v.VRF, RD: v.RD, Stops: noRoute}
	to, bits := want.to, -1
	for _, i := range s.ports(router, v.VRF) {
		for _, g := range i.Addresses {
			if g.Addr() == to {
				return status.Forwarding{VRF: v.VRF, RD: v.RD, Prefix: hostPrefix(to), Source: "connected", Stops: forRouter}
			}
			if g.Contains(to) && g.Bits() > bits {
				bits = g.Bits()
				f.Prefix, f.Source, f.Stops = g.Masked(), "connected", silent(to, i.Host)
			}
		}
	}
	if n, ok := s.neighbor(router, v.VRF, to); ok {
		f = s.out(router, v, n.Interface)
		f.Prefix, f.Source = hostPrefix(to), "neighbor"
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

// What stops a packet, where others ask for it by these words.
const (
	noRoute   = "no route"
	forRouter = "is for the router itself"
)

func silent(a netip.Addr, host string) string {
	protocol := "ARP"
	if a.Is6() {
		protocol = "neighbour discovery"
	}
	if host == "" {
		return fmt.Sprintf("nobody answers %s for %s", protocol, a)
	}
	return fmt.Sprintf("host %s does not answer %s for %s", host, protocol, a)
}

// byRoute is where a best route sends.
func (s *Snapshot) byRoute(router string, v status.VRF, r status.Route, want goal) status.Forwarding {
	origin := v.VRF
	remote := r.Source == "bgp" && s.isRemote(router, r.NextHop)
	if r.Label != nil && !remote {
		if b, ok := s.label(router, *r.Label); ok {
			origin = b.VRF
		}
	}
	var f status.Forwarding
	switch {
	case r.Source == "connected" && origin != v.VRF:
		want.depth--
		return s.lookUp(router, origin, want) // it is in that VRF from here on
	case r.Source == "connected":
		f = s.towards(router, v.VRF, want.to)
	case remote:
		f = s.across(router, r)
	default:
		f = s.towards(router, origin, r.NextHop)
	}
	f.VRF, f.RD, f.Prefix, f.Source, f.NextHop = v.VRF, v.RD, r.Prefix, r.Source, r.NextHop
	return f
}

// isRemote tells a next hop that is another router from a customer's: it is on
// no subnet of a VRF.
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

// across sends to another router, under the label that it gave out.
func (s *Snapshot) across(router string, r status.Route) status.Forwarding {
	for _, i := range s.core(router) {
		if contains(i.Addresses, r.NextHop) {
			return status.Forwarding{Pushed: r.Label, Out: i.Name, To: s.routerAt(r.NextHop)}
		}
	}
	return status.Forwarding{Stops: fmt.Sprintf("next hop %s is not connected", r.NextHop)}
}

// towards sends to an address on a subnet of a VRF.
func (s *Snapshot) towards(router, vrf string, a netip.Addr) status.Forwarding {
	v, _ := s.vrf(router, vrf)
	if n, ok := s.neighbor(router, vrf, a); ok {
		return s.out(router, v, n.Interface)
	}
	f := status.Forwarding{VRF: v.VRF, RD: v.RD, Stops: silent(a, "")}
	for _, i := range s.ports(router, vrf) {
		if contains(i.Addresses, a) {
			f.Stops = silent(a, i.Host)
		}
	}
	return f
}

// out leaves by an access port.
func (s *Snapshot) out(router string, v status.VRF, name string) status.Forwarding {
	f := status.Forwarding{VRF: v.VRF, RD: v.RD, Out: name}
	for _, i := range s.Interfaces {
		if i.Router == router && i.Name == name {
			f.To = i.Host
		}
	}
	return f
}
