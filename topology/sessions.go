package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// sessionBuilder fills Sessions.
type sessionBuilder struct {
	*report
	policies *policyBuilder
	defaults sessionKeys // of the lab
	lab      *Topology
	router   map[string]int // index of each router in lab.Routers
	limits   []prefixLimit
}

// build adds the sessions of a link.
func (b *sessionBuilder) build(raw rawLink, link Link, element string) {
	if raw.BGP.mode.v == "none" {
		return
	}
	if link.NIC != "" {
		b.outsideSessions(raw, link, element)
		return
	}
	if !raw.BGP.Peer.missing() || !raw.BGP.AS.missing() || raw.BGP.Neighbors != nil {
		b.refuse(raw.BGP.at, element, "bgp: peer, as and neighbors are for links with a NIC", "remove them: both ends are known")
	}
	for i := range link.Ends {
		for j := range link.Ends {
			if i != j && b.wanted(raw, link, i, j) {
				b.session(raw, link, i, j, element)
			}
		}
	}
	for i := range link.Ends {
		if link.Metric == 0 {
			b.checkReflector(raw, link, i)
		} else if reflects(raw.Ends[i]) {
			b.refuse(raw.Ends[i].settings.BGP.RouteReflector.at, element, "the link belongs to the core, and carries no VPN routes to reflect", "name the router among the reflectors of core")
		}
	}
}

// wanted reports whether two ends of a link have a session: all do, except the
// clients of a route reflector with each other.
func (b *sessionBuilder) wanted(raw rawLink, link Link, i, j int) bool {
	if raw.Ends[i].settings.BGP.mode.v == "none" || raw.Ends[j].settings.BGP.mode.v == "none" {
		return false
	}
	if raw.BGP.mode.has || link.Metric > 0 {
		return true
	}
	reflected := slices.ContainsFunc(raw.Ends, reflects)
	return !reflected || reflects(raw.Ends[i]) || reflects(raw.Ends[j])
}

func reflects(e namedEnd) bool { return e.settings.BGP.RouteReflector.v }

// session adds end i's view of its session with end j.
func (b *sessionBuilder) session(raw rawLink, link Link, i, j int, element string) {
	local, peer := link.Ends[i], link.Ends[j]
	localAddress, peerAddress, ok := transport(local, peer)
	if !ok {
		b.refuse(raw.Ends[i].name.at, element, fmt.Sprintf("%s and %s share no subnet for their session", raw.Ends[i].name.v, raw.Ends[j].name.v),
			"give them addresses of one subnet, or bgp: none")
		return
	}
	mine := b.options(raw, i)
	b.checkSettings(mine, session.Routers, element)
	b.policies.useAtSession(mine, mine.resolved(session.Routers).Families, element)
	s := Session{
		Router: local.Router, Interface: local.Interface, LocalAddress: localAddress,
		PeerAddress: peerAddress, PeerRouter: peer.Router, Settings: mine.resolved(session.Routers),
	}
	own := b.lab.Routers[b.router[local.Router]]
	s.PeerAS = b.lab.Routers[b.router[peer.Router]].AS
	b.checkNextHop(mine, s, local, &peer, element)
	s.Client = own.AS == s.PeerAS && reflects(raw.Ends[i]) && !reflects(raw.Ends[j])
	theirs := b.options(raw, j).resolved(session.Routers)
	if s.PeerAS != own.AS && theirs.LocalAS != 0 {
		s.PeerAS = theirs.LocalAS
	}
	b.checkLocalAS(mine, own.AS, b.lab.Routers[b.router[peer.Router]].AS, s.PeerAS, element)
	s.PeerShutdown = theirs.Shutdown
	s.Border = link.InterAS == OptionB
	if link.Metric > 0 {
		b.labeledSessions(s, link, i, j, func(family string) {
			b.refuse(raw.Ends[i].name.at, element, fmt.Sprintf("the link has no global %s subnet, and the core has %[1]s", family), "give it one, or transport: false")
		})
	} else {
		b.lab.Sessions = append(b.lab.Sessions, s)
	}
	if s.MaxPrefixes > 0 && link.Metric == 0 {
		b.limits = append(b.limits, prefixLimit{mine.at("max-prefixes"), element, s})
	}
	if i < j {
		b.checkPair(raw, mine, b.options(raw, j), element)
	}
}

// labeledSessions adds sessions of labelled routes in the place of one of VPN routes, one for
// each family of the core, over addresses of that family.
func (b *sessionBuilder) labeledSessions(s Session, link Link, i, j int, lacks func(family string)) {
	s.Client = false
	settings := s.Settings
	for _, f := range b.lab.Core.Families {
		var ok bool
		if s.LocalAddress, s.PeerAddress, ok = transportOf(link.Ends[i], link.Ends[j], f == vpn.IPv4); ok && !s.LocalAddress.IsLinkLocalUnicast() {
			s.Settings = labeled(settings, f)
			b.lab.Sessions = append(b.lab.Sessions, s)
		} else if i < j {
			lacks(familyWords[f])
		}
	}
}

// transport returns the addresses of a session: IPv4 if both ends have it.
func transport(local, peer LinkEnd) (own, theirs netip.Addr, ok bool) {
	if own, theirs, ok = transportOf(local, peer, true); ok {
		return own, theirs, ok
	}
	return transportOf(local, peer, false)
}

// transportOf returns the addresses of a session over one IP version.
func transportOf(local, peer LinkEnd, v4 bool) (own, theirs netip.Addr, ok bool) {
	for _, p := range local.Addresses {
		for _, q := range peer.Addresses {
			if p.Addr().Is4() == v4 && p.Masked() == q.Masked() {
				return p.Addr(), q.Addr(), true
			}
		}
	}
	return netip.Addr{}, netip.Addr{}, false
}

// checkDefaults checks what no session may have.
func (b *sessionBuilder) checkDefaults() {
	b.policies.useAtSession(b.defaults, nil, "defaults.bgp")
}

// options returns the session settings of one end of a link: its own, else the
// link's, else the lab's.
func (b *sessionBuilder) options(raw rawLink, i int) sessionKeys {
	return raw.Ends[i].settings.BGP.Session.over(raw.BGP.Session.sessionKeys).over(b.defaults)
}
