package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
)

// reflections refuses route reflectors whose clients cannot use the reflected
// routes: these keep their next hop, and there is no transport yet to a next hop
// that is not on a link of the router.
func (b *labBuilder) reflections() {
	if len(b.problems) > 0 {
		return // the sessions may be incomplete
	}
	var lost map[[2]string]netip.Addr
	for _, raw := range b.raw.Links {
		for _, reflector := range raw.Ends {
			if !reflects(reflector) {
				continue
			}
			if lost == nil {
				lost = b.lab.lostRoutes()
			}
			for _, client := range raw.Ends {
				if client.name.v.router != reflector.name.v.router {
					b.checkReflected(reflector, client, linkElement(raw), lost)
				}
			}
		}
	}
}

// checkReflected refuses the client of a reflector if it receives routes that it
// would import only with next hops that it cannot reach.
func (b *labBuilder) checkReflected(reflector, client namedEnd, element string, lost map[[2]string]netip.Addr) {
	from, to := reflector.name.v.router, client.name.v.router
	var origins []string
	var hop netip.Addr
	for _, origin := range b.lab.Routers {
		unusable, ok := lost[[2]string{origin.Name, to}]
		if ok && origin.Name != from && b.lab.imports(to, origin.Name) {
			origins, hop = append(origins, origin.Name), unusable
		}
	}
	if len(origins) == 0 {
		return
	}
	b.refuse(reflector.settings.BGP.RouteReflector.at, element,
		fmt.Sprintf("%s reflects routes of %s to %s, where their next hop (%s) is not connected: they could never be used",
			from, strings.Join(origins, ", "), to, hop),
		fmt.Sprintf("put %s and %s on one LAN link with %s (ends: [%s:eth1, %s:eth1, %s:eth1]), or give them a link and a session of their own",
			to, origins[0], from, from, to, origins[0]))
}

// imports reports whether a VRF of one router imports what a VRF of another one
// exports.
func (t *Topology) imports(router, origin string) bool {
	for _, v := range t.VRFs {
		for _, o := range t.VRFs {
			shares := func(target vpn.RouteTarget) bool { return slices.Contains(o.Export, target) }
			if v.Router == router && o.Router == origin && slices.ContainsFunc(v.Import, shares) {
				return true
			}
		}
	}
	return false
}

// lostRoutes returns the pairs of an origin and a router that cannot use its
// routes, because none of their next hops is connected there. The value is one of
// these next hops.
func (t *Topology) lostRoutes() map[[2]string]netip.Addr {
	out := make(map[[2]string]netip.Addr)
	as := t.systems()
	for _, family := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		sessions := t.sessionsFor(family)
		carried := t.carried(family)
		for _, origin := range t.Routers {
			for at := range spread(origin.Name, sessions, as) {
				pair := [2]string{origin.Name, at.router}
				if before, known := out[pair]; !carried[pair] && (!known || at.nextHop.Less(before)) {
					out[pair] = at.nextHop
				}
			}
		}
	}
	return out
}
