package router

import (
	"net/netip"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
)

// maxNextHops bounds the addresses behind which one customer's routes may be:
// the router asks for each of them again and again.
const maxNextHops = 64

// enteredRoute is a customer's route that stands in its VRF.
type enteredRoute struct {
	nextHop netip.Addr
	label   vpn.LabelKey
}

// customerEvents takes over what a customer's speaker tells.
func (r *reactor) customerEvents(c *customer, events []bgp.Event) {
	if c.gone {
		return
	}
	for _, e := range events {
		switch e := e.(type) {
		case bgp.RouteUpdate:
			switch key := e.Route.Key(); {
			case !key.Peer.IsValid(): // somebody tells the customer with the gobgp command
			case e.Withdrawn:
				r.forgetCustomerRoute(c, key)
			default:
				r.hearCustomerRoute(c, e.Route)
			}
		case bgp.EndOfRIB:
			r.ends.heard(session{c.access.Port, e.Peer}, e.Family)
		case bgp.PeerChange:
			r.memory.stale = true
			r.ends.state(session{c.access.Port, e.Peer.Address}, e.Peer)
			c.peers[e.Peer.Address] = e.Peer
			if e.Removed {
				delete(c.peers, e.Peer.Address)
			}
		}
	}
}

// hearCustomerRoute takes note of a route, in the place of what the peer said
// of the prefix before.
func (r *reactor) hearCustomerRoute(c *customer, route bgp.Route) {
	key := route.Key()
	old, heard := c.received[key]
	c.received[key] = route
	r.needNextHop(c, route.NextHop)
	if heard {
		r.dropNextHop(c, old.NextHop)
	}
	if r.customers[c.access.Port] == c { // else it is entered once the configuration is in force
		r.enterCustomerRoute(c, route)
	}
}

func (r *reactor) forgetCustomerRoute(c *customer, key bgp.Key) {
	route, heard := c.received[key]
	if !heard {
		return
	}
	r.leaveCustomerRoute(c, key)
	delete(c.refused, key)
	delete(c.received, key)
	r.dropNextHop(c, route.NextHop)
}

// enterCustomerRoute puts a route into the VRF, where it is fit for that.
func (r *reactor) enterCustomerRoute(c *customer, route bgp.Route) {
	key, v := route.Key(), c.access.vrf
	r.askNextHop(c, route.NextHop)
	if why := r.unfit(c, route); why != "" {
		r.leaveCustomerRoute(c, key)
		r.refuseCustomerRoute(c, key, why)
		return
	}
	label := v.LabelMode.KeyFor(v.Name, route.Prefix, route.NextHop)
	value, err := r.labels.acquire(r, v, label, route.Prefix)
	if err != nil {
		r.leaveCustomerRoute(c, key)
		r.refuseCustomerRoute(c, key, err.Error())
		return
	}
	delete(c.refused, key)
	old, stood := c.entered[key]
	c.entered[key] = enteredRoute{route.NextHop, label}
	_, reachable := r.neighbors.Lookup(c.neighbor(route.NextHop))
	route.Label = value
	r.tableChanges(r.tables.SetCustomer(v.Name, bgp.CustomerRoute{Route: route, Reachable: reachable}))
	if stood && old.label != label {
		r.releaseLabel(c, key, old.label)
	}
}

// leaveCustomerRoute takes a route out of the VRF.
func (r *reactor) leaveCustomerRoute(c *customer, key bgp.Key) {
	e, stood := c.entered[key]
	if !stood {
		return
	}
	delete(c.entered, key)
	r.tableChanges(r.tables.RemoveCustomer(c.access.VRF, key.Prefix, key.Peer))
	r.releaseLabel(c, key, e.label)
}

// refuseCustomerRoute says once why a route is not used.
func (r *reactor) refuseCustomerRoute(c *customer, key bgp.Key, why string) {
	if c.refused[key] != why {
		c.refused[key] = why
		r.log.Info("a customer's route is not used", "vrf", c.access.VRF, "host", c.access.Host, "prefix", key.Prefix, "reason", why)
	}
}

// unfit tells why a route cannot stand in the VRF; "" if nothing is wrong.
func (r *reactor) unfit(c *customer, route bgp.Route) string {
	a, hop := route.Prefix.Addr(), route.NextHop
	if route.Unusable != "" {
		return route.Unusable
	}
	if a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return "no unicast prefix of a network"
	}
	if _, ours := r.connected[fib.Key{VRF: c.access.vrf.ID, Prefix: route.Prefix}]; ours {
		return "the prefix is connected"
	}
	if hop.Is4() != a.Is4() {
		return "the next hop is of the other family"
	}
	switch {
	case !c.onLink(hop):
		return "the next hop is not on the link"
	case !c.asked[hop]:
		return "too many next hops"
	}
	return ""
}

// needNextHop has a next hop on the link resolved for as long as a route needs
// it.
func (r *reactor) needNextHop(c *customer, hop netip.Addr) {
	c.nextHops[hop]++
	r.askNextHop(c, hop)
}

func (r *reactor) askNextHop(c *customer, hop netip.Addr) {
	if c.asked[hop] || !c.onLink(hop) || len(c.asked) >= maxNextHops {
		return
	}
	c.asked[hop] = true
	if k := c.neighbor(hop); !r.wanted[k] {
		r.wanted[k] = true
		r.neighborActions(r.neighbors.Want(time.Now(), k))
	}
}

func (r *reactor) dropNextHop(c *customer, hop netip.Addr) {
	if c.nextHops[hop]--; c.nextHops[hop] > 0 {
		return
	}
	delete(c.nextHops, hop)
	delete(c.asked, hop)
	if k := c.neighbor(hop); r.wanted[k] && !r.configuredHosts()[k] {
		delete(r.wanted, k)
		r.neighborActions(r.neighbors.Unwant(time.Now(), k))
	}
}

// customerHosts are the neighbours that customers' routes need.
func (r *reactor) customerHosts(want map[neighbor.Key]bool) {
	for _, c := range r.customers {
		for hop := range c.asked {
			if c.onLink(hop) {
				want[c.neighbor(hop)] = true
			}
		}
	}
}

func (c *customer) onLink(a netip.Addr) bool {
	for _, g := range c.access.Gateways {
		if g.Contains(a) && g.Addr() != a {
			return true
		}
	}
	return false
}

func (c *customer) neighbor(a netip.Addr) neighbor.Key {
	return neighbor.Key{Port: c.access.Port, Addr: a}
}

// customerNextHop makes the routes behind an address usable or unusable.
func (r *reactor) customerNextHop(k neighbor.Key) {
	c := r.customers[k.Port]
	if c == nil {
		return
	}
	for key, e := range c.entered {
		if e.nextHop == k.Addr {
			r.enterCustomerRoute(c, c.received[key])
		}
	}
}
