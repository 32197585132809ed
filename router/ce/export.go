package ce

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/router/fib"
	"pseudowan/router/vrf"
)

// Tell announces the changes of prefixes to the CEs.
func (t *Table) Tell(changed map[fib.Key]bool) {
	for _, c := range t.ces {
		for key := range changed {
			if key.VRF == c.Port.VRFID {
				t.tell(c, key)
			}
		}
	}
}

// TellAnew brings the announcements to CEs in line with a new configuration.
func (t *Table) TellAnew() {
	for _, c := range t.ces {
		for _, told := range c.speech.Wanted() {
			t.tell(c, fib.Key{VRF: c.Port.VRFID, Prefix: told.Prefix})
		}
		for _, prefix := range defaults {
			t.tell(c, fib.Key{VRF: c.Port.VRFID, Prefix: prefix})
		}
		for key := range t.vrfs.AllBest() {
			if key.VRF == c.Port.VRFID {
				t.tell(c, key)
			}
		}
	}
}

// tell announces the best route to a prefix to a CE.
func (t *Table) tell(c *CE, key fib.Key) {
	name := bgp.Key{Prefix: key.Prefix}
	best := t.vrfs.Best(key)
	route, tells := c.export(best, t.as, t.id)
	tells = tells && !t.vrfs.Suppressed(key)
	if !tells {
		route, tells = c.originate(key.Prefix, best)
	}
	if tells {
		c.speech.Announce(name, route)
	} else {
		c.speech.Withdraw(name)
	}
}

// defaults are the prefixes of default routes.
var defaults = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// originate returns the default route that the router originates towards the CE, if it does,
// and the CE has not brought one itself.
func (c *CE) originate(prefix netip.Prefix, best *bgp.Path) (route bgp.Route, tells bool) {
	if !c.BGP.DefaultOriginate || prefix.Bits() != 0 || best != nil && (c.brought(best) || best.Route.IsOf(c.Port.SoO)) {
		return bgp.Route{}, false
	}
	gateway, ok := c.gateway(prefix)
	return bgp.Route{Prefix: prefix, NextHop: gateway, Origin: bgp.OriginIGP}, ok
}

// export returns a best route of the VRF as announced to the CE, with the gateway as
// next hop; tells is false if it is not announced, like the CE's own routes and those of
// its site that another attachment has brought (RFC 4364 section 7). The MED
// is removed, because it was meant for this AS (RFC 4271 section 5.1.4).
func (c *CE) export(best *bgp.Path, ownAS uint32, id netip.Addr) (route bgp.Route, tells bool) {
	if best == nil || c.brought(best) || best.Route.IsOf(c.Port.SoO) {
		return bgp.Route{}, false
	}
	to := bgp.Customer{AS: c.BGP.AS, Internal: c.BGP.IBGP, Provider: ownAS, Router: id}
	from, ok := to.Tell(best)
	if !ok {
		return bgp.Route{}, false
	}
	gateway, ok := c.gateway(from.Prefix)
	if !ok {
		return bgp.Route{}, false
	}
	route = bgp.Route{
		Prefix: from.Prefix, NextHop: gateway, Origin: from.Origin, ASPath: from.ASPath,
		MED: from.MED, LocalPref: from.LocalPref, OriginatorID: from.OriginatorID, ClusterList: from.ClusterList,
		Communities: from.Communities, LargeCommunities: from.LargeCommunities, Extended: from.Extended, Passed: from.Passed,
	}
	if best.Source != bgp.BGP {
		route.Origin = vrf.OriginOf(*best)
	}
	if c.BGP.ASOverride && !c.BGP.IBGP {
		route.ASPath = route.ASPath.Override(c.BGP.AS, ownAS)
	}
	return route, true
}

// brought reports whether a route leads to the CE's own attachment.
func (c *CE) brought(p *bgp.Path) bool {
	if p.Remote() || p.VRF != c.VRF() {
		return false
	}
	if p.Source == bgp.Connected {
		return c.onSubnet(p.Route.Prefix.Addr())
	}
	return c.onSubnet(p.Route.NextHop)
}

func (c *CE) onSubnet(a netip.Addr) bool {
	return slices.ContainsFunc(c.Port.Gateways, func(g netip.Prefix) bool { return g.Contains(a) })
}

// gateway returns the router's address on the attachment in the family of a prefix,
// if a session carries that family.
func (c *CE) gateway(prefix netip.Prefix) (netip.Addr, bool) {
	for _, s := range c.BGP.Sessions {
		if s.LocalAddress.Is4() == prefix.Addr().Is4() {
			return s.LocalAddress, true
		}
	}
	return netip.Addr{}, false
}
