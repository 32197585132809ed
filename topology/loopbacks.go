package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// LoopbacksOf lists the loopbacks of a router, one for each family.
func (c *Core) LoopbacksOf(r Router) []netip.Addr {
	list := make([]netip.Addr, len(c.Families))
	for i, f := range c.Families {
		list[i] = r.loopback(f)
	}
	return list
}

func (r Router) loopback(f vpn.Family) netip.Addr {
	if f == vpn.IPv4 {
		return r.ID
	}
	return r.Loopback6
}

// loopbacks6 gives the routers their IPv6 loopbacks, if the core has such.
func (b *coreBuilder) loopbacks6(wanted bool) {
	owner := make(map[netip.Addr]string)
	for _, e := range b.raw.Routers {
		given, element := e.value.Loopback6, "router "+e.key.v
		r := &b.lab.Routers[b.router[e.key.v]]
		switch {
		case !wanted:
			if given.has {
				b.refuse(given.at, element, "loopback6 is for a core with IPv6", "add families: ipv6 to core, or remove it")
			}
			continue
		case !given.has:
			r.Loopback6 = defaultLoopback6(r.ID)
		case !given.v.Is6() || badUnicast(given.v) != "" || given.v.IsLinkLocalUnicast():
			b.refuse(given.at, element, fmt.Sprintf("loopback6 %s is no global IPv6 address", given.v), "use an address such as 2001:db8::1")
		default:
			r.Loopback6 = given.v
		}
		if other, taken := owner[r.Loopback6]; taken && r.Loopback6.IsValid() {
			b.refuse(first(given, value[netip.Addr]{at: e.key.at, has: true}).at, element, fmt.Sprintf("loopback6 %s is already that of router %s", r.Loopback6, other), "give every router its own")
		}
		owner[r.Loopback6] = e.key.v
	}
}

// defaultLoopback6 returns the unique local address (RFC 4193) that stands for a router ID.
func defaultLoopback6(id netip.Addr) netip.Addr {
	a := [16]byte{0: 0xfd}
	copy(a[12:], id.AsSlice())
	return netip.AddrFrom16(a)
}

// loopbacks adds the sessions that carry VPN routes between the routers of each AS: those
// with VRFs, and the reflectors.
func (b *coreBuilder) loopbacks() {
	if b.lab.Core == nil || len(b.problems) > 0 {
		return
	}
	b.checkLoopbacks()
	islands := b.lab.islands()
	speakers := slices.DeleteFunc(slices.Clone(b.lab.Routers), func(r Router) bool { return !b.speaks(r) })
	reflected := b.reflected()
	for i, near := range speakers {
		for j, far := range speakers {
			if i == j || !b.wanted(near, far, reflected) || near.AS != far.AS && islands[near.Name] != islands[far.Name] {
				continue
			}
			if islands[near.Name] != islands[far.Name] && i < j {
				b.refuse(b.raw.Core.at, "core", fmt.Sprintf("no links of the core lead from %s to %s, which are to exchange VPN routes", near.Name, far.Name),
					"add links between routers of their AS that have no transport: false")
				return
			}
			for _, f := range b.lab.Core.Families {
				if s := b.loopbackSession(near, far, f, islands); len(s.Families) > 0 {
					b.lab.Sessions = append(b.lab.Sessions, s)
				}
			}
		}
	}
}

// loopbackSession returns the session of a router with the loopback of another.
func (b *coreBuilder) loopbackSession(near, far Router, f vpn.Family, islands map[string]int) Session {
	s := Session{
		Router: near.Name, Interface: LoopbackInterface, LocalAddress: near.loopback(f), PeerAddress: far.loopback(f), PeerAS: far.AS, PeerRouter: far.Name,
		Client: near.AS == far.AS && b.reflects(near) && !b.reflects(far), Settings: b.sessions.defaults.resolved(session.Routers),
	}
	s.GTSM, s.IPv6NextHop, s.LocalAS = 0, false, 0
	if near.AS != far.AS {
		s.Multihop, s.NextHopUnchanged = maxMultihop, b.reflects(near)
	} else if b.reflects(near) && b.abroad(near, islands) {
		s.NextHopSelf = false
	}
	if len(b.lab.Core.Families) > 1 {
		s.Settings = only(s.Settings, f)
	}
	return s
}

// only leaves a session the VPN routes of an IP version.
func only(s session.Settings, f vpn.Family) session.Settings {
	keep := func(list []vpn.Family) []vpn.Family {
		return slices.DeleteFunc(slices.Clone(list), func(v vpn.Family) bool { return v.Plain() != f })
	}
	s.Families, s.AddPathReceive, s.AddPathSend = keep(s.Families), keep(s.AddPathReceive), keep(s.AddPathSend)
	restarts, lives := keep(s.RestartFamilies), keep(s.LongLivedFamilies)
	if len(s.RestartFamilies) > 0 && len(restarts) == 0 { // an empty list means all
		s.GracefulRestart = session.RestartOff
	}
	if len(s.LongLivedFamilies) > 0 && len(lives) == 0 {
		s.LongLivedStaleTime = 0
	}
	s.RestartFamilies, s.LongLivedFamilies = restarts, lives
	return s
}

// maxMultihop is the TTL of packets to a peer in another AS, however far it is.
const maxMultihop = 255

// abroad reports whether label-switched paths lead from a router to another AS.
func (b *coreBuilder) abroad(r Router, islands map[string]int) bool {
	return slices.ContainsFunc(b.lab.Routers, func(o Router) bool { return o.AS != r.AS && islands[o.Name] == islands[r.Name] }) ||
		b.leadsOutside(r) && slices.ContainsFunc(b.raw.Core.Neighbors, func(n rawCoreNeighbor) bool { return n.AS.has && uint32(n.AS.v) != r.AS })
}

// wanted reports whether two routers that exchange VPN routes have a session. In an AS all
// do or, if it has reflectors, each with these; of two ASes the reflectors do, or all where
// there are none.
func (b *coreBuilder) wanted(x, y Router, reflected map[uint32]bool) bool {
	if x.AS == y.AS {
		return !reflected[x.AS] || b.reflects(x) || b.reflects(y)
	}
	return b.reflects(x) == reflected[x.AS] && b.reflects(y) == reflected[y.AS]
}

// speaks reports whether a router exchanges VPN routes.
func (b *coreBuilder) speaks(r Router) bool {
	return b.reflects(r) || slices.ContainsFunc(b.lab.VRFs, func(v VRF) bool { return v.Router == r.Name }) || b.lab.borders()[r.Name]
}

// reflected is the set of the ASes with reflectors.
func (b *coreBuilder) reflected() map[uint32]bool {
	out := map[uint32]bool{}
	for _, r := range b.lab.Routers {
		if b.reflects(r) {
			out[r.AS] = true
		}
	}
	return out
}

func (b *coreBuilder) reflects(r Router) bool {
	return slices.ContainsFunc(b.raw.Core.Reflectors, func(v value[string]) bool { return v.v == r.Name })
}

// checkLoopbacks refuses loopbacks that are addresses of links.
func (b *coreBuilder) checkLoopbacks() {
	for _, e := range b.raw.Routers {
		r := b.lab.Routers[b.router[e.key.v]]
		for _, f := range b.lab.Core.Families {
			key, given := "id", e.value.ID
			if f == vpn.IPv6 {
				key, given = "loopback6", e.value.Loopback6
			}
			at, a := first(given, value[netip.Addr]{at: e.key.at, has: true}).at, r.loopback(f)
			if a.IsLinkLocalUnicast() {
				b.refuse(at, "router "+r.Name, fmt.Sprintf("%s %s is the router's loopback in the core, and link-local", key, a), "use an address such as 10.255.0.1")
			}
			if end := b.endWith(a); end != "" {
				b.refuse(at, "router "+r.Name, fmt.Sprintf("%s %s is the router's loopback in the core, and in a subnet of %s", key, a, end), "use an address outside of all links")
			}
		}
	}
}

// endWith returns the first end of a link of the core with an address in one of its
// subnets; "" if there is none. The subnets of VRFs are not those of the core.
func (b *coreBuilder) endWith(a netip.Addr) string {
	for _, l := range b.lab.Links {
		if l.InterAS == OptionA {
			continue
		}
		for _, end := range l.Ends {
			if onLink(end, netip.PrefixFrom(a, a.BitLen())) {
				return end.Router + ":" + end.Interface
			}
		}
	}
	return ""
}

// Loopbacks lists the other routers to whose loopbacks a router has a label-switched path.
func (t *Topology) Loopbacks(router string) (list []Router) {
	island := t.islands()
	for _, r := range t.Routers {
		if r.Name != router && island[r.Name] == island[router] {
			list = append(list, r)
		}
	}
	return list
}

// loopbackOf returns the router with a loopback; "" if there is none.
func (t *Topology) loopbackOf(a netip.Addr) string {
	if t.Core == nil {
		return ""
	}
	for _, r := range t.Routers {
		if slices.Contains(t.Core.LoopbacksOf(r), a) {
			return r.Name
		}
	}
	return ""
}
