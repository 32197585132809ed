package mrt

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Types and subtypes (RFC 6396 sections 4 and 5.1).
const (
	typeTableDumpV2 = 13
	typeBGP4MPET    = 17

	subtypePeerIndexTable = 1
	subtypeRIBIPv4        = 2
	subtypeRIBIPv6        = 4
	subtypeRIBGeneric     = 6

	subtypeMessage        = 1
	subtypeMessageAS4     = 4
	subtypeStateChangeAS4 = 5
)

// States of a session (RFC 6396 section 4.4.1).
const (
	Idle        = 1
	OpenConfirm = 5
	Established = 6
)

const asTrans = 23456

// Session is a session with a peer.
type Session struct {
	PeerAS, LocalAS uint32
	Peer, Local     netip.Addr
	PeerID          netip.Addr
	AS2             bool // AS paths in its messages have numbers of two octets
}

// Message records a BGP message from the peer.
func Message(at time.Time, s Session, msg []byte) []byte {
	subtype := uint16(subtypeMessageAS4)
	if s.AS2 {
		subtype = subtypeMessage
	}
	b := header(at, typeBGP4MPET, subtype)
	b = binary.BigEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = s.append(b, !s.AS2)
	return finish(append(b, msg...))
}

// StateChange records that a session has entered another state.
func StateChange(at time.Time, s Session, from, to uint16) []byte {
	b := header(at, typeBGP4MPET, subtypeStateChangeAS4)
	b = binary.BigEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = s.append(b, true)
	return finish(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, from), to))
}

// append encodes what precedes a message.
func (s *Session) append(b []byte, as4 bool) []byte {
	for _, as := range []uint32{s.PeerAS, s.LocalAS} {
		switch {
		case as4:
			b = binary.BigEndian.AppendUint32(b, as)
		case as > 0xffff:
			b = binary.BigEndian.AppendUint16(b, asTrans)
		default:
			b = binary.BigEndian.AppendUint16(b, uint16(as))
		}
	}
	afi := byte(1)
	if s.Peer.Is6() {
		afi = 2
	}
	b = append(b, 0, 0, 0, afi) // no interface index
	return append(append(b, s.Peer.AsSlice()...), s.Local.AsSlice()...)
}

// PeerIndexTable begins a table; the routes that follow refer to the peers by their
// place.
func PeerIndexTable(at time.Time, id netip.Addr, view string, peers []Session) []byte {
	b := header(at, typeTableDumpV2, subtypePeerIndexTable)
	b = append(b, id.AsSlice()...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(view))), view...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(peers)))
	const ipv6, as4 = 1, 2
	for _, p := range peers {
		kind := byte(as4)
		if p.Peer.Is6() {
			kind |= ipv6
		}
		b = append(append(append(b, kind), p.PeerID.AsSlice()...), p.Peer.AsSlice()...)
		b = binary.BigEndian.AppendUint32(b, p.PeerAS)
	}
	return finish(b)
}

// Entry is the route of a peer.
type Entry struct {
	Peer       uint16 // its place
	Since      time.Time
	Attributes []byte // with AS numbers of four octets; MP_REACH_NLRI has only the next hop (section 4.3.4)
}

// Route records what peers have announced of one NLRI.
func Route(at time.Time, number uint32, afi uint16, safi uint8, nlri []byte, entries []Entry) []byte {
	const unicast = 1
	subtype := uint16(subtypeRIBGeneric)
	switch {
	case safi == unicast && afi == 1:
		subtype = subtypeRIBIPv4
	case safi == unicast && afi == 2:
		subtype = subtypeRIBIPv6
	}
	b := binary.BigEndian.AppendUint32(header(at, typeTableDumpV2, subtype), number)
	if subtype == subtypeRIBGeneric {
		b = append(binary.BigEndian.AppendUint16(b, afi), safi)
	}
	b = binary.BigEndian.AppendUint16(append(b, nlri...), uint16(len(entries)))
	for _, e := range entries {
		b = binary.BigEndian.AppendUint16(b, e.Peer)
		b = binary.BigEndian.AppendUint32(b, uint32(e.Since.Unix()))
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(e.Attributes))), e.Attributes...)
	}
	return finish(b)
}

const headerLength = 12

func header(at time.Time, kind, subtype uint16) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 128), uint32(at.Unix()))
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, kind), subtype)
	return append(b, 0, 0, 0, 0)
}

func finish(b []byte) []byte {
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-headerLength))
	return b
}
