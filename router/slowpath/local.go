package slowpath

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// handleLocal handles packets to a gateway address, where nothing listens: it answers
// pings and refuses everything else.
func (r *Router) handleLocal(res *Result, c call) {
	k := &r.in
	switch {
	case k.eth.DstMAC[0]&1 != 0:
		res.Ignored = "multicast or broadcast"
	case k.src.IsUnspecified() || c.gateway(k.src) != nil:
		res.Ignored = "from no address, or from our own"
	case k.fragment:
		res.Ignored = "fragment to a gateway address"
	case !k.intact():
		res.Ignored = "upper layer's checksum wrong"
	case k.src.Is4() && k.proto == layers.IPProtocolICMPv4:
		r.handleICMPv4(res, c)
	case k.src.Is6() && k.proto == layers.IPProtocolICMPv6:
		r.handleICMPv6(res, c)
	case k.proto == layers.IPProtocolTCP:
		r.reset(res, c)
	case k.proto == layers.IPProtocolUDP:
		r.sendError(res, c, noPort)
	case k.src.Is6() && k.proto == layers.IPProtocolNoNextHeader:
		res.Ignored = "no upper layer"
	default:
		r.sendError(res, c, noProtocol)
	}
}

func (r *Router) handleICMPv4(res *Result, c call) {
	k := &r.in
	var m layers.ICMPv4
	if m.DecodeFromBytes(k.payload, gopacket.NilDecodeFeedback) != nil {
		res.Ignored = "ICMP damaged"
		return
	}
	switch m.TypeCode {
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0):
		e := envelope{src: k.dst, dst: k.src, ttl: hopLimit, tos: k.raw[1], proto: layers.IPProtocolICMPv4}
		r.answer(res, c, c.gateway(k.dst), e,
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoReply, 0), Id: m.Id, Seq: m.Seq},
			gopacket.Payload(m.Payload))
	default:
		res.Ignored = "ICMP that asks for no answer"
	}
}

func (r *Router) handleICMPv6(res *Result, c call) {
	k := &r.in
	if len(k.payload) < 8 {
		res.Ignored = "ICMP damaged"
		return
	}
	switch {
	case k.payload[0] == layers.ICMPv6TypeEchoRequest && k.payload[1] == 0:
		e := envelope{src: k.dst, dst: k.src, ttl: hopLimit, proto: layers.IPProtocolICMPv6}
		r.answer(res, c, c.gateway(k.dst), e,
			&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoReply, 0)},
			gopacket.Payload(k.payload[4:]))
	default:
		res.Ignored = "ICMP that asks for no answer"
	}
}

// reset refuses a TCP segment (RFC 9293 section 3.5.2).
func (r *Router) reset(res *Result, c call) {
	k := &r.in
	var in layers.TCP
	if in.DecodeFromBytes(k.payload, gopacket.NilDecodeFeedback) != nil || in.RST {
		res.Ignored = "TCP damaged, or a reset itself"
		return
	}
	if !r.errors.allow(c.now, c.flow()) {
		res.Ignored = "ICMP error rate limit"
		return
	}
	out := &layers.TCP{SrcPort: in.DstPort, DstPort: in.SrcPort, RST: true}
	if in.ACK {
		out.Seq = in.Ack
	} else {
		out.ACK, out.Ack = true, in.Seq+uint32(len(in.Payload))
		if in.SYN {
			out.Ack++
		}
		if in.FIN {
			out.Ack++
		}
	}
	e := envelope{src: k.dst, dst: k.src, ttl: hopLimit, proto: layers.IPProtocolTCP}
	r.answer(res, c, c.gateway(k.dst), e, out)
}
