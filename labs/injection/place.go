package injection

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
	"pseudowan/doctor"
	"pseudowan/router/config"
	"pseudowan/status"
	"pseudowan/topology"
)

// place returns the router that gets the routes.
func place(all []config.Router, o Options) (config.Router, error) {
	var names, vrfs []string
	var holders []config.Router
	for _, r := range all {
		names = append(names, r.Router)
		for _, v := range r.VRFs {
			vrfs = append(vrfs, v.Name)
		}
		if r.VRF(o.VRF) != nil {
			holders = append(holders, r)
		}
	}
	near := func(word string, known []string) string {
		if n := topology.Nearest(word, known); n != "" {
			return "; did you mean " + n + "?"
		}
		return ""
	}
	if len(holders) == 0 {
		return config.Router{}, status.NotFound(fmt.Sprintf("lab %s has no VRF %s%s", o.Lab, o.VRF, near(o.VRF, vrfs)))
	}
	var with []string
	for _, r := range holders {
		if r.Router == o.Router || o.Router == "" && len(holders) == 1 {
			return r, nil
		}
		with = append(with, r.Router)
	}
	switch {
	case o.Router == "":
		return config.Router{}, status.NotFound(fmt.Sprintf("VRF %s is at several routers; name one with --router: %s", o.VRF, strings.Join(with, ", ")))
	case !slices.Contains(names, o.Router):
		return config.Router{}, status.NotFound(fmt.Sprintf("lab %s has no router %s%s", o.Lab, o.Router, near(o.Router, names)))
	}
	return config.Router{}, status.NotFound(fmt.Sprintf("router %s has no VRF %s; %s has it", o.Router, o.VRF, strings.Join(with, ", ")))
}

// taken are the prefixes and AS numbers that a lab has already: injected routes with them
// would take traffic away from its hosts, or be refused as loops.
func taken(all []config.Router) (prefixes []netip.Prefix, as []uint32) {
	for _, r := range all {
		as = append(as, r.AS)
		for _, s := range r.Sessions {
			as = append(as, s.PeerAS)
		}
		for _, c := range r.Core {
			prefixes = append(prefixes, c.Addresses...)
		}
		for _, a := range r.Access {
			prefixes = append(prefixes, a.Gateways...)
			if a.CE != nil {
				as = append(as, a.CE.BGP.AS)
				prefixes = append(prefixes, a.CE.BGP.Networks...)
			}
		}
		for _, v := range r.VRFs {
			for _, s := range v.Statics {
				prefixes = append(prefixes, s.Prefix)
			}
			for _, g := range v.Aggregates {
				prefixes = append(prefixes, g.Prefix)
			}
		}
		for _, e := range r.Expect {
			prefixes = append(prefixes, e.Prefix)
		}
	}
	prefixes = slices.DeleteFunc(prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 })
	slices.Sort(as)
	return prefixes, slices.Compact(as)
}

// What a route takes of memory, in octets, measured: in a router that has it in a VRF, with
// its flow in Open vSwitch; in one that only hears it; in the speaker.
const (
	inVRF     = 8 << 10
	heard     = 3 << 10
	inSpeaker = 300
)

// room refuses more routes than memory has room for.
func (r *run) room(routes int) error {
	need, has := r.memory(routes), doctor.MemoryAvailable()
	if has == 0 || need < has/10*9 || r.Force {
		return nil
	}
	return fmt.Errorf("%d routes would take about %s of memory in the routers of lab %s, and the server has %s left; ask for at most %d with --count, or go on regardless with --force",
		routes, size(need), r.Lab, size(has), int(float64(routes)*float64(has)/10*8/float64(need)))
}

// memory estimates what routes take in all routers.
func (r *run) memory(routes int) uint64 {
	each := uint64(inSpeaker)
	exported := r.at.VRF(r.VRF).Export
	for _, other := range r.all {
		switch {
		case r.VPN && other.Router != r.Router:
		case other.Router == r.Router:
			each += inVRF
		case slices.ContainsFunc(other.VRFs, func(v config.VRF) bool {
			return slices.ContainsFunc(v.Import, func(t vpn.RouteTarget) bool { return slices.Contains(exported, t) })
		}):
			each += inVRF
		default:
			each += heard
		}
	}
	return uint64(routes) * each
}

func size(n uint64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
