package bgp

import (
	"net/netip"
	"time"

	"pseudowan/bgp/gate"
)

// malformed counts a fault that has not ended the session.
func (s *sessions) malformed(addr netip.Addr, f gate.Fault, now time.Time) {
	s.count(addr, f.Text, now, func(m *Malformed) *uint64 {
		switch f.Kind {
		case gate.FaultWithdrawn:
			return &m.Withdrawn
		case gate.FaultDiscarded:
			return &m.Discarded
		}
		return &m.Families
	})
}

// ill counts a session that a NOTIFICATION of this router has ended.
func (s *sessions) ill(addr netip.Addr, code uint8, why string, now time.Time) {
	s.count(addr, why, now, func(m *Malformed) *uint64 {
		switch code {
		case gate.CodeHeader:
			return &m.Headers
		case gate.CodeOpen:
			return &m.Opens
		case gate.CodeFSM:
			return &m.Unexpected
		}
		return &m.Updates
	})
}

func (s *sessions) count(addr netip.Addr, what string, now time.Time, counter func(*Malformed) *uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		*counter(&r.state.Malformed)++
		r.state.Malformed.Last, r.state.Malformed.LastAt = what, now
	}
}

// identity is who a peer is: its AS, and its BGP identifier.
func (s *sessions) identity(addr netip.Addr) (as uint32, id netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		return r.state.AS, r.state.PeerID
	}
	return 0, netip.Addr{}
}
