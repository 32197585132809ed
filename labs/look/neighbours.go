package look

import (
	"net/netip"

	"pseudowan/doctor"
	"pseudowan/labs/plan"
	"pseudowan/router/config"
)

// neighboursOf counts the entries that a plan needs in the kernel's neighbour
// tables: one for each BGP peer and next hop of a router, on links and towards
// customers, and one for each gateway of a host. Entries of multicast addresses do
// not count, because the kernel can drop them at once.
func neighboursOf(p *plan.Plan) (arp, nd doctor.Entries) {
	table := func(a netip.Addr) *doctor.Entries {
		if a.Is4() {
			return &arp
		}
		return &nd
	}
	for _, r := range p.Routers {
		for a := range nextHopsOf(p, r.Config) {
			table(a).Routers++
		}
		for _, access := range r.Config.Access {
			for _, g := range gatewaysOf(access) {
				table(g).Hosts++
			}
			if access.CE == nil {
				continue
			}
			for _, s := range access.CE.BGP.Sessions {
				table(s.PeerAddress).Routers++
			}
		}
	}
	onSegments(p, table)
	return arp, nd
}

// onSegments counts the neighbours of hosts on segments: all others there, once they
// talk to each other.
func onSegments(p *plan.Plan, table func(netip.Addr) *doctor.Entries) {
	on := map[string][]netip.Prefix{}
	for _, h := range p.Hosts {
		for _, i := range h.Interfaces {
			on[i.Segment] = append(append(on[i.Segment], i.Addresses...), i.Formed...)
		}
	}
	delete(on, "")
	for _, addresses := range on {
		n := map[*doctor.Entries]uint64{}
		for _, a := range addresses {
			n[table(a.Addr())]++
		}
		for entries, hosts := range n {
			entries.Hosts += hosts * (hosts - 1)
		}
	}
}

// nextHopsOf returns the peers of a router and, if routes are reflected, which keeps
// their next hops, the other routers on its links.
func nextHopsOf(p *plan.Plan, c config.Router) map[netip.Addr]bool {
	wanted := make(map[netip.Addr]bool)
	for _, s := range c.Sessions {
		if s.PeerAddress.IsValid() {
			wanted[s.PeerAddress] = true
		}
	}
	for _, other := range p.Routers {
		for _, s := range other.Config.Sessions {
			// A client's peer reflects the client's routes, which name it as next hop.
			if s.Client && other.Name != c.Router && onLink(c, s.PeerAddress) && !owns(c, s.PeerAddress) {
				wanted[s.PeerAddress] = true
			}
		}
	}
	return wanted
}

func onLink(c config.Router, a netip.Addr) bool {
	for _, core := range c.Core {
		for _, p := range core.Addresses {
			if p.Contains(a) {
				return true
			}
		}
	}
	return false
}

func owns(c config.Router, a netip.Addr) bool {
	for _, core := range c.Core {
		for _, p := range core.Addresses {
			if p.Addr() == a {
				return true
			}
		}
	}
	return false
}

// gatewaysOf returns a gateway of each family of a port.
func gatewaysOf(a config.Access) (out []netip.Addr) {
	seen := map[bool]bool{}
	for _, g := range a.Gateways {
		if v4 := g.Addr().Is4(); !seen[v4] {
			seen[v4] = true
			out = append(out, g.Addr())
		}
	}
	return out
}

// beyond returns what is needed in addition to before.
func beyond(now, before doctor.Entries) doctor.Entries {
	return doctor.Entries{
		Routers: now.Routers - min(now.Routers, before.Routers),
		Hosts:   now.Hosts - min(now.Hosts, before.Hosts),
	}
}
