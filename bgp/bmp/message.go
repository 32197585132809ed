package bmp

import (
	"encoding/binary"
	"net/netip"
	"time"
)

const (
	version      = 3
	headerLength = 6
	peerLength   = 42
)

// Types of messages (RFC 7854 section 4.1).
const (
	TypeRouteMonitoring = 0
	TypeStatistics      = 1
	TypePeerDown        = 2
	TypePeerUp          = 3
	TypeInitiation      = 4
	TypeTermination     = 5
)

// Types of peers (RFC 7854 section 4.2, RFC 9069 section 4.1).
const (
	GlobalPeer = 0 // a session outside of VRFs
	RDPeer     = 1 // a session in a VRF, which the distinguisher names
	LocRIB     = 3 // a table of this router
)

// Flags of a peer that is a session (RFC 7854 section 4.2, RFC 8671 section 4).
const (
	flagIPv6       = 0x80
	FlagPostPolicy = 0x40
	FlagAS2        = 0x20 // AS paths have numbers of two octets
	FlagOut        = 0x10 // Adj-RIB-Out
)

// Types of TLVs of Initiation and Peer Up messages (RFC 7854 section 4.4, RFC 9069
// section 5.3).
const (
	InfoSysDescr  = 1
	InfoSysName   = 2
	InfoTableName = 3

	// InfoBGPID carries the BGP identifier: OpenBMP's collector tells routers apart
	// by it that share an address.
	InfoBGPID = 65531
)

// Reasons of a Peer Down message (RFC 7854 section 4.9, RFC 9069 section 5.4).
const (
	DownLocalNotification  = 1 // with the NOTIFICATION that was sent
	DownLocal              = 2 // with the code of an FSM event
	DownRemoteNotification = 3 // with the NOTIFICATION that was received
	DownRemote             = 4
	DownDeconfigured       = 5
	DownTable              = 6 // a local table has gone; with its name
)

// Reasons of a Termination message (RFC 7854 section 4.5).
const (
	TerminationString = 0 // type of a TLV
	TerminationReason = 1 // type of a TLV

	ClosedByAdministrator = 0
	OutOfResources        = 2
)

// Info is a TLV.
type Info struct {
	Type  uint16
	Value []byte
}

// Text is a TLV of words.
func Text(kind uint16, text string) Info { return Info{kind, []byte(text[:min(len(text), 0xffff)])} }

// Peer is the header of messages about a peer.
type Peer struct {
	Type          uint8
	Flags         uint8 // IPv6 is set by the address
	Distinguisher [8]byte
	Address       netip.Addr // zero for a local table
	AS            uint32
	ID            netip.Addr // BGP identifier
}

// Peering is what a Peer Up message says of a session.
type Peering struct {
	LocalAddress          netip.Addr // zero for a local table
	LocalPort, RemotePort uint16
	Sent, Received        []byte // OPEN messages
	Info                  []Info
}

// Initiation begins a connection.
func Initiation(info ...Info) []byte { return finish(appendInfo(header(TypeInitiation), info)) }

// Termination ends a connection.
func Termination(reason uint16, text string) []byte {
	return finish(appendInfo(header(TypeTermination), []Info{
		{TerminationReason, binary.BigEndian.AppendUint16(nil, reason)}, Text(TerminationString, text),
	}))
}

// PeerUp says that a session is established.
func PeerUp(p Peer, at time.Time, s Peering) []byte {
	b := p.append(header(TypePeerUp), at)
	b = appendAddress(b, s.LocalAddress)
	b = binary.BigEndian.AppendUint16(b, s.LocalPort)
	b = binary.BigEndian.AppendUint16(b, s.RemotePort)
	b = append(append(b, s.Sent...), s.Received...)
	return finish(appendInfo(b, s.Info))
}

// PeerDown says that a session has ended; data depend on the reason.
func PeerDown(p Peer, at time.Time, reason uint8, data []byte) []byte {
	return finish(append(append(p.append(header(TypePeerDown), at), reason), data...))
}

// RouteMonitoring carries an UPDATE message. A zero time is unknown.
func RouteMonitoring(p Peer, at time.Time, update []byte) []byte {
	return finish(append(p.append(header(TypeRouteMonitoring), at), update...))
}

func header(kind uint8) []byte {
	return append(make([]byte, 0, 256), version, 0, 0, 0, 0, kind)
}

func finish(b []byte) []byte {
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)))
	return b
}

func (p *Peer) append(b []byte, at time.Time) []byte {
	flags := p.Flags
	if p.Address.Is6() {
		flags |= flagIPv6
	}
	b = append(append(b, p.Type, flags), p.Distinguisher[:]...)
	b = appendAddress(b, p.Address)
	b = binary.BigEndian.AppendUint32(b, p.AS)
	id := [4]byte{}
	if p.ID.Is4() {
		id = p.ID.As4()
	}
	b = append(b, id[:]...)
	var seconds, micros uint32
	if !at.IsZero() {
		seconds, micros = uint32(at.Unix()), uint32(at.Nanosecond()/1000)
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, seconds), micros)
}

// appendAddress appends 16 octets; an IPv4 address is in the last four.
func appendAddress(b []byte, a netip.Addr) []byte {
	var v [16]byte
	switch {
	case a.Is4():
		four := a.As4()
		copy(v[12:], four[:])
	case a.Is6():
		v = a.As16()
	}
	return append(b, v[:]...)
}

// EncodeInfo encodes TLVs.
func EncodeInfo(info ...Info) []byte { return appendInfo(nil, info) }

func appendInfo(b []byte, info []Info) []byte {
	for _, i := range info {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, i.Type), uint16(len(i.Value)))
		b = append(b, i.Value...)
	}
	return b
}
