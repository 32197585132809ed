package plan

import (
	"net/netip"
	"slices"

	"pseudowan/router/config"
	"pseudowan/topology"
)

// sessions gives each router its sessions.
func (b *planner) sessions() {
	for _, s := range b.topology.Sessions {
		c := b.routers[s.Router]
		c.Sessions = append(c.Sessions, s)
		for i := range c.Core {
			if c.Core[i].Name == s.Interface {
				serve(&c.Core[i], s)
			}
		}
	}
}

// serve gives a link what a session over it needs: its own address, and the way to the
// peer.
func serve(c *config.Core, s topology.Session) {
	local := netip.PrefixFrom(s.LocalAddress, s.LocalAddress.BitLen())
	if !slices.ContainsFunc(c.Addresses, func(p netip.Prefix) bool { return p.Addr() == s.LocalAddress }) {
		c.Addresses = append(slices.Clip(c.Addresses), local)
	}
	if !s.Via.IsValid() {
		return
	}
	way := config.Way{To: s.PeerPrefix, Via: s.Via, Source: s.LocalAddress}
	if !way.To.IsValid() {
		way.To = netip.PrefixFrom(s.PeerAddress, s.PeerAddress.BitLen())
	}
	c.Ways = append(c.Ways, way)
}
