package vrf

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/topology"
)

// Speak announces to other routers the changes of the prefixes that Program returned.
// After a new configuration it announces all prefixes, and anew is true, because RDs,
// route targets and redistribution may have changed for every route. A route that now
// comes from elsewhere is replaced without being withdrawn.
func (t *Tables) Speak(changed map[fib.Key]bool) (anew bool) {
	if !t.anew {
		for key := range changed {
			if v := t.byID[key.VRF]; v != nil {
				t.announce(v, key)
			}
		}
		return false
	}
	t.anew = false
	before := t.speech.Wanted()
	still := map[bgp.Key]bool{}
	for key, best := range t.best {
		if v := t.byID[key.VRF]; announced(v, best) && !t.Suppressed(key) {
			t.announce(v, key)
			still[bgp.Key{RD: v.RD, Prefix: key.Prefix}] = true
		}
	}
	for _, key := range before {
		if !still[key] {
			t.speech.Withdraw(key)
		}
	}
	return true
}

func (t *Tables) announce(v *config.VRF, key fib.Key) {
	name := bgp.Key{RD: v.RD, Prefix: key.Prefix}
	best := t.best[key]
	if best == nil || !announced(v, best) || t.Suppressed(key) {
		t.speech.Withdraw(name)
		return
	}
	if route, leaves := advertisementOf(v, t.exports[v.Name], best, t.aggregator.ID); leaves {
		t.speech.Announce(name, route)
	} else {
		t.speech.Withdraw(name)
	}
}

// advertisementOf returns a VRF's route as announced to other routers. It does
// not leave where the export policy rejects it, or marks it NO_ADVERTISE. by is the router's
// BGP identifier.
func advertisementOf(v *config.VRF, export *policy.Chain, best *bgp.Path, by netip.Addr) (_ bgp.Route, leaves bool) {
	from := best.Route
	from.RD, from.Targets, from.Origin = v.RD, v.Export, OriginOf(*best)
	route, verdict := from.Apply(export)
	restricted := slices.Contains(route.Communities, bgp.NoAdvertise)
	if best.Customer() && best.Route.IBGP {
		route = route.IntoSet(by)
	}
	out := bgp.Route{
		RD: v.RD, Prefix: from.Prefix, Label: from.Label, Targets: route.Targets, Origin: route.Origin,
		ASPath: route.ASPath, MED: route.MED, LocalPref: route.LocalPref,
		Communities: route.Communities, LargeCommunities: route.LargeCommunities, Extended: route.Extended, Passed: route.Passed,
	}
	if route.NextHop != from.NextHop {
		out.NextHop = route.NextHop
	}
	return out, !verdict.Rejected && !restricted
}

// OriginOf returns the origin that a path has, or is announced with.
func OriginOf(p bgp.Path) bgp.Origin {
	if p.Source == bgp.BGP || p.Source == bgp.Aggregate {
		return p.Route.Origin
	}
	return bgp.OriginIncomplete
}

// announced reports whether the VRF announces a best route.
func announced(v *config.VRF, b *bgp.Path) bool {
	switch {
	case b.VRF != v.Name:
		return false
	case b.Source == bgp.Static:
		return v.RedistributeStatic
	case b.Customer(), b.Source == bgp.Aggregate:
		return true
	case b.Source == bgp.Connected:
		return v.RedistributeConnected != topology.RedistributeNone
	}
	return false
}
