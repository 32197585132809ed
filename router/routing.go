package router

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
)

// bgpEvents takes over what the speaker tells.
func (r *reactor) bgpEvents(events []bgp.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case bgp.RouteUpdate:
			if e.Withdrawn {
				r.tableChanges(r.tables.Withdraw(e.Route.Key()))
				continue
			}
			if e.Route.Unusable == "" {
				r.useNextHop(e.Route.NextHop)
			}
			r.tableChanges(r.tables.Update(e.Route))
		case bgp.EndOfRIB:
			r.ends.heard(session{addr: e.Peer}, e.Family)
		case bgp.PeerChange:
			r.memory.stale = true
			r.ends.state(session{addr: e.Peer.Address}, e.Peer)
			if e.Removed {
				delete(r.peers, e.Peer.Address)
			} else {
				r.peers[e.Peer.Address] = e.Peer
			}
		}
	}
}

// tableChanges notes what has become best in the VRFs. The end of the turn
// programs and announces it.
func (r *reactor) tableChanges(changes []bgp.Change) {
	for _, c := range changes {
		if v := r.vrfs[c.VRF]; v != nil {
			key := fib.Key{VRF: v.ID, Prefix: c.Prefix}
			r.choose(key, c)
			r.dirty[key] = true
		}
	}
}

// update brings everything in line with the changes of a turn: first the
// tables, then the flows, then what other routers and customers are told.
func (r *reactor) update() {
	r.settleNeighbors()
	for key := range r.dirty {
		r.program(key)
	}
	if r.anew {
		r.speakAnew()
	} else {
		r.speakOf(r.dirty)
	}
	clear(r.dirty)
	r.anew = false
}

// choose takes note of what has become best for a prefix.
func (r *reactor) choose(key fib.Key, c bgp.Change) {
	if c.New == nil {
		delete(r.best, key)
	} else {
		r.best[key] = c.New
	}
	if c.Spread == nil {
		delete(r.spread, key)
	} else {
		r.spread[key] = c.Spread
	}
}

// chooseAnew reads what is best out of tables whose VRFs are others now: a VRF
// that is gone has left nothing behind, and its number may be another's.
func (r *reactor) chooseAnew() {
	clear(r.best)
	clear(r.spread)
	for c := range r.tables.Choices() {
		if v := r.vrfs[c.VRF]; v != nil {
			r.choose(fib.Key{VRF: v.ID, Prefix: c.Prefix}, c)
		}
	}
}

// program puts into the switch what holds for a prefix: the router's own
// addresses and subnets first, then neighbours, then the best route.
func (r *reactor) program(key fib.Key) {
	if to, ok := r.connected[key]; ok {
		r.fib.SetRoute(key, to)
		return
	}
	if port, ok := r.hostPorts[key]; ok {
		r.fib.SetRoute(key, r.towards(r.access[port], key.Prefix.Addr()))
		return
	}
	if best, ok := r.best[key]; ok {
		if paths := r.paths(key); len(paths) > 1 {
			r.fib.SpreadRoute(key, paths)
			return
		}
		if to := r.target(key.VRF, best); to != nil {
			r.fib.SetRoute(key, to)
			return
		}
	}
	r.fib.UnsetRoute(key)
}

// maxPaths is over how many equally good paths the packets to a prefix are
// spread.
const maxPaths = 8

// paths are the ways over which packets to a prefix are spread.
func (r *reactor) paths(key fib.Key) []pipeline.Forward {
	var out []pipeline.Forward
	for _, p := range r.spread[key] {
		if to, ok := r.target(key.VRF, p).(pipeline.Forward); ok && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// target is where a route of a VRF sends packets; nil where that is not known.
func (r *reactor) target(vrf uint32, b *bgp.Path) pipeline.Target {
	if b.Remote() {
		c := r.coreOf(b.Route.NextHop)
		if c == nil {
			return nil
		}
		a := r.coreAdjacency(c, b.Route.NextHop)
		return pipeline.Forward{Adjacency: a, Label: uint32(b.Route.Label), MTU: r.coreMTU(c)}
	}
	// A local route, perhaps of another VRF of this router.
	v := r.vrfs[b.VRF]
	if v == nil {
		return nil
	}
	nextHop := b.Route.NextHop
	if b.Source == bgp.Connected {
		nextHop = b.Route.Prefix.Addr()
		if !b.Route.Prefix.IsSingleIP() {
			return subnetTarget(vrf, v.ID)
		}
	}
	p := r.portOf(v, nextHop)
	if p == nil {
		return nil
	}
	return r.towards(p, nextHop)
}

// subnetTarget is where a route to a connected subnet sends packets for which
// there is no host: an imported one into the VRF that has the hosts.
func subnetTarget(vrf, origin uint32) pipeline.Target {
	if vrf == origin {
		return pipeline.Punt(pipeline.ReasonGlean)
	}
	return pipeline.LookUp(origin)
}

// coreMTU is the longest customer's packet that a core link takes, where it is
// shorter than what can arrive.
func (r *reactor) coreMTU(c *corePort) int {
	fits := c.MTU - labelEntry
	for _, p := range r.access {
		if p.MTU > fits {
			return fits
		}
	}
	return 0
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
