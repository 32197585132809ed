package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// targets are the names that an attachment may lead to.
func (b *attachmentBuilder) targets() map[string]int {
	out := make(map[string]int)
	for name := range b.router {
		out[name] = 0
	}
	for i, s := range b.lab.Segments {
		out[s.Name] = i
	}
	return out
}

// resolve resolves the i-th attachment of a host, to a router or a segment.
func (b *hostBuilder) resolve(raw rawAttachment, i int, element string, only bool) Attachment {
	s := b.lab.Segment(Attachment{Segment: raw.To.v})
	if s == nil {
		return b.attachment.resolve(raw, i, element, only)
	}
	return b.attachment.onSegment(raw, s, i, element)
}

// onSegment resolves the i-th attachment of a host, to a segment. Its routes follow
// in hostBuilder.neighbors.
func (b *attachmentBuilder) onSegment(raw rawAttachment, s *Segment, i int, element string) Attachment {
	a := Attachment{
		Segment: s.Name, MAC: raw.MAC.v, MTU: raw.MTU.or(s.MTU), Interface: raw.Interface.or(fmt.Sprintf("eth%d", i)), Routes: []netip.Prefix{},
	}
	b.refuseRouterKeys(raw, s, element)
	b.checkNames(raw, element)
	a.DAD, a.Sysctls, a.ProxyND = raw.DAD.v, b.sysctls(raw, element), b.proxied(raw, element)
	for _, address := range raw.Addresses {
		switch {
		case !address.has:
		case address.v.from == fromSLAAC:
			a.SLAAC = true
		case address.v.from != "":
			b.asks(&a, address, element)
		case b.checkHostAddress(address.at, element, address.v.prefix) && b.checkOnSegment(address, s, element):
			a.Addresses = append(a.Addresses, address.v.prefix)
		}
	}
	b.delegation(raw, &a, element)
	b.checkMTU(raw.MTU, element, a.SLAAC || a.DHCP.ByIPv6() || hasIPv6(a.Addresses))
	if raw.MTU.has && raw.MTU.v > s.MTU {
		b.refuse(raw.MTU.at, element, fmt.Sprintf("MTU %d is larger than that of segment %s, %d", raw.MTU.v, s.Name, s.MTU), "set mtu: of the segment")
	}
	for _, p := range raw.Advertise {
		if b.checkAdvertised(p, s, element) {
			a.Advertises = append(a.Advertises, netip.Prefix(p.v))
		}
	}
	b.guard(raw, &a, s, element)
	b.announceBySegment(raw, &a, s, element)
	return a
}

// refuseRouterKeys refuses what belongs to a router on the segment.
func (b *attachmentBuilder) refuseRouterKeys(raw rawAttachment, s *Segment, element string) {
	const move = "remove it; it belongs to segments:, where the router is named"
	if raw.VRF.at != (pos{}) {
		b.refuse(raw.VRF.at, element, fmt.Sprintf("vrf: with segment %s", s.Name), move)
	}
	if raw.RD.at != (pos{}) {
		b.refuse(raw.RD.at, element, fmt.Sprintf("rd: with segment %s", s.Name), move)
	}
	if len(raw.Gateway) > 0 {
		b.refuse(raw.Gateway[0].at, element, fmt.Sprintf("gateway: with segment %s", s.Name), move+`; for a route of this host write routes: [{prefix: "0.0.0.0/0", via: NEIGHBOUR}]`)
	}
	if raw.RA.at != (pos{}) {
		b.refuse(raw.RA.at, element, fmt.Sprintf("ra: with segment %s", s.Name), move+"; for a daemon of this host write advertises:")
	}
	if raw.SoO.at != (pos{}) {
		b.refuse(raw.SoO.at, element, fmt.Sprintf("soo: with segment %s: a site has a wire of its own to the router", s.Name), "remove it, or attach the host to the router, with to: and vrf:")
	}
	if raw.BGP.at != (pos{}) {
		b.refuse(raw.BGP.at, element, fmt.Sprintf("bgp: with segment %s: a router has BGP sessions only with hosts on a wire of their own", s.Name), "attach the host to the router, with to: and vrf:")
	}
}

// checkOnSegment refuses an address that is not in the segment's subnets, or is a
// router's.
func (b *attachmentBuilder) checkOnSegment(address value[hostAddress], s *Segment, element string) bool {
	p := address.v.prefix
	if len(s.Subnets) > 0 && !slices.Contains(s.Subnets, p.Masked()) {
		names := make([]string, len(s.Subnets))
		for i, n := range s.Subnets {
			names[i] = n.String()
		}
		b.refuse(address.at, element, fmt.Sprintf("%s is not in a subnet of segment %s (%s)", p, s.Name, strings.Join(names, ", ")), "use an address and the length of one of them, or add its subnet to the segment's subnets:")
		return false
	}
	if s.Uplink != nil && slices.Contains(s.Uplink.Addresses, p) {
		b.refuse(address.at, element, fmt.Sprintf("address %s is that of the server on segment %s, by its uplink", p, s.Name), "use another address")
		return false
	}
	for _, r := range s.Routers {
		if slices.Contains(r.Gateways, p) {
			b.refuse(address.at, element, fmt.Sprintf("address %s is that of router %s on segment %s", p, r.Router, s.Name), "use another address, or set gateway: of the segment")
			return false
		}
	}
	return true
}

func (b *attachmentBuilder) checkAdvertised(p value[network], s *Segment, element string) bool {
	prefix := netip.Prefix(p.v)
	switch {
	case !p.has:
		return false
	case prefix.Addr().Is4():
		b.refuse(p.at, element, fmt.Sprintf("%s is not an IPv6 prefix", prefix), "router advertisements are for IPv6")
		return false
	case prefix.Bits() != 64:
		b.refuse(p.at, element, fmt.Sprintf("SLAAC needs a /64, not %s (RFC 4862)", prefix), "name only /64s")
		return false
	}
	if len(s.Subnets) > 0 && !slices.Contains(s.Subnets, prefix) {
		b.refuse(p.at, element, fmt.Sprintf("advertises %s, which is not a subnet of segment %s", prefix, s.Name), "add it to the segment's subnets:")
		return false
	}
	return b.checkSubnet(p.at, element, prefix)
}

// announceBySegment adds the static routes of announce: that routers on the segment
// have.
func (b *attachmentBuilder) announceBySegment(raw rawAttachment, a *Attachment, s *Segment, element string) {
	if len(raw.Announce) == 0 {
		return
	}
	if len(s.Routers) == 0 {
		b.refuse(raw.Announce[0].at, element, fmt.Sprintf("announces prefixes on segment %s, which has no router", s.Name), "remove announce:, or add to: and vrf: to the segment")
		return
	}
	like := *a
	for _, r := range s.Routers {
		like.Router, like.VRF, like.Gateways, like.Statics = r.Router, r.VRF, r.Gateways, nil
		b.announcements(raw, &like, element)
	}
	a.Statics = like.Statics
}
