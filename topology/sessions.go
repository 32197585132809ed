package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
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
		s.Settings, s.Client = labeled(s.Settings), false
		if !s.LocalAddress.Is4() && i < j {
			b.refuse(raw.Ends[i].name.at, element, "the link has no IPv4 subnet, and the core is IPv4", "give it one, or transport: false")
		}
	}
	b.lab.Sessions = append(b.lab.Sessions, s)
	if s.MaxPrefixes > 0 {
		b.limits = append(b.limits, prefixLimit{mine.at("max-prefixes"), element, s})
	}
	if i < j {
		b.checkPair(raw, mine, b.options(raw, j), element)
	}
}

// transport returns the addresses of a session: IPv4 if both ends have it.
func transport(local, peer LinkEnd) (_, _ netip.Addr, ok bool) {
	for _, v4 := range []bool{true, false} {
		for _, p := range local.Addresses {
			for _, q := range peer.Addresses {
				if p.Addr().Is4() == v4 && p.Masked() == q.Masked() {
					return p.Addr(), q.Addr(), true
				}
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
