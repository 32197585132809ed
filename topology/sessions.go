package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/bgp/vpn"
)

// Defaults and bounds of a session (RFC 4271 section 4.2). 40 s is the
// original router's hold time.
const (
	defaultHold    = 40 * time.Second
	defaultRetry   = 2 * time.Second
	leastHold      = 3 * time.Second
	longestTime    = 65535 * time.Second
	maxPasswordLen = 80 // TCP_MD5SIG_MAXKEYLEN
)

// sessions derives the sessions of a link.
func (b *builder) sessions(raw rawLink, link Link, element string) {
	if raw.BGP.mode.v == "none" {
		return
	}
	if link.NIC != "" {
		b.outsideSession(raw, link, element)
		return
	}
	if !raw.BGP.Peer.missing() || !raw.BGP.AS.missing() {
		b.refuse(raw.BGP.at, element, "bgp: peer and as are for links with a NIC", "remove them: both ends are known")
	}
	for i := range link.Ends {
		for j := range link.Ends {
			if i != j && b.wanted(raw, i, j) {
				b.session(raw, link, i, j, element)
			}
		}
	}
	for i := range link.Ends {
		b.checkReflector(raw, link, i)
	}
}

// wanted tells whether two ends of a link have a session: all do, but where a
// router reflects, its clients need none with each other.
func (b *builder) wanted(raw rawLink, i, j int) bool {
	if raw.Ends[i].settings.BGP.mode.v == "none" || raw.Ends[j].settings.BGP.mode.v == "none" {
		return false
	}
	if raw.BGP.mode.has {
		return true
	}
	reflected := slices.ContainsFunc(raw.Ends, reflects)
	return !reflected || reflects(raw.Ends[i]) || reflects(raw.Ends[j])
}

func reflects(e namedEnd) bool { return e.settings.BGP.RouteReflector.v }

// session adds the view of end i on its session with end j.
func (b *builder) session(raw rawLink, link Link, i, j int, element string) {
	local, peer := link.Ends[i], link.Ends[j]
	localAddress, peerAddress, ok := transport(local, peer)
	if !ok {
		b.refuse(raw.Ends[i].name.at, element, fmt.Sprintf("%s and %s share no subnet for their session", raw.Ends[i].name.v, raw.Ends[j].name.v),
			"give them addresses of one subnet, or bgp: none")
		return
	}
	mine := b.options(raw, i)
	b.checkOptions(mine, element)
	s := mine.session()
	s.Router, s.Interface = local.Router, local.Interface
	s.LocalAddress, s.PeerAddress = localAddress, peerAddress
	s.PeerRouter = peer.Router
	own := b.lab.Routers[b.router[local.Router]]
	s.PeerAS = b.lab.Routers[b.router[peer.Router]].AS
	s.Client = own.AS == s.PeerAS && reflects(raw.Ends[i]) && !reflects(raw.Ends[j])
	b.lab.Sessions = append(b.lab.Sessions, s)
	if s.MaxPrefixes > 0 {
		b.limits = append(b.limits, prefixLimit{mine.MaxPrefixes.at, element, s})
	}
	if i < j {
		b.checkPair(raw, mine, b.options(raw, j), element)
	}
}

// transport picks the addresses of a session: IPv4 where both ends have it.
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

// outsideSession adds the session with a real router behind a NIC.
func (b *builder) outsideSession(raw rawLink, link Link, element string) {
	settings := raw.BGP
	if settings.Peer.missing() && settings.AS.missing() {
		if settings.at != (pos{}) {
			b.refuse(settings.at, element, "the session over a NIC needs peer: and as:", "add bgp: {peer: 192.168.0.2, as: 65002}")
		}
		return
	}
	if settings.Peer.missing() || settings.AS.missing() {
		b.refuse(settings.at, element, "the session over a NIC needs both peer: and as:", "add bgp: {peer: 192.168.0.2, as: 65002}")
	}
	if len(link.Ends) != 1 || !settings.Peer.has || !settings.AS.has {
		return
	}
	peer := settings.Peer.v
	for _, p := range link.Ends[0].Addresses {
		if !p.Contains(peer) || p.Addr() == peer {
			continue
		}
		b.checkOptions(b.options(raw, 0), element)
		s := b.options(raw, 0).session()
		s.Router, s.Interface = link.Ends[0].Router, link.Ends[0].Interface
		s.LocalAddress, s.PeerAddress, s.PeerAS = p.Addr(), peer, uint32(settings.AS.v)
		s.Client = reflects(raw.Ends[0]) && s.PeerAS == b.lab.Routers[b.router[s.Router]].AS
		b.lab.Sessions = append(b.lab.Sessions, s)
		return
	}
	b.refuse(settings.Peer.at, element, fmt.Sprintf("peer %s is not another address on a subnet of %s", peer, raw.Ends[0].name.v),
		"use the address that the real router has on this link")
}

// options are the settings of a session as one end of a link has them: its
// own before the link's before the lab's.
func (b *builder) options(raw rawLink, i int) bgpOptions {
	return raw.Ends[i].settings.BGP.bgpOptions.over(raw.BGP.bgpOptions).over(b.raw.Defaults.BGP)
}

// over fills what o leaves open from base.
func (o bgpOptions) over(base bgpOptions) bgpOptions {
	o.MED = first(o.MED, base.MED)
	o.LocalPref = first(o.LocalPref, base.LocalPref)
	o.HoldTime = first(o.HoldTime, base.HoldTime)
	o.Keepalive = first(o.Keepalive, base.Keepalive)
	o.ConnectRetry = first(o.ConnectRetry, base.ConnectRetry)
	o.Passive = first(o.Passive, base.Passive)
	o.Password = first(o.Password, base.Password)
	o.GTSM = first(o.GTSM, base.GTSM)
	o.MaxPrefixes = first(o.MaxPrefixes, base.MaxPrefixes)
	o.NextHopSelf = first(o.NextHopSelf, base.NextHopSelf)
	if len(o.Families) == 0 {
		o.Families = base.Families
	}
	return o
}

// session is the validated form of the settings, without the peers.
func (o bgpOptions) session() Session {
	hold := time.Duration(o.HoldTime.or(lifetime(defaultHold)))
	s := Session{
		HoldTime:     hold,
		Keepalive:    time.Duration(o.Keepalive.or(lifetime((hold / 3).Truncate(time.Second)))),
		ConnectRetry: time.Duration(o.ConnectRetry.or(lifetime(defaultRetry))),
		Passive:      o.Passive.v,
		Password:     o.Password.v,
		GTSM:         o.GTSM.v,
		MaxPrefixes:  o.MaxPrefixes.v,
		NextHopSelf:  o.NextHopSelf.or(true),
		MED:          optional(o.MED),
		LocalPref:    optional(o.LocalPref),
	}
	for _, f := range o.Families {
		if f.has && !slices.Contains(s.Families, f.v) {
			s.Families = append(s.Families, f.v)
		}
	}
	slices.Sort(s.Families)
	if len(s.Families) == 0 {
		s.Families = []vpn.Family{vpn.VPNv4, vpn.VPNv6}
	}
	return s
}

func optional(v value[uint32]) *uint32 {
	if !v.has {
		return nil
	}
	return &v.v
}
