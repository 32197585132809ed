package bgp

import (
	"cmp"
	"fmt"
	"net/netip"

	"pseudowan/bgp/policy"
)

// Source is where a path in a VRF comes from. Lower is preferred.
type Source uint8

// The sources, in the order of preference.
const (
	Connected Source = iota // a subnet or a learnt host on a port of the VRF
	Static                  // a configured route with a next hop on such a port
	BGP                     // received from a peer: another router, or a customer of a VRF
	Aggregate               // made of others: it leads nowhere by itself
)

// String returns the source as in show tables.
func (s Source) String() string {
	switch s {
	case Connected:
		return "connected"
	case Static:
		return "static"
	case BGP:
		return "bgp"
	case Aggregate:
		return "aggregate"
	}
	return fmt.Sprintf("source(%d)", uint8(s))
}

// Path is one path to a prefix in a VRF. Paths are immutable once they have been
// returned.
type Path struct {
	Source Source
	VRF    string // of a local path, the VRF that it belongs to, perhaps not the one that has imported it; "": from another router
	Route  Route  // of a local path, RD, Prefix, NextHop, Label and Targets are set, and what a customer has sent

	Policy *policy.Verdict // of the import policy of the VRF that the path stands in; nil: there is none
}

// ChangedBy returns the terms of the import policy of the VRF that have changed the path.
func (p *Path) ChangedBy() []policy.Step {
	if p.Policy == nil {
		return nil
	}
	return p.Policy.Changed
}

// Remote reports whether the path leads to another router, with a label.
func (p *Path) Remote() bool { return p.Source == BGP && p.VRF == "" }

// Customer reports whether the path is from a customer of this router.
func (p *Path) Customer() bool { return p.Source == BGP && p.VRF != "" }

// reach is whether and how packets get to the next hop of a path.
type reach struct {
	fault  string // why the path cannot be used; "": it can
	metric uint64 // of the way to its next hop
}

// path is a path in the tables, shared by all VRFs that import it.
type path struct {
	Path
	reach
	inner   *Route // the customer's attributes, by which it is compared (RFC 6368 section 6); nil: those of Route
	out     *path  // of a path of a VRF, as others import it; nil: they do not
	private bool   // it has no targets, and no other VRF imports it
}

func (p *path) public() *Path {
	if p == nil {
		return nil
	}
	return &p.Path
}

func (v *vrfTable) localPath(r LocalRoute) *path {
	p := &path{Path: Path{Source: r.Source, VRF: v.Name, Route: Route{
		Prefix: r.Prefix, NextHop: r.NextHop, Label: r.Label,
	}.At(r.Site)}, private: r.Private}
	return p.moved(v)
}

// moved returns a local path with the current RD and targets of its VRF.
func (p *path) moved(v *vrfTable) *path {
	q := *p
	q.Route.RD, q.Route.Targets = v.RD, v.Export
	if p.private {
		q.Route.Targets = nil
	}
	q.out = q.leaving(v)
	return &q
}

// forwardsLike reports whether both paths forward packets in the same way.
func (p *path) forwardsLike(q *path) bool {
	return p.VRF == q.VRF && p.Route.NextHop == q.Route.NextHop && p.Route.Label == q.Route.Label
}

// originRank ranks a VRF's own routes before those from other VRFs of the router,
// and these before received ones.
func (p *path) originRank(vrf string) int {
	switch {
	case p.Source == BGP, p.Source == Aggregate:
		return 4
	case p.VRF == vrf:
		return int(p.Source)
	}
	return 2 + int(p.Source)
}

// givesWay reports whether an aggregate, or a default route that the VRF originates,
// loses to another path: to those of customers of this router, which lead somewhere. It
// wins against those of other routers, so that two routers that originate the same do
// not send packets to each other for want of better.
func (p *path) givesWay(q *path) bool { return p.Source == Aggregate && q.Customer() }

// standsBefore is the reverse, towards other routers, and towards aggregates of other VRFs
// if this one is the VRF's own.
func (p *path) standsBefore(vrf string, q *path) bool {
	return p.Source == Aggregate && (q.Remote() || q.Source == Aggregate && p.VRF == vrf && q.VRF != vrf)
}

// attributes are those by which a path is compared.
func (p *path) attributes() *Route {
	if p.inner != nil {
		return p.inner
	}
	return &p.Route
}

func (p *path) localPref() uint32 {
	if pref := p.attributes().LocalPref; pref != nil {
		return *pref
	}
	return defaultLocalPref
}

// med returns the MED; a missing one is the lowest (RFC 4271 section 9.1.2.2).
func (p *path) med() uint32 {
	if med := p.attributes().MED; med != nil {
		return *med
	}
	return 0
}

// distance ranks external routes before those of an internal session with a customer, and
// these before those of other routers, which are farther away.
func (p *path) distance() int {
	switch {
	case !p.Route.IBGP:
		return 0
	case p.Customer():
		return 1
	}
	return 2
}

// fromPeer returns 0 for a route that originates here, 1 for others.
func (p *path) fromPeer() int {
	if p.Route.Peer.IsValid() {
		return 1
	}
	return 0
}

// routerID returns the identifier of the router at which the route entered our
// AS (RFC 4456 section 9).
func (p *path) routerID() netip.Addr {
	if p.Route.OriginatorID.IsValid() {
		return p.Route.OriginatorID
	}
	return p.Route.PeerID
}

// comparePaths orders the paths of one prefix; no two are equal.
func comparePaths(a, b *Path) int {
	return cmp.Or(
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.VRF, b.VRF),
		a.Route.Key().compare(b.Route.Key()),
		a.Route.NextHop.Compare(b.Route.NextHop),
	)
}
