package vrf

import (
	"slices"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
)

// Program brings the flows in line with the changes since the last call, and returns
// the prefixes of which more than the backup has changed: true if another path is best.
func (t *Tables) Program() map[fib.Key]bool {
	t.aggregateChanged()
	t.logLimits()
	changed := t.changed
	t.changed = map[fib.Key]bool{}
	for key := range changed {
		delete(t.stirred, key)
		t.program(key)
		t.bindLabel(key)
	}
	for key := range t.stirred {
		t.program(key)
	}
	clear(t.stirred)
	return changed
}

// program puts into the switch what applies to a prefix: the router's own addresses
// and subnets first, then neighbours, then the best route.
func (t *Tables) program(key fib.Key) {
	if to, ok := t.connected[key]; ok {
		t.fib.SetRoute(key, to)
		return
	}
	if port, ok := t.hosts[key]; ok {
		t.setRoute(key, t.ports.Forward(t.ports.Port(port), key.Prefix.Addr()))
		return
	}
	if best, ok := t.best[key]; ok {
		if paths := t.paths(key); len(paths) > 1 {
			t.fib.SpreadRoute(key, paths)
			return
		}
		if to := t.target(key.VRF, best); to != nil {
			t.setRoute(key, to)
			return
		}
	}
	t.fib.UnsetRoute(key)
}

// setRoute programs a prefix with the backup that it has.
func (t *Tables) setRoute(key fib.Key, to pipeline.Target) {
	first, ok := to.(pipeline.Forward)
	if p := t.backup[key]; ok && p != nil {
		second, ok := t.target(key.VRF, p).(pipeline.Forward)
		if ok && !first.Protect(second) {
			defer t.fib.Discard(second.Adjacency)
		}
		to = first
	}
	t.fib.SetRoute(key, to)
}

// paths returns the paths over which packets to a prefix are spread.
func (t *Tables) paths(key fib.Key) []pipeline.Forward {
	var out []pipeline.Forward
	for _, p := range t.spread[key] {
		if to, ok := t.target(key.VRF, p).(pipeline.Forward); ok && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// target returns where a route of a VRF sends packets, or nil if that is unknown.
func (t *Tables) target(vrf uint32, p *bgp.Path) pipeline.Target {
	if p.Remote() {
		if to, ok := t.links.Forward(p.Route.NextHop, uint32(p.Route.Label)); ok {
			return to
		}
		return nil
	}
	origin := t.byName[p.VRF] // possibly another VRF of this router
	if origin == nil {
		return nil
	}
	if p.Source == bgp.Aggregate {
		return aggregateTarget(vrf, origin.ID)
	}
	nextHop := p.Route.NextHop
	if p.Source == bgp.Connected {
		nextHop = p.Route.Prefix.Addr()
		if !p.Route.Prefix.IsSingleIP() {
			return subnetTarget(vrf, origin.ID)
		}
	}
	port := t.ports.Holding(origin.ID, nextHop)
	if port == nil {
		return nil
	}
	return t.ports.Forward(port, nextHop)
}

// aggregateTarget returns where a route sends packets for which no longer one is known:
// nowhere, or where it is imported, into the VRF that may know a longer one.
func aggregateTarget(vrf, origin uint32) pipeline.Target {
	if vrf == origin {
		return pipeline.Punt(pipeline.ReasonUnreachable)
	}
	return pipeline.LookUp(origin)
}

// subnetTarget returns where a route to a connected subnet sends packets to unknown
// hosts: an imported one into the VRF that has the hosts.
func subnetTarget(vrf, origin uint32) pipeline.Target {
	if vrf == origin {
		return pipeline.Punt(pipeline.ReasonGlean)
	}
	return pipeline.LookUp(origin)
}
