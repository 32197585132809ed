package gate

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// familyNames are the families as a policy knows them.
var familyNames = [...]vpn.Family{IPv4: vpn.IPv4, IPv6: vpn.IPv6, VPNv4: vpn.VPNv4, VPNv6: vpn.VPNv6, RTC: "rtc", LabeledIPv4: vpn.LabeledIPv4, LabeledIPv6: vpn.LabeledIPv6}

// Name is the family in the words of other rooms.
func (f Family) Name() vpn.Family { return familyNames[f] }

// describe adds to a path what tells it from others with the same attributes.
func (k *key) describe(p policy.Path) policy.Path {
	path := k.path()
	p.Family, p.RD, p.Prefix = k.family.Name(), vpn.UnknownRD(k.rd), path.Prefix
	return p
}

// decode reads the attributes that a policy sees, which are well-formed.
func (a *pathAttrs) decode(as4 bool) policy.Path {
	p := policy.Path{NextHop: readHop(a.hop)}
	width := 2
	if as4 {
		width = 4
	}
	var complete vpn.ASPath // of AS4_PATH
	for b := []byte(a.raw); len(b) > 0; {
		attr, rest, ok := cutAttribute(b)
		if !ok {
			break
		}
		b = rest
		v := attr.value
		switch attr.kind {
		case attrOrigin:
			p.Origin = vpn.Origin(v[0])
		case attrASPath:
			p.ASPath = readASPath(v, width)
		case attrAS4Path:
			complete = readASPath(v, 4)
		case attrNextHop:
			p.NextHop, _ = netip.AddrFromSlice(v)
		case attrMED:
			p.MED = number(v)
		case attrLocalPref:
			p.LocalPref = number(v)
		case attrCommunities:
			p.Communities = readEach(v, 4, func(v []byte) vpn.Community { return vpn.Community(binary.BigEndian.Uint32(v)) })
		case attrExtCommunities:
			p.Extended = readEach(v, 8, func(v []byte) vpn.ExtendedCommunity { return vpn.ExtendedCommunity(v) })
		case attrLargeCommunities:
			p.Large = readEach(v, 12, readLarge)
		}
	}
	if complete != nil && !as4 {
		p.ASPath = completed(p.ASPath, complete)
	}
	return p
}

func number(v []byte) *uint32 {
	n := binary.BigEndian.Uint32(v)
	return &n
}

func readLarge(v []byte) vpn.LargeCommunity {
	return vpn.LargeCommunity{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), binary.BigEndian.Uint32(v[8:])}
}

func readEach[T any](v []byte, n int, read func([]byte) T) []T {
	list := make([]T, 0, len(v)/n)
	for ; len(v) >= n; v = v[n:] {
		list = append(list, read(v[:n]))
	}
	return list
}

// readHop is the first address of a next hop of MP_REACH_NLRI: the global one
// (RFC 2545, RFC 4659).
func readHop(hop string) netip.Addr {
	b := []byte(hop)
	switch len(b) {
	case 12, 24, 48: // with an RD of zero
		b = b[8:]
	}
	if len(b) > 16 {
		b = b[:16]
	}
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

// hopOf encodes a next hop for MP_REACH_NLRI.
func hopOf(f Family, a netip.Addr) []byte {
	var b []byte
	if f.vpn() {
		b = make([]byte, 8)
	}
	if a.Is4() && f.bits() == 128 { // RFC 4659 section 3.2.1.2
		v := a.As16()
		return append(b, v[:]...)
	}
	return append(b, a.AsSlice()...)
}

func readASPath(v []byte, width int) vpn.ASPath {
	var path vpn.ASPath
	for len(v) > 0 {
		s := vpn.ASSegment{Kind: vpn.SegmentKind(v[0]), AS: make([]uint32, v[1])}
		v = v[2:]
		for i := range s.AS {
			if width == 4 {
				s.AS[i] = binary.BigEndian.Uint32(v)
			} else {
				s.AS[i] = uint32(binary.BigEndian.Uint16(v))
			}
			v = v[width:]
		}
		path = append(path, s)
	}
	return path
}

// completed is the AS path of a peer with 2-octet AS numbers, as AS4_PATH
// completes it (RFC 6793 section 4.2.3).
func completed(path, as4 vpn.ASPath) vpn.ASPath {
	missing := path.Len() - as4.Len()
	if missing < 0 {
		return path
	}
	var out vpn.ASPath
	for _, s := range path {
		switch {
		case missing == 0:
		case s.Kind == vpn.ASSequence:
			n := min(missing, len(s.AS))
			out, missing = append(out, vpn.ASSegment{Kind: s.Kind, AS: s.AS[:n:n]}), missing-n
		default:
			out, missing = append(out, s), missing-1
		}
	}
	if n := len(out); n > 0 && out[n-1].Kind == vpn.ASSequence && len(as4) > 0 && as4[0].Kind == vpn.ASSequence {
		out[n-1].AS = append(out[n-1].AS, as4[0].AS...)
		as4 = as4[1:]
	}
	return append(out, as4...)
}

// appendASPath encodes segments of 255 ASes at most.
func appendASPath(b []byte, path vpn.ASPath, width int) []byte {
	for _, s := range path {
		for as := range slices.Chunk(s.AS, 255) {
			b = append(b, uint8(s.Kind), uint8(len(as)))
			for _, n := range as {
				switch {
				case width == 4:
					b = binary.BigEndian.AppendUint32(b, n)
				case n > 0xffff:
					b = binary.BigEndian.AppendUint16(b, asTrans)
				default:
					b = binary.BigEndian.AppendUint16(b, uint16(n))
				}
			}
		}
	}
	return b
}
