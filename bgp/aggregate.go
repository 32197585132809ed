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

// setOctets bounds what an aggregate says of its routes: with more of it, it says
// nothing, as it would not fit into a message.
const setOctets = 2048

// Aggregate returns the route to a prefix that stands for more specific ones. Its order
// does not matter.
func (a Aggregator) Aggregate(prefix netip.Prefix, routes []Route) Route {
	r := Route{Prefix: prefix}
	atomic := func(o Route) bool {
		return slices.ContainsFunc(o.Passed, func(p Attribute) bool { return p.Type == attributeAtomicAggregate })
	}
	pathLost, lost := false, false
	for _, one := range routes {
		r.Origin = max(r.Origin, one.Origin)
		pathLost, lost = pathLost || len(one.ASPath) > 0, lost || atomic(one)
	}
	if !a.ASSet || !r.collect(routes) {
		lost = lost || pathLost
	}
	if lost { // of the path (RFC 4271 section 5.1.6)
		r.Passed = append(r.Passed, Attribute{Type: attributeAtomicAggregate, Flags: transitive})
	}
	value := binary.BigEndian.AppendUint32(nil, a.AS)
	r.Passed = append(r.Passed, Attribute{Type: attributeAggregator, Flags: optional | transitive, Value: string(append(value, a.ID.AsSlice()...))})
	return r
}

// collect gives an aggregate the paths and communities of its routes, unless they are
// too many.
func (r *Route) collect(routes []Route) bool {
	communities, large := make(map[Community]bool), make(map[LargeCommunity]bool)
	for _, one := range routes {
		for _, c := range one.Communities {
			communities[c] = true
		}
		for _, c := range one.LargeCommunities {
			large[c] = true
		}
		if 4*len(communities)+12*len(large) > setOctets {
			return false
		}
	}
	path, ok := merge(routes)
	if !ok {
		return false
	}
	r.ASPath = path
	r.Communities = slices.Sorted(maps.Keys(communities))
	r.LargeCommunities = slices.SortedFunc(maps.Keys(large), func(x, y LargeCommunity) int { return slices.Compare(x[:], y[:]) })
	return true
}

// The flags of attributes (RFC 4271 section 4.3).
const (
	optional   = 0x80
	transitive = 0x40
)

// merge returns the path of an aggregate: the ASes with which all paths begin, then a set
// of all others; false if there are too many.
func merge(routes []Route) (ASPath, bool) {
	if len(routes) == 0 {
		return nil, true
	}
	first := func(path ASPath) []uint32 {
		if len(path) > 0 && path[0].Kind == ASSequence {
			return path[0].AS
		}
		return nil
	}
	common, same := first(routes[0].ASPath), true
	for _, r := range routes[1:] {
		same = same && r.ASPath.Equal(routes[0].ASPath)
		as := first(r.ASPath)
		n := 0
		for n < min(len(common), len(as)) && common[n] == as[n] {
			n++
		}
		common = common[:n]
	}
	if same {
		return routes[0].ASPath, true
	}
	set := make(map[uint32]bool)
	for _, r := range routes {
		for i, s := range r.ASPath {
			as := s.AS
			if i == 0 && s.Kind == ASSequence {
				as = as[len(common):]
			}
			for _, one := range as {
				set[one] = true
			}
		}
		if 4*len(set) > setOctets {
			return nil, false
		}
	}
	for _, as := range common {
		delete(set, as)
	}
	out := slices.Clip(Sequence(common...))
	for as := range slices.Chunk(slices.Sorted(maps.Keys(set)), 255) {
		out = append(out, ASSegment{Kind: ASSet, AS: as})
	}
	return out, true
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
