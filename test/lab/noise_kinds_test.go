package lab

import (
	"net"
	"net/netip"
)

// Ethernet types and IP addresses that many kinds of noise use.
const (
	typeIPv4      = 0x0800
	typeARP       = 0x0806
	typeIPv6      = 0x86dd
	typeVLAN      = 0x8100
	typeQinQ      = 0x88a8
	typeMPLS      = 0x8847
	typeMPLSMulti = 0x8848
)

var (
	allNodes   = netip.MustParseAddr("ff02::1")
	allNodesHW = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
	linkLocal  = netip.MustParseAddr("fe80::bad")
	multicast4 = netip.MustParseAddr("224.0.0.5")
	multiHW    = net.HardwareAddr{0x01, 0x00, 0x5e, 0, 0, 5}
	bridgeHW   = net.HardwareAddr{0x01, 0x80, 0xc2, 0, 0, 0}
)

// noise is one kind of noise.
type noise struct {
	name string
	make func(m *noiseMaker) []byte
}

// claims are about who has which address.
var claims = []noise{
	{"ARP claims of the gateway", func(m *noiseMaker) []byte {
		return m.all(typeARP, m.claim(1, pick(m, m.mac, m.anyMAC()), m.gate4, pick(m, m.gate4, m.me4)))
	}},
	{"ARP replies for the gateway", func(m *noiseMaker) []byte { return m.up(typeARP, m.claim(2, m.anyMAC(), m.gate4, m.me4)) }},
	{"ARP claims of other hosts' addresses", func(m *noiseMaker) []byte {
		return m.all(typeARP, m.claim(1, pick(m, m.others...), pick(m, m.me4, m.far4, m.me4.Next()), m.gate4))
	}},
	{"gratuitous ARP of everyone", func(m *noiseMaker) []byte {
		a := anyOf(netip.PrefixFrom(m.me4, 16).Masked())
		return m.all(typeARP, m.claim(1, m.anyMAC(), a, a))
	}},
	{"ARP probes", func(m *noiseMaker) []byte {
		return m.all(typeARP, m.claim(1, m.mac, netip.IPv4Unspecified(), pick(m, m.gate4, m.me4.Next())))
	}},
	{"ARP that is damaged", func(m *noiseMaker) []byte {
		b := m.claim(1, m.mac, m.me4, m.gate4)
		b[m.IntN(8)] ^= byte(1 + m.IntN(255))
		return m.all(typeARP, b[:m.IntN(len(b)+1)])
	}},
	{"neighbour solicitations of others", func(m *noiseMaker) []byte {
		return m.frame(allNodesHW, m.mac, typeIPv6, m.icmp6(pick(m, m.me6, m.far6), allNodes, 255, 135,
			make([]byte, 4), m.gate6.AsSlice(), []byte{1, 1}, m.anyMAC()))
	}},
	{"neighbour advertisements for the gateway", func(m *noiseMaker) []byte {
		return m.frame(pick(m, allNodesHW, m.gate), m.mac, typeIPv6, m.icmp6(m.gate6, allNodes, 255, 136,
			[]byte{0xe0, 0, 0, 0}, m.gate6.AsSlice(), []byte{2, 1}, m.anyMAC()))
	}},
	{"neighbour advertisements for others", func(m *noiseMaker) []byte {
		return m.up(typeIPv6, m.icmp6(m.me6, m.gate6, 255, 136,
			[]byte{0x60, 0, 0, 0}, pick(m, m.far6, m.me6.Next()).AsSlice(), []byte{2, 1}, pick(m, m.others...)))
	}},
	{"router advertisements", func(m *noiseMaker) []byte {
		return m.frame(allNodesHW, m.mac, typeIPv6, m.icmp6(linkLocal, allNodes, 255, 134,
			[]byte{64, 0xc0, 0x23, 0x28, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 1}, m.mac,
			[]byte{3, 4, 64, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, m.far6.AsSlice()))
	}},
	{"router solicitations", func(m *noiseMaker) []byte {
		to := netip.MustParseAddr("ff02::2")
		return m.frame(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 2}, m.mac, typeIPv6,
			m.icmp6(pick(m, linkLocal, netip.IPv6Unspecified()), to, 255, 133, make([]byte, 4), []byte{1, 1}, m.mac))
	}},
	{"redirects", func(m *noiseMaker) []byte {
		if m.IntN(2) == 0 {
			return m.up(typeIPv6, m.icmp6(linkLocal, m.gate6, 255, 137, make([]byte, 4), m.me6.AsSlice(), m.far6.AsSlice()))
		}
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: m.gate4, proto: 1, ttl: 64, payload: append([]byte{5, 1, 0, 0}, m.me4.AsSlice()...)}))
	}},
}

// protocols are link protocols, which end at the port.
var protocols = []noise{
	{"DHCP requests", func(m *noiseMaker) []byte {
		return m.all(typeIPv4, m.pack4(ip4{src: netip.IPv4Unspecified(), dst: netip.MustParseAddr("255.255.255.255"), proto: 17, ttl: 64, payload: m.udp(68, 67, make([]byte, 240))}))
	}},
	{"DHCP offers", func(m *noiseMaker) []byte {
		return m.all(typeIPv4, m.pack4(ip4{src: m.gate4, dst: netip.MustParseAddr("255.255.255.255"), proto: 17, ttl: 64, payload: m.udp(67, 68, make([]byte, 240))}))
	}},
	{"DHCPv6", func(m *noiseMaker) []byte {
		to := netip.MustParseAddr("ff02::1:2")
		return m.frame(net.HardwareAddr{0x33, 0x33, 0, 1, 0, 2}, m.mac, typeIPv6, m.pack6(linkLocal, to, 17, 64, m.udp(546, 547, []byte{1, 2, 3, 4})))
	}},
	{"IGMP", func(m *noiseMaker) []byte {
		return m.frame(multiHW, m.mac, typeIPv4, m.pack4(ip4{src: m.me4, dst: multicast4, proto: 2, ttl: 1, options: []byte{0x94, 4, 0, 0}, payload: []byte{0x16, 0, 9, 4, 224, 0, 0, 251}}))
	}},
	{"MLD", func(m *noiseMaker) []byte {
		to := netip.MustParseAddr("ff02::16")
		return m.frame(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 0x16}, m.mac, typeIPv6, m.icmp6(linkLocal, to, 1, 143, []byte{0, 0, 0, 1, 4, 0, 0, 0}, allNodes.AsSlice()))
	}},
	{"STP", func(m *noiseMaker) []byte {
		return m.frame(bridgeHW, m.mac, 38, []byte{0x42, 0x42, 3, 0, 0, 0, 0, 0}, make([]byte, 31))
	}},
	{"LLDP", func(m *noiseMaker) []byte {
		return m.frame(net.HardwareAddr{0x01, 0x80, 0xc2, 0, 0, 0x0e}, m.mac, 0x88cc, []byte{2, 7, 4}, m.mac)
	}},
	{"CDP", func(m *noiseMaker) []byte {
		return m.frame(net.HardwareAddr{0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc}, m.mac, 60, []byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180})
	}},
	{"LACP, EAPOL, pause, PPPoE", func(m *noiseMaker) []byte {
		to := append(net.HardwareAddr{}, bridgeHW...)
		to[5] = byte(m.IntN(16))
		return m.frame(pick(m, to, m.gate), m.mac, pick[uint16](m, 0x8809, 0x888e, 0x8808, 0x8863, 0x8864), m.some(64))
	}},
	{"BGP to the gateway", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.pack4(ip4{src: pick(m, m.me4, m.far4), dst: m.gate4, proto: 6, ttl: pick[byte](m, 1, 64, 255), payload: m.tcp(uint16(m.Uint32()), 179, pick[byte](m, 2, 4, 16, 18))}))
	}},
	{"OSPF, RSVP, PIM, VRRP, L2TP", func(m *noiseMaker) []byte {
		to, hw := pick(m, m.gate4, multicast4), m.gate
		if to == multicast4 {
			hw = multiHW
		}
		return m.frame(hw, m.mac, typeIPv4, m.pack4(ip4{src: m.me4, dst: to, proto: pick[byte](m, 89, 46, 103, 112, 115), ttl: 1, payload: m.some(64)}))
	}},
	{"LDP and BFD", func(m *noiseMaker) []byte {
		return m.frame(multiHW, m.mac, typeIPv4, m.pack4(ip4{src: m.me4, dst: netip.MustParseAddr("224.0.0.2"), proto: 17, ttl: 255, payload: m.udp(646, pick[uint16](m, 646, 3784), m.some(40))}))
	}},
}

// tags could lead directly into another VPN if a router accepted them.
var tags = []noise{
	{"VLAN tags", func(m *noiseMaker) []byte {
		return m.up(typeVLAN, []byte{byte(m.Uint32()), byte(m.Uint32()), 8, 0}, m.echo4(m.me4, m.far4, 64))
	}},
	{"priority tags", func(m *noiseMaker) []byte {
		return m.up(typeVLAN, []byte{byte(m.IntN(8)) << 5, 0, 8, 0}, m.echo4(m.me4, m.far4, 64))
	}},
	{"QinQ", func(m *noiseMaker) []byte {
		return m.up(pick[uint16](m, typeQinQ, 0x9100), []byte{0, byte(m.Uint32()), 0x81, 0, 0, byte(m.Uint32()), 8, 0}, m.echo4(m.me4, m.far4, 64))
	}},
	{"labels of other VPNs", func(m *noiseMaker) []byte {
		return m.up(typeMPLS, stack(64, pick(m, m.labels...)), m.echo4(m.me4, m.far4, 64))
	}},
	{"labels of other VPNs to a router's MAC in the core", func(m *noiseMaker) []byte {
		return m.frame(pick(m, m.others...), m.mac, typeMPLS, stack(64, pick(m, m.labels...)), m.echo4(m.me4, m.far4, 64))
	}},
	{"any label", func(m *noiseMaker) []byte {
		return m.up(typeMPLS, stack(64, m.Uint32()&0xfffff), m.echo4(m.me4, m.far4, 64))
	}},
	{"stacks of labels", func(m *noiseMaker) []byte {
		return m.up(typeMPLS, stack(64, pick[uint32](m, 0, 1, 2, 3, 14), pick(m, m.labels...), pick(m, m.labels...)), m.echo4(m.me4, m.far4, 64))
	}},
	{"multicast labels", func(m *noiseMaker) []byte {
		return m.frame(pick(m, broadcastMAC, m.gate), m.mac, typeMPLSMulti, stack(64, pick(m, m.labels...)), m.echo4(m.me4, m.far4, 64))
	}},
	{"a label behind a tag", func(m *noiseMaker) []byte {
		return m.up(typeVLAN, []byte{0, 1, 0x88, 0x47}, stack(64, pick(m, m.labels...)), m.echo4(m.me4, m.far4, 64))
	}},
	{"tunnels: GRE, IPIP, 6in4, MPLS in IP and in UDP, VXLAN, Geneve", func(m *noiseMaker) []byte {
		inner := m.echo4(m.me4, m.far4, 64)
		proto, body := pick[byte](m, 47, 4, 41, 137), append(stack(64, pick(m, m.labels...)), inner...)
		if m.IntN(2) == 0 {
			proto, body = 17, m.udp(9999, pick[uint16](m, 6635, 4789, 6081, 4341), body)
		}
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: pick(m, append(m.core, m.gate4)...), proto: proto, ttl: 64, payload: body}))
	}},
}
