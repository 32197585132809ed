package server

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// forgetConnections has the kernel forget connections to hosts of a lab by ports that are
// not published to these hosts any more: it would go on translating them, as long as
// packets come. It does what it can, for a kernel may not show its connections.
func forgetConnections(lab string, uplinks []Uplink) {
	subnets := subnetsOf(lab)
	for family, is4 := range map[netlink.InetFamily]bool{netlink.FAMILY_V4: true, netlink.FAMILY_V6: false} {
		flows, err := netlink.ConntrackTableList(netlink.ConntrackTable, family)
		if err != nil {
			continue
		}
		for _, f := range flows {
			host, ok := netip.AddrFromSlice(f.Reverse.SrcIP)
			if ok && inside(host.Unmap(), subnets) && !f.Forward.DstIP.Equal(f.Reverse.SrcIP) && !published(uplinks, f, host.Unmap(), is4) {
				_, _ = netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, sameFlow{f})
			}
		}
	}
}

// sameFlow selects one connection.
type sameFlow struct{ *netlink.ConntrackFlow }

// MatchConntrackFlow implements netlink.CustomConntrackFilter.
func (s sameFlow) MatchConntrackFlow(f *netlink.ConntrackFlow) bool {
	same := func(a, b netlink.IPTuple) bool {
		return a.Protocol == b.Protocol && a.SrcPort == b.SrcPort && a.DstPort == b.DstPort && a.SrcIP.Equal(b.SrcIP) && a.DstIP.Equal(b.DstIP)
	}
	return same(s.Forward, f.Forward) && same(s.Reverse, f.Reverse)
}

// published reports whether the port of a connection still leads to its host.
func published(uplinks []Uplink, f *netlink.ConntrackFlow, host netip.Addr, is4 bool) bool {
	const tcp, udp = 6, 17
	protocol := map[uint8]string{tcp: "tcp", udp: "udp"}[f.Forward.Protocol]
	to, _ := netip.AddrFromSlice(f.Forward.DstIP)
	for _, u := range uplinks {
		for _, p := range u.Publish {
			everywhere := !p.Address.IsValid() || p.Address.IsUnspecified()
			if p.Protocol != protocol || p.Port != f.Forward.DstPort || p.To != f.Reverse.SrcPort || !everywhere && p.Address != to.Unmap() {
				continue
			}
			for _, t := range p.Targets {
				if t == host && t.Is4() == is4 {
					return true
				}
			}
		}
	}
	return false
}

func inside(a netip.Addr, subnets []netip.Prefix) bool {
	for _, s := range subnets {
		if s.Contains(a) {
			return true
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
			ip, ok := netip.AddrFromSlice(a.IP)
			if ones, _ := a.Mask.Size(); ok && !ip.Unmap().IsLinkLocalUnicast() {
				subnets = append(subnets, netip.PrefixFrom(ip.Unmap(), ones).Masked())
			}
		}
	}
	return subnets
}
