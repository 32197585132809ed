package slowpath

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// hopLimit is the TTL of packets that the router itself sends, except neighbour
// discovery, where 255 proves that a packet was not forwarded.
const (
	hopLimit   = 64
	ndHopLimit = 255
)

// networkControl is the precedence of ICMP errors (RFC 1812 section 4.3.2.5).
const networkControl = 0xc0

// envelope addresses an IP packet and its frame.
type envelope struct {
	srcMAC, dstMAC net.HardwareAddr
	src, dst       netip.Addr
	ttl            uint8
	tos            uint8
	proto          layers.IPProtocol
}

// checksummed are the upper layers whose checksum needs the IP header.
type checksummed interface {
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

// seal makes a frame in its own memory. The layers have checked values, so
// serializing fails only because of a bug here; then there is no frame.
func (r *Router) seal(e envelope, upper ...gopacket.SerializableLayer) []byte {
	eth := &layers.Ethernet{SrcMAC: e.srcMAC, DstMAC: e.dstMAC, EthernetType: layers.EthernetTypeIPv6}
	var ip gopacket.NetworkLayer
	if e.dst.Is4() {
		eth.EthernetType = layers.EthernetTypeIPv4
		r.ident++
		ip = &layers.IPv4{
			Version: 4, TOS: e.tos, Id: r.ident, TTL: e.ttl, Protocol: e.proto,
			SrcIP: e.src.AsSlice(), DstIP: e.dst.AsSlice(),
		}
	} else {
		ip = &layers.IPv6{
			Version: 6, TrafficClass: e.tos, HopLimit: e.ttl, NextHeader: e.proto,
			SrcIP: e.src.AsSlice(), DstIP: e.dst.AsSlice(),
		}
	}
	for _, l := range upper {
		if c, ok := l.(checksummed); ok && c.SetNetworkLayerForChecksum(ip) != nil {
			return nil
		}
	}
	all := append([]gopacket.SerializableLayer{eth, ip.(gopacket.SerializableLayer)}, upper...)
	return r.serialize(all...)
}

func (r *Router) serialize(all ...gopacket.SerializableLayer) []byte {
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(r.buf, opts, all...); err != nil {
		return nil
	}
	return bytes.Clone(r.buf.Bytes())
}

// answer sends a packet to the source of the punted one: straight back if that is a
// neighbour on the port, which then need not be resolved, else through the VRF in
// which it came in. The answer has the MAC of via.
func (r *Router) answer(res *Result, c call, via *port, e envelope, upper ...gopacket.SerializableLayer) {
	e.srcMAC, e.dstMAC = via.MAC, via.MAC
	back, straight := c.vrf, false
	if c.port != nil {
		back, straight = c.port.VRF, c.port.onLink(e.dst)
	}
	if straight {
		e.srcMAC, e.dstMAC = c.port.MAC, r.in.eth.SrcMAC
	} else {
		// The route table takes one off, as of a packet that is passed on. The
		// first hop of this one is us.
		e.ttl++
	}
	frame := r.seal(e, upper...)
	switch {
	case frame == nil:
		res.Ignored = "the answer does not fit an IP packet"
	case !straight && (back == 0 || linkLocal6(e.dst)):
		res.Ignored = "no way back to the source"
	case !straight:
		res.Out = append(res.Out, Out{VRF: back, Frame: frame})
	case len(frame)-ethernetHeader <= c.port.MTU:
		res.Out = append(res.Out, Out{Port: c.port.Port, Frame: frame})
	default:
		r.answerInPieces(res, c.port, frame)
	}
}

// answerInPieces fragments an answer that is longer than the port's MTU, as its
// request was.
func (r *Router) answerInPieces(res *Result, p *port, frame []byte) {
	var k packet
	if k.decode(frame) != nil || k.src.Is6() {
		res.Ignored = "answer longer than the port's MTU"
		return
	}
	for _, f := range fragment4(&k, p.MTU) {
		res.Out = append(res.Out, Out{Port: p.Port, Frame: f})
	}
}
