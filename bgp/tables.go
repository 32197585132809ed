package bgp

import (
	"iter"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// VRF is an instance of a VRF on this router.
type VRF struct {
	ID     uint32
	Name   string
	RD     vpn.RD
	Import []vpn.RouteTarget
	Export []vpn.RouteTarget

	Limit     vpn.RouteLimit
	Summaries []netip.Prefix // of its own routes within one, only the aggregate leaves the VRF

	ImportPolicy *policy.Chain // what the paths of others pass on their way in; nil takes all as they are
	ExportPolicy *policy.Chain // what its own paths pass on their way out
}

// LocalRoute is a route of a VRF that originates on this router. Prefix,
// source and next hop identify it.
type LocalRoute struct {
	Prefix  netip.Prefix
	Source  Source     // Connected or Static (see SetAggregate for others)
	NextHop netip.Addr // zero for connected
	Label   vpn.Label  // the label it is announced with; 0: none
	Private bool       // it is not exported, not even to other VRFs of this router

	Site vpn.SiteOfOrigin // that the route is of (RFC 4364 section 7); zero: none
}

// Change is a new best path of a prefix in a VRF, a change of its attributes, or
// a change of the other paths that packets may take now or once it fails.
type Change struct {
	VRF    string
	Prefix netip.Prefix
	Old    *Path   // nil: there was none
	New    *Path   // nil: there is none
	Spread []*Path // all paths that packets may take, New first; nil if there is only New
	Backup *Path   // the best path to another next hop; nil: there is none, or Spread has several (see KeepBackups)
	Quiet  bool    // only Backup has changed
}

// Entry is a path with the outcome of best path choice.
type Entry struct {
	Path
	Best   bool   // packets take it, perhaps among other equal paths
	Backup bool   // packets take it if the next hop of the best one fails (see KeepBackups)
	Reason string // by which the best path won, or another one lost
}

// Tables are the VRF tables of one router. A received route is in every VRF that
// imports one of its targets, whatever its RD; a local route is in its own VRF
// and in every other that imports what this one exports. The outcome does not
// depend on the order in which routes arrive, unless the limit of a VRF is reached.
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
	metric uint64
	routes int
}

// vrfTable is the table of one VRF.
type vrfTable struct {
	VRF
	prefixes map[netip.Prefix]*destination
	mapped   map[*path]*path // what the import policy has made of others' paths
	admission
}

// destination holds the paths of one prefix in one VRF.
type destination struct {
	paths []*path
	choice
	admitted uint64 // to the VRF, counted; 0: it is not
	refused  bool   // it has a usable path, and there is no room for it
}

// choice is the outcome of best path choice.
type choice struct {
	best   *path   // nil: none can be used
	spread []*path // all that packets may take; nil if there is only best
	backup *path   // the best to another next hop, unless there is a spread; nil: there is none
}

func (c choice) equal(o choice) bool { return c.backup == o.backup && c.forwardsAs(o) }

// forwardsAs reports whether packets take the same paths as long as none fails.
func (c choice) forwardsAs(o choice) bool {
	return c.best == o.best && slices.Equal(c.spread, o.spread)
}

// NewTables returns the empty tables of the VRFs. No next hop is usable before
// SetNextHop.
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

// SetMaxPaths sets over how many equal paths packets may be spread; the default
// is 1. It applies to later choices.
func (t *Tables) SetMaxPaths(n int) { t.chooser.maxPaths = n }

// KeepBackups has Changes name backups; by default they name none. It applies to later
// choices.
func (t *Tables) KeepBackups() { t.chooser.backups = true }

// Update adds a received route, or replaces the one with the same key.
func (t *Tables) Update(r Route) []Change {
	inner, _, has, err := r.FromSet()
	if err != nil && r.Unusable == "" {
		r.Unusable = "its ATTR_SET is malformed (RFC 6368): " + err.Error()
	}
	old := t.received[r.Key()]
	if old != nil && old.Route.Equal(r) {
		return nil
	}
	p := &path{Path: Path{Source: BGP, Route: r}}
	if has && err == nil {
		p.inner = &inner
	}
	t.received[r.Key()] = p
	t.follow(r.NextHop, +1)
	if old != nil {
		t.follow(old.Route.NextHop, -1)
	}
	p.reach = t.reach(r)
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

// SetLocal adds a local route to a VRF, or changes it. It does nothing if there
// is no such VRF.
func (t *Tables) SetLocal(vrf string, r LocalRoute) []Change {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	key := localKey{vrf, r.Prefix, r.Source, r.NextHop}
	old := t.locals[key]
	if old != nil && old.Route.Label == r.Label && old.private == r.Private && slices.Equal(old.Route.Extended, Route{}.At(r.Site).Extended) {
		return nil
	}
	p := v.localPath(r)
	t.locals[key] = p
	return t.replace(old, p)
}

// RemoveLocal removes a local route from a VRF, whatever its label.
func (t *Tables) RemoveLocal(vrf string, r LocalRoute) []Change {
	key := localKey{vrf, r.Prefix, r.Source, r.NextHop}
	old := t.locals[key]
	if old == nil {
		return nil
	}
	delete(t.locals, key)
	return t.replace(old, nil)
}

// SetNextHop sets whether packets can be sent to a BGP next hop, and how far it is: the
// metric of the way inside the network (the interior cost of RFC 4271 section 9.1.2.2 e),
// 0 if it is on a link. Routes with an unusable next hop are kept but never best.
func (t *Tables) SetNextHop(addr netip.Addr, usable bool, metric uint64) []Change {
	n := t.nextHops[addr]
	if n == nil {
		n = &nextHop{}
		t.nextHops[addr] = n
	}
	if n.usable == usable && n.metric == metric {
		return nil
	}
	n.usable, n.metric = usable, metric
	b := t.newBatch()
	for _, p := range t.received {
		if p.Route.NextHop == addr {
			p.reach = t.reach(p.Route)
			b.touch(p)
		}
	}
	b.judgeAgain()
	return b.finish()
}

// NextHops returns the next hops of all received routes, with their state from
// SetNextHop.
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
	return sortEntries(t.chooser.entriesOf(vrf, v.prefixes[prefix]))
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

// reach returns whether a received route can be used, and how far its next hop is.
func (t *Tables) reach(r Route) (to reach) {
	n := t.nextHops[r.NextHop]
	if n != nil {
		to.metric = n.metric
	}
	switch {
	case r.Unusable != "":
		to.fault = reasonUnusable
	case r.Label < vpn.LabelFirstUnreserved:
		to.fault = reasonLabel
	case n == nil || !n.usable:
		to.fault = reasonUnreachable
	}
	return to
}
