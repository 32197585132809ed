package router

import (
	"net/netip"
	"time"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/neighbor"
)

// coreOf is the link to other routers whose subnet holds a next hop; nil
// where the next hop is not connected.
func (r *reactor) coreOf(nextHop netip.Addr) *corePort {
	var best *corePort
	bits := -1
	for _, c := range r.core {
		for _, p := range c.Addresses {
			better := p.Bits() > bits || p.Bits() == bits && c.Port < best.Port
			if p.Contains(nextHop) && better {
				best, bits = c, p.Bits()
			}
		}
	}
	return best
}

// coreNeighbor takes note of what the kernel knows of a neighbour on a link
// between routers.
func (r *reactor) coreNeighbor(e kernel.NeighborEvent) {
	r.heard[heardKey{e.Link, e.Addr}] = e
	if e.MAC == nil && e.State != kernel.Failed {
		delete(r.heard, heardKey{e.Link, e.Addr})
	}
	for _, c := range r.core {
		if c.link != e.Link {
			continue
		}
		if e.MAC == nil && e.State != kernel.Failed && c.neighbors[e.Addr].MAC != nil && r.carriers.Up(c.Name) {
			// The kernel asks again; the old MAC serves until it is sure.
			e.MAC = c.neighbors[e.Addr].MAC
		}
		c.neighbors[e.Addr] = e
		r.fib.Resolve(fib.NextHop{Port: c.Port, Addr: e.Addr, Push: true}, c.mac, e.MAC)
		if c.wanted[e.Addr] {
			r.tableChanges(r.tables.SetNextHop(e.Addr, r.nextHopUsable(e.Addr)))
		}
		return
	}
}

// heardKey names a neighbour of the kernel's.
type heardKey struct {
	link int
	addr netip.Addr
}

// heardBefore is what the kernel has told of a link's neighbours before the link
// was one of the configuration's: after a restart, all there is to be heard.
func (r *reactor) heardBefore(link int) map[netip.Addr]kernel.NeighborEvent {
	known := map[netip.Addr]kernel.NeighborEvent{}
	for k, e := range r.heard {
		if k.link == link {
			known[k.addr] = e
		}
	}
	return known
}

// coreAdjacency is the adjacency of a BGP next hop; packets leave for it with
// a label.
func (r *reactor) coreAdjacency(c *corePort, nextHop netip.Addr) uint32 {
	r.wantCore(c, nextHop)
	return r.fib.Adjacency(fib.NextHop{Port: c.Port, Addr: nextHop, Push: true}, c.mac, c.neighbors[nextHop].MAC)
}

// wantCore has the kernel resolve a next hop, now and whenever it is lost.
func (r *reactor) wantCore(c *corePort, nextHop netip.Addr) {
	if !c.wanted[nextHop] {
		c.wanted[nextHop] = true
		r.solicit(c, nextHop)
	}
}

// useNextHop follows a next hop that a received route names: whether it can be
// used, now and whenever that changes.
func (r *reactor) useNextHop(nextHop netip.Addr) {
	if c := r.coreOf(nextHop); c != nil {
		r.wantCore(c, nextHop)
	}
	r.tableChanges(r.tables.SetNextHop(nextHop, r.nextHopUsable(nextHop)))
}

// solicitAll has the kernel ask for the next hops that it has lost, and ask
// again for those that it has: a router behind a LAN segment may be gone while
// our carrier stays. What no route names any more is left alone.
func (r *reactor) solicitAll() {
	named := r.tables.NextHops()
	for _, c := range r.core {
		for nextHop := range c.wanted {
			if _, ok := named[nextHop]; !ok {
				delete(c.wanted, nextHop)
				continue
			}
			r.solicit(c, nextHop)
		}
	}
}

func (r *reactor) solicit(c *corePort, nextHop netip.Addr) {
	if !r.carriers.Up(c.Name) {
		return
	}
	if err := r.ask(c.link, nextHop); err != nil {
		r.log.Warn("solicit a next hop", "interface", c.BGPName, "address", nextHop, "error", err)
	}
}

// coreCarrier makes the next hops behind a link usable or unusable at once:
// the BGP port itself keeps its carrier when the wire is cut.
func (r *reactor) coreCarrier(c *corePort, up bool) {
	for nextHop := range c.wanted {
		r.tableChanges(r.tables.SetNextHop(nextHop, r.nextHopUsable(nextHop)))
	}
	if up {
		r.solicitAll()
	}
}

// coreAnswers tells whether a BGP next hop is resolved.
func (r *reactor) coreAnswers(nextHop netip.Addr) bool {
	c := r.coreOf(nextHop)
	return c != nil && c.neighbors[nextHop].MAC != nil
}

// nextHopUsable tells whether routes through a next hop may be used: it is on a
// link that is up, and has not failed to answer.
func (r *reactor) nextHopUsable(nextHop netip.Addr) bool {
	c := r.coreOf(nextHop)
	return c != nil && r.carriers.Up(c.Name) && c.neighbors[nextHop].State != kernel.Failed
}

// towards is the target of a route to a customer's address on a port.
func (r *reactor) towards(p *accessPort, addr netip.Addr) pipeline.Target {
	return pipeline.Forward{Adjacency: r.accessAdjacency(p, addr), MTU: r.checkedMTU(p.MTU)}
}

// accessAdjacency is the adjacency of a customer's address on a port.
func (r *reactor) accessAdjacency(p *accessPort, addr netip.Addr) uint32 {
	addr = addr.WithZone("")
	mac, _ := r.neighbors.Lookup(neighbor.Key{Port: p.Port, Addr: addr})
	return r.fib.Adjacency(fib.NextHop{Port: p.Port, Addr: addr}, p.mac, mac)
}

// checkedMTU is the MTU that routes to a port must check: none where every
// packet that can arrive fits.
func (r *reactor) checkedMTU(mtu int) int {
	for _, p := range r.access {
		if p.MTU > mtu {
			return mtu
		}
	}
	for _, c := range r.core {
		if c.MTU > mtu+maxLabelStack {
			return mtu
		}
	}
	return 0
}

// maxLabelStack is what a full stack of three labels adds to a packet, in
// octets: the most that Open vSwitch can handle.
const maxLabelStack = 3 * labelEntry

// labelEntry is one entry of the label stack, in octets (RFC 3032).
const labelEntry = 4

// link notes what the kernel tells of an interface.
func (r *reactor) link(e kernel.LinkEvent) { r.carriersChanged(r.carriers.Hear(e)) }

// carriersChanged follows the carriers of interfaces.
func (r *reactor) carriersChanged(names []string) {
	now := time.Now()
	for _, name := range names {
		for _, p := range r.access {
			if p.Name == name {
				r.accessCarrier(now, p, r.carriers.Up(name))
			}
		}
		for _, c := range r.core {
			if c.Name == name {
				r.coreCarrier(c, r.carriers.Up(name))
			}
		}
	}
}
