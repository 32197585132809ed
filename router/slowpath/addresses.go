package slowpath

import (
	"net"
	"net/netip"
)

var (
	allNodes        = netip.MustParseAddr("ff02::1")
	zeroNetwork     = netip.MustParsePrefix("0.0.0.0/8")
	reservedNetwork = netip.MustParsePrefix("240.0.0.0/4") // with the limited broadcast
	broadcastMAC    = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

// unicastMAC reports whether m can be the MAC of a station.
func unicastMAC(m net.HardwareAddr) bool {
	return m[0]&1 == 0 && m[0]|m[1]|m[2]|m[3]|m[4]|m[5] != 0
}

// multicastMAC maps an IPv6 multicast group to Ethernet (RFC 2464 section 7).
func multicastMAC(a netip.Addr) net.HardwareAddr {
	b := a.As16()
	return net.HardwareAddr{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// solicitedNode returns the group that a neighbour listens to (RFC 4291 section
// 2.7.1).
func solicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// linkLocal returns the EUI-64 link-local address of m (RFC 4291 appendix A).
func linkLocal(m net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{
		0: 0xfe, 1: 0x80,
		8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5],
	})
}

// unicast reports whether a can be the address of one station; all others are
// martian (RFC 1812 section 5.3.7).
func unicast(a netip.Addr) bool {
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.Is4In6() {
		return false
	}
	return !a.Is4() || !zeroNetwork.Contains(a) && !reservedNetwork.Contains(a)
}

// subnetEdge reports whether a is the network or the broadcast address of the
// IPv4 subnet p; /31 and /32 have neither (RFC 3021).
func subnetEdge(p netip.Prefix, a netip.Addr) bool {
	if !a.Is4() || p.Bits() > 30 || !p.Contains(a) {
		return false
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	host := uint32(1)<<(32-p.Bits()) - 1
	return v&host == 0 || v&host == host
}
