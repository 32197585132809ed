package router

import (
	"maps"
	"net/netip"

	"pseudowan/router/config"
	"pseudowan/topology"
)

// fallover ends at once the sessions over links that have lost their carrier, and
// lets them come up again when it returns. It is for sessions that nothing else than
// the link can carry: with external peers, and over a NIC of the server, whose other
// end is a real router's. An internal session over a wire of the lab outlives a short
// interruption, as its routes are unusable meanwhile.
type fallover struct {
	cut func(map[netip.Addr]string) // of the speaker; nil: there is none
	now map[netip.Addr]string
}

// fallOver tells the speaker which peers are cut off now.
func (l *loop) fallOver() {
	cut := map[netip.Addr]string{}
	for _, s := range l.cfg.Sessions {
		for _, c := range l.cfg.Core {
			if c.Name == s.Interface && dependsOn(l.cfg.AS, s, c) && l.carriers.Lost(c.Name) {
				cut[s.PeerAddress.WithZone("")] = "interface " + c.Name + " has no carrier"
			}
		}
	}
	if maps.Equal(cut, l.fallover.now) {
		return
	}
	l.fallover.now = cut
	if l.fallover.cut != nil {
		l.fallover.cut(cut)
	}
}

// dependsOn reports whether a session ends with the carrier of the link that it is
// over.
func dependsOn(as uint32, s topology.Session, c config.Core) bool {
	if s.PeerAS == as && c.NIC == "" {
		return false
	}
	if s.PeerAddress.IsLinkLocalUnicast() {
		return true
	}
	for _, a := range c.Addresses {
		if a.Contains(s.PeerAddress) {
			return true
		}
	}
	return false
}
