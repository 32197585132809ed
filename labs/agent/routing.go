package agent

import (
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/topology"
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
			r.useNextHop(e.Route.NextHop)
			r.tableChanges(r.tables.Update(e.Route))
		case bgp.PeerChange:
			if e.Removed {
				delete(r.peers, e.Peer.Address)
			} else {
				r.peers[e.Peer.Address] = e.Peer
			}
		}
	}
}

// tableChanges programs and announces what has become best in the VRFs.
func (r *reactor) tableChanges(changes []bgp.Change) {
	for _, c := range changes {
		v := r.vrfs[c.VRF]
		if v == nil {
			continue
		}
		key := routeKey{v.ID, c.Prefix}
		if c.New == nil {
			delete(r.best, key)
		} else {
			r.best[key] = c.New
		}
		r.spread[key] = c.Spread
		if c.Spread == nil {
			delete(r.spread, key)
		}
		r.program(key)
		r.announce(v, c)
		r.tellCustomers(v, c.Prefix)
	}
}

// program puts into the switch what holds for a prefix: the router's own
// addresses and subnets first, then neighbours, then the best route.
func (r *reactor) program(key routeKey) {
	if to, ok := r.connected[key]; ok {
		r.fib.setRoute(key, to)
		return
	}
	if port, ok := r.hostPorts[key]; ok {
		r.fib.setRoute(key, r.towards(r.access[port], key.prefix.Addr()))
		return
	}
	if best, ok := r.best[key]; ok {
		if paths := r.paths(key); len(paths) > 1 {
			r.fib.spreadRoute(key, paths)
			return
		}
		if to := r.target(key.vrf, best); to != nil {
			r.fib.setRoute(key, to)
			return
		}
	}
	r.fib.unsetRoute(key)
}

// maxPaths is over how many equally good paths the packets to a prefix are
// spread.
const maxPaths = 8

// paths are the ways over which packets to a prefix are spread.
func (r *reactor) paths(key routeKey) []pipeline.Forward {
	var out []pipeline.Forward
	for _, p := range r.spread[key] {
		if to, ok := r.target(key.vrf, p).(pipeline.Forward); ok && !slices.Contains(out, to) {
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
		return pipeline.Forward{Adjacency: a.number, Label: uint32(b.Route.Label), MTU: r.coreMTU(c)}
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

// announce tells the peers of a VRF's own routes.
func (r *reactor) announce(v *VRF, c bgp.Change) {
	had := c.Old != nil && announced(v, c.Old)
	has := c.New != nil && announced(v, c.New)
	switch {
	case has:
		route := bgp.Route{
			RD: v.RD, Prefix: c.Prefix, Label: c.New.Route.Label, Targets: v.Export, Origin: originOf(*c.New),
			ASPath: c.New.Route.ASPath, MED: c.New.Route.MED,
			Communities: c.New.Route.Communities, LargeCommunities: c.New.Route.LargeCommunities,
		}
		// Peers may send packets as soon as they know the route.
		r.fib.then(func() { r.speak(r.announcer.Announce, route) })
	case had: // never before what was announced
		r.fib.then(func() { r.speak(r.announcer.Withdraw, bgp.Route{RD: v.RD, Prefix: c.Prefix}) })
	}
}

// announced tells whether a best route is one that this VRF announces.
func announced(v *VRF, b *bgp.Path) bool {
	switch {
	case b.VRF != v.Name:
		return false
	case b.Source == bgp.Static:
		return v.RedistributeStatic
	case b.Customer():
		return !slices.Contains(b.Route.Communities, bgp.NoAdvertise)
	case b.Source == bgp.Connected:
		return v.RedistributeConnected != topology.RedistributeNone
	}
	return false
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// speak hands a route to the speaker. What it refuses is a defect of ours, and
// the rest of the router goes on.
func (r *reactor) speak(do func(context.Context, []bgp.Route) error, route bgp.Route) {
	if err := do(context.Background(), []bgp.Route{route}); err != nil {
		r.log.Error("the BGP speaker refuses a route", "rd", route.RD, "prefix", route.Prefix, "error", err)
	}
}
