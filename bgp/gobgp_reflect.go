package bgp

import (
	"fmt"
	"net/netip"
	"slices"

	api "github.com/osrg/gobgp/v3/api"

	"pseudowan/bgp/gate"
)

// The engine reflects correctly only to clients. What it sends to a reflector's
// non-client peers has no ORIGINATOR_ID and no CLUSTER_LIST, so that they cannot
// detect a loop; and it does not withdraw a client's route from them when another
// peer's becomes the best. To the engine all internal peers of a reflector are
// therefore clients, and policies keep the routes of non-client peers from each
// other (RFC 4456 section 6).

// unreflectedMark is what the routes of a reflector's other internal peers
// carry inside of the engine, and nowhere else.
var unreflectedMark = gate.Unreflected

const unreflectedSet = "unreflected"

// markReflected sets ofReflector in the internal peers if the router is a
// reflector.
func markReflected(neighbors map[netip.Addr]Neighbor, ranges []Neighbor, as uint32) {
	reflector := slices.ContainsFunc(ranges, func(n Neighbor) bool { return n.Client && n.AS == as })
	for _, n := range neighbors {
		reflector = reflector || n.Client && n.AS == as
	}
	for addr, n := range neighbors {
		n.ofReflector = reflector && n.AS == as
		neighbors[addr] = n
	}
}

// unreflected reports whether the router reflects the peer's routes only to its
// clients.
func (n Neighbor) unreflected() bool { return n.ofReflector && !n.Client }

// unreflected adds the statements that keep the routes of the given peers from
// each other.
func (p *policies) unreflected(peers []netip.Addr) {
	if len(peers) == 0 {
		return
	}
	mark := fmt.Sprintf("%d:%d:%d", unreflectedMark[0], unreflectedMark[1], unreflectedMark[2])
	p.sets = append(p.sets, &api.DefinedSet{DefinedType: api.DefinedType_LARGE_COMMUNITY, Name: unreflectedSet, List: []string{"^" + mark + "$"}})
	marked := &api.MatchSet{Name: unreflectedSet, Type: api.MatchSet_ANY}
	match := p.match(peers)
	p.imports = append(p.imports, &api.Statement{
		Name:       match.Name + "-mark",
		Conditions: &api.Conditions{NeighborSet: match},
		Actions:    &api.Actions{LargeCommunity: &api.CommunityAction{Type: api.CommunityAction_ADD, Communities: []string{mark}}},
	})
	p.exports = append(p.exports,
		&api.Statement{
			Name:       match.Name + "-unreflected",
			Conditions: &api.Conditions{NeighborSet: match, LargeCommunitySet: marked},
			Actions:    &api.Actions{RouteAction: api.RouteAction_REJECT},
		},
		&api.Statement{
			Name:       "unmark",
			Conditions: &api.Conditions{LargeCommunitySet: marked},
			Actions:    &api.Actions{LargeCommunity: &api.CommunityAction{Type: api.CommunityAction_REMOVE, Communities: []string{mark}}},
		})
}
