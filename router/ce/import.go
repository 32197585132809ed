package ce

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/fib"
)

// maxNextHops limits the next hops of one CE's routes, because the router keeps
// asking for each of them.
const maxNextHops = 64

// enteredRoute is a CE's route in its VRF.
type enteredRoute struct {
	nextHop netip.Addr
	label   vpn.LabelKey
}

// Hear notes what a CE announces or withdraws. It replaces the same peer's previous
// route to the prefix.
func (t *Table) Hear(c *CE, u bgp.RouteUpdate) {
	switch key := u.Route.Key(); {
	case !key.Peer.IsValid(): // added by hand with the gobgp command
	case u.Withdrawn:
		t.forget(c, key)
	default:
		old, heard := c.received[key]
		if c.received[key] = u.Route.AcrossAS().Shunned(); c.BGP.IBGP {
			c.received[key] = u.Route.WithoutSet()
		}
		t.needNextHop(c, u.Route.NextHop)
		if heard {
			t.dropNextHop(c, old.NextHop)
		}
		t.enter(c, c.received[key])
	}
}

func (t *Table) forget(c *CE, key bgp.Key) {
	route, heard := c.received[key]
	if !heard {
		return
	}
	t.leave(c, key)
	delete(c.refused, key)
	delete(c.received, key)
	t.dropNextHop(c, route.NextHop)
}

// enter puts a route into the VRF if it is fit for it.
func (t *Table) enter(c *CE, route bgp.Route) {
	key, v := route.Key(), t.vrfs.VRF(c.VRF())
	t.askNextHop(c, route.NextHop)
	if why := t.unfit(c, route); why != "" {
		t.leave(c, key)
		t.refuse(c, key, why)
		return
	}
	label := v.LabelMode.KeyFor(v.Name, route.Prefix, route.NextHop)
	value, err := t.vrfs.AcquireLabel(v, label, route.Prefix)
	if err != nil {
		t.leave(c, key)
		t.refuse(c, key, err.Error())
		return
	}
	delete(c.refused, key)
	old, stood := c.entered[key]
	c.entered[key] = enteredRoute{route.NextHop, label}
	_, reachable := t.ports.Lookup(c.Neighbor(route.NextHop))
	route = route.At(c.Port.SoO)
	route.Label = value
	t.vrfs.SetCE(v.Name, bgp.CustomerRoute{Route: route, Reachable: reachable})
	if stood && old.label != label {
		t.releaseLabel(key, old.label)
	}
}

// leave removes a route from the VRF.
func (t *Table) leave(c *CE, key bgp.Key) {
	e, stood := c.entered[key]
	if !stood {
		return
	}
	delete(c.entered, key)
	t.vrfs.RemoveCE(c.VRF(), key.Prefix, key.Peer)
	t.releaseLabel(key, e.label)
}

// refuse logs, once, why a route is not used.
func (t *Table) refuse(c *CE, key bgp.Key, why string) {
	if c.refused[key] != why {
		c.refused[key] = why
		level := slog.LevelInfo
		if c.received[key].Unusable != "" { // a CE may send back all that it is told
			level = slog.LevelDebug
		}
		t.log.Log(context.Background(), level, "a customer's route is not used", "vrf", c.VRF(), "host", c.Port.Host, "prefix", key.Prefix, "reason", why)
	}
}

// Refused returns why a VRF has no CE's route to a prefix; "" if none is announced,
// or if one is used.
func (t *Table) Refused(name string, prefix netip.Prefix) (why string) {
	for _, c := range t.CEs() {
		if c.VRF() != name {
			continue
		}
		for key, reason := range c.refused {
			if key.Prefix == prefix && (why == "" || reason < why) {
				why = reason
			}
		}
		for key := range c.entered {
			if key.Prefix == prefix {
				return ""
			}
		}
	}
	return why
}

// unfit returns why a route is not fit for the VRF; "" if it is.
func (t *Table) unfit(c *CE, route bgp.Route) string {
	a, hop := route.Prefix.Addr(), route.NextHop
	if route.Unusable != "" {
		return route.Unusable
	}
	if why := bgp.Martian(route.Prefix); why != "" {
		return why
	}
	if t.vrfs.Connected(fib.Key{VRF: c.Port.VRFID, Prefix: route.Prefix}) {
		return "the prefix is connected"
	}
	if hop.Is4() != a.Is4() {
		return "the next hop is of the other family"
	}
	switch {
	case !c.Port.OnLink(hop):
		return "the next hop is not on the link"
	case !c.asked[hop]:
		return "too many next hops"
	}
	return ""
}

// needNextHop keeps a next hop on the link resolved as long as a route needs it.
func (t *Table) needNextHop(c *CE, hop netip.Addr) {
	c.nextHops[hop]++
	t.askNextHop(c, hop)
}

func (t *Table) askNextHop(c *CE, hop netip.Addr) {
	if c.asked[hop] || !c.Port.OnLink(hop) || len(c.asked) >= maxNextHops {
		return
	}
	c.asked[hop] = true
	t.ports.Ask(time.Now(), c.Neighbor(hop))
}

func (t *Table) dropNextHop(c *CE, hop netip.Addr) {
	if c.nextHops[hop]--; c.nextHops[hop] > 0 {
		return
	}
	delete(c.nextHops, hop)
	delete(c.asked, hop)
	t.ports.Unask(time.Now(), c.Neighbor(hop))
}

// LeaveAll removes all routes from the VRFs, until Configure enters them again.
func (t *Table) LeaveAll() {
	for _, c := range t.ces {
		for key := range c.entered {
			t.leave(c, key)
		}
	}
}

// releaseLabel releases the label of a removed route, unless another CE's route to
// the prefix has the same label.
func (t *Table) releaseLabel(gone bgp.Key, label vpn.LabelKey) {
	for _, c := range t.ces {
		for _, s := range c.BGP.Sessions {
			if e, stands := c.entered[bgp.Key{Prefix: gone.Prefix, Peer: s.PeerAddress}]; stands && e.label == label {
				return
			}
		}
	}
	t.vrfs.ReleaseLabel(label, gone.Prefix)
}
