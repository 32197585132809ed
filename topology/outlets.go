package topology

import "net/netip"

// outlet is where a host sends packets to a prefix.
type outlet struct {
	through *Attachment // nil: one of its LANs, where it answers for every address
	onLink  bool        // the prefix is the subnet itself, where the host resolves addresses itself
	via     netip.Addr  // the next hop on a segment
}

// hop returns the address that a host resolves on a segment to send a packet.
func (o outlet) hop(destination netip.Addr) netip.Addr {
	if o.via.IsValid() {
		return o.via
	}
	return destination
}

// outlets returns the outlets of a host by prefix.
func (t *Topology) outletsOf(h *Host) lookup[outlet] {
	table := make(lookup[outlet])
	for i := range h.Attachments {
		a := &h.Attachments[i]
		for _, p := range a.Addresses {
			table.add(p, outlet{through: a, onLink: true})
		}
		for _, p := range a.Advertises { // also before it has an address there, as of a delegated prefix
			table.add(p, outlet{through: a, onLink: true})
		}
		for _, p := range a.Routes {
			if !a.SLAAC || p.Addr().Is4() { // its IPv6 routes come from router advertisements
				table.add(p, outlet{through: a})
			}
		}
		for _, hop := range a.NextHops {
			table.add(hop.Prefix, outlet{through: a, via: hop.Via})
		}
		if via, ok := t.advertiser(a); ok {
			table.add(defaultRoute6, outlet{through: a, via: via})
		}
		if a.Segment == "" && a.SLAAC && (a.RA == nil || a.RA.Lifetime > 0) { // else no default router (RFC 4861 section 6.2.3)
			table.add(defaultRoute6, outlet{through: a})
		}
		for _, everything := range []netip.Prefix{defaultRoute4, defaultRoute6} {
			if a.learnsRoutes(everything) {
				table.add(everything, outlet{through: a})
			}
		}
	}
	for _, p := range h.LANs {
		table.add(p, outlet{})
	}
	return table
}
