package topology

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/session"
)

// peerSpec is the address of a peer, or the prefix of those that may connect.
type peerSpec netip.Prefix

func parsePeer(p *peerSpec, s string) *fault {
	if prefix, err := netip.ParsePrefix(s); err == nil && !prefix.Addr().Is4In6() {
		if prefix != prefix.Masked() {
			return &fault{fmt.Sprintf("%s has host bits set", prefix), "write " + prefix.Masked().String()}
		}
		*p = peerSpec(prefix)
		return nil
	}
	var a netip.Addr
	if why := parseAddr(&a, s); why != nil {
		return &fault{fmt.Sprintf("%q is neither an IP address nor a prefix", s), "write it as 192.168.0.2, or 192.168.0.0/24 for all who connect from there"}
	}
	*p = peerSpec(netip.PrefixFrom(a, a.BitLen()))
	return nil
}

func (p peerSpec) many() bool { return !netip.Prefix(p).IsSingleIP() }

func (p peerSpec) String() string {
	if p.many() {
		return netip.Prefix(p).String()
	}
	return netip.Prefix(p).Addr().String()
}

// rawNeighbor is a router behind a NIC.
type rawNeighbor struct {
	At      pos               `json:"-"`
	Session routerSession     `json:"-"`
	Peer    value[peerSpec]   `json:"peer" jsonschema:"required" doc:"Address of the router, or a prefix: the router then waits for peers that connect from there."`
	AS      value[asNumber]   `json:"as" jsonschema:"minimum=1,maximum=4294967294" doc:"AS number of the router." default:"that of the link's bgp"`
	Limit   value[int]        `json:"limit" jsonschema:"minimum=1,maximum=1000" doc:"Number of peers of a prefix at a time." default:"100"`
	Via     value[netip.Addr] `json:"via" doc:"Address on the link of the router through which a peer is reached that is not on the link, as a loopback behind it. Routes with the address of the peer as next hop leave there." default:"that of the link's bgp"`
	Source  value[netip.Addr] `json:"update-source" doc:"Address from which the router speaks, as that of its loopback; the router gets it." default:"that of the link's bgp, else its address on the link"`
}

const (
	defaultGuests = 100
	mostGuests    = 1000
)

// outsideSessions adds the sessions with real routers behind a NIC.
func (b *sessionBuilder) outsideSessions(raw rawLink, link Link, element string) {
	settings := raw.BGP
	alone := len(settings.Neighbors) == 0
	switch {
	case alone && settings.Peer.missing() && settings.AS.missing() && link.Metric > 0:
		b.refuse(raw.At, element, "label-switched paths use the link, and nobody behind the NIC tells labels", "add bgp: {peer: 192.168.0.2, as: 65001}")
		return
	case alone && settings.Peer.missing() && settings.AS.missing():
		if settings.at != (pos{}) {
			b.refuse(settings.at, element, "the session over a NIC needs peer: and as:", "add bgp: {peer: 192.168.0.2, as: 65002}")
		}
		return
	case alone && settings.Peer.missing(), settings.AS.missing() && !settings.Peer.missing():
		b.refuse(settings.at, element, "the session over a NIC needs both peer: and as:", "add bgp: {peer: 192.168.0.2, as: 65002}")
		return
	}
	if len(link.Ends) != 1 {
		return
	}
	seen := make(map[string]bool)
	if settings.Peer.has {
		own := rawNeighbor{At: settings.at, Peer: settings.Peer, AS: settings.AS, Limit: settings.Limit, Via: settings.Via, Source: settings.Source}
		b.outsideSession(raw, link, own, seen, element)
	}
	for i, n := range settings.Neighbors {
		where := fmt.Sprintf("%s: neighbors[%d]", element, i)
		n.AS, n.Limit = first(n.AS, settings.AS), first(n.Limit, settings.Limit)
		n.Via, n.Source = first(n.Via, settings.Via), first(n.Source, settings.Source)
		if n.Peer.missing() || n.AS.missing() {
			b.refuse(n.At, where, "a neighbor needs peer: and as:", "write {peer: 192.168.0.2, as: 65002}")
			continue
		}
		b.outsideSession(raw, link, n, seen, where)
	}
}

// outsideSession adds the session with one of the routers behind a NIC.
func (b *sessionBuilder) outsideSession(raw rawLink, link Link, n rawNeighbor, seen map[string]bool, element string) {
	if !n.Peer.has || !n.AS.has {
		return
	}
	peer := n.Peer.v
	if seen[peer.String()] {
		b.refuse(n.Peer.at, element, fmt.Sprintf("there are two sessions with peer %s on the link", peer), "remove one")
		return
	}
	seen[peer.String()] = true
	limit := n.Limit.or(defaultGuests)
	if limit < 1 || limit > mostGuests {
		b.refuse(n.Limit.at, element, fmt.Sprintf("limit %d is not allowed", limit), fmt.Sprintf("use 1 to %d", mostGuests))
	}
	prefix := netip.Prefix(peer)
	for _, p := range link.Ends[0].Addresses {
		if !b.reaches(p, n, link.Ends[0]) {
			continue
		}
		if !b.checkWay(p, n, link.Ends[0], element) {
			return
		}
		options := n.Session.over(b.options(raw, 0))
		b.checkSettings(options, session.Routers, element)
		s := Session{
			Router: link.Ends[0].Router, Interface: link.Ends[0].Interface, LocalAddress: n.Source.or(p.Addr()), Via: n.way(link.Ends[0]),
			PeerAS: uint32(n.AS.v), Settings: options.resolved(session.Routers),
		}
		own := b.lab.Routers[b.router[s.Router]].AS
		b.checkLocalAS(options, own, s.PeerAS, s.PeerAS, element)
		b.policies.useAtSession(options, s.Families, element)
		if s.PeerAddress = prefix.Addr(); peer.many() {
			s.PeerAddress, s.PeerPrefix, s.PeerLimit = netip.Addr{}, prefix, limit
		}
		s.Border = link.InterAS == OptionB && s.PeerAS != own
		if s.Border && peer.many() {
			b.refuse(n.Peer.at, element, fmt.Sprintf("inter-as: b with peers of a prefix, %s: to whoever connects, VPN routes are told that others told", peer), "name the peer by its address")
		}
		b.checkNextHop(options, s, link.Ends[0], nil, element)
		if link.Metric > 0 {
			b.lab.Sessions = append(b.lab.Sessions, b.beyondNIC(s, n, link, element))
			return
		}
		s.Client = reflects(raw.Ends[0]) && s.PeerAS == own
		b.lab.Sessions = append(b.lab.Sessions, s)
		return
	}
	if peer.many() {
		b.refuse(n.Peer.at, element, fmt.Sprintf("prefix %s is not within a subnet of %s", peer, raw.Ends[0].name.v), "use the link's subnet, or a part of it, or add via:")
		return
	}
	b.refuse(n.Peer.at, element, fmt.Sprintf("peer %s is not another address on a subnet of %s", peer, raw.Ends[0].name.v),
		"use the address of the router behind the NIC, or add via: if it is behind another")
}
