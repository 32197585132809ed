package bgp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	api "github.com/osrg/gobgp/v3/api"
)

const (
	globalTable  = "global"
	importPolicy = "import"
	exportPolicy = "export"
)

// exportRule is the export policy of a group of peers.
type exportRule struct {
	med      uint32
	setMED   bool
	localAll bool // only routes that originate here: to external peers, and by a speaker of labelled routes
	noSwap   bool // internal peers with next-hop-self: no routes from external peers
	through  bool // external peers that are told the routes of internal ones, with their next hops
}

// setPolicies replaces the import and export policies by those of the
// neighbours. GoBGP has one chain for all peers, which every route passes for each
// of them, so peers with the same settings share statements.
func (e *engine) setPolicies(ctx context.Context, as uint32, neighbors []Neighbor) error {
	p := &policies{}
	preferences := make(map[uint32][]netip.Addr)
	rules := make(map[exportRule][]netip.Addr)
	var unreflected []netip.Addr
	for _, n := range neighbors {
		addr := n.Address.WithZone("")
		if pref := n.enginePref(); pref != nil {
			preferences[*pref] = append(preferences[*pref], addr)
		}
		through := n.passesNextHops(as) && e.carries == carriesVPN
		rule := exportRule{
			localAll: n.AS != as && !through || e.carries == carriesLabeled, noSwap: through || n.AS == as && n.NextHopSelf, through: through,
		}
		if n.MED != nil {
			rule.setMED, rule.med = true, *n.MED
		}
		rules[rule] = append(rules[rule], addr)
		if n.unreflected() {
			unreflected = append(unreflected, addr)
		}
	}
	p.unreflected(unreflected) // before statements that accept
	p.audiences(neighbors, as)
	for pref, peers := range preferences {
		p.importing(pref, peers)
	}
	for rule, peers := range rules {
		p.exporting(rule, peers)
	}
	return e.install(ctx, p)
}

func (e *engine) install(ctx context.Context, p *policies) error {
	err := e.server.SetPolicies(ctx, &api.SetPoliciesRequest{
		DefinedSets: p.sets,
		Policies: []*api.Policy{
			{Name: importPolicy, Statements: p.imports},
			{Name: exportPolicy, Statements: p.exports},
		},
	})
	assign := func(name string, d api.PolicyDirection) error {
		return e.server.SetPolicyAssignment(ctx, &api.SetPolicyAssignmentRequest{Assignment: &api.PolicyAssignment{
			Name: globalTable, Direction: d, DefaultAction: api.RouteAction_ACCEPT,
			Policies: []*api.Policy{{Name: name}},
		}})
	}
	err = errors.Join(err,
		assign(importPolicy, api.PolicyDirection_IMPORT),
		assign(exportPolicy, api.PolicyDirection_EXPORT))
	if err != nil {
		return fmt.Errorf("bgp: policies: %w", err)
	}
	return nil
}

// policies collects statements and the sets of peers to which they apply.
type policies struct {
	sets    []*api.DefinedSet
	imports []*api.Statement
	exports []*api.Statement
}

func (p *policies) importing(pref uint32, peers []netip.Addr) {
	match := p.match(peers)
	p.imports = append(p.imports, &api.Statement{
		Name:       match.Name + "-in",
		Conditions: &api.Conditions{NeighborSet: match},
		Actions:    &api.Actions{RouteAction: api.RouteAction_ACCEPT, LocalPref: &api.LocalPrefAction{Value: pref}},
	})
}

func (p *policies) exporting(rule exportRule, peers []netip.Addr) {
	match := p.match(peers)
	refuse := func(name string, t api.Conditions_RouteType) {
		p.exports = append(p.exports, &api.Statement{
			Name:       match.Name + name,
			Conditions: &api.Conditions{NeighborSet: match, RouteType: t},
			Actions:    &api.Actions{RouteAction: api.RouteAction_REJECT},
		})
	}
	if rule.localAll {
		refuse("-internal", api.Conditions_ROUTE_TYPE_INTERNAL)
	}
	if rule.localAll || rule.noSwap {
		refuse("-external", api.Conditions_ROUTE_TYPE_EXTERNAL)
	}
	if rule.through {
		p.exports = append(p.exports, &api.Statement{
			Name:       match.Name + "-through",
			Conditions: &api.Conditions{NeighborSet: match, RouteType: api.Conditions_ROUTE_TYPE_INTERNAL},
			Actions:    &api.Actions{Nexthop: &api.NexthopAction{Unchanged: true}},
		})
	}
	if !rule.setMED {
		return
	}
	p.exports = append(p.exports, &api.Statement{
		Name:       match.Name + "-med",
		Conditions: &api.Conditions{NeighborSet: match},
		Actions: &api.Actions{
			RouteAction: api.RouteAction_ACCEPT,
			Med:         &api.MedAction{Type: api.MedAction_REPLACE, Value: int64(rule.med)},
		},
	})
}

// passesNextHops reports whether an external peer is told the routes of internal ones with
// their next hops (RFC 4364 section 10c).
func (n Neighbor) passesNextHops(as uint32) bool { return n.AS != as && n.NextHopUnchanged }

// match defines the set of the given peers.
func (p *policies) match(peers []netip.Addr) *api.MatchSet {
	set := &api.DefinedSet{DefinedType: api.DefinedType_NEIGHBOR, Name: fmt.Sprintf("peers-%d", len(p.sets))}
	for _, a := range slices.SortedFunc(slices.Values(peers), netip.Addr.Compare) {
		set.List = append(set.List, netip.PrefixFrom(a, a.BitLen()).String())
	}
	p.sets = append(p.sets, set)
	return &api.MatchSet{Name: set.Name, Type: api.MatchSet_ANY}
}
