package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// rawCoreNeighbor is a router outside of the lab whose loopback label-switched paths lead to.
type rawCoreNeighbor struct {
	At      pos               `json:"-"`
	Session routerSession     `json:"-"`
	Peer    value[netip.Addr] `json:"peer" jsonschema:"required" doc:"Address of its loopback."`
	AS      value[asNumber]   `json:"as" jsonschema:"minimum=1,maximum=4294967294" doc:"AS number of the router." default:"that of each router that has a session with it"`
}

// outside adds the sessions with routers outside of the lab: of the reflectors or, in an AS
// without, of the routers with VRFs, as far as label-switched paths lead to a NIC from there.
func (b *coreBuilder) outside() {
	if b.lab.Core == nil || len(b.problems) > 0 {
		return
	}
	seen := make(map[netip.Addr]bool)
	for i, n := range b.raw.Core.Neighbors {
		element := fmt.Sprintf("core: neighbors[%d]", i)
		if !b.checkNeighbor(n, seen, element) {
			continue
		}
		options := n.Session.over(b.sessions.defaults)
		b.checkSettings(options, session.Routers, element)
		found := false
		for _, r := range b.lab.Routers {
			if b.speaks(r) && b.reflects(r) == b.reflected()[r.AS] && b.leadsOutside(r) {
				found = true
				s := b.neighborSession(r, n)
				b.sessions.policies.useAtSession(options, s.Families, element)
				b.lab.Sessions = append(b.lab.Sessions, s)
			}
		}
		if !found {
			b.refuse(n.Peer.at, element, fmt.Sprintf("label-switched paths lead from no router with VPN routes to a NIC, behind which %s could be", n.Peer.v), "add transport: true to a link with nic:")
		}
	}
}

// checkNeighbor refuses a router that is one of the lab, or is there twice.
func (b *coreBuilder) checkNeighbor(n rawCoreNeighbor, seen map[netip.Addr]bool, element string) bool {
	a := n.Peer.v
	switch {
	case n.Peer.missing():
		b.refuse(n.At, element, "a neighbor needs peer:", "write {peer: 10.255.0.9}")
	case !n.Peer.has:
	case !slices.Contains(b.lab.Core.Families, versionOf(a)) || badUnicast(a) != "":
		b.refuse(n.Peer.at, element, fmt.Sprintf("peer %s is no loopback of a core of %v", a, b.lab.Core.Families), "use the address of its loopback, as 10.255.0.9")
	case b.lab.loopbackOf(a) != "":
		b.refuse(n.Peer.at, element, fmt.Sprintf("peer %s is router %s of the lab", a, b.lab.loopbackOf(a)), "remove it")
	case seen[a]:
		b.refuse(n.Peer.at, element, fmt.Sprintf("there are two neighbors %s", a), "remove one")
	default:
		seen[a] = true
		return true
	}
	return false
}

// neighborSession returns the session of a router with one outside of the lab.
func (b *coreBuilder) neighborSession(r Router, n rawCoreNeighbor) Session {
	f := versionOf(n.Peer.v)
	s := Session{
		Router: r.Name, Interface: LoopbackInterface, LocalAddress: r.loopback(f), PeerAddress: n.Peer.v, PeerAS: uint32(n.AS.or(asNumber(r.AS))),
		Settings: n.Session.over(b.sessions.defaults).resolved(session.Routers),
	}
	if !n.Session.has("gtsm") { // defaults are for links
		s.GTSM = 0
	}
	s.IPv6NextHop, s.LocalAS, s.Client = false, 0, s.PeerAS == r.AS && b.reflects(r)
	switch {
	case s.PeerAS == r.AS && b.reflects(r) && b.abroad(r, b.lab.islands()):
		s.NextHopSelf = false
	case s.PeerAS != r.AS:
		s.Multihop, s.NextHopUnchanged = maxMultihop, b.reflects(r)
	}
	if len(b.lab.Core.Families) > 1 {
		s.Settings = only(s.Settings, f)
	}
	return s
}

// versionOf returns the family of the plain routes of an address's IP version.
func versionOf(a netip.Addr) vpn.Family { return vpn.FamilyOf(netip.PrefixFrom(a, a.BitLen())).Plain() }

// leadsOutside reports whether label-switched paths lead from a router to a NIC.
func (b *coreBuilder) leadsOutside(r Router) bool {
	island := b.lab.islands()
	for _, l := range b.lab.Links {
		if l.LeadsOn() && island[l.Ends[0].Router] == island[r.Name] {
			return true
		}
	}
	return false
}

// beyondNIC makes a session over a link with a NIC one of labelled routes, and refuses it
// where it cannot be.
func (b *sessionBuilder) beyondNIC(s Session, n rawNeighbor, link Link, element string) Session {
	own := b.lab.Routers[b.router[s.Router]].AS
	switch {
	case n.Peer.v.many():
		b.refuse(n.Peer.at, element, fmt.Sprintf("label-switched paths over whoever connects from %s", n.Peer.v), "name the peer by its address")
	case s.Via.IsValid():
		b.refuse(n.Peer.at, element, fmt.Sprintf("label-switched paths through peer %s, which is not on the link", n.Peer.v), "use the address of the router on the link; its loopback belongs to neighbors: of core")
	case !slices.Contains(b.lab.Core.Families, versionOf(s.PeerAddress)):
		b.refuse(n.Peer.at, element, fmt.Sprintf("label-switched paths through peer %s, in a core of %v", n.Peer.v, b.lab.Core.Families), "use its address of that IP version on the link")
	case s.PeerAS != own && link.InterAS != OptionC:
		b.refuse(n.Peer.at, element, fmt.Sprintf("label-switched paths through peer %s of AS %d, from AS %d", n.Peer.v, s.PeerAS, own), "add inter-as: c, or remove metric and transport")
	case s.PeerAS == own && link.InterAS == OptionC:
		b.refuse(n.Peer.at, element, fmt.Sprintf("inter-as: c with peer %s of the router's own AS, %d", n.Peer.v, own), "use transport: true")
	}
	s.Settings, s.Client, s.Border = labeled(s.Settings, versionOf(s.PeerAddress)), false, false
	return s
}
