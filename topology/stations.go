package topology

import (
	"net"
	"net/netip"
	"slices"
)

// station is who answers for an address on a segment: a host, or a router with a
// VRF.
type station struct {
	host     *Host
	instance vrfKey
}

// stations are those of a segment.
type stations struct {
	hosts []*Host
	by    map[netip.Addr]station
	proxy []proxy

	// rewriter is a host that may answer for addresses that nobody has in the file,
	// as with NAT or VRRP; nil if none rewrites packets.
	rewriter *Host
}

// proxy is a host that answers neighbour discovery for others.
type proxy struct {
	prefix netip.Prefix
	host   *Host
}

// find returns who answers for an address.
func (s stations) find(a netip.Addr) (who station, known bool) {
	if who, known = s.by[a]; known {
		return who, true
	}
	for _, p := range s.proxy {
		if p.prefix.Contains(a) {
			return station{host: p.host}, true
		}
	}
	return station{host: s.rewriter}, s.rewriter != nil
}

// stationsOf returns the stations of all segments by name. Of several with an
// address, the first answers; for IPv4 a host answers on each of its interfaces for
// all its addresses, but an interface's own come first.
func stationsOf(t *Topology) map[string]stations {
	out := make(map[string]stations)
	for _, s := range t.Segments {
		on := stations{by: make(map[netip.Addr]station)}
		for _, r := range s.Routers {
			for _, g := range r.Gateways {
				on.add(g.Addr(), station{instance: vrfKey{r.Router, r.VRF}})
			}
		}
		var rest []*Host
		for i := range t.Hosts {
			h := &t.Hosts[i]
			if !slices.ContainsFunc(h.Attachments, func(a Attachment) bool { return a.Segment == s.Name }) {
				continue
			}
			rest = append(rest, h)
			if h.Rewrites && on.rewriter == nil {
				on.rewriter = h
			}
			for _, a := range h.Attachments {
				for _, p := range a.ProxyND {
					if a.Segment == s.Name {
						on.proxy = append(on.proxy, proxy{p, h})
					}
				}
				if a.Segment != s.Name {
					continue
				}
				for _, p := range a.Addresses {
					on.add(p.Addr(), station{host: h})
				}
				if len(a.Advertises) > 0 {
					on.add(a.anycast(), station{host: h})
				}
				if len(a.MAC) == 6 && a.Segment == s.Name {
					on.add(linkLocal(a.MAC), station{host: h})
				}
			}
		}
		for _, h := range rest {
			for _, a := range addressesOf(h) {
				if a.Is4() {
					on.add(a, station{host: h})
				}
			}
		}
		on.hosts = rest
		out[s.Name] = on
	}
	return out
}

// anycast is the Subnet-Router anycast address (RFC 4291 section 2.6.1) of the first
// prefix that a host advertises. It stands for the host where this has no other, as
// before a prefix is delegated to it.
func (a Attachment) anycast() netip.Addr { return a.Advertises[0].Masked().Addr() }

func (s stations) add(a netip.Addr, who station) {
	if _, taken := s.by[a]; !taken {
		s.by[a] = who
	}
}

// advertiser returns the address of the neighbour that a host with SLAAC on a
// segment has as its default router: a router that advertises itself, or the first
// host that does.
func (t *Topology) advertiser(a *Attachment) (netip.Addr, bool) {
	s := t.Segment(*a)
	if s == nil || !a.SLAAC && !a.DHCP.ByIPv6() {
		return netip.Addr{}, false
	}
	for _, r := range s.Routers {
		for _, g := range r.Gateways {
			if g.Addr().Is6() && r.RA != nil && r.RA.Lifetime > 0 {
				return g.Addr(), true
			}
		}
	}
	for _, h := range t.Hosts {
		for _, other := range h.Attachments {
			if other.Segment != s.Name || len(other.Advertises) == 0 {
				continue
			}
			address, ok := addressOf(other.Addresses, defaultRoute6)
			if !ok {
				address = other.anycast()
			}
			own := slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == address })
			if !own && (len(a.Advertises) == 0 || a.anycast() != address) {
				return address, true
			}
		}
	}
	return netip.Addr{}, false
}

// linkLocal returns the link-local address that an interface forms of its MAC (RFC 4291
// appendix A).
func linkLocal(mac net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]})
}
