package bgp

import (
	"fmt"
	"net/netip"
	"slices"

	api "github.com/osrg/gobgp/v3/api"

	"pseudowan/bgp/gate"
)

// Audience is which peers are told a route of ours. The engine tells every peer every
// route of its own, so that others are marked, and policies keep them from the rest.
type Audience uint8

// The audiences.
const (
	ToAll  Audience = iota
	ToEdge          // peers at borders: routes that are known in our AS
	ToPass          // these, and internal peers: routes of other ASes
)

var audienceMarks = map[Audience]LargeCommunity{ToEdge: gate.Outward, ToPass: gate.Onward}

// marked returns the large communities of a route of ours, with the mark of its audience.
func (r Route) marked() []LargeCommunity {
	if mark, ok := audienceMarks[r.To]; ok {
		return append(slices.Clip(r.LargeCommunities), mark)
	}
	return r.LargeCommunities
}

// audienceOf reads a mark.
func audienceOf(c LargeCommunity) (to Audience, ok bool) {
	for to, mark := range audienceMarks {
		if c == mark {
			return to, true
		}
	}
	return ToAll, false
}

// audiences adds the statements that keep routes from the peers that they are not for. The
// marks themselves no peer is shown: the gate removes them.
func (p *policies) audiences(neighbors []Neighbor, as uint32) {
	var inner, outer []netip.Addr // neither is told what is for the edge, and outer not what is passed on
	for _, n := range neighbors {
		switch addr := n.Address.WithZone(""); {
		case n.AS == as:
			inner = append(inner, addr)
		case !n.Border:
			outer = append(outer, addr)
		}
	}
	if len(inner)+len(outer) == len(neighbors) {
		return // there is no border
	}
	p.keep("audience-edge", gate.Outward, inner)
	p.keep("audience-edge-other", gate.Outward, outer)
	p.keep("audience-pass", gate.Onward, outer)
}

// keep adds a statement that keeps marked routes from peers.
func (p *policies) keep(name string, mark LargeCommunity, from []netip.Addr) {
	if len(from) == 0 {
		return
	}
	p.sets = append(p.sets, &api.DefinedSet{
		DefinedType: api.DefinedType_LARGE_COMMUNITY, Name: name, List: []string{fmt.Sprintf("^%d:%d:%d$", mark[0], mark[1], mark[2])},
	})
	p.exports = append(p.exports, &api.Statement{
		Name: name,
		Conditions: &api.Conditions{
			NeighborSet: p.match(from), LargeCommunitySet: &api.MatchSet{Name: name, Type: api.MatchSet_ANY},
		},
		Actions: &api.Actions{RouteAction: api.RouteAction_REJECT},
	})
}
