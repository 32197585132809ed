package bgp

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
)

// Aggregator is the router that makes an aggregate of routes (RFC 4271 section 9.2.2.2).
type Aggregator struct {
	AS    uint32
	ID    netip.Addr // BGP identifier
	ASSet bool       // the AS path keeps the ASes of the routes, in a set where they differ
}

// Aggregate returns the route to a prefix that stands for more specific ones. Its order
// does not matter.
func (a Aggregator) Aggregate(prefix netip.Prefix, routes []Route) Route {
	r := Route{Prefix: prefix}
	communities := make(map[Community]bool)
	large := make(map[LargeCommunity]bool)
	lost := false
	for i, one := range routes {
		r.Origin = max(r.Origin, one.Origin)
		lost = lost || len(one.ASPath) > 0 || slices.ContainsFunc(one.Passed, func(p Attribute) bool { return p.Type == attributeAtomicAggregate })
		if !a.ASSet {
			continue
		}
		for _, c := range one.Communities {
			communities[c] = true
		}
		for _, c := range one.LargeCommunities {
			large[c] = true
		}
		if i == 0 {
			r.ASPath = one.ASPath
		} else {
			r.ASPath = merge(r.ASPath, one.ASPath)
		}
	}
	if a.ASSet {
		lost = slices.ContainsFunc(routes, func(o Route) bool {
			return slices.ContainsFunc(o.Passed, func(p Attribute) bool { return p.Type == attributeAtomicAggregate })
		})
		r.Communities = slices.Sorted(maps.Keys(communities))
		r.LargeCommunities = slices.SortedFunc(maps.Keys(large), func(x, y LargeCommunity) int { return slices.Compare(x[:], y[:]) })
	}
	if lost { // of the path (RFC 4271 section 5.1.6)
		r.Passed = append(r.Passed, Attribute{Type: attributeAtomicAggregate, Flags: transitive})
	}
	value := binary.BigEndian.AppendUint32(nil, a.AS)
	r.Passed = append(r.Passed, Attribute{Type: attributeAggregator, Flags: optional | transitive, Value: string(append(value, a.ID.AsSlice()...))})
	return r
}

// The flags of attributes (RFC 4271 section 4.3).
const (
	optional   = 0x80
	transitive = 0x40
)

// merge returns the path of an aggregate of two: the ASes with which both begin, then a
// set of all others.
func merge(p, q ASPath) ASPath {
	if p.Equal(q) {
		return p
	}
	common := 0
	first := func(path ASPath) []uint32 {
		if len(path) > 0 && path[0].Kind == ASSequence {
			return path[0].AS
		}
		return nil
	}
	for a, b := first(p), first(q); common < min(len(a), len(b)) && a[common] == b[common]; {
		common++
	}
	out := slices.Clip(Sequence(first(p)[:common]...))
	set := make(map[uint32]bool)
	for _, path := range []ASPath{p, q} {
		for i, s := range path {
			as := s.AS
			if i == 0 && s.Kind == ASSequence {
				as = as[common:]
			}
			for _, one := range as {
				set[one] = true
			}
		}
	}
	for _, as := range first(out) {
		delete(set, as)
	}
	for as := range slices.Chunk(slices.Sorted(maps.Keys(set)), 255) {
		out = append(out, ASSegment{Kind: ASSet, AS: as})
	}
	return out
}

// SetAggregate adds to a VRF a route that stands for others, or changes it: an aggregate,
// or a default route. Packets to it have no route in the VRF unless a longer one is there. It
// does nothing if there is no such VRF.
func (t *Tables) SetAggregate(vrf string, r Route) []Change {
	v := t.vrfs[vrf]
	if v == nil {
		return nil
	}
	p := (&path{Path: Path{Source: Aggregate, VRF: vrf, Route: r}}).moved(v)
	key := localKey{vrf: vrf, prefix: r.Prefix, source: Aggregate}
	old := t.locals[key]
	if old != nil && old.Route.Equal(p.Route) {
		return nil
	}
	t.locals[key] = p
	return t.replace(old, p)
}

// RemoveAggregate removes a route that SetAggregate has added.
func (t *Tables) RemoveAggregate(vrf string, prefix netip.Prefix) []Change {
	return t.RemoveLocal(vrf, LocalRoute{Prefix: prefix, Source: Aggregate})
}
