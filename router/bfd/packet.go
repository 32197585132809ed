package bfd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// State is the state of a session (RFC 5880 section 4.1).
type State uint8

// The states.
const (
	AdminDown State = iota
	Down
	Init
	Up
)

// String returns the name of the state.
func (s State) String() string {
	return [...]string{"admin-down", "down", "init", "up"}[s&3]
}

// Diag is why a session has left the state Up, or has not reached it (RFC 5880 section 4.1).
type Diag uint8

// The diagnostics that this package sends.
const (
	NoDiagnostic     Diag = 0
	Expired          Diag = 1 // no packets within the detection time
	NeighborDown     Diag = 3 // the peer says that the session is down
	AdministrativeDn Diag = 7
)

var diagnostics = []string{
	"", "control detection time expired", "echo function failed", "neighbor signaled session down", "forwarding plane reset",
	"path down", "concatenated path down", "administratively down", "reverse concatenated path down",
}

// String returns the diagnostic in words; "" for none.
func (d Diag) String() string {
	if int(d) < len(diagnostics) {
		return diagnostics[d]
	}
	return fmt.Sprintf("diagnostic %d", uint8(d))
}

// Packet is a control packet (RFC 5880 section 4.1) without authentication.
type Packet struct {
	State       State
	Diag        Diag
	Poll, Final bool
	Independent bool // of the control plane (C)
	Demand      bool
	Multiplier  uint8
	My, Your    uint32 // discriminators
	MinTx       time.Duration
	MinRx       time.Duration
	MinEcho     time.Duration
}

// packetLength is the length of a packet without authentication, in octets.
const packetLength = 24

const version = 1

// Flags in the second octet.
const (
	flagMultipoint = 1 << iota
	flagDemand
	flagAuthentication
	flagIndependent
	flagFinal
	flagPoll
)

// Parse reads a packet, and refuses what RFC 5880 section 6.8.6 says is to be discarded
// whatever the session. Octets after the packet are ignored.
func Parse(b []byte) (p Packet, err error) {
	switch {
	case len(b) < packetLength:
		return p, errors.New("shorter than 24 octets")
	case b[0]>>5 != version:
		return p, fmt.Errorf("version %d", b[0]>>5)
	case int(b[3]) < packetLength || int(b[3]) > len(b):
		return p, fmt.Errorf("length %d", b[3])
	case b[1]&flagAuthentication != 0:
		return p, errors.New("authenticated")
	case b[1]&flagMultipoint != 0:
		return p, errors.New("multipoint")
	}
	p = Packet{
		State: State(b[1] >> 6), Diag: Diag(b[0] & 0x1f),
		Poll: b[1]&flagPoll != 0, Final: b[1]&flagFinal != 0, Independent: b[1]&flagIndependent != 0, Demand: b[1]&flagDemand != 0,
		Multiplier: b[2], My: binary.BigEndian.Uint32(b[4:]), Your: binary.BigEndian.Uint32(b[8:]),
		MinTx: interval(b[12:]), MinRx: interval(b[16:]), MinEcho: interval(b[20:]),
	}
	switch {
	case p.Multiplier == 0:
		return p, errors.New("multiplier 0")
	case p.My == 0:
		return p, errors.New("no discriminator")
	case p.Poll && p.Final:
		return p, errors.New("poll and final at once")
	case p.Your == 0 && (p.State == Init || p.State == Up):
		return p, fmt.Errorf("state %s without our discriminator", p.State)
	}
	return p, nil
}

// interval reads microseconds.
func interval(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(b)) * time.Microsecond
}

// Append appends the packet to b.
func (p Packet) Append(b []byte) []byte {
	flags := uint8(p.State) << 6
	for _, f := range [...]struct {
		flag uint8
		set  bool
	}{{flagPoll, p.Poll}, {flagFinal, p.Final}, {flagIndependent, p.Independent}, {flagDemand, p.Demand}} {
		if f.set {
			flags |= f.flag
		}
	}
	b = append(b, version<<5|uint8(p.Diag)&0x1f, flags, p.Multiplier, packetLength)
	b = binary.BigEndian.AppendUint32(b, p.My)
	b = binary.BigEndian.AppendUint32(b, p.Your)
	for _, d := range [...]time.Duration{p.MinTx, p.MinRx, p.MinEcho} {
		b = binary.BigEndian.AppendUint32(b, uint32(d/time.Microsecond))
	}
	return b
}
