package bmp

import (
	"encoding/binary"
	"time"
)

// Types of statistics (RFC 7854 section 4.8, RFC 8671 section 6.2).
const (
	StatRejected        = 0 // prefixes, by the inbound policy
	StatClusterLoops    = 3
	StatASLoops         = 4
	StatOriginatorLoops = 5
	StatIn              = 7 // routes of the Adj-RIBs-In
	StatLocal           = 8 // routes of the Loc-RIB
	StatInFamily        = 9
	StatLocalFamily     = 10
	StatWithdrawn       = 11 // UPDATEs that were treated as withdraw (RFC 7606)
	StatOutBefore       = 14 // routes of the Adj-RIBs-Out, before the policy
	StatOutAfter        = 15
	StatOutBeforeFamily = 16
	StatOutAfterFamily  = 17
)

// Stat is a counter or gauge.
type Stat struct {
	Type  uint16
	AFI   uint16 // of the types that count the routes of a family
	SAFI  uint8
	Value uint64
}

// Statistics reports the counters of a peer.
func Statistics(p Peer, at time.Time, stats []Stat) []byte {
	b := p.append(header(TypeStatistics), at)
	b = binary.BigEndian.AppendUint32(b, uint32(len(stats)))
	for _, s := range stats {
		b = s.append(b)
	}
	return finish(b)
}

func (s *Stat) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, s.Type)
	switch s.Type {
	case StatInFamily, StatLocalFamily, StatOutBeforeFamily, StatOutAfterFamily:
		b = binary.BigEndian.AppendUint16(b, 11)
		b = append(binary.BigEndian.AppendUint16(b, s.AFI), s.SAFI)
		return binary.BigEndian.AppendUint64(b, s.Value)
	case StatIn, StatLocal, StatOutBefore, StatOutAfter:
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(b, 8), s.Value)
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, 4), uint32(min(s.Value, 1<<32-1)))
}
