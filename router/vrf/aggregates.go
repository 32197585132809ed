package vrf

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/topology"
)

// aggregate is an aggregate of a VRF with the routes that it is made of.
type aggregate struct {
	topology.Aggregate
	vrf   *config.VRF
	parts map[netip.Prefix]*bgp.Path // best paths, without those that the VRF does not know yet
	stale bool                       // the parts have changed
}

// configureAggregates replaces the aggregates. Their parts are found anew by Program, as all
// prefixes have changed then.
func (t *Tables) configureAggregates(cfg config.Router) {
	t.aggregator = bgp.Aggregator{AS: cfg.AS, ID: cfg.RouterID}
	before := t.aggregates
	t.aggregates = nil
	wanted := map[vrfPrefix]bool{}
	for i := range t.vrfs {
		v := &t.vrfs[i]
		for _, a := range v.Aggregates {
			wanted[vrfPrefix{v.Name, a.Prefix}] = true
			t.aggregates = append(t.aggregates, &aggregate{Aggregate: a, vrf: v, parts: map[netip.Prefix]*bgp.Path{}, stale: true})
		}
	}
	// An aggregate may be a part of a shorter one.
	slices.SortStableFunc(t.aggregates, func(a, b *aggregate) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	for _, a := range before {
		if !wanted[vrfPrefix{a.vrf.Name, a.Prefix}] {
			t.tables.RemoveAggregate(a.vrf.Name, a.Prefix)
		}
	}
}

// summaries lists the aggregates that stand for more specific routes.
func summaries(v *config.VRF) (list []netip.Prefix) {
	for _, a := range v.Aggregates {
		if a.SummaryOnly {
			list = append(list, a.Prefix)
		}
	}
	return list
}

type vrfPrefix struct {
	vrf    string
	prefix netip.Prefix
}

// aggregateChanged brings the aggregates in line with the prefixes that have changed, to
// which it adds its own.
func (t *Tables) aggregateChanged() {
	for _, a := range t.aggregates {
		for key := range t.changed {
			if key.VRF == a.vrf.ID && a.Covers(key.Prefix) {
				a.follow(key.Prefix, t.best[key])
			}
		}
		if a.stale {
			a.stale = false
			t.note(t.make(a))
		}
	}
}

// follow notes the best path of a prefix that the aggregate covers; nil: it has none.
func (a *aggregate) follow(prefix netip.Prefix, best *bgp.Path) {
	if best == nil {
		a.stale = a.stale || a.parts[prefix] != nil
		delete(a.parts, prefix)
		return
	}
	a.stale = a.stale || a.parts[prefix] != best
	a.parts[prefix] = best
}

// make enters an aggregate into its VRF, or removes it.
func (t *Tables) make(a *aggregate) []bgp.Change {
	if len(a.parts) == 0 && !a.Always {
		return t.tables.RemoveAggregate(a.vrf.Name, a.Prefix)
	}
	label, ok := a.vrf.LabelOf(a.Prefix, netip.Addr{})
	if !ok {
		t.log.Error("no label for an aggregate; it is not announced", "vrf", a.vrf.Name, "prefix", a.Prefix)
		return nil
	}
	route := bgp.Route{Prefix: a.Prefix}
	if !a.Always {
		by := t.aggregator
		by.ASSet = a.ASSet
		var parts []bgp.Route
		for _, p := range a.parts {
			r := p.Route
			r.Origin = OriginOf(*p)
			parts = append(parts, r)
		}
		route = by.Aggregate(a.Prefix, parts)
	}
	route.Label = label
	return t.tables.SetAggregate(a.vrf.Name, route)
}

// Suppressed reports whether an aggregate stands for a route of a VRF in what others are
// told.
func (t *Tables) Suppressed(key fib.Key) bool {
	v := t.byID[key.VRF]
	return v != nil && topology.Suppressed(v.Aggregates, key.Prefix)
}
