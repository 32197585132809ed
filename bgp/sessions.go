package bgp

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/session"
)

// sessions records the state of every session, and why it is down.
type sessions struct {
	routerID netip.Addr

	mu      sync.Mutex
	records map[netip.Addr]*sessionRecord // by address without zone

	leaving map[netip.Addr]struct{} // established sessions that are to end
	left    chan struct{}           // closed when the last of them has ended
}

type sessionRecord struct {
	state  PeerState // counters unset
	engine sessionState
	wanted Neighbor

	ends   bool     // the peer sends an end of RIB, by its OPEN
	agreed []string // capabilities

	kept      RestartState // of the last session that was established
	keptSince time.Time    // when that ended

	faults   int       // malformed messages since the last log line
	faultLog time.Time // time of that line
}

func (s *sessions) add(addr netip.Addr, n Neighbor, localAS uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &sessionRecord{wanted: n, state: PeerState{
		Address: addr, LocalAddress: n.LocalAddress.WithZone(""), AS: n.AS, LocalAS: cmp.Or(n.LocalAS, localAS),
		State: "idle", Since: time.Now(), Families: familyNames(n.Families), RouterID: s.routerID, MaxPrefixes: n.MaxPrefixes, Description: n.Description, Shutdown: n.Shutdown, Range: n.Range,
	}}
	r.state.Settings = n.Settings
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

// enter passes a new state to tell, in order, and records it if its name has
// changed.
func (s *sessions) enter(
	addr netip.Addr, state sessionState, name string, local netip.Addr, negotiated enginePeer,
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
	if r.state.State == StateEstablished {
		r.kept, r.keptSince = r.state.Restart, time.Now()
	}
	if state == sessionIdle || state == sessionAwaiting {
		r.state.Restart, r.state.HoldTime = RestartState{}, 0
	}
	r.state.State, r.state.Since = name, time.Now()
	r.state.Families, r.state.SendsEnd, r.state.Restarting = familyNames(r.wanted.Families), false, false
	r.state.Capabilities = nil
	if state == sessionEstablished {
		r.state.Families, r.state.SendsEnd, r.state.Restarting = negotiated.families, negotiated.sendsEnd && r.ends, negotiated.restarts
		r.state.Capabilities = r.agreed
		if local.IsValid() && !local.IsUnspecified() {
			r.state.LocalAddress = local.WithZone("")
		}
	}
	return r.state, true
}

// repeat calls tell with the current state of a session.
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

// neighbor returns the configuration of a neighbour.
func (s *sessions) neighbor(addr netip.Addr) (Neighbor, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok {
		return Neighbor{}, false
	}
	return r.wanted, true
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

// leave returns a channel that is closed when all sessions that are established
// now have ended.
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

// failed records why a session does not come up or, if it was up, has ended. It
// returns the state, and whether the reason is new.
func (s *sessions) failed(addr netip.Addr, why string, wasUp bool) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok || why == "" {
		return PeerState{}, false
	}
	news := r.state.LastError != why
	r.state.LastError, r.state.LastErrorAt, r.state.Warning = why, time.Now(), ""
	if wasUp { // what comes of the next attempts does not replace it
		r.state.LastEnd, r.state.LastEndAt = r.state.LastError, r.state.LastErrorAt
	}
	return r.state, news
}

// isUp reports whether the session with a peer is established.
func (s *sessions) isUp(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	return ok && r.state.State == StateEstablished
}

// opened records what the peer says in its OPEN.
func (s *sessions) opened(addr netip.Addr, j *gate.Judge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		o := j.Peer()
		r.state.PeerID, r.ends, r.agreed = o.ID, o.Restart != nil, j.Capabilities()
		r.state.Restart = restartState(r.wanted.Families, j)
		r.state.HoldTime = time.Duration(j.HoldTime()) * time.Second
	}
}

// earlyEnd is how long before its end something is given up that the engine drops
// by itself, with all that has come since.
const earlyEnd = 2 * time.Second

// keptSince reports whether the restart time of a peer that has been away is over, and
// when what is kept of it must go; zero: when the peer says so.
func (s *sessions) keptSince(addr netip.Addr, now time.Time) (longLived bool, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok || r.keptSince.IsZero() {
		return false, time.Time{}
	}
	short, long := r.kept.longest()
	over := r.keptSince.Add(short)
	if long == 0 || now.Before(over) {
		return false, time.Time{}
	}
	return true, over.Add(long - earlyEnd)
}

// setSettings records settings that people are shown, and the session may keep.
func (s *sessions) setSettings(addr netip.Addr, n session.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		r.state.Description, r.state.Shutdown = n.Description, n.Shutdown
		r.wanted.Settings, r.state.Settings = n, n
	}
}

// restartAfter returns for how long a session is kept down that has ended for its
// prefix limit, and when it has; 0: until it is configured anew.
func (s *sessions) restartAfter(addr netip.Addr) (pause time.Duration, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok {
		return 0, since
	}
	return r.wanted.MaxPrefixesRestart, r.state.LastErrorAt
}

func (s *sessions) stateOf(addr netip.Addr) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok {
		return PeerState{}, false
	}
	return r.state, true
}

// setLimit records the prefix limit of a peer.
func (s *sessions) setLimit(addr netip.Addr, n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[addr]; ok {
		r.state.MaxPrefixes = n
	}
}

// warn records that a limit is near.
func (s *sessions) warn(addr netip.Addr, what string) (PeerState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok || r.state.Warning == what {
		return PeerState{}, false
	}
	r.state.Warning = what
	return r.state, true
}

// faultPause is the time between two log lines about malformed messages of one
// peer.
const faultPause = 10 * time.Second

// faulty counts a malformed message. It returns how many there were since the last
// log line, or 0 if no new line is due.
func (s *sessions) faulty(addr netip.Addr, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[addr]
	if !ok {
		return 0
	}
	r.faults++
	if now.Sub(r.faultLog) < faultPause {
		return 0
	}
	n := r.faults
	r.faults, r.faultLog = 0, now
	return n
}
