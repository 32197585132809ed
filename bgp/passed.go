package bgp

import (
	"slices"

	"pseudowan/bgp/vpn"
)

// Attribute is a path attribute that this router does not act upon, and passes on
// with its route (RFC 4271 section 5): ATOMIC_AGGREGATE, AGGREGATOR, and transitive
// ones that it does not recognize.
type Attribute struct {
	Type  uint8
	Flags uint8 // as received
	Value string
}

const (
	attributeAtomicAggregate = 6
	attributeAggregator      = 7
	attributeSet             = 128 // RFC 6368: only PE routers may make one
)

// AcrossAS returns the route as it may pass between this AS and a customer's:
// without what stays inside of an AS, and what only PE routers tell each other.
func (r Route) AcrossAS() Route {
	const nonTransitive = 0x40 // RFC 4360 section 2
	internal := func(c vpn.ExtendedCommunity) bool { return c[0]&nonTransitive != 0 }
	isSet := func(a Attribute) bool { return a.Type == attributeSet }
	r.Extended = slices.DeleteFunc(slices.Clone(r.Extended), internal)
	r.Passed = slices.DeleteFunc(slices.Clone(r.Passed), isSet)
	return r
}

// Room for attributes of a route in a message (RFC 4271 section 4.3), without what
// routers on the way add: AS numbers, a next hop, clusters.
const (
	maxMessage = 4096
	reserve    = 256
)

// fits reports whether a message can hold the route. The engine would not tell
// peers of one that is too long, nor withdraw what it said before.
func (r Route) fits() bool {
	n := 4*len(r.Communities) + 12*len(r.LargeCommunities) + 8*len(r.Extended) + 8*len(r.Targets)
	for _, s := range r.ASPath {
		n += 2 + 4*len(s.AS)
	}
	for _, a := range r.Passed {
		n += 4 + len(a.Value)
	}
	return n <= maxMessage-reserve
}
