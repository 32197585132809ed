package router

import (
	"net/netip"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
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
func (r *reactor) coreNeighbor(e coreNeighborEvent) {
	r.heard[heardKey{e.link, e.addr}] = e
	if e.mac == nil && e.state != neighborFailed {
		delete(r.heard, heardKey{e.link, e.addr})
	}
	for _, c := range r.core {
		if c.link != e.link {
			continue
		}
		if e.mac == nil && e.state != neighborFailed && c.neighbors[e.addr].mac != nil && r.linkUp[c.Name] {
			// The kernel asks again; the old MAC serves until it is sure.
			e.mac = c.neighbors[e.addr].mac
		}
		c.neighbors[e.addr] = e
		r.fib.Resolve(fib.NextHop{Port: c.Port, Addr: e.addr, Push: true}, c.mac, e.mac)
		if c.wanted[e.addr] {
			r.tableChanges(r.tables.SetNextHop(e.addr, r.nextHopUsable(e.addr)))
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
func (r *reactor) heardBefore(link int) map[netip.Addr]coreNeighborEvent {
	known := map[netip.Addr]coreNeighborEvent{}
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
	return r.fib.Adjacency(fib.NextHop{Port: c.Port, Addr: nextHop, Push: true}, c.mac, c.neighbors[nextHop].mac)
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
	if !r.linkUp[c.Name] {
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
	return c != nil && c.neighbors[nextHop].mac != nil
}

// nextHopUsable tells whether routes through a next hop may be used: it is on a
// link that is up, and has not failed to answer.
func (r *reactor) nextHopUsable(nextHop netip.Addr) bool {
	c := r.coreOf(nextHop)
	return c != nil && r.linkUp[c.Name] && c.neighbors[nextHop].state != neighborFailed
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
