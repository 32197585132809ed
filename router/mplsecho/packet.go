package mplsecho

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Port is the UDP port to which requests go (RFC 8029 section 4.3).
const Port = 3503

// Packet is a message on its way.
type Packet struct {
	Stack       []Label // the outermost first
	Source      netip.AddrPort
	Destination netip.Addr
	Data        []byte
}

// To returns where requests go that have an address of a family under their labels: hosts
// have it, and no router passes it on (RFC 8029 section 2.1, RFC 9570 section 4).
func To(ipv6 bool) netip.Addr {
	if ipv6 {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

const (
	ethernetHeader = 14
	control        = 0xc0 // class selector 6, as of other packets of control
	requestTTL     = 1    // so that a router that uncovers the request does not forward it
	replyTTL       = 255
)

// Read reads the packet of a request from a frame, with its labels if it has some; ok is
// false if it is anything else, or damaged.
func Read(frame []byte) (p Packet, ok bool) {
	if len(frame) < ethernetHeader {
		return p, false
	}
	first, rest := layers.LayerTypeIPv4, frame[ethernetHeader:]
	switch layers.EthernetType(binary.BigEndian.Uint16(frame[ethernetHeader-2:])) {
	case layers.EthernetTypeMPLSUnicast:
		if p.Stack, rest, ok = popAll(rest); !ok {
			return p, false
		}
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6:
	default:
		return p, false
	}
	if len(rest) > 0 && rest[0]>>4 == 6 { // IP has no type under labels
		first = layers.LayerTypeIPv6
	}
	return p.read(gopacket.NewPacket(rest, first, gopacket.DecodeOptions{NoCopy: true, Lazy: true}))
}

// read takes what is needed of a packet, which it decodes no further than UDP.
func (p Packet) read(in gopacket.Packet) (Packet, bool) {
	udp, _ := in.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if udp == nil || udp.DstPort != Port || int(udp.Length) != len(udp.Contents)+len(udp.Payload) ||
		udp.SetNetworkLayerForChecksum(in.NetworkLayer()) != nil {
		return p, false
	}
	if err, wrong := in.VerifyChecksums(); err != nil || len(wrong) > 0 {
		return p, false
	}
	source, _ := netip.AddrFromSlice(in.NetworkLayer().NetworkFlow().Src().Raw())
	p.Destination, _ = netip.AddrFromSlice(in.NetworkLayer().NetworkFlow().Dst().Raw())
	p.Source, p.Data = netip.AddrPortFrom(source.Unmap(), uint16(udp.SrcPort)), udp.Payload
	return p, p.Destination.Unmap().IsLoopback()
}

// popAll splits a label stack from what is under it.
func popAll(b []byte) (stack []Label, rest []byte, ok bool) {
	for len(b) >= labelEntry && len(stack) < maxLabels {
		stack = append(stack, parseEntry(b))
		bottom := b[2]&bottomOfStack != 0
		if b = b[labelEntry:]; bottom {
			return stack, b, true
		}
	}
	return nil, nil, false
}

// Frame returns the packet of a request in an Ethernet frame without addresses. An IPv4
// source of an IPv6 packet is embedded (RFC 4291 section 2.5.5.2).
func (p Packet) Frame() ([]byte, error) {
	return frame(p.Stack, p.Source, netip.AddrPortFrom(p.Destination, Port), requestTTL, p.Data)
}

// ReplyFrame returns the packet of an answer without labels, for a routing table that takes
// one off its TTL.
func ReplyFrame(from netip.Addr, to netip.AddrPort, data []byte) ([]byte, error) {
	return frame(nil, netip.AddrPortFrom(from, Port), to, replyTTL, data)
}

func frame(stack []Label, from, to netip.AddrPort, ttl uint8, data []byte) ([]byte, error) {
	kind := layers.EthernetTypeIPv4
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	var ip gopacket.NetworkLayer
	if to.Addr().Is4() {
		ip = &layers.IPv4{Version: 4, TOS: control, TTL: ttl, Protocol: layers.IPProtocolUDP, Flags: layers.IPv4DontFragment, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	} else {
		source := from.Addr().As16()
		kind = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, TrafficClass: control, HopLimit: ttl, NextHeader: layers.IPProtocolUDP, SrcIP: source[:], DstIP: to.Addr().AsSlice()}
	}
	if to.Addr().Is4() != from.Addr().Is4() && to.Addr().Is4() {
		return nil, errors.New("an IPv4 packet needs an IPv4 source")
	}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	if len(stack) > 0 {
		kind = layers.EthernetTypeMPLSUnicast
	}
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, ip.(gopacket.SerializableLayer), udp, gopacket.Payload(data)); err != nil {
		return nil, err
	}
	head := binary.BigEndian.AppendUint16(make([]byte, ethernetHeader-2), uint16(kind))
	return append(AppendStack(head, stack), buffer.Bytes()...), nil
}
