package router

import (
	"maps"
	"net/netip"

	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// fallover ends sessions at once when their link loses its carrier or BFD says that they are
// lost, and lets them come up again when it returns. A carrier counts for sessions that only the link
// can carry: with external peers, with customers' hosts, and over a NIC of the
// server, whose other end is a real router. An internal session over a wire of the
// lab survives a short interruption, during which its routes are unusable anyway.
type fallover struct {
	cut func(map[netip.Addr]string) // of the speaker; nil if there is none
	now map[netip.Addr]string

	cutCE func(*ce.Speaker, map[netip.Addr]string) // of the speaker of a CE; nil if none runs
	ces   map[*ce.Speaker]string                   // those that are cut off, and why
}

// fallOver tells the speakers which peers are currently cut off.
func (l *loop) fallOver() {
	l.fallOverCEs()
	cut := map[netip.Addr]string{}
	for _, s := range l.cfg.Sessions {
		for _, c := range l.cfg.Core {
			if c.Name == s.Interface && dependsOn(l.cfg.AS, s, c) && l.carriers.Lost(c.Name) {
				for _, peer := range l.peersOf(s) {
					cut[peer] = "interface " + c.Name + " has no carrier"
				}
			}
		}
	}
	for peer, why := range l.liveness.failed {
		cut[peer.WithZone("")] = why
	}
	if maps.Equal(cut, l.fallover.now) {
		return
	}
	l.fallover.now = cut
	if l.fallover.cut != nil {
		l.fallover.cut(cut)
	}
}

// fallOverCEs tells the speakers of CEs whether their host's wire has a carrier.
func (l *loop) fallOverCEs() {
	before := l.fallover.ces
	l.fallover.ces = map[*ce.Speaker]string{}
	for _, c := range l.ces.CEs() {
		why := ""
		if l.carriers.Lost(c.Port.Name) {
			why = "interface " + c.Port.Name + " has no carrier"
			if l.carriers.In(c.Port.Name, config.TrackedGroup) {
				why = "interface " + c.Port.Name + " is down, as the router is cut off from the core (uplink-tracking)"
			}
			l.fallover.ces[c.Speaker] = why
		}
		if why == before[c.Speaker] || l.fallover.cutCE == nil {
			continue
		}
		cut := map[netip.Addr]string{}
		for _, s := range c.BGP.Sessions {
			if why != "" {
				cut[s.PeerAddress.WithZone("")] = why
			}
		}
		l.fallover.cutCE(c.Speaker, cut)
	}
}

// peersOf returns the peers of a session without zone: one, or those that have
// connected from its prefix.
func (l *loop) peersOf(s topology.Session) (list []netip.Addr) {
	if !s.PeerPrefix.IsValid() {
		return []netip.Addr{s.PeerAddress.WithZone("")}
	}
	for peer := range l.peers {
		if s.PeerPrefix.Contains(peer) {
			list = append(list, peer)
		}
	}
	return list
}

// dependsOn reports whether a session over a link ends when the link loses its
// carrier.
func dependsOn(as uint32, s topology.Session, c config.Core) bool {
	if s.PeerAS == as && c.NIC == "" {
		return false
	}
	if s.PeerAddress.IsLinkLocalUnicast() || s.PeerPrefix.IsValid() || s.Via.IsValid() {
		return true
	}
	for _, a := range c.Addresses {
		if a.Contains(s.PeerAddress) {
			return true
		}
	}
	return false
}
