package slowpath

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

const (
	ethernetHeader = 14
	ipv4Header     = 20
	ipv6Header     = 40
	minIPv4MTU     = 68
)

// packet is a decoded frame. It is reused for each punt, and its slices point into
// the punt's frame.
type packet struct {
	eth      layers.Ethernet
	src, dst netip.Addr
	raw      []byte // the IP packet without the frame's padding
	ttl      uint8
	proto    layers.IPProtocol // of payload
	payload  []byte            // after all IP headers; of a later fragment, its data
	header   int               // octets of raw before payload
	pieces   uint16            // of IPv4, the flags and the fragment offset
	fragment bool              // it is a piece of a packet
	later    bool              // and not the first piece
}

var (
	errFrame    = errors.New("not an Ethernet frame from one station")
	errProtocol = errors.New("neither IPv4, IPv6 nor ARP")
	errHeader   = errors.New("IP header damaged")
	errMartian  = errors.New("martian address")
)

// decode reads the frame as far as the upper layer's header. For ARP only the
// Ethernet header is read.
func (k *packet) decode(frame []byte) error {
	if k.eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || !unicastMAC(k.eth.SrcMAC) {
		return errFrame
	}
	var err error
	switch k.eth.EthernetType {
	case layers.EthernetTypeARP:
		return nil
	case layers.EthernetTypeIPv4:
		err = k.decode4()
	case layers.EthernetTypeIPv6:
		err = k.decode6()
	default:
		return errProtocol
	}
	if err != nil {
		return err
	}
	// The unspecified source is legal only in duplicate address detection; the code
	// that answers checks for it.
	if !unicast(k.src) && k.src != netip.IPv6Unspecified() || k.dst.IsLoopback() || k.dst.IsUnspecified() {
		return errMartian
	}
	return nil
}

// Bits of the IPv4 field for flags and fragment offset.
const (
	dontFragment  = 0x4000
	moreFragments = 0x2000
	offsetMask    = 0x1fff
)

// decode4 makes the checks of RFC 1812 section 5.2.2. It does not use gopacket
// 1.3.1, which stops at the end-of-options octet and leaves the addresses and
// everything after them from the previous packet.
func (k *packet) decode4() error {
	data := k.eth.Payload
	if len(data) < ipv4Header || data[0]>>4 != 4 {
		return errHeader
	}
	k.header = int(data[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(data[2:]))
	if k.header < ipv4Header || k.header > total || total > len(data) ||
		gopacket.FoldChecksum(gopacket.ComputeChecksum(data[:k.header], 0)) != 0 {
		return errHeader
	}
	k.raw, k.payload = data[:total], data[k.header:total]
	k.src = netip.AddrFrom4([4]byte(data[12:16]))
	k.dst = netip.AddrFrom4([4]byte(data[16:20]))
	k.ttl, k.proto = data[8], layers.IPProtocol(data[9])
	k.pieces = binary.BigEndian.Uint16(data[6:])
	k.later = k.pieces&offsetMask != 0
	k.fragment = k.later || k.pieces&moreFragments != 0
	if int(k.pieces&offsetMask)*8+total > 0xffff {
		return errHeader
	}
	return nil
}

// decode6 reads only the fixed header. gopacket would also decode hop-by-hop options,
// which may be malformed in a transit packet.
func (k *packet) decode6() error {
	data := k.eth.Payload
	if len(data) < ipv6Header || data[0]>>4 != 6 {
		return errHeader
	}
	total := ipv6Header + int(binary.BigEndian.Uint16(data[4:]))
	if total > len(data) {
		return errHeader
	}
	k.raw = data[:total]
	k.src = netip.AddrFrom16([16]byte(data[8:24]))
	k.dst = netip.AddrFrom16([16]byte(data[24:40]))
	k.ttl, k.proto = data[7], layers.IPProtocol(data[6])
	k.fragment, k.later = false, false
	return k.skipExtensions()
}

// skipExtensions finds the upper layer after IPv6 extension headers (RFC 8200 section
// 4).
func (k *packet) skipExtensions() error {
	at := ipv6Header
	for !k.later && extension(k.proto) {
		rest := k.raw[at:]
		if len(rest) < 8 {
			return errHeader
		}
		size := 8
		switch k.proto {
		case layers.IPProtocolIPv6Fragment:
			pieces := binary.BigEndian.Uint16(rest[2:])
			k.later = pieces>>3 != 0
			k.fragment = k.fragment || k.later || pieces&1 != 0
		case layers.IPProtocolAH:
			size = (int(rest[1]) + 2) * 4
		default:
			size = (int(rest[1]) + 1) * 8
		}
		if size > len(rest) {
			return errHeader
		}
		k.proto = layers.IPProtocol(rest[0])
		at += size
	}
	k.payload, k.header = k.raw[at:], at
	return nil
}

func extension(p layers.IPProtocol) bool {
	switch p {
	case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Fragment,
		layers.IPProtocolIPv6Destination, layers.IPProtocolAH:
		return true
	}
	return false
}

// intact verifies the upper layer's checksum, for protocols that the gateway answers.
func (k *packet) intact() bool {
	var sum uint32
	switch k.proto {
	case layers.IPProtocolUDP:
		if len(k.payload) < 8 || k.src.Is4() && k.payload[6] == 0 && k.payload[7] == 0 {
			return len(k.payload) >= 8
		}
		sum = k.pseudoHeader()
	case layers.IPProtocolTCP, layers.IPProtocolICMPv6:
		sum = k.pseudoHeader()
	case layers.IPProtocolICMPv4:
	default:
		return true
	}
	return gopacket.FoldChecksum(gopacket.ComputeChecksum(k.payload, sum)) == 0
}

// pseudoHeader sums the parts of the IP header that upper layers' checksums cover
// (RFC 8200 section 8.1; for IPv4 the sum equals that of RFC 793).
func (k *packet) pseudoHeader() uint32 {
	sum := gopacket.ComputeChecksum(k.src.AsSlice(), uint32(k.proto))
	sum = gopacket.ComputeChecksum(k.dst.AsSlice(), sum)
	n := uint32(len(k.payload))
	return sum + n>>16 + n&0xffff
}

// icmpError reports whether the packet is, or may be a fragment of, an ICMP error
// message, which must never be answered with another.
func (k *packet) icmpError() bool {
	switch {
	case k.later:
		return true
	case k.proto == layers.IPProtocolICMPv4 && k.src.Is4():
		if len(k.payload) == 0 {
			return true
		}
		switch k.payload[0] {
		case layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4TypeSourceQuench, layers.ICMPv4TypeRedirect,
			layers.ICMPv4TypeTimeExceeded, layers.ICMPv4TypeParameterProblem:
			return true
		}
	case k.proto == layers.IPProtocolICMPv6 && k.src.Is6():
		return len(k.payload) == 0 || k.payload[0] < 128 || k.payload[0] == layers.ICMPv6TypeRedirect
	}
	return false
}
