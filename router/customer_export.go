package router

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/router/config"
	"pseudowan/router/fib"
)

// tellCustomers tells the customers of a VRF what has become best there.
func (r *reactor) tellCustomers(v *config.VRF, prefix netip.Prefix) {
	for _, c := range r.customers {
		if c.access.vrf.ID == v.ID {
			r.tellCustomer(c, prefix)
		}
	}
}

// tellCustomer tells a customer the best route to a prefix, once the switch
// has it: packets may come as soon as the customer knows.
func (r *reactor) tellCustomer(c *customer, prefix netip.Prefix) {
	best := r.best[fib.Key{VRF: c.access.vrf.ID, Prefix: prefix}]
	route, tells := c.export(best, r.cfg.AS)
	if !tells {
		delete(c.wanted, prefix)
		r.syncCustomer(c, prefix)
		return
	}
	c.wanted[prefix] = route
	if told, knows := c.told[prefix]; !knows || !told.Equal(route) {
		r.fib.Then(func() { r.syncCustomer(c, prefix) })
	}
}

// syncCustomer brings what a customer has been told of a prefix in line with
// what it is to be told now.
func (r *reactor) syncCustomer(c *customer, prefix netip.Prefix) {
	want, tells := c.wanted[prefix]
	told, knows := c.told[prefix]
	switch {
	case c.gone:
	case tells && (!knows || !told.Equal(want)):
		c.told[prefix] = want
		r.speak(c.speaker.Announce, want)
	case knows && !tells:
		delete(c.told, prefix)
		r.speak(c.speaker.Withdraw, told)
	}
}

// export is the best route of the VRF as the customer is told it, with the
// gateway as next hop. What the customer brought itself is not told back.
// The MED is left away: it was meant for this AS (RFC 4271 section 5.1.4).
func (c *customer) export(best *bgp.Path, ownAS uint32) (route bgp.Route, tells bool) {
	if best == nil || c.brought(best) || restricted(best.Route.Communities) {
		return bgp.Route{}, false
	}
	from := best.Route
	gateway, ok := c.gateway(from.Prefix)
	if !ok {
		return bgp.Route{}, false
	}
	route = bgp.Route{
		Prefix: from.Prefix, NextHop: gateway, Origin: originOf(*best), ASPath: from.ASPath,
		Communities: from.Communities, LargeCommunities: from.LargeCommunities,
	}
	if c.BGP.ASOverride {
		route.ASPath = route.ASPath.Override(c.BGP.AS, ownAS)
	}
	return route, true
}

// brought tells that a route leads to the customer's own attachment.
func (c *customer) brought(p *bgp.Path) bool {
	if p.Remote() || p.VRF != c.access.VRF {
		return false
	}
	if p.Source == bgp.Connected {
		return c.onSubnet(p.Route.Prefix.Addr())
	}
	return c.onSubnet(p.Route.NextHop)
}

func (c *customer) onSubnet(a netip.Addr) bool {
	return slices.ContainsFunc(c.access.Gateways, func(g netip.Prefix) bool { return g.Contains(a) })
}

// gateway is the address that the router has on the attachment in the family
// of a prefix, where a session carries that family.
func (c *customer) gateway(prefix netip.Prefix) (netip.Addr, bool) {
	for _, s := range c.BGP.Sessions {
		if s.LocalAddress.Is4() == prefix.Addr().Is4() {
			return s.LocalAddress, true
		}
	}
	return netip.Addr{}, false
}

// restricted tells that a route may not leave the AS (RFC 1997).
func restricted(communities []bgp.Community) bool {
	return slices.ContainsFunc(communities, func(c bgp.Community) bool {
		return c == bgp.NoExport || c == bgp.NoAdvertise || c == bgp.NoExportSubconfed
	})
}

// enterCustomers enters everything again under a new configuration.
func (r *reactor) enterCustomers() {
	for _, c := range r.customers {
		for _, route := range c.received {
			r.enterCustomerRoute(c, route)
		}
	}
}

// tellCustomersAnew brings what the customers are told in line with a new
// configuration.
func (r *reactor) tellCustomersAnew() {
	for _, c := range r.customers {
		prefixes := map[netip.Prefix]bool{}
		for prefix := range c.wanted {
			prefixes[prefix] = true
		}
		for key := range r.best {
			if key.VRF == c.access.vrf.ID {
				prefixes[key.Prefix] = true
			}
		}
		for prefix := range prefixes {
			r.tellCustomer(c, prefix)
		}
	}
}
