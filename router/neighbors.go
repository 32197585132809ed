package router

import (
	"net/netip"
	"time"

	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// neighborActions carries out what the table of customers' neighbours asks for.
func (r *reactor) neighborActions(actions []neighbor.Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case neighbor.Probe:
			if frame := r.slow.Solicit(a.Key.Port, a.Key.Addr, a.MAC); frame != nil {
				r.send([]slowpath.Out{{Port: a.Key.Port, Frame: frame}})
			}
		case neighbor.Up:
			r.moved = append(r.moved, a.Key)
			r.deliver(a.Pending)
		case neighbor.Moved:
			r.moved = append(r.moved, a.Key)
		case neighbor.Down:
			r.moved = append(r.moved, a.Key)
		case neighbor.Deliver:
			r.deliver(a.Pending)
		case neighbor.Failed:
			for _, w := range a.Pending {
				r.decide(slowpath.Punt{Reason: slowpath.HostUnreachable, Port: w.Port, VRF: w.VRF, Frame: w.Frame})
			}
		}
	}
}

// settleNeighbors follows the customers' addresses that have come, gone or
// moved: their adjacencies, their host routes, and the routes that they bring
// into the VRF.
func (r *reactor) settleNeighbors() {
	for len(r.moved) > 0 { // customers' routes may ask for other neighbours
		moved := r.moved
		r.moved = nil
		for _, k := range moved {
			r.settleNeighbor(k)
		}
	}
}

func (r *reactor) settleNeighbor(k neighbor.Key) {
	r.memory.stale = true
	p := r.access[k.Port]
	if p == nil {
		return
	}
	mac, up := r.neighbors.Lookup(k)
	if up && r.idle(k) {
		return
	}
	r.fib.Resolve(fib.NextHop{Port: k.Port, Addr: k.Addr}, p.mac, mac)
	r.peerMoved(p)
	if !linkLocal(k.Addr) {
		r.hostRoute(fib.Key{VRF: p.vrf.ID, Prefix: hostPrefix(k.Addr)}, k.Port, up)
	}
	r.localRoutes(p, k.Addr, up)
	r.customerNextHop(k)
}

// hostRoute notes that an address is on a port, or is not.
func (r *reactor) hostRoute(key fib.Key, port uint32, up bool) {
	switch {
	case up:
		r.hostPorts[key] = port
	case r.hostPorts[key] == port:
		delete(r.hostPorts, key)
	}
	r.dirty[key] = true
}

// idle reports whether nothing is sent to a neighbour but what concerns its
// link: a link-local address that is no next hop.
func (r *reactor) idle(k neighbor.Key) bool { return linkLocal(k.Addr) && !r.wanted[k] }

// deliver sends the packets that waited for a neighbour, in the order in which
// they came. They go through the switch once it knows the neighbour, so that
// they are counted and their TTL is decremented like everybody's.
func (r *reactor) deliver(pending []neighbor.Waiting) {
	if len(pending) == 0 {
		return
	}
	r.fib.Then(func() {
		for _, w := range pending {
			r.send([]slowpath.Out{{VRF: w.VRF, Frame: w.Frame}})
		}
	})
}

func (r *reactor) accessCarrier(now time.Time, p *accessPort, up bool) {
	if !up {
		for _, g := range p.Gateways {
			r.removeLocal(localKey{p.VRF, g.Masked(), neighbor.Key{Port: p.Port}})
		}
		r.adverts.stop(p.Port)
		r.neighborActions(r.neighbors.PortDown(now, p.Port))
		return
	}
	for key, route := range r.subnetRoutes(p) {
		r.setLocal(key, route)
	}
	r.neighborActions(r.neighbors.PortUp(now, p.Port))
	for _, frame := range r.slow.GratuitousAnnounce(p.Port) {
		r.send([]slowpath.Out{{Port: p.Port, Frame: frame}})
	}
	r.startAdvertising(now, p)
}

// linkLocal tells that an address means nothing beyond its link. IPv4 has such
// addresses too, but they are routed like others.
func linkLocal(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
