package router

import (
	"net"
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
			r.neighborUp(a.Key, a.MAC)
			r.deliver(a.Pending)
		case neighbor.Moved:
			r.resolveAccess(a.Key, a.New)
		case neighbor.Down:
			r.neighborDown(a.Key)
		case neighbor.Deliver:
			r.deliver(a.Pending)
		case neighbor.Failed:
			for _, w := range a.Pending {
				r.decide(slowpath.Punt{Reason: slowpath.HostUnreachable, Port: w.Port, VRF: w.VRF, Frame: w.Frame})
			}
		}
	}
}

// neighborUp makes a customer's address reachable: its adjacency, its host
// route, and the routes that it brings into the VRF.
func (r *reactor) neighborUp(k neighbor.Key, mac net.HardwareAddr) {
	r.memory.stale = true
	p := r.access[k.Port]
	if p == nil || r.idle(k) {
		return
	}
	r.resolveAccess(k, mac)
	if !linkLocal(k.Addr) {
		key := fib.Key{VRF: p.vrf.ID, Prefix: hostPrefix(k.Addr)}
		r.hostPorts[key] = k.Port
		r.program(key)
	}
	r.localRoutes(p, k.Addr, true)
	r.customerNextHop(k)
}

// idle tells that nothing is sent to a neighbour but what concerns its link: a
// link-local address that is no next hop.
func (r *reactor) idle(k neighbor.Key) bool { return linkLocal(k.Addr) && !r.wanted[k] }

func (r *reactor) neighborDown(k neighbor.Key) {
	r.memory.stale = true
	p := r.access[k.Port]
	if p == nil || r.idle(k) {
		return
	}
	r.localRoutes(p, k.Addr, false)
	r.resolveAccess(k, nil)
	key := fib.Key{VRF: p.vrf.ID, Prefix: hostPrefix(k.Addr)}
	if r.hostPorts[key] == k.Port {
		delete(r.hostPorts, key)
		r.program(key)
	}
	r.customerNextHop(k)
}

// resolveAccess rewrites the adjacency of a customer's address; a nil mac
// makes packets for it come to the slow path.
func (r *reactor) resolveAccess(k neighbor.Key, mac net.HardwareAddr) {
	p := r.access[k.Port]
	if p == nil {
		return
	}
	r.fib.Resolve(fib.NextHop{Port: k.Port, Addr: k.Addr}, p.mac, mac)
	r.peerMoved(p)
}

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
