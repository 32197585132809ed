package gate

import (
	"encoding/binary"
	"net/netip"
)

// Family is an address family whose routes the gate can read.
type Family uint8

// The families.
const (
	IPv4 Family = iota
	IPv6
	VPNv4
	VPNv6
	RTC         // memberships of route target constraint (RFC 4684)
	LabeledIPv4 // prefixes with a label, without RD (RFC 8277)
	LabeledIPv6

	families = LabeledIPv6 + 1
)

const (
	safiUnicast = 1
	safiLabeled = 4
	safiVPN     = 128
	safiRTC     = 132

	labelBits = 24
	rdBits    = 64
)

func familyOf(afi uint16, safi uint8) (Family, bool) {
	switch {
	case afi == 1 && safi == safiUnicast:
		return IPv4, true
	case afi == 2 && safi == safiUnicast:
		return IPv6, true
	case afi == 1 && safi == safiVPN:
		return VPNv4, true
	case afi == 2 && safi == safiVPN:
		return VPNv6, true
	case afi == 1 && safi == safiRTC:
		return RTC, true
	case afi == 1 && safi == safiLabeled:
		return LabeledIPv4, true
	case afi == 2 && safi == safiLabeled:
		return LabeledIPv6, true
	}
	return 0, false
}

func (f Family) vpn() bool { return f == VPNv4 || f == VPNv6 }

// hasLabel reports whether each route of the family has a label.
func (f Family) hasLabel() bool { return f.vpn() || f == LabeledIPv4 || f == LabeledIPv6 }

// before is how many bits stand before the prefix of a route of the family, with one
// label.
func (f Family) before() int {
	switch {
	case f.vpn():
		return labelBits + rdBits
	case f.hasLabel():
		return labelBits
	}
	return 0
}

func (f Family) bits() int {
	switch f {
	case IPv4, VPNv4, LabeledIPv4:
		return 32
	case RTC:
		return membershipBits
	}
	return 128
}

// header returns AFI and SAFI as in MP_REACH_NLRI.
func (f Family) header() []byte {
	h := []byte{0, 1, safiUnicast}
	if f.bits() == 128 {
		h[1] = 2
	}
	switch {
	case f.vpn():
		h[2] = safiVPN
	case f.hasLabel():
		h[2] = safiLabeled
	case f == RTC:
		h[2] = safiRTC
	}
	return h
}

// route is one NLRI of a message.
type route struct {
	raw    []byte // as received, in the message
	labels int
	id     pathID
	prefix []byte // the octets of the prefix, without RD
	bits   int    // of the prefix
	rd     []byte // nil where the family has none

	withdrawal bool // its label is the one of withdrawals
	why        alien
}

// parseRoutes reads the NLRI of a family, with path identifiers or without. It
// returns false if one of them exceeds b, or is too short or too long for its family.
func parseRoutes(f Family, b []byte, numbered bool, into []route) ([]route, bool) {
	for len(b) > 0 {
		var r route
		head := 0
		if numbered {
			if head = pathIDLength; len(b) <= head {
				return into, false
			}
			r.id = pathID{binary.BigEndian.Uint32(b), true}
		}
		r.bits = int(b[head])
		size := head + 1 + (r.bits+7)/8
		if len(b) < size {
			return into, false
		}
		r.raw, r.prefix = b[:size:size], b[head+1:size]
		b = b[size:]
		if f.vpn() && !r.cutVPN() || f.hasLabel() && !f.vpn() && !r.cutLabel() {
			return into, false
		}
		if r.bits > f.bits() || f == RTC && !fitsMembership(r.bits) {
			return into, false
		}
		into = append(into, r)
	}
	return into, true
}

// cutVPN finds the label and the RD in front of a VPN prefix. Several labels are
// never negotiated, so that one is there, whatever the bit at the bottom of the
// stack says, which is set where it is missing (RFC 8277 section 2.2). Only where
// this gives no RD are there as many labels as it says: some peers do that.
func (r *route) cutVPN() bool {
	if r.bits < labelBits+rdBits {
		return false
	}
	r.labels = 1
	if !knownRD(r.prefix[3:]) {
		if n := r.stack(); n > 1 && knownRD(r.prefix[3*n:]) {
			r.labels = n
		}
	}
	label := r.prefix[:3]
	r.withdrawal = label[0] == 0x80 && isZero(label[1:])
	if r.labels == 1 && !r.withdrawal && !isZero(label) {
		label[2] |= 1
	}
	r.prefix = r.prefix[3*r.labels:]
	r.rd, r.prefix = r.prefix[:8], r.prefix[8:]
	r.bits -= labelBits*r.labels + rdBits
	return true
}

// cutLabel finds the label in front of a prefix without RD. There is one: several are
// never negotiated (RFC 8277 section 2.2).
func (r *route) cutLabel() bool {
	if r.bits < labelBits {
		return false
	}
	label := r.prefix[:3]
	r.labels, r.withdrawal = 1, label[0] == 0x80 && isZero(label[1:])
	if !r.withdrawal {
		label[2] |= 1
	}
	r.prefix = r.prefix[3:]
	r.bits -= labelBits
	return true
}

// stack is how many labels there are up to the bottom of the stack; 0 where it
// has no bottom.
func (r *route) stack() int {
	for n := 1; n*labelBits+rdBits <= r.bits; n++ {
		if r.prefix[3*n-1]&1 == 1 {
			return n
		}
	}
	return 0
}

// alienIn says why the receiver cannot be shown a route that is announced or
// withdrawn.
func (r *route) alienIn(announced bool) alien {
	switch {
	case r.labels == 0:
		return 0
	case r.rd != nil && !knownRD(r.rd):
		return alienRD
	case r.labels > 1: // whoever sends several wants all of them pushed
		return alienLabels
	case announced && r.withdrawal:
		return alienLabel
	}
	return 0
}

func knownRD(rd []byte) bool { return binary.BigEndian.Uint16(rd) <= 2 }

// key identifies a route for the prefix limit, for replacement and for
// withdrawal: family, RD, prefix and path identifier.
type key struct {
	family Family
	id     pathID
	rd     [8]byte
	bits   uint8
	prefix [16]byte
}

func (r *route) key(f Family) key {
	k := key{family: f, id: r.id, bits: uint8(r.bits)}
	copy(k.rd[:], r.rd)
	n := copy(k.prefix[:], r.prefix)
	if rest := r.bits % 8; rest != 0 && n > 0 {
		k.prefix[n-1] &= 0xff << (8 - rest)
	}
	return k
}

func (k key) path() Path {
	p := Path{Family: k.family, RD: k.rd, ID: k.id.number, Numbered: k.id.has}
	if k.family.bits() == 32 {
		p.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte(k.prefix[:4])), int(k.bits))
	} else {
		p.Prefix = netip.PrefixFrom(netip.AddrFrom16(k.prefix), int(k.bits))
	}
	return p
}

// label is the octets of the first label.
func (r *route) label() [3]byte {
	if r.id.has {
		return [3]byte(r.raw[pathIDLength+1:])
	}
	return [3]byte(r.raw[1:])
}

// appendWithdrawal appends the withdrawal of the route, which is never longer
// than the route.
func (r *route) appendWithdrawal(b []byte, f Family) []byte {
	if !f.hasLabel() {
		return append(b, r.raw...)
	}
	b = append(r.id.append(b), uint8(f.before()+r.bits), 0x80, 0, 0)
	return append(append(b, r.rd...), r.prefix...)
}

// Path is what identifies a path of a peer.
type Path struct {
	Family Family
	RD     [8]byte
	Prefix netip.Prefix

	ID       uint32 // path identifier (RFC 7911)
	Numbered bool   // it has one
}
