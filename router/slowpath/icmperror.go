package slowpath

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// icmpError is an error message of both families.
type icmpError struct {
	v4 layers.ICMPv4TypeCode
	v6 layers.ICMPv6TypeCode
}

func unreachable(v4, v6 uint8) icmpError {
	return icmpError{
		layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, v4),
		layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, v6),
	}
}

var (
	noRoute      = unreachable(layers.ICMPv4CodeNet, layers.ICMPv6CodeNoRouteToDst)
	noHost       = unreachable(layers.ICMPv4CodeHost, layers.ICMPv6CodeAddressUnreachable)
	noPort       = unreachable(layers.ICMPv4CodePort, layers.ICMPv6CodePortUnreachable)
	timeExceeded = icmpError{
		layers.CreateICMPv4TypeCode(layers.ICMPv4TypeTimeExceeded, layers.ICMPv4CodeTTLExceeded),
		layers.CreateICMPv6TypeCode(layers.ICMPv6TypeTimeExceeded, layers.ICMPv6CodeHopLimitExceeded),
	}
	noProtocol = icmpError{
		layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeProtocol),
		layers.CreateICMPv6TypeCode(layers.ICMPv6TypeParameterProblem, layers.ICMPv6CodeUnrecognizedNextHeader),
	}
	tooBig = icmpError{
		layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeFragmentationNeeded),
		layers.CreateICMPv6TypeCode(layers.ICMPv6TypePacketTooBig, 0),
	}
)

// The longest error messages (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).
const (
	maxICMPv4Error = 576
	maxICMPv6Error = minIPv6MTU
	icmpHeader     = 8
)

// flow returns the key of the packet's error rate limit.
func (c call) flow() flow {
	if c.port == nil {
		return flow{vrf: c.vrf}
	}
	return flow{c.Port, c.vrf}
}

// sendError sends an ICMP error to the source of the packet, unless RFC 1812 section
// 4.3.2.7 or RFC 4443 section 2.4 (e) forbid it.
func (r *Router) sendError(res *Result, c call, kind icmpError) {
	k := &r.in
	why := c.unanswerable(k)
	from, src := c.speaker(k.src)
	if gw := c.gateway(k.dst); gw != nil {
		from, src = gw, k.dst
	}
	switch {
	case why != "":
		res.Ignored = why
	case from == nil:
		res.Ignored = "no address in this VRF to send an error from"
	case !r.errors.allow(c.now, c.flow()):
		res.Ignored = "ICMP error rate limit"
	default:
		r.writeError(res, c, from, src, kind)
	}
}

// unanswerable is why there may be no error about a packet; "" if there may.
func (c call) unanswerable(k *packet) string {
	switch {
	case !unicast(k.src) || k.eth.DstMAC[0]&1 != 0 || c.home != nil && c.home.broadcast(k.src):
		return "no error to or about multicast and broadcast"
	case k.icmpError():
		return "no error about an error or a later fragment"
	case c.home != nil && c.home.gateways[k.src] != nil:
		return "no error to ourselves"
	}
	return ""
}

// writeError quotes as much of the packet as is allowed.
func (r *Router) writeError(res *Result, c call, from *port, src netip.Addr, kind icmpError) {
	k := &r.in
	e := envelope{src: src, dst: k.src, ttl: hopLimit, tos: networkControl}
	r.answer(res, c, from, e.about(k), errorMessage(k, kind, c.MTU, nil)...)
}

// about completes an envelope for an error about a packet.
func (e envelope) about(k *packet) envelope {
	e.proto = layers.IPProtocolICMPv6
	if k.src.Is4() {
		e.proto = layers.IPProtocolICMPv4
	}
	return e
}

// errorMessage returns an error that quotes as much of the packet as is allowed. With the
// label stack with which the packet came, the message has that, too, if it can.
func errorMessage(k *packet, kind icmpError, mtu int, stack labelStack) []gopacket.SerializableLayer {
	if k.src.Is4() {
		quote := k.raw[:min(len(k.raw), maxICMPv4Error-ipv4Header-icmpHeader)]
		m := &layers.ICMPv4{TypeCode: kind.v4}
		if len(stack) > 0 {
			const unit = 4 // RFC 4884 section 5.1
			quote, m.Id = withStack(k.raw[:min(len(k.raw), quotedBeforeExtensions)], stack), quotedBeforeExtensions/unit
		}
		if kind == tooBig {
			m.Seq = uint16(min(mtu, 0xffff)) // RFC 1191 section 4
		}
		return []gopacket.SerializableLayer{m, gopacket.Payload(quote)}
	}
	quote := k.raw[:min(len(k.raw), maxICMPv6Error-ipv6Header-icmpHeader)]
	var field uint32
	switch kind {
	case tooBig: // has no extensions
		field = uint32(max(mtu, minIPv6MTU)) // less would be discarded: RFC 8201 section 4
	case noProtocol:
		field = uint32(k.nextHeaderAt())
	case timeExceeded:
		if len(stack) > 0 {
			const unit = 8 // RFC 4884 section 4.4
			quote, field = withStack(k.raw[:min(len(k.raw), quotedBeforeExtensions)], stack), quotedBeforeExtensions/unit<<24
		}
	}
	body := append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(quote)), field), quote...)
	return []gopacket.SerializableLayer{&layers.ICMPv6{TypeCode: kind.v6}, gopacket.Payload(body)}
}

// nextHeaderAt returns the offset of the octet that names the upper layer.
func (k *packet) nextHeaderAt() int {
	at, next := 6, ipv6Header
	for next < k.header {
		size := (int(k.raw[next+1]) + 1) * 8
		switch layers.IPProtocol(k.raw[at]) {
		case layers.IPProtocolIPv6Fragment:
			size = 8
		case layers.IPProtocolAH:
			size = (int(k.raw[next+1]) + 2) * 4
		}
		at, next = next, next+size
	}
	return at
}
