package bgp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/vpn"
)

// sessions remembers the state of every session and counts its prefixes where
// a limit is set. (GoBGP's own limit recounts the table with every update.)
type sessions struct {
	mu      sync.Mutex
	records map[netip.Addr]*session // by address without zone

	leaving map[netip.Addr]struct{} // established sessions whose end is awaited
	left    chan struct{}           // closed when the last of them has ended
}

type session struct {
	state    PeerState // counters unset
	engine   sessionState
	wanted   Neighbor
	limit    uint32
	prefixes map[limitKey]struct{} // nil without limit
}

// limitKey is a path as a prefix limit counts it.
type limitKey struct {
	rd     vpn.RD
	prefix netip.Prefix
	pathID uint32
}

func (s *sessions) add(addr netip.Addr, n Neighbor, localAS uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &session{wanted: n, state: PeerState{
		Address: addr, LocalAddress: n.LocalAddress.WithZone(""), AS: n.AS, LocalAS: localAS,
		State: "idle", Since: time.Now(), Families: familyNames(n.Families),
	}}
	r.setLimit(n.MaxPrefixes)
	s.records[addr] = r
}

func (s *sessions) remove(addr netip.Addr) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok {
		return PeerState{}, false
	}
	delete(s.records, addr)
	r.state.State, r.state.Since = "idle", time.Now()
	return r.state, true
}

// enter records a new state and tells it, in the order in which states come.
// Without a change in name, nothing is recorded.
func (s *sessions) enter(
	addr netip.Addr, state sessionState, name string, local netip.Addr, negotiated []string,
	tell func(netip.Addr, sessionState),
) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != sessionEstablished {
		s.noteEnd(addr)
	}
	r, ok := s.records[addr]
	if !ok {
		return PeerState{}, false
	}
	r.engine = state
	if r.state.Reason == "" {
		tell(addr, state)
	}
	if r.state.State == name {
		return PeerState{}, false
	}
	r.state.State, r.state.Since = name, time.Now()
	r.state.Families = familyNames(r.wanted.Families)
	if state == sessionEstablished {
		r.state.Families = negotiated
		if local.IsValid() && !local.IsUnspecified() {
			r.state.LocalAddress = local.WithZone("")
		}
	}
	return r.state, true
}

// repeat tells the state that a session is in.
func (s *sessions) repeat(addr netip.Addr, tell func(netip.Addr, sessionState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		tell(addr, r.engine)
	}
}

// shut records why a session is kept down.
func (s *sessions) shut(addr netip.Addr, why string) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok || r.state.Reason != "" {
		return PeerState{}, false
	}
	r.state.Reason = why
	return r.state, true
}

func (s *sessions) isShut(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	return ok && r.state.Reason != ""
}

func (s *sessions) isIdle(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	return ok && r.engine == sessionIdle && r.state.Reason == ""
}

// address returns the address of a neighbour with its zone.
func (s *sessions) address(addr netip.Addr) netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		return r.wanted.Address
	}
	return addr
}

// leave returns a channel that is closed when every session that is
// established now has ended.
func (s *sessions) leave() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving, s.left = make(map[netip.Addr]struct{}), make(chan struct{})
	for addr, r := range s.records {
		if r.engine == sessionEstablished {
			s.leaving[addr] = struct{}{}
		}
	}
	if len(s.leaving) == 0 {
		close(s.left)
	}
	return s.left
}

// ended records that a session has ended for good.
func (s *sessions) ended(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteEnd(addr)
}

func (s *sessions) noteEnd(addr netip.Addr) {
	if _, ok := s.leaving[addr]; !ok {
		return
	}
	delete(s.leaving, addr)
	if len(s.leaving) == 0 {
		close(s.left)
	}
}

func (s *sessions) list() []PeerState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]PeerState, 0, len(s.records))
	for _, addr := range slices.SortedFunc(maps.Keys(s.records), netip.Addr.Compare) {
		states = append(states, s.records[addr].state)
	}
	return states
}

// setLimit changes the limit; the prefixes have to be counted anew after it.
func (s *sessions) setLimit(addr netip.Addr, limit uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok && r.limit != limit {
		r.setLimit(limit)
	}
}

func (r *session) setLimit(limit uint32) {
	r.limit, r.prefixes = limit, nil
	if limit > 0 {
		r.prefixes = make(map[limitKey]struct{})
	}
}

// count follows a route; it returns the reason to end the session where the
// route is one too many.
func (s *sessions) count(u RouteUpdate) (neighbor Neighbor, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[u.Route.Peer]
	if !ok || r.limit == 0 {
		return Neighbor{}, ""
	}
	key := limitKey{u.Route.RD, u.Route.Prefix, u.Route.PathID}
	if u.Withdrawn {
		delete(r.prefixes, key)
		return Neighbor{}, ""
	}
	r.prefixes[key] = struct{}{}
	if len(r.prefixes) <= int(r.limit) {
		return Neighbor{}, ""
	}
	return r.wanted, fmt.Sprintf("more than %d prefixes", r.limit)
}
