package gate

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// A receiver that breaks ties by the peers' identifiers instead of the routes'
// originators, and does not compare the lengths of cluster lists, may prefer a
// client's route from another reflector to the one from the client itself (RFC
// 4456 section 9). Two reflectors that do so depend on each other. With
// Config.LoseTies the receiver is therefore shown an identifier of the peer that
// is higher than any router's, and the real one as the originator of the peer's
// own routes.

// highID returns an identifier above all unicast addresses (RFC 6286 allows any),
// a different one for each peer.
func highID(id netip.Addr) netip.Addr {
	const golden = 0x9e3779b1 // spreads similar identifiers
	b := id.As4()
	var high [4]byte
	binary.BigEndian.PutUint32(high[:], 0xf0000000|binary.BigEndian.Uint32(b[:])*golden>>4)
	return netip.AddrFrom4(high)
}

// nameOriginator makes the peer the originator of routes that have none.
func (j *Judge) nameOriginator(u *update) {
	if !j.cfg.LoseTies || len(u.routes) == 0 && (u.reach == nil || len(u.reach.routes) == 0) ||
		slices.ContainsFunc(u.attrs, func(a attribute) bool { return a.kind == attrOriginatorID }) {
		return
	}
	raw := append([]byte{nonTransitive, attrOriginatorID, 4}, j.peer.ID.AsSlice()...)
	u.attrs = append(u.attrs, attribute{kind: attrOriginatorID, flags: nonTransitive, raw: raw, value: raw[3:]})
	u.rewritten, u.added = true, true
}
