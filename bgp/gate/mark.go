package gate

import (
	"encoding/binary"

	"pseudowan/bgp/vpn"
)

// Between the gate and the engine, paths carry marks of this router as large
// communities of an administrator that RFC 8092 section 2 reserves. Nobody else
// is shown one, and none is taken from a peer.
const (
	markAdmin      = 1<<32 - 1
	markWeight     = 4271
	markUnreflects = 4456
	markAudience   = 4364
)

// WeightMark is the mark of the weight of a path.
func WeightMark(weight uint32) vpn.LargeCommunity {
	return vpn.LargeCommunity{markAdmin, markWeight, weight}
}

// Unreflected is the mark of a path that a reflector shows to its clients only.
var Unreflected = vpn.LargeCommunity{markAdmin, markUnreflects, 6}

// The marks of paths that only some peers are told (RFC 4364 section 10b).
var (
	Outward = vpn.LargeCommunity{markAdmin, markAudience, 1} // those at borders
	Onward  = vpn.LargeCommunity{markAdmin, markAudience, 2} // these, and internal ones
)

// Weight reads the mark of a weight.
func Weight(c vpn.LargeCommunity) (weight uint32, ok bool) {
	return c[2], c[0] == markAdmin && c[1] == markWeight
}

func isMark(v []byte) bool {
	kind := binary.BigEndian.Uint32(v[4:])
	return binary.BigEndian.Uint32(v) == markAdmin && (kind == markWeight || kind == markUnreflects || kind == markAudience)
}

// unmarked removes marks from large communities. It reports whether there were
// any.
func unmarked(a attribute) (attribute, bool) {
	var rest []byte
	for v := a.value; len(v) >= 12; v = v[12:] {
		if !isMark(v) {
			rest = append(rest, v[:12]...)
		}
	}
	if len(rest) == len(a.value) {
		return a, false
	}
	return newAttribute(a.flags, a.kind, rest), true
}
