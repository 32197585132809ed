package slowpath

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Flags of a neighbour advertisement (RFC 4861 section 4.4).
const (
	flagRouter    = 0x80
	flagSolicited = 0x40
	flagOverride  = 0x20
)

// discovery reports whether the packet is a message of RFC 4861.
func (k *packet) discovery() bool {
	return k.src.Is6() && k.proto == layers.IPProtocolICMPv6 && !k.later && len(k.payload) > 0 &&
		k.payload[0] >= layers.ICMPv6TypeRouterSolicitation && k.payload[0] <= layers.ICMPv6TypeRedirect
}

// handleND makes the checks common to all messages (RFC 4861 sections 6.1 and 7.1).
func (r *Router) handleND(res *Result, c call) {
	k := &r.in
	switch {
	case c.port == nil || !c.port.local.IsValid():
		res.Ignored = "neighbour discovery on a port without IPv6 gateway"
		return
	case k.ttl != ndHopLimit || k.fragment || len(k.payload) < 8 || k.payload[1] != 0 || !k.intact():
		res.Ignored = "neighbour discovery damaged or forwarded"
		return
	}
	body := k.payload[4:]
	switch k.payload[0] {
	case layers.ICMPv6TypeRouterSolicitation:
		r.handleRS(res, c, body)
	case layers.ICMPv6TypeNeighborSolicitation:
		r.handleNS(res, c, body)
	case layers.ICMPv6TypeNeighborAdvertisement:
		r.handleNA(res, c, body)
	default:
		res.Ignored = "a router takes no advice from routers"
	}
}

// handleNS answers for the port's addresses and learns the solicitor
// (RFC 4861 section 7.2.3, RFC 4862 section 5.4.3).
func (r *Router) handleNS(res *Result, c call, body []byte) {
	k := &r.in
	var ns layers.ICMPv6NeighborSolicitation
	if ns.DecodeFromBytes(body, gopacket.NilDecodeFeedback) != nil {
		res.Ignored = "neighbour solicitation damaged"
		return
	}
	target, _ := netip.AddrFromSlice(ns.TargetAddress)
	mac, ok := linkLayer(ns.Options, layers.ICMPv6OptSourceAddress)
	probe := k.src.IsUnspecified()
	if !ok || target.IsMulticast() || probe && (mac != nil || k.dst != solicitedNode(target)) {
		res.Ignored = "neighbour solicitation damaged"
		return
	}
	if !probe && r.learn(res, c, k.src, mac) {
		return
	}
	if !c.port.has(target) {
		return
	}
	dst, dstMAC, flags := k.src, mac, byte(flagRouter|flagSolicited|flagOverride)
	if probe {
		dst, dstMAC, flags = allNodes, multicastMAC(allNodes), flagRouter|flagOverride
	} else if dstMAC == nil {
		dstMAC = k.eth.SrcMAC
	}
	res.Out = append(res.Out, Out{Port: c.Port, Frame: r.advertisement(c.port, target, dst, dstMAC, flags)})
}

// learn uses a solicitation's source as evidence. As with ARP, one from an off-link
// address is answered, but not learnt. claims reports whether the source is one of
// our addresses, so that the message gets no answer.
func (r *Router) learn(res *Result, c call, src netip.Addr, mac net.HardwareAddr) (claims bool) {
	if c.port.has(src) {
		r.handleConflict(res, c, src, r.in.eth.SrcMAC)
		return true
	}
	if mac != nil && c.port.onLink(src) {
		res.Seen = append(res.Seen, Seen{Port: c.Port, Addr: src, MAC: mac, Override: true})
	}
	return false
}

// handleNA reports a neighbour's advertisement (RFC 4861 section 7.1.2).
func (r *Router) handleNA(res *Result, c call, body []byte) {
	var na layers.ICMPv6NeighborAdvertisement
	if na.DecodeFromBytes(body, gopacket.NilDecodeFeedback) != nil {
		res.Ignored = "neighbour advertisement damaged"
		return
	}
	target, _ := netip.AddrFromSlice(na.TargetAddress)
	mac, ok := linkLayer(na.Options, layers.ICMPv6OptTargetAddress)
	switch {
	case !ok || !unicast(target) || r.in.src.IsUnspecified() || na.Solicited() && r.in.dst.IsMulticast():
		res.Ignored = "neighbour advertisement damaged"
	case c.port.has(target):
		if mac == nil {
			mac = r.in.eth.SrcMAC
		}
		r.handleConflict(res, c, target, mac)
	case !c.port.onLink(target):
		res.Ignored = "neighbour advertisement of an address of another subnet"
	default:
		res.Seen = append(res.Seen, Seen{
			Port: c.Port, Addr: target, MAC: mac,
			Solicited: na.Solicited(), Override: na.Override(), Router: na.Router(),
		})
	}
}

// linkLayer finds a link-layer address option. ok is false if no station can have the
// address.
func linkLayer(opts layers.ICMPv6Options, kind layers.ICMPv6Opt) (mac net.HardwareAddr, ok bool) {
	for _, o := range opts {
		if o.Type != kind {
			continue
		}
		if len(o.Data) != 6 || !unicastMAC(o.Data) {
			return nil, false
		}
		return bytes.Clone(o.Data), true
	}
	return nil, true
}

// advertisement returns a neighbour advertisement of target.
func (r *Router) advertisement(p *port, target, dst netip.Addr, dstMAC net.HardwareAddr, flags byte) []byte {
	e := envelope{srcMAC: p.MAC, dstMAC: dstMAC, src: target, dst: dst, ttl: ndHopLimit, proto: layers.IPProtocolICMPv6}
	return r.seal(e,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)},
		&layers.ICMPv6NeighborAdvertisement{
			Flags: flags, TargetAddress: target.AsSlice(),
			Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: p.MAC}},
		})
}
