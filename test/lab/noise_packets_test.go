package lab

import (
	"net"
	"net/netip"
)

// packets are IP packets that nobody should send, and frames that are not IP.
var packets = []noise{
	{"any Ethernet type to everyone", func(m *noiseMaker) []byte { return m.all(uint16(m.Uint32()), m.some(200)) }},
	{"any Ethernet type to the gateway", func(m *noiseMaker) []byte { return m.up(uint16(m.Uint32()), m.some(200)) }},
	{"any Ethernet type to other VPNs' MACs", func(m *noiseMaker) []byte {
		return m.frame(pick(m, m.others...), m.mac, uint16(m.Uint32()), m.some(200))
	}},
	{"pings to other VPNs' MACs", func(m *noiseMaker) []byte {
		return m.frame(pick(m, m.others...), m.mac, typeIPv4, m.echo4(m.me4, m.far4, 64))
	}},
	{"frames from others' MACs", func(m *noiseMaker) []byte {
		from := pick(m, append(m.others, m.gate, broadcastMAC, make(net.HardwareAddr, 6))...)
		return m.frame(m.gate, from, typeIPv4, m.echo4(m.me4, m.far4, 64))
	}},
	{"fragments", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: pick(m, m.far4, m.gate4), proto: pick[byte](m, 1, 6, 17), ttl: 64, pieces: uint16(m.Uint32()) & 0x3fff, payload: m.some(64)}))
	}},
	{"options", func(m *noiseMaker) []byte {
		o := pick(m, []byte{7, 7, 4, 0, 0, 0, 0, 0}, []byte{131, 7, 4, 192, 168, 0, 2, 0}, []byte{137, 7, 4, 10, 2, 0, 2, 0}, []byte{68, 8, 5, 0, 0, 0, 0, 0}, []byte{148, 4, 0, 0}, []byte{200, 0, 0, 0})
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: pick(m, m.far4, m.gate4), proto: 17, ttl: 64, options: o, payload: m.udp(1, 2, nil)}))
	}},
	{"wrong header checksum", func(m *noiseMaker) []byte {
		b := m.echo4(m.me4, m.far4, 64)
		b[10] ^= 0xff
		return m.up(typeIPv4, b)
	}},
	{"wrong length", func(m *noiseMaker) []byte {
		b := m.echo4(m.me4, pick(m, m.far4, m.gate4), 64)
		be.PutUint16(b[2:], pick[uint16](m, 0, 19, 20, 65535, uint16(m.Uint32())))
		b[10], b[11] = 0, 0
		be.PutUint16(b[10:], sum(b[:20]))
		return m.up(typeIPv4, b)
	}},
	{"wrong version or header length", func(m *noiseMaker) []byte {
		b := m.echo4(m.me4, pick(m, m.far4, m.gate4), 64)
		b[0] = byte(m.Uint32())
		return m.up(typeIPv4, b)
	}},
	{"IPv6 in IPv4's type, and the other way round", func(m *noiseMaker) []byte {
		if m.IntN(2) == 0 {
			return m.up(typeIPv6, m.echo4(m.me4, m.far4, 64))
		}
		return m.up(typeIPv4, m.icmp6(m.me6, m.far6, 64, 128, make([]byte, 4)))
	}},
	{"others' source addresses", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.echo4(pick(m, append(m.core, m.far4, m.gate4, m.any4())...), pick(m, m.far4, m.gate4), 64))
	}},
	{"martian sources", func(m *noiseMaker) []byte {
		src := pick(m, "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "240.1.1.1", "169.254.1.1")
		return m.up(typeIPv4, m.echo4(netip.MustParseAddr(src), pick(m, m.far4, m.gate4), 64))
	}},
	{"martian destinations", func(m *noiseMaker) []byte {
		dst := pick(m, "0.0.0.0", "127.0.0.1", "255.255.255.255", "240.1.1.1", "169.254.1.1", "10.1.255.255", "10.2.0.0")
		return m.up(typeIPv4, m.echo4(m.me4, netip.MustParseAddr(dst), 64))
	}},
	{"the core's addresses", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.pack4(ip4{src: pick(m, append(m.core, m.me4)...), dst: pick(m, m.core...), proto: 6, ttl: 255, payload: m.tcp(179, 179, pick[byte](m, 2, 4, 16))}))
	}},
	{"the core's addresses to everyone", func(m *noiseMaker) []byte {
		return m.all(pick[uint16](m, typeIPv4, typeARP), m.claim(1, m.mac, pick(m, m.core...), pick(m, m.core...)))
	}},
	{"multicast", func(m *noiseMaker) []byte {
		return m.frame(pick(m, multiHW, m.gate, broadcastMAC), m.mac, typeIPv4, m.echo4(m.me4, pick(m, multicast4, netip.MustParseAddr("239.1.2.3")), 64))
	}},
	{"unicast in frames to everyone", func(m *noiseMaker) []byte {
		return m.frame(pick(m, broadcastMAC, multiHW, allNodesHW), m.mac, typeIPv4, m.echo4(m.me4, pick(m, m.far4, m.gate4), 64))
	}},
	{"TTL 0 and 1", func(m *noiseMaker) []byte {
		if m.IntN(2) == 0 {
			return m.up(typeIPv6, m.icmp6(m.me6, pick(m, m.far6, m.gate6), byte(m.IntN(2)), 128, make([]byte, 4)))
		}
		return m.up(typeIPv4, m.echo4(m.me4, pick(m, m.far4, m.gate4), byte(m.IntN(2))))
	}},
	{"errors about packets that nobody sent", func(m *noiseMaker) []byte {
		quoted := m.echo4(m.far4, m.me4, 1)
		return m.up(typeIPv4, m.pack4(ip4{src: pick(m, m.me4, m.gate4), dst: pick(m, m.far4, m.gate4), proto: 1, ttl: 64, payload: append([]byte{pick[byte](m, 3, 4, 11, 12), byte(m.IntN(16)), 0, 0, 0, 0, 0, 68}, quoted...)}))
	}},
	{"any protocol to the gateway", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: m.gate4, proto: byte(m.Uint32()), ttl: 64, payload: m.some(64)}))
	}},
	{"UDP and TCP to the gateway", func(m *noiseMaker) []byte {
		if m.IntN(2) == 0 {
			return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: m.gate4, proto: 17, ttl: 64, payload: m.udp(uint16(m.Uint32()), uint16(m.Uint32()), m.some(32))}))
		}
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: m.gate4, proto: 6, ttl: 64, payload: m.tcp(uint16(m.Uint32()), uint16(m.Uint32()), byte(m.Uint32()))}))
	}},
	{"no route", func(m *noiseMaker) []byte { return m.up(typeIPv4, m.echo4(m.me4, m.any4(), 64)) }},
	{"IPv6 extension headers", func(m *noiseMaker) []byte {
		next := pick[byte](m, 0, 43, 44, 51, 60, 135, 59)
		return m.up(typeIPv6, m.pack6(m.me6, pick(m, m.far6, m.gate6), next, 64, []byte{pick[byte](m, 0, 43, 44, 58, 59, 60), byte(m.IntN(3)), 5, 2, 0, 0, 0, 0}, m.some(64)))
	}},
	{"IPv6 of wrong length", func(m *noiseMaker) []byte {
		b := m.icmp6(m.me6, pick(m, m.far6, m.gate6), 64, 128, make([]byte, 4))
		be.PutUint16(b[4:], pick[uint16](m, 0, 1, 65535, uint16(m.Uint32())))
		return m.up(typeIPv6, b)
	}},
	{"IPv6 addresses that are none", func(m *noiseMaker) []byte {
		odd := func() netip.Addr {
			return netip.MustParseAddr(pick(m, "::", "::1", "::ffff:10.2.0.2", "fe80::1", "ff02::1", "ff0e::1", "fec0::1", "2001:db8:2::2"))
		}
		return m.up(typeIPv6, m.icmp6(odd(), odd(), 64, 128, make([]byte, 4)))
	}},
	{"truncated frames", func(m *noiseMaker) []byte {
		b := pick(m, m.up(typeIPv4, m.echo4(m.me4, m.far4, 64)), m.up(typeIPv6, m.icmp6(m.me6, m.far6, 64, 128, make([]byte, 4))), m.all(typeARP, m.claim(1, m.mac, m.me4, m.gate4)))
		return b[:14+m.IntN(len(b)-14)]
	}},
	{"jumbo frames", func(m *noiseMaker) []byte {
		return m.up(typeIPv4, m.pack4(ip4{src: m.me4, dst: pick(m, m.far4, m.gate4), proto: 17, ttl: 64, payload: m.udp(1, 2, make([]byte, 1400+m.IntN(7000)))}))
	}},
	{"random octets", func(m *noiseMaker) []byte {
		b := append(m.some(1400), make([]byte, 14)...)
		return append(b, m.mark...)
	}},
}
