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
	if route, tells := c.export(t.vrfs.Best(key), t.as); tells {
		c.speech.Announce(name, route)
	} else {
		c.speech.Withdraw(name)
	}
}

// export returns a best route of the VRF as announced to the CE, with the gateway as
// next hop; tells is false if it is not announced, like the CE's own routes. The MED
// is removed, because it was meant for this AS (RFC 4271 section 5.1.4).
func (c *CE) export(best *bgp.Path, ownAS uint32) (route bgp.Route, tells bool) {
	if best == nil || c.brought(best) || restricted(best.Route.Communities) {
		return bgp.Route{}, false
	}
	from := best.Route.AcrossAS()
	gateway, ok := c.gateway(from.Prefix)
	if !ok {
		return bgp.Route{}, false
	}
	route = bgp.Route{
		Prefix: from.Prefix, NextHop: gateway, Origin: vrf.OriginOf(*best), ASPath: from.ASPath,
		Communities: from.Communities, LargeCommunities: from.LargeCommunities, Extended: from.Extended, Passed: from.Passed,
	}
	if c.BGP.ASOverride {
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

// restricted reports whether a route may not leave the AS (RFC 1997).
func restricted(communities []bgp.Community) bool {
	return slices.ContainsFunc(communities, func(c bgp.Community) bool {
		return c == bgp.NoExport || c == bgp.NoAdvertise || c == bgp.NoExportSubconfed
	})
}
