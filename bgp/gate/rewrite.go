package gate

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// edits are attributes that take the place of others of their kinds.
type edits struct {
	kinds [256]bool
	attrs []attribute
}

// remove drops attributes of a kind.
func (e *edits) remove(kind uint8) { e.kinds[kind] = true }

// set gives an attribute of a kind a value; without one it is removed.
func (e *edits) set(flags, kind uint8, value []byte) {
	e.remove(kind)
	if len(value) == 0 && kind != attrASPath {
		return
	}
	e.attrs = append(e.attrs, newAttribute(flags, kind, value))
}

func newAttribute(flags, kind uint8, value []byte) attribute {
	raw := []byte{flags &^ flagLength, kind, uint8(len(value))}
	if len(value) > 255 {
		raw = binary.BigEndian.AppendUint16([]byte{flags | flagLength, kind}, uint16(len(value)))
	}
	raw = append(raw, value...)
	return attribute{kind: kind, flags: raw[0], raw: raw, value: raw[len(raw)-len(value):]}
}

// apply returns attributes with the edits, in the order of their kinds.
func (e *edits) apply(raw string) []byte {
	list := e.attrs
	for b := []byte(raw); len(b) > 0; {
		a, rest, ok := cutAttribute(b)
		if !ok {
			break
		}
		b = rest
		if !e.kinds[a.kind] {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b attribute) int { return int(a.kind) - int(b.kind) })
	var out []byte
	for _, a := range list {
		out = append(out, a.raw...)
	}
	return out
}

// rewrite returns the attributes as a policy has changed them: those that it has
// left alone stay as they are.
func (a *pathAttrs) rewrite(f Family, before, after *policy.Path, as4 bool) (raw, hop []byte) {
	var e edits
	hop = []byte(a.hop)
	if before.Origin != after.Origin {
		e.set(wellKnown, attrOrigin, []byte{uint8(after.Origin)})
	}
	if !before.ASPath.Equal(after.ASPath) {
		e.setASPath(after.ASPath, as4)
	}
	if before.NextHop != after.NextHop {
		hop = e.setHop(f, after.NextHop)
	}
	if !sameNumber(before.MED, after.MED) {
		e.set(nonTransitive, attrMED, octetsOf(after.MED))
	}
	if !sameNumber(before.LocalPref, after.LocalPref) {
		e.set(wellKnown, attrLocalPref, octetsOf(after.LocalPref))
	}
	if !slices.Equal(before.Communities, after.Communities) {
		e.set(transitive, attrCommunities, appendEach(after.Communities, func(b []byte, c vpn.Community) []byte {
			return binary.BigEndian.AppendUint32(b, uint32(c))
		}))
	}
	if !slices.Equal(before.Extended, after.Extended) {
		e.set(transitive, attrExtCommunities, appendEach(after.Extended, func(b []byte, c vpn.ExtendedCommunity) []byte { return append(b, c[:]...) }))
	}
	if !slices.Equal(before.Large, after.Large) {
		e.set(transitive, attrLargeCommunities, appendEach(after.Large, appendLarge))
	}
	return e.apply(a.raw), hop
}

// setASPath sets AS_PATH, and AS4_PATH where the peer has AS numbers of two
// octets and the path has others (RFC 6793 section 4.2.2).
func (e *edits) setASPath(path vpn.ASPath, as4 bool) {
	if as4 {
		e.set(wellKnown, attrASPath, appendASPath(nil, path, 4))
		return
	}
	e.set(wellKnown, attrASPath, appendASPath(nil, path, 2))
	e.remove(attrAS4Path)
	wide := func(s vpn.ASSegment) bool {
		return slices.ContainsFunc(s.AS, func(as uint32) bool { return as > 0xffff })
	}
	if slices.ContainsFunc(path, wide) {
		e.set(transitive, attrAS4Path, appendASPath(nil, path, 4))
	}
}

// setHop sets the next hop, and returns what stands in MP_REACH_NLRI.
func (e *edits) setHop(f Family, a netip.Addr) []byte {
	if f != IPv4 {
		return hopOf(f, a)
	}
	e.remove(attrNextHop)
	if a.Is4() {
		e.set(wellKnown, attrNextHop, a.AsSlice())
		return nil
	}
	return hopOf(f, a) // RFC 8950
}

func appendEach[T any](list []T, add func([]byte, T) []byte) (b []byte) {
	for _, v := range list {
		b = add(b, v)
	}
	return b
}

func appendLarge(b []byte, c vpn.LargeCommunity) []byte {
	for _, n := range c {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func octetsOf(n *uint32) []byte {
	if n == nil {
		return nil
	}
	return binary.BigEndian.AppendUint32(nil, *n)
}

func sameNumber(a, b *uint32) bool { return bytes.Equal(octetsOf(a), octetsOf(b)) }
