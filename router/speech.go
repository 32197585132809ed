package router

import (
	"context"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/topology"
)

// speech is what the router tells other routers, by RD and prefix: what they
// are to know, and what they have been told. The two differ while flows are
// being programmed.
type speech struct {
	wanted map[bgp.Key]bgp.Route
	told   map[bgp.Key]bgp.Route
}

func newSpeech() speech {
	return speech{wanted: map[bgp.Key]bgp.Route{}, told: map[bgp.Key]bgp.Route{}}
}

// announce tells the peers what has become best for a prefix of a VRF, once
// the switch has it: packets may come as soon as a peer knows. What is no
// longer true is withdrawn at once.
func (r *reactor) announce(v *config.VRF, prefix netip.Prefix) {
	key := bgp.Key{RD: v.RD, Prefix: prefix}
	best := r.best[fib.Key{VRF: v.ID, Prefix: prefix}]
	if best == nil || !announced(v, best) {
		delete(r.speech.wanted, key)
		r.syncPeers(key)
		return
	}
	want := advertisementOf(v, best)
	r.speech.wanted[key] = want
	if told, known := r.speech.told[key]; !known || !told.Equal(want) {
		r.fib.Then(func() { r.syncPeers(key) })
	}
}

// speakOf tells peers and customers what has become of prefixes.
func (r *reactor) speakOf(keys map[fib.Key]bool) {
	byID := map[uint32]*config.VRF{}
	for _, v := range r.vrfs {
		byID[v.ID] = v
	}
	for key := range keys {
		if v := byID[key.VRF]; v != nil {
			r.announce(v, key.Prefix)
			r.tellCustomers(v, key.Prefix)
		}
	}
}

// speakAnew brings what peers and customers are told in line with a new
// configuration: RDs, targets and redistribution may be others for every
// route. A route that only comes from elsewhere now is not withdrawn meanwhile.
func (r *reactor) speakAnew() {
	r.tellCustomersAnew()
	stale := r.speech.wanted
	r.speech.wanted = map[bgp.Key]bgp.Route{}
	for key, best := range r.best {
		if v := r.vrfs[best.VRF]; v != nil && v.ID == key.VRF {
			r.announce(v, key.Prefix)
		}
	}
	for key := range stale {
		if _, still := r.speech.wanted[key]; !still {
			r.syncPeers(key)
		}
	}
}

// syncPeers brings what the peers have been told of a route in line with what
// they are to know now.
func (r *reactor) syncPeers(key bgp.Key) {
	want, tells := r.speech.wanted[key]
	told, known := r.speech.told[key]
	switch {
	case tells && (!known || !told.Equal(want)):
		r.speech.told[key] = want
		r.speak(r.announcer.Announce, want)
	case known && !tells:
		delete(r.speech.told, key)
		r.speak(r.announcer.Withdraw, bgp.Route{RD: key.RD, Prefix: key.Prefix})
	}
}

// advertisementOf is a VRF's route as other routers are told of it.
func advertisementOf(v *config.VRF, best *bgp.Path) bgp.Route {
	from := best.Route
	return bgp.Route{
		RD: v.RD, Prefix: from.Prefix, Label: from.Label, Targets: v.Export, Origin: originOf(*best),
		ASPath: from.ASPath, MED: from.MED,
		Communities: from.Communities, LargeCommunities: from.LargeCommunities,
	}
}

// announced reports whether a best route is one that the VRF announces.
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

// speak hands a route to the speaker. What it refuses is a defect of ours, and
// the rest of the router goes on.
func (r *reactor) speak(do func(context.Context, []bgp.Route) error, route bgp.Route) {
	if err := do(context.Background(), []bgp.Route{route}); err != nil {
		r.log.Error("the BGP speaker refuses a route", "rd", route.RD, "prefix", route.Prefix, "error", err)
	}
}
