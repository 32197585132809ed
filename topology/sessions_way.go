package topology

import (
	"fmt"
	"net/netip"
	"slices"
)

// reaches reports whether a session with a router behind a NIC goes out from an
// address of the router on the link.
func (b *sessionBuilder) reaches(p netip.Prefix, n rawNeighbor, end LinkEnd) bool {
	prefix := netip.Prefix(n.Peer.v)
	if n.Via.has && !onLink(end, prefix) {
		return p.Addr().Is4() == prefix.Addr().Is4() && p.Contains(n.Via.v) && p.Addr() != n.Via.v
	}
	return p.Bits() <= prefix.Bits() && p.Contains(prefix.Addr()) && (p.Addr() != prefix.Addr() || n.Peer.v.many())
}

// way is the router on the link through which a peer is reached; zero for one that is on
// the link itself.
func (n rawNeighbor) way(end LinkEnd) netip.Addr {
	if onLink(end, netip.Prefix(n.Peer.v)) {
		return netip.Addr{}
	}
	return n.Via.v
}

// onLink reports whether a prefix is within a subnet of a link.
func onLink(end LinkEnd, prefix netip.Prefix) bool {
	return slices.ContainsFunc(end.Addresses, func(p netip.Prefix) bool { return p.Bits() <= prefix.Bits() && p.Contains(prefix.Addr()) })
}

// checkWay refuses a next hop towards a peer, or an own address, that a session cannot
// have.
func (b *sessionBuilder) checkWay(p netip.Prefix, n rawNeighbor, end LinkEnd, element string) bool {
	prefix := netip.Prefix(n.Peer.v)
	refuse := func(at pos, message, remedy string) bool {
		b.refuse(at, element, message, remedy)
		return false
	}
	source := n.Source.v
	own := slices.ContainsFunc(end.Addresses, func(a netip.Prefix) bool { return a.Addr() == source })
	switch {
	case n.Via.bad || n.Source.bad:
		return false
	case !n.Source.has || own:
		return true
	case source.Is4() != prefix.Addr().Is4():
		return refuse(n.Source.at, fmt.Sprintf("update-source %s and peer %s are of different IP versions", source, n.Peer.v), "use addresses of one version")
	case badSource(source):
		return refuse(n.Source.at, fmt.Sprintf("update-source %s is no address that a router can have of its own", source), "use one such as 10.255.0.1")
	case prefix.Contains(source):
		return refuse(n.Source.at, fmt.Sprintf("update-source %s is the peer's", source), "use another address")
	}
	for _, l := range b.lab.Links {
		for _, e := range l.Ends {
			if l.InterAS != OptionA && onLink(e, netip.PrefixFrom(source, source.BitLen())) {
				return refuse(n.Source.at, fmt.Sprintf("update-source %s is within a subnet of link %s:%s", source, e.Router, e.Interface), "use an address outside of all links, as 10.255.0.1")
			}
		}
	}
	for _, s := range b.lab.Sessions {
		if s.Router != end.Router && s.LocalAddress == source {
			return refuse(n.Source.at, fmt.Sprintf("update-source %s is that of router %s, too", source, s.Router), "use another address")
		}
	}
	return true
}

func badSource(a netip.Addr) bool {
	return a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.Is4In6() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
