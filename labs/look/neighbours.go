package look

import (
	"net/netip"
	"os"

	"pseudowan/doctor"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
)

// neighboursOf counts the entries that a plan needs in the kernel's neighbour
// tables: one for each BGP peer and next hop of a router that is none of the lab's
// routers, on links and towards customers, and one for each gateway of a host. Those of
// the lab's routers do not count, because they are introduced to each other, and neither
// do multicast addresses, because the kernel can drop them at once.
func neighboursOf(p *plan.Plan) (arp, nd doctor.Entries) {
	table := func(a netip.Addr) *doctor.Entries {
		if a.Is4() {
			return &arp
		}
		return &nd
	}
	for _, r := range p.Routers {
		for a := range foreignPeersOf(r.Config) {
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

// foreignPeersOf returns the peers of a router that are none of the lab's routers on its
// links.
func foreignPeersOf(c config.Router) map[netip.Addr]bool {
	foreign := make(map[netip.Addr]bool)
	for _, s := range c.Sessions {
		if s.PeerAddress.IsValid() {
			foreign[s.PeerAddress] = true
		}
	}
	for _, n := range introduced(c) {
		delete(foreign, n)
	}
	return foreign
}

// introduced returns the addresses that a router knows from the plan.
func introduced(c config.Router) (out []netip.Addr) {
	for _, core := range c.Core {
		for _, n := range core.Neighbors {
			out = append(out, n.Address)
		}
	}
	return out
}

// exemptEntries counts the introduced neighbours of the running labs' routers.
func exemptEntries() (arp, nd uint64) {
	dirs, err := os.ReadDir(store.StateRoot)
	if err != nil {
		return 0, 0
	}
	for _, d := range dirs {
		p, err := store.Applied(d.Name())
		if err != nil {
			continue
		}
		for _, r := range p.Routers {
			for _, a := range introduced(r.Config) {
				if a.Is4() {
					arp++
				} else {
					nd++
				}
			}
		}
	}
	return arp, nd
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
