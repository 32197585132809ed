package bgp

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// VRF is an instance of a VRF on this router, as the tables need it.
type VRF struct {
	ID     uint32
	Name   string
	RD     vpn.RD
	Import []vpn.RouteTarget
	Export []vpn.RouteTarget
}

// Source tells where a path in a VRF comes from. Lower is preferred.
type Source uint8

// The sources, in the order of preference.
const (
	Connected Source = iota // a subnet or a learnt host on one of the VRF's ports
	Static                  // a configured route towards a next hop on one of them
	BGP                     // received from a peer: another router, or a customer of a VRF
)

// String prints the source as show tables spell it.
func (s Source) String() string {
	switch s {
	case Connected:
		return "connected"
	case Static:
		return "static"
	case BGP:
		return "bgp"
	}
	return fmt.Sprintf("source(%d)", uint8(s))
}

// LocalRoute is a route of a VRF that originates on this router. Prefix,
// source and next hop identify it.
type LocalRoute struct {
	Prefix  netip.Prefix
	Source  Source     // Connected or Static
	NextHop netip.Addr // zero for connected
	Label   vpn.Label  // the label it is announced with; 0: none
	Private bool       // it is not exported: no other VRF imports it, of this router neither
}

// Path is one path to a prefix in a VRF. Paths are never changed once they
// have been returned.
type Path struct {
	Source Source
	VRF    string // of a local path: the VRF that it belongs to, which may have been imported from; "" for what other routers sent
	Route  Route  // of a local path: RD, Prefix, NextHop, Label and Targets are set, and what a customer said
}

// Change is a new best path of a prefix in a VRF, a change of its attributes, or
// a change of the paths that packets may take beside it.
type Change struct {
	VRF    string
	Prefix netip.Prefix
	Old    *Path   // nil: there was none
	New    *Path   // nil: there is none
	Spread []*Path // all paths that packets may take, New first; nil where that is New alone
}

// Entry is a path with what best path choice thinks of it.
type Entry struct {
	Path
	Best   bool   // packets take it; more than one does where they are equally good
	Reason string // of the best path: what it won by; of another one: what it lost by
}

// Tables are the VRF tables of one router. A received route stands in every
// VRF that imports one of its targets, whatever its RD; a local route stands
// in its own VRF and in every other that imports what this one exports. The
// outcome does not depend on the order in which routes arrive.
//
// Changes of one call are sorted by VRF and prefix.
type Tables struct {
	vrfs      map[string]*vrfTable
	importers map[vpn.RouteTarget][]*vrfTable // sorted by name
	received  map[Key]*path
	locals    map[localKey]*path
	nextHops  map[netip.Addr]*nextHop
	chooser   chooser
}

// path is a path in the tables; every VRF that imports it shares it.
type path struct {
	Path
	fault   string // why it cannot be used; "": it can
	private bool   // no other VRF imports it; it has no targets
}

// localKey identifies a local route.
type localKey struct {
	vrf     string
	prefix  netip.Prefix
	source  Source
	nextHop netip.Addr
}

// nextHop is a BGP next hop that received routes name.
type nextHop struct {
	usable bool
	routes int
}

// vrfTable is the table of one VRF.
type vrfTable struct {
	VRF
	prefixes map[netip.Prefix]*destination
}

// destination holds the paths of one prefix in one VRF.
type destination struct {
	paths []*path
	choice
}

// choice is the outcome of best path choice.
type choice struct {
	best   *path   // nil: none can be used
	spread []*path // all that packets may take; nil where that is best alone
}

func (c choice) equal(o choice) bool { return c.best == o.best && slices.Equal(c.spread, o.spread) }

// NewTables returns the empty tables of the VRFs. No next hop is usable before
// SetNextHop says so.
func NewTables(vrfs []VRF) *Tables {
	t := &Tables{
		vrfs:     make(map[string]*vrfTable),
		received: make(map[Key]*path),
		locals:   make(map[localKey]*path),
		nextHops: make(map[netip.Addr]*nextHop),
	}
	t.SetVRFs(vrfs)
	return t
}

// SetMaxPaths sets over how many equally good paths packets may be spread, from
// 1, which is what new tables do. It counts for choices to come.
func (t *Tables) SetMaxPaths(n int) { t.chooser.maxPaths = n }

// Update adds a received route, or replaces the one with the same key.
func (t *Tables) Update(r Route) []Change {
	old := t.received[r.Key()]
	if old != nil && old.Route.Equal(r) {
		return nil
	}
	p := &path{Path: Path{Source: BGP, Route: r}}
	t.received[r.Key()] = p
	t.follow(r.NextHop, +1)
	if old != nil {
		t.follow(old.Route.NextHop, -1)
	}
	p.fault = t.fault(r)
	return t.replace(old, p)
}

// Withdraw removes a received route.
func (t *Tables) Withdraw(k Key) []Change {
	old := t.received[k]
	if old == nil {
		return nil
	}
	delete(t.received, k)
	t.follow(old.Route.NextHop, -1)
	return t.replace(old, nil)
}

// SetLocal adds a local route to a VRF, or changes its label. A VRF that the
// tables do not have is an error of the caller; nothing happens.
func (t *Tables) SetLocal(vrf string, r LocalRoute) []Change {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	key := localKey{vrf, r.Prefix, r.Source, r.NextHop}
	old := t.locals[key]
	if old != nil && old.Route.Label == r.Label && old.private == r.Private {
		return nil
	}
	p := v.localPath(r)
	t.locals[key] = p
	return t.replace(old, p)
}

// RemoveLocal removes a local route from a VRF. The label does not count.
func (t *Tables) RemoveLocal(vrf string, r LocalRoute) []Change {
	key := localKey{vrf, r.Prefix, r.Source, r.NextHop}
	old := t.locals[key]
	if old == nil {
		return nil
	}
	delete(t.locals, key)
	return t.replace(old, nil)
}

// SetNextHop reports whether packets can be sent to a BGP next hop. Routes of a
// next hop that is not usable are kept and are never best.
func (t *Tables) SetNextHop(addr netip.Addr, usable bool) []Change {
	n := t.nextHops[addr]
	if n == nil {
		n = &nextHop{}
		t.nextHops[addr] = n
	}
	if n.usable == usable {
		return nil
	}
	n.usable = usable
	b := t.newBatch()
	for _, p := range t.received {
		if p.Route.NextHop == addr {
			p.fault = t.fault(p.Route)
			b.touch(p)
		}
	}
	return b.finish()
}

// NextHops returns the next hops of all received routes, with what SetNextHop
// said of them, so that they can be watched.
func (t *Tables) NextHops() map[netip.Addr]bool {
	hops := make(map[netip.Addr]bool, len(t.nextHops))
	for addr, n := range t.nextHops {
		if n.routes > 0 {
			hops[addr] = n.usable
		}
	}
	return hops
}

// Routes returns all paths of a VRF by prefix, the best one first.
func (t *Tables) Routes(vrf string) []Entry {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	return v.entries(&t.chooser)
}

// Paths returns all paths to a prefix in a VRF, the best one first.
func (t *Tables) Paths(vrf string, prefix netip.Prefix) []Entry {
	v := t.vrfs[vrf]
	if v == nil || v.prefixes[prefix] == nil {
		return nil
	}
	return sortEntries(t.chooser.explain(vrf, v.prefixes[prefix].paths))
}

// Best returns the best path to a prefix in a VRF; nil where there is none.
func (t *Tables) Best(vrf string, prefix netip.Prefix) *Path {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	if d := v.prefixes[prefix]; d != nil && d.best != nil {
		return &d.best.Path
	}
	return nil
}

// Choices returns the best path of every prefix in every VRF, each as a change
// from nothing, in no order.
func (t *Tables) Choices() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for name, v := range t.vrfs {
			for prefix, d := range v.prefixes {
				if d.best != nil && !yield(changeFrom(name, prefix, choice{}, d.choice)) {
					return
				}
			}
		}
	}
}

// follow counts the routes of a next hop.
func (t *Tables) follow(addr netip.Addr, by int) {
	n := t.nextHops[addr]
	if n == nil {
		n = &nextHop{}
		t.nextHops[addr] = n
	}
	n.routes += by
	if n.routes == 0 && !n.usable {
		delete(t.nextHops, addr)
	}
}

// fault returns why a received route cannot be used.
func (t *Tables) fault(r Route) string {
	if r.Unusable != "" {
		return reasonUnusable
	}
	if r.Label < vpn.LabelFirstUnreserved {
		return reasonLabel
	}
	if n := t.nextHops[r.NextHop]; n == nil || !n.usable {
		return reasonUnreachable
	}
	return ""
}

func (v *vrfTable) localPath(r LocalRoute) *path {
	p := &path{Path: Path{Source: r.Source, VRF: v.Name, Route: Route{
		Prefix: r.Prefix, NextHop: r.NextHop, Label: r.Label,
	}}, private: r.Private}
	return p.moved(v)
}
