package vrf

import (
	"slices"

	"pseudowan/bgp"
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
		if v := t.byID[key.VRF]; announced(v, best) {
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
	if best == nil || !announced(v, best) {
		t.speech.Withdraw(name)
		return
	}
	t.speech.Announce(name, advertisementOf(v, best))
}

// advertisementOf returns a VRF's route as announced to other routers.
func advertisementOf(v *config.VRF, best *bgp.Path) bgp.Route {
	from := best.Route
	return bgp.Route{
		RD: v.RD, Prefix: from.Prefix, Label: from.Label, Targets: v.Export, Origin: OriginOf(*best),
		ASPath: from.ASPath, MED: from.MED,
		Communities: from.Communities, LargeCommunities: from.LargeCommunities, Extended: from.Extended, Passed: from.Passed,
	}
}

// OriginOf returns the origin that a path has, or is announced with.
func OriginOf(p bgp.Path) bgp.Origin {
	if p.Source == bgp.BGP {
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
	case b.Customer():
		return !slices.Contains(b.Route.Communities, bgp.NoAdvertise)
	case b.Source == bgp.Connected:
		return v.RedistributeConnected != topology.RedistributeNone
	}
	return false
}
