package labs

import (
	"maps"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// Allocations are the numbers that a lab has given out. They are kept beside
// the applied topology, so that an edited file moves nothing that stays.
type Allocations struct {
	Routers map[string]*RouterAllocations `json:"routers"`
}

// RouterAllocations are one router's port numbers, VRF ids and labels.
type RouterAllocations struct {
	Ports  map[string]uint32    `json:"ports"`  // by interface, or host:interface
	VRFs   map[string]uint32    `json:"vrfs"`   // by name
	Labels map[string]vpn.Label `json:"labels"` // by the binding's key
}

func (a Allocations) clone() Allocations {
	c := Allocations{Routers: map[string]*RouterAllocations{}}
	for name, r := range a.Routers {
		c.Routers[name] = &RouterAllocations{
			Ports: maps.Clone(r.Ports), VRFs: maps.Clone(r.VRFs), Labels: maps.Clone(r.Labels),
		}
	}
	return c
}

func (a Allocations) router(name string) *RouterAllocations {
	r := a.Routers[name]
	if r == nil {
		r = &RouterAllocations{}
		a.Routers[name] = r
	}
	if r.Ports == nil {
		r.Ports = map[string]uint32{}
	}
	if r.VRFs == nil {
		r.VRFs = map[string]uint32{}
	}
	if r.Labels == nil {
		r.Labels = map[string]vpn.Label{}
	}
	return r
}

// label returns the label of a key, and false where the range is used up.
func (r *RouterAllocations) label(key string, within vpn.LabelRange) (vpn.Label, bool) {
	if l, ok := r.Labels[key]; ok && within.Contains(l) {
		return l, true
	}
	delete(r.Labels, key)
	l := lowestFree(r.Labels, key, within.First)
	if !within.Contains(l) {
		delete(r.Labels, key)
		return 0, false
	}
	return l, true
}

// lowestFree returns the number of name, giving it the lowest unused one from
// first on if it has none yet.
func lowestFree[N ~uint32](given map[string]N, name string, first N) N {
	if n, ok := given[name]; ok {
		return n
	}
	used := make(map[N]bool, len(given))
	for _, n := range given {
		used[n] = true
	}
	n := first
	for used[n] {
		n++
	}
	given[name] = n
	return n
}

// connectedKey and nextHopKey name label bindings in the allocations.
func connectedKey(vrf string, f vpn.Family) string { return vrf + "|" + string(f) + "|connected" }

func nextHopKey(vrf string, nh netip.Addr) string { return vrf + "|" + nh.String() }

func prefixKey(vrf string, p netip.Prefix) string { return vrf + "|" + p.String() }

func vrfKey(vrf string, f vpn.Family) string { return vrf + "|" + string(f) }

// allocationsInUse is the set of allocations that a topology still needs.
type allocationsInUse map[allocationName]bool

type allocationName struct {
	router string
	kind   allocationKind
	name   string
}

type allocationKind int

const (
	portNumber allocationKind = iota
	vrfNumber
	labelNumber
)

// prune forgets what is no longer in use. It comes after all new numbers have
// been given out, so that one edit never hands a number from one thing to
// another.
func (a Allocations) prune(used allocationsInUse) {
	for router, r := range a.Routers {
		pruneKind(r.Ports, router, portNumber, used)
		pruneKind(r.VRFs, router, vrfNumber, used)
		pruneKind(r.Labels, router, labelNumber, used)
		if len(r.Ports)+len(r.VRFs)+len(r.Labels) == 0 {
			delete(a.Routers, router)
		}
	}
}

func pruneKind[N ~uint32](given map[string]N, router string, kind allocationKind, used allocationsInUse) {
	maps.DeleteFunc(given, func(name string, _ N) bool {
		return !used[allocationName{router, kind, name}]
	})
}

// firstHostPort leaves the ports 1 and 2 to a router's first link, as the
// original had it.
const firstHostPort = 3

func (b *planner) corePort(router, name string) uint32 { return b.port(router, name, 1) }

func (b *planner) hostPort(router, name string) uint32 { return b.port(router, name, firstHostPort) }

func (b *planner) port(router, name string, first uint32) uint32 {
	b.inUse[allocationName{router, portNumber, name}] = true
	return lowestFree(b.plan.Allocations.router(router).Ports, name, first)
}

func (b *planner) vrf(router, name string) uint32 {
	b.inUse[allocationName{router, vrfNumber, name}] = true
	return lowestFree(b.plan.Allocations.router(router).VRFs, name, 1)
}

func (b *planner) label(router, key string, within vpn.LabelRange) (vpn.Label, bool) {
	b.inUse[allocationName{router, labelNumber, key}] = true
	return b.plan.Allocations.router(router).label(key, within)
}
