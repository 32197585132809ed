package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// checkPair refuses settings of two ends that keep their session down.
func (b *sessionBuilder) checkPair(raw rawLink, mine, theirs sessionKeys, element string) {
	where := raw.BGP.at
	if where == (pos{}) {
		where = raw.At
	}
	if mine.v.Passive && theirs.v.Passive {
		b.refuse(mine.at("passive"), element, "both ends are passive: nobody connects", "set passive: true at one end only")
	}
	if !mine.v.Password.Equal(theirs.v.Password) {
		b.refuse(where, element, "the ends have different passwords", "set password: once, in the link's bgp:")
	}
	if (mine.v.GTSM > 0) != (theirs.v.GTSM > 0) {
		b.refuse(where, element, "only one end has gtsm", "set gtsm: once, in the link's bgp:")
	}
	a, c := mine.resolved(session.Routers).Families, theirs.resolved(session.Routers).Families
	if !slices.ContainsFunc(a, func(f vpn.Family) bool { return slices.Contains(c, f) }) {
		b.refuse(where, element, "the ends have no address family in common", "set families: once, in the link's bgp:")
	}
}

// checkNextHop refuses an IPv6 next hop that the router does not have on the link, or
// that a peer of the lab does not reach. A peer outside the lab is nil.
func (b *sessionBuilder) checkNextHop(mine sessionKeys, s Session, local LinkEnd, peer *LinkEnd, element string) {
	if !s.IPv6NextHop || s.LocalAddress.Is6() {
		return
	}
	const remedy = "give both ends an IPv6 address, as 2001:db8::1/64, or remove ipv6-next-hop"
	own := GlobalIPv6(local.Addresses)
	switch {
	case !own.IsValid():
		b.refuse(mine.at("ipv6-next-hop"), element, local.Router+" has no IPv6 address on the link for ipv6-next-hop", remedy)
	case peer != nil && !slices.ContainsFunc(peer.Addresses, func(p netip.Prefix) bool { return p.Contains(own) }):
		b.refuse(mine.at("ipv6-next-hop"), element, fmt.Sprintf("next hop %s is in no subnet of %s on the link", own, peer.Router), remedy)
	}
}

// GlobalIPv6 returns the first of an interface's addresses that routes can carry as
// an IPv6 next hop; zero if none can.
func GlobalIPv6(addresses []netip.Prefix) netip.Addr {
	for _, p := range addresses {
		if a := p.Addr(); a.Is6() && !a.IsLinkLocalUnicast() {
			return a
		}
	}
	return netip.Addr{}
}

// checkLocalAS refuses the name of another AS where the peer would not take it.
// real is the AS of the peer, as the one in whose name it speaks.
func (b *sessionBuilder) checkLocalAS(o sessionKeys, own, real, as uint32, element string) {
	local := o.resolved(session.Routers).LocalAS
	switch {
	case local == 0:
	case own == real:
		b.refuse(o.at("local-as"), element, fmt.Sprintf("local-as %d is given, but both ends are of AS %d", local, own), "remove it: it is for external peers")
	case local == as, local == real:
		b.refuse(o.at("local-as"), element, fmt.Sprintf("local-as %d is the AS of the peer", local), "use another AS number")
	}
}

// checkReflector refuses a route reflector without a client on the link.
func (b *sessionBuilder) checkReflector(raw rawLink, link Link, i int) {
	if !reflects(raw.Ends[i]) {
		return
	}
	as := b.lab.Routers[b.router[link.Ends[i].Router]].AS
	for j, end := range link.Ends {
		if j != i && b.lab.Routers[b.router[end.Router]].AS == as && !reflects(raw.Ends[j]) {
			return
		}
	}
	b.refuse(raw.Ends[i].settings.BGP.RouteReflector.at, linkElement(raw), fmt.Sprintf("%s reflects routes, but no other router of AS %d on the link is a client", raw.Ends[i].name.v, as),
		"remove route-reflector, or put the routers in one AS")
}
