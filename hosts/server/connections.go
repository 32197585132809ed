package server

import (
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"pseudowan/hosts"
)

// forgetConnections has the kernel forget connections to hosts of a lab by ports that are
// not published to these hosts any more: it would go on translating them, as long as
// packets come. It does what it can, for a kernel may not show its connections.
func forgetConnections(lab string, uplinks []Uplink) {
	stale := stale{subnetsOf(lab), uplinks}
	for _, family := range []netlink.InetFamily{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		_, _ = netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, stale)
	}
}

// stale selects connections to hosts in the subnets by ports that uplinks do not publish
// to them.
type stale struct {
	subnets []netip.Prefix
	uplinks []Uplink
}

// MatchConntrackFlow implements netlink.CustomConntrackFilter.
func (s stale) MatchConntrackFlow(f *netlink.ConntrackFlow) bool {
	host, ok := netip.AddrFromSlice(f.Reverse.SrcIP)
	host = host.Unmap()
	return ok && slices.ContainsFunc(s.subnets, func(p netip.Prefix) bool { return p.Contains(host) }) && !f.Forward.DstIP.Equal(f.Reverse.SrcIP) && !published(s.uplinks, f, host)
}

// published reports whether the port of a connection still leads to its host.
func published(uplinks []Uplink, f *netlink.ConntrackFlow, host netip.Addr) bool {
	const tcp, udp = 6, 17
	protocol := map[uint8]string{tcp: "tcp", udp: "udp"}[f.Forward.Protocol]
	to, _ := netip.AddrFromSlice(f.Forward.DstIP)
	for _, u := range uplinks {
		for _, p := range u.Publish {
			everywhere := !p.Address.IsValid() || p.Address.IsUnspecified()
			if p.Protocol != protocol || p.Port != f.Forward.DstPort || p.To != f.Reverse.SrcPort || !everywhere && p.Address != to.Unmap() {
				continue
			}
			if slices.Contains(p.Targets, host) {
				return true
			}
		}
	}
	return false
}

// subnetsOf returns the subnets in which the server is a router for a lab.
func subnetsOf(lab string) (subnets []netip.Prefix) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil
	}
	for _, l := range links {
		if of, _, ok := marked(l.Attrs().Alias); !ok || of != lab {
			continue
		}
		addresses, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if p := hosts.PrefixOf(a.IPNet); !p.Addr().IsLinkLocalUnicast() {
				subnets = append(subnets, p.Masked())
			}
		}
	}
	return subnets
}
