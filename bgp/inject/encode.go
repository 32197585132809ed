package inject

import (
	"encoding/binary"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// Lengths of messages in octets (RFC 4271 section 4).
const (
	maxMessage   = 4096
	headerLength = 19

	// maxAttributes leaves room for the header, next hops, route targets and a prefix.
	maxAttributes = 3072
)

// Types of messages and attributes.
const (
	typeOpen         = 1
	typeUpdate       = 2
	typeNotification = 3
	typeKeepalive    = 4

	attrNextHop   = 3
	attrLocalPref = 5
	attrReach     = 14
	attrUnreach   = 15
	attrExtended  = 16

	wellKnown  = 0x40
	optional   = 0x80
	transitive = 0xc0
	extended   = 0x10 // length of two octets
)

func appendMessage(b []byte, kind byte, body []byte) []byte {
	for range 16 {
		b = append(b, 0xff)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(headerLength+len(body)))
	return append(append(b, kind), body...)
}

func appendUpdate(b, withdrawn, attributes, nlri []byte) []byte {
	body := make([]byte, 0, maxMessage)
	body = append(binary.BigEndian.AppendUint16(body, uint16(len(withdrawn))), withdrawn...)
	body = append(binary.BigEndian.AppendUint16(body, uint16(len(attributes))), attributes...)
	return appendMessage(b, typeUpdate, append(body, nlri...))
}

func appendAttribute(b []byte, flags, kind byte, value ...[]byte) []byte {
	n := 0
	for _, v := range value {
		n += len(v)
	}
	b = binary.BigEndian.AppendUint16(append(b, flags|extended, kind), uint16(n))
	for _, v := range value {
		b = append(b, v...)
	}
	return b
}

// encoder makes messages for one session.
type encoder struct{ config Config }

// family returns the family that carries a prefix.
func (e *encoder) family(p netip.Prefix) vpn.Family {
	f := vpn.FamilyOf(p)
	if e.config.VPN == nil {
		f = f.Plain()
	}
	return f
}

// mpHeader begins the attributes MP_REACH_NLRI and MP_UNREACH_NLRI of a family (RFC
// 4760).
func mpHeader(f vpn.Family) []byte {
	switch f {
	case vpn.IPv6:
		return []byte{0, 2, 1}
	case vpn.VPNv4:
		return []byte{0, 1, 128}
	case vpn.VPNv6:
		return []byte{0, 2, 128}
	}
	return []byte{0, 1, 1}
}

// appendPrefix appends a prefix as NLRI: with label and RD in a VPN (RFC 4364 section
// 4.3.4, RFC 8277 section 2.2); a withdrawn one has a label that says nothing.
func (e *encoder) appendPrefix(b []byte, p netip.Prefix, label vpn.Label, withdrawn bool) []byte {
	octets := (p.Bits() + 7) / 8
	if v := e.config.VPN; v != nil {
		rd := v.RD.Bytes()
		const bottom = 1
		tag := uint32(label)<<4 | bottom
		if withdrawn {
			tag = 0x800000
		}
		b = append(b, byte(24+64+p.Bits()), byte(tag>>16), byte(tag>>8), byte(tag))
		b = append(b, rd[:]...)
	} else {
		b = append(b, byte(p.Bits()))
	}
	return append(b, p.Addr().AsSlice()[:octets]...)
}

// label is that of the route with an index in the table.
func (e *encoder) label(index int) vpn.Label {
	switch v := e.config.VPN; {
	case v == nil:
		return 0
	case v.PerRoute:
		return v.Label + vpn.Label(index)%(vpn.LabelMax-v.Label+1)
	default:
		return v.Label
	}
}

// attributes are those of a message that announces routes of a family, but for
// MP_REACH_NLRI.
func (e *encoder) attributes(a Attributes, f vpn.Family) []byte {
	b := append(make([]byte, 0, maxMessage), a.Path...)
	if f == vpn.IPv4 {
		b = appendAttribute(b, wellKnown, attrNextHop, e.config.NextHop.AsSlice())
	}
	if e.config.AS == e.config.PeerAS {
		b = appendAttribute(b, wellKnown, attrLocalPref, []byte{0, 0, 0, 100})
	}
	b = append(b, a.Others...)
	if v := e.config.VPN; v != nil {
		var targets []byte
		for _, t := range v.Targets {
			o := t.Bytes()
			targets = append(targets, o[:]...)
		}
		b = appendAttribute(b, transitive, attrExtended, targets)
	}
	return b
}

// nextHop is that of MP_REACH_NLRI, with its length: in a VPN after an RD of zero (RFC
// 4364 section 4.3.2, RFC 4659 section 3.2.1).
func (e *encoder) nextHop(f vpn.Family) []byte {
	hop := e.config.NextHop
	if f == vpn.VPNv6 && hop.Is4() {
		hop = netip.AddrFrom16(hop.As16())
	}
	var value []byte
	if e.config.VPN != nil {
		value = make([]byte, 8)
	}
	value = append(value, hop.AsSlice()...)
	return append([]byte{byte(len(value))}, value...)
}

// announce encodes a message with the first of routes, which have the same family and
// attributes, at most limit of them, and returns how many; first is the index of the first
// in the table.
func (e *encoder) announce(b []byte, routes []Route, a Attributes, first, limit int) ([]byte, int) {
	f := e.family(routes[0].Prefix)
	attributes := e.attributes(a, f)
	hop := e.nextHop(f)
	nlri, n := e.fill(routes, maxMessage-headerLength-4-len(attributes)-4-3-len(hop)-1, first, limit, false)
	if f == vpn.IPv4 {
		return appendUpdate(b, nil, attributes, nlri), n
	}
	reach := appendAttribute(nil, optional, attrReach, mpHeader(f), hop, []byte{0}, nlri)
	return appendUpdate(b, nil, append(reach, attributes...), nil), n
}

// withdraw encodes a message that withdraws the first of routes of one family.
func (e *encoder) withdraw(b []byte, routes []Route, limit int) ([]byte, int) {
	f := e.family(routes[0].Prefix)
	nlri, n := e.fill(routes, maxMessage-headerLength-4-4-3, 0, limit, true)
	if f == vpn.IPv4 {
		return appendUpdate(b, nlri, nil, nil), n
	}
	return appendUpdate(b, nil, appendAttribute(nil, optional, attrUnreach, mpHeader(f), nlri), nil), n
}

// longestNLRI is what a prefix takes at most: length, label, RD and an IPv6 prefix.
const longestNLRI = 1 + 3 + 8 + 16

func (e *encoder) fill(routes []Route, room, first, limit int, withdrawn bool) (nlri []byte, n int) {
	for n < len(routes) && n < limit && (n == 0 || len(nlri)+longestNLRI <= room) {
		nlri = e.appendPrefix(nlri, routes[n].Prefix, e.label(first+n), withdrawn)
		n++
	}
	return nlri, n
}

// endOfRIB says that all routes of a family are announced (RFC 4724 section 2).
func endOfRIB(f vpn.Family) []byte {
	if f == vpn.IPv4 {
		return appendUpdate(nil, nil, nil, nil)
	}
	return appendUpdate(nil, nil, appendAttribute(nil, optional, attrUnreach, mpHeader(f)), nil)
}
