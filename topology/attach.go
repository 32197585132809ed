package topology

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// attachmentBuilder resolves the attachments of hosts.
type attachmentBuilder struct {
	*report
	lab      *Topology
	mtu      value[int]     // default of the lab
	router   map[string]int // index of each router in the lab
	vrfs     *vrfBuilder
	claims   *vrfClaims
	customer *customerBuilder
}

// resolve resolves the i-th attachment of a host.
func (b *attachmentBuilder) resolve(raw rawAttachment, i int, element string, only bool) Attachment {
	mtu := first(raw.MTU, b.mtu)
	a := Attachment{
		Router: raw.To.v, VRF: raw.VRF.v, MAC: raw.MAC.v, MTU: mtu.or(ipMTU),
		Interface: raw.Interface.or(fmt.Sprintf("eth%d", i)), SoO: raw.SoO.v,
	}
	b.checkAttachment(raw, element)
	b.noGuard(raw, element)
	a.DAD, a.Sysctls, a.ProxyND = raw.DAD.v, b.sysctls(raw, element), b.proxied(raw, element)
	for _, address := range raw.Addresses {
		switch {
		case !address.has:
		case address.v.from == fromSLAAC:
			a.SLAAC = true
			if raw.RA.at == (pos{}) {
				b.refuse(address.at, element, "slaac without router advertisements", `add ra: "2001:db8:1::/64"`)
			}
		case address.v.from != "":
			b.refuse(address.at, element, fmt.Sprintf("%s on a wire to router %s, which has no DHCP server and relays none", address.v.from, a.Router), "attach the host to a segment with a host that is a DHCP server")
		case b.checkHostAddress(address.at, element, address.v.prefix):
			a.Addresses = append(a.Addresses, address.v.prefix)
		}
	}
	if len(raw.Advertise) > 0 {
		b.refuse(raw.Advertise[0].at, element, "advertises: is for hosts on a segment; on this wire the router advertises", "remove it, or use ra:")
	}
	if len(raw.Addresses) == 0 {
		b.refuse(raw.At, element, "has no address", "add addresses: [10.1.0.2/24]")
	}
	if raw.Delegated.At != (pos{}) {
		b.refuse(raw.Delegated.At, element, fmt.Sprintf("delegated: on a wire to router %s, which has no DHCP server and relays none", a.Router), "attach the host to a segment with a host that is a DHCP server")
	}
	a.RA = b.advertisement(raw, a, element)
	a.Gateways = b.gateways(raw, a, element)
	b.checkMTU(mtu, element, hasIPv6(a.Gateways))
	a.Routes = b.hostRoutes(raw, a, element, only)
	a.BGP = b.customer.resolve(raw, a, element)
	b.announcements(raw, &a, element)
	return a
}

// checkAttachment refuses references to unknown routers and VRFs, and records the
// use of the VRF.
func (b *attachmentBuilder) checkAttachment(raw rawAttachment, element string) {
	_, known := b.router[raw.To.v]
	switch {
	case raw.To.missing():
		b.refuse(raw.At, element, "names no router", "add to: with the name of a router")
	case raw.To.has && !known && len(b.lab.Segments) == 0:
		b.refuse(raw.To.at, element, fmt.Sprintf("no router is named %q", raw.To.v), suggest(raw.To.v, b.router))
	case raw.To.has && !known:
		b.refuse(raw.To.at, element, fmt.Sprintf("no router and no segment is named %q", raw.To.v), suggest(raw.To.v, b.targets()))
	}
	b.checkNames(raw, element)
	if raw.VRF.missing() {
		b.refuse(raw.At, element, "names no VRF", "add vrf: with the name of a VRF")
	}
	if !b.checkName(raw.VRF, "vrf", maxName) {
		return
	}
	if _, defined := b.vrfs.defined[raw.VRF.v]; !defined && raw.RD.missing() {
		b.refuse(raw.VRF.at, element, fmt.Sprintf("VRF %q is not in vrfs: and has no RD", raw.VRF.v), remedyFor(raw.VRF.v, b.vrfs.defined))
	}
	if known {
		b.vrfs.use(vrfKey{raw.To.v, raw.VRF.v}, vrfUse{at: raw.VRF.at, element: element, rd: raw.RD})
	}
}

// checkNames refuses names and MAC addresses that a host's interface cannot have.
func (b *attachmentBuilder) checkNames(raw rawAttachment, element string) {
	if why := badInterface(raw.Interface.v); raw.Interface.has && why != "" {
		b.refuse(raw.Interface.at, element, why, "use a name such as eth0")
	}
	if raw.MAC.has && isGatewayMAC(raw.MAC.v) {
		b.refuse(raw.MAC.at, element, fmt.Sprintf("MAC address %s is reserved for routers", raw.MAC.v), `use another one, such as "02:00:00:00:00:01"`)
	}
}

// isGatewayMAC reports whether a MAC address is in the block
// 00:00:00:00:00:00/32, which routers use towards their hosts.
func isGatewayMAC(mac net.HardwareAddr) bool {
	return len(mac) == 6 && mac[0]|mac[1]|mac[2]|mac[3] == 0
}

func remedyFor(name string, defined map[string]vrfDef) string {
	if len(defined) == 0 {
		return fmt.Sprintf(`add vrfs: {%s: {rts: "65000:1"}}`, name)
	}
	return suggest(name, defined)
}

// gateways returns the router's address in each subnet of an attachment.
func (b *attachmentBuilder) gateways(raw rawAttachment, a Attachment, element string) []netip.Prefix {
	var out []netip.Prefix
	var subnets []netip.Prefix
	for _, s := range attachedSubnets(raw, a) {
		subnets = append(subnets, s.v)
		if p, ok := b.gateway(s, raw.Gateway, element); ok {
			out = append(out, p)
		}
	}
	first := make(map[netip.Prefix]netip.Addr)
	for _, g := range raw.Gateway {
		for _, subnet := range subnets {
			if !g.has || !subnet.Contains(g.v) {
				continue
			}
			if other, given := first[subnet]; given {
				b.refuse(g.at, element, fmt.Sprintf("gateway %s is in the same subnet as gateway %s", g.v, other), "the router has one address in a subnet; remove one")
			} else {
				first[subnet] = g.v
			}
		}
		inside := func(subnet netip.Prefix) bool { return subnet.Contains(g.v) }
		if g.has && !slices.ContainsFunc(subnets, inside) {
			b.refuse(g.at, element, fmt.Sprintf("gateway %s is not on a subnet of the attachment", g.v), "use an address of the same subnet as the host's")
		}
	}
	b.checkGateways(raw, out, element)
	return out
}

// attachedSubnets returns the subnets of an attachment, each once and with the
// position that first names it.
func attachedSubnets(raw rawAttachment, a Attachment) []value[netip.Prefix] {
	var out []value[netip.Prefix]
	add := func(at pos, p netip.Prefix) {
		same := func(v value[netip.Prefix]) bool { return v.v == p }
		if !slices.ContainsFunc(out, same) {
			out = append(out, given(at, p))
		}
	}
	for _, p := range raw.Addresses {
		if p.has && p.v.from == "" && badHost(p.v.prefix) == "" {
			add(p.at, p.v.prefix.Masked())
		}
	}
	if a.RA != nil {
		for _, p := range a.RA.Prefixes {
			add(raw.RA.at, p.Prefix)
		}
	}
	return out
}

// gateway returns the router's address in one subnet.
func (b *attachmentBuilder) gateway(subnet value[netip.Prefix], own []value[netip.Addr], element string) (netip.Prefix, bool) {
	if why := badUnicast(subnet.v.Addr()); why != "" && len(own) > 0 {
		b.refuse(subnet.at, element, fmt.Sprintf("subnet %s: %s %s", subnet.v, subnet.v.Addr(), why), "use a longer prefix")
		return netip.Prefix{}, false
	}
	for _, g := range own {
		if g.has && subnet.v.Contains(g.v) {
			p := netip.PrefixFrom(g.v, subnet.v.Bits())
			return p, b.checkHostAddress(g.at, element, p)
		}
	}
	p, ok := usable(subnet.v, 0)
	if !ok || subnet.v.IsSingleIP() {
		b.refuse(subnet.at, element, fmt.Sprintf("subnet %s has no room for a gateway", subnet.v), "use a shorter prefix")
		return netip.Prefix{}, false
	}
	return p, true
}

// checkGateways refuses a host that has its gateway's address.
func (b *attachmentBuilder) checkGateways(raw rawAttachment, gateways []netip.Prefix, element string) {
	for _, address := range raw.Addresses {
		for _, g := range gateways {
			if address.has && address.v.prefix.Addr() == g.Addr() {
				b.refuse(address.at, element, fmt.Sprintf("address %s is the gateway's", address.v.prefix), "use another address, or set gateway:")
			}
		}
	}
}

// noPrefix refuses a route without a destination.
func (r rawRoute) noPrefix(to *report, element string) bool {
	if r.Prefix.missing() {
		to.refuse(r.at, element, "has a route without a prefix", "add prefix:")
	}
	return r.Prefix.missing()
}

// hostRoutes returns the routes of the host through this attachment.
func (b *attachmentBuilder) hostRoutes(raw rawAttachment, a Attachment, element string, only bool) []netip.Prefix {
	routes := []netip.Prefix{}
	if raw.Routes == nil && only {
		for _, everything := range []netip.Prefix{defaultRoute4, defaultRoute6} {
			if _, ok := addressOf(a.Addresses, everything); ok {
				routes = append(routes, everything)
			}
		}
	}
	for _, r := range raw.Routes {
		route := r.Prefix
		if r.noPrefix(b.report, element) || !route.has {
			continue
		}
		prefix := netip.Prefix(route.v)
		gateway, ok := addressOf(a.Gateways, prefix)
		if r.Via.has && r.Via.v != a.Router && r.Via.v != gateway.String() {
			b.refuse(r.Via.at, element, fmt.Sprintf("next hop %s is not the router: nobody else is on this wire", r.Via.v), "remove via:, or attach both hosts to a segment")
			continue
		}
		switch {
		case !ok:
			b.refuse(route.at, element, fmt.Sprintf("route %s has no %s gateway on this attachment", prefix, familyName(prefix)), "add an address of that family")
			continue
		case a.isSubnet(prefix):
			b.refuse(route.at, element, fmt.Sprintf("route %s is the subnet that the host is on", prefix), "remove it")
			continue
		case !a.onSubnet(gateway):
			b.refuse(route.at, element, fmt.Sprintf("route %s needs the gateway %s, but the host has no address in its subnet", prefix, gateway), "add one to addresses:, or slaac")
			continue
		}
		routes = append(routes, prefix)
	}
	return routes
}

func (a Attachment) isSubnet(prefix netip.Prefix) bool {
	return slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Masked() == prefix })
}

// onSubnet reports whether the host has an address, perhaps by autoconfiguration,
// in the subnet of a gateway.
func (a Attachment) onSubnet(gateway netip.Addr) bool {
	own := func(p netip.Prefix) bool { return p.Contains(gateway) }
	return slices.ContainsFunc(a.Addresses, own) || slices.ContainsFunc(a.Prefixes(), own)
}

var (
	defaultRoute4 = netip.MustParsePrefix("0.0.0.0/0")
	defaultRoute6 = netip.MustParsePrefix("::/0")
)

// announcements adds the static routes of announce:.
func (b *attachmentBuilder) announcements(raw rawAttachment, a *Attachment, element string) {
	for _, n := range raw.Announce {
		if n.Prefix.missing() {
			b.refuse(n.at, element, "announces no prefix", "add prefix:")
		}
		if !n.Prefix.has || n.NextHop.bad {
			continue
		}
		prefix := netip.Prefix(n.Prefix.v)
		nextHop, ok := addressOf(a.Addresses, prefix)
		switch {
		case n.NextHop.has:
			nextHop, ok = n.NextHop.v, b.checkNextHop(n.NextHop, prefix, a.Gateways, element)
		case !ok:
			b.refuse(n.Prefix.at, element, fmt.Sprintf("announcing %s needs a next hop, but the host has no static %s address here", prefix, familyName(prefix)), "add one to addresses:, or next-hop:")
		}
		if !ok {
			continue
		}
		a.Statics = append(a.Statics, Static{Prefix: prefix, NextHop: nextHop})
		key := vrfKey{a.Router, a.VRF}
		b.claims.add(key, claim{prefix: prefix, kind: announced, at: n.Prefix.at, element: element})
	}
}

// checkNextHop refuses a next hop that is not on a connected subnet.
func (b *attachmentBuilder) checkNextHop(nextHop value[netip.Addr], prefix netip.Prefix, gateways []netip.Prefix, element string) bool {
	for _, g := range gateways {
		if nextHop.v.IsLinkLocalUnicast() && nextHop.v.Is6() && g.Addr().Is6() && prefix.Addr().Is6() {
			return true
		}
		if g.Contains(nextHop.v) && g.Addr() != nextHop.v && prefix.Addr().Is4() == nextHop.v.Is4() {
			return b.checkHostAddress(nextHop.at, element, netip.PrefixFrom(nextHop.v, g.Bits()))
		}
	}
	b.refuse(nextHop.at, element, fmt.Sprintf("next hop %s of %s is not on a connected subnet of this attachment", nextHop.v, prefix), "use an address of the host on this attachment")
	return false
}
