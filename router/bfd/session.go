package bfd

import (
	"net/netip"
	"time"
)

// Key identifies a session: two addresses, of a link or, with Multihop, of routers that are
// any number of hops apart. Link-local addresses have a zone.
type Key struct {
	Local, Peer netip.Addr
	Multihop    bool
}

// Config is what is wanted of a session.
type Config struct {
	Key
	MinTx      time.Duration // between our packets (Desired Min TX Interval)
	MinRx      time.Duration // between those of the peer that we can take (Required Min RX Interval)
	Multiplier uint8         // as many of our packets may be lost, less one
}

// slow is the least interval while a session is not up (RFC 5880 section 6.8.3).
const slow = time.Second

// session is one session. The names of its variables are those of RFC 5880 section 6.8.1.
type session struct {
	Config
	state       State
	diag        Diag
	local       uint32 // discriminator
	remote      uint32 // discriminator; 0: not known
	remoteState State
	remoteDiag  Diag
	remoteMinRx time.Duration
	remoteMinTx time.Duration
	remoteMult  uint8
	independent bool // the peer's C bit

	// While the session is up, a slower pace, in either direction, takes effect only when
	// the peer has answered a poll (section 6.8.3).
	minTx, minRx time.Duration
	polling      bool

	heard   time.Time // the last packet; zero: none within the detection time
	absent  bool      // nobody does BFD at the peer's address, as the peer says itself
	sent    time.Time
	sendAt  time.Time // zero: never
	leaving time.Time // when a session that is no longer wanted ends; zero: it is wanted
	since   time.Time // of state
	lasted  time.Time // when it was last up
	changes uint64    // times that it has come up or gone down
	packets Packets
	at      int       // index in the heap
	due     time.Time // of the heap; zero: never
}

func newSession(now time.Time, c Config, discriminator uint32) *session {
	return &session{
		Config: c, state: Down, local: discriminator, remoteState: Down, remoteMinRx: time.Microsecond,
		minTx: max(c.MinTx, slow), minRx: c.MinRx, since: now, sendAt: now, at: -1,
	}
}

// configure takes other parameters into account, with a poll sequence if the session is up.
func (s *session) configure(now time.Time, c Config) {
	if c == s.Config {
		return
	}
	s.Config = c
	if s.state != Up {
		s.minTx, s.minRx = max(c.MinTx, slow), c.MinRx
		return
	}
	s.polling = true
	s.minTx, s.minRx = min(s.minTx, c.MinTx), max(s.minRx, c.MinRx)
	s.sendAt = now // the peer should hear of it soon
}

// interval is the time between two packets to the peer without jitter; 0: none are sent.
func (s *session) interval() time.Duration {
	if s.remoteMinRx == 0 {
		return 0
	}
	return max(s.minTx, s.remoteMinRx)
}

// detection is the time without packets after which the session is down (section 6.8.4).
func (s *session) detection() time.Duration {
	return time.Duration(s.remoteMult) * max(s.minRx, s.remoteMinTx)
}

// expires is when the session is down if nothing is heard; zero if nothing is awaited.
func (s *session) expires() time.Time {
	if s.heard.IsZero() {
		return time.Time{}
	}
	return s.heard.Add(s.detection())
}

// receive takes a packet that is for the session (section 6.8.6).
func (s *session) receive(now time.Time, p Packet) (answer bool) {
	s.remote, s.remoteState, s.remoteDiag, s.independent = p.My, p.State, p.Diag, p.Independent
	rested := s.remoteMinRx == 0
	s.remoteMinTx, s.remoteMult, s.remoteMinRx = p.MinTx, p.Multiplier, p.MinRx
	s.heard, s.absent = now, false
	s.packets.Received++
	if s.polling && p.Final {
		s.polling = false
		s.minTx, s.minRx = s.wanted()
	}
	s.follow(now, p.State)
	s.hasten(now, rested)
	return p.Poll
}

// wanted returns the intervals that the state allows.
func (s *session) wanted() (tx, rx time.Duration) {
	if s.state != Up {
		return max(s.MinTx, slow), s.MinRx
	}
	return s.MinTx, s.MinRx
}

// hasten moves the next packet forward if the pace has become faster (section 6.8.3).
func (s *session) hasten(now time.Time, rested bool) {
	switch every := s.interval(); {
	case every == 0:
		s.sendAt = time.Time{}
	case rested || s.sendAt.IsZero():
		s.sendAt = now
	case !s.sent.IsZero() && s.sendAt.After(s.sent.Add(every)):
		s.sendAt = s.sent.Add(every)
	}
}

// follow is the state machine (section 6.8.6), for what the peer says its state is.
func (s *session) follow(now time.Time, peer State) {
	switch {
	case s.state == AdminDown:
	case peer == AdminDown:
		if s.state != Down {
			s.change(now, Down, NeighborDown)
		}
	case s.state == Down && peer == Down:
		s.change(now, Init, s.diag)
	case s.state == Down && peer == Init, s.state == Init && peer >= Init:
		s.change(now, Up, NoDiagnostic)
	case s.state == Up && peer == Down:
		s.change(now, Down, NeighborDown)
	}
}

// change enters a state. It is told to the peer at once.
func (s *session) change(now time.Time, to State, why Diag) {
	if s.state == Up {
		s.lasted = now
	}
	if s.state == Up || to == Up {
		s.changes++
	}
	s.state, s.diag, s.since, s.sendAt = to, why, now, now
	s.polling = to == Up // the peer has been told of one packet a second
	s.minTx, s.minRx = s.wanted()
}

// longestGoodbye limits how long a peer is told of the end of a session, whatever pace it
// has asked for.
const longestGoodbye = 30 * time.Second

// leave begins the end of a session: the peer is told for as long as it may take to notice
// (section 6.8.16).
func (s *session) leave(now time.Time) {
	told := min(time.Duration(s.Multiplier)*max(s.minTx, s.remoteMinRx), longestGoodbye)
	s.change(now, AdminDown, AdministrativeDn)
	s.minTx = s.MinTx // the peer must not take silence for a failure
	s.leaving = now.Add(told)
}

// expire notes that nothing was heard for the detection time.
func (s *session) expire(now time.Time) {
	s.heard, s.remote, s.remoteMinRx = time.Time{}, 0, time.Microsecond
	if s.state == Init || s.state == Up {
		s.change(now, Down, Expired)
	}
}

// packet is what the session says now.
func (s *session) packet(final bool) Packet {
	tx, rx := s.wanted()
	return Packet{
		State: s.state, Diag: s.diag, Poll: s.polling && !final, Final: final,
		Multiplier: s.Multiplier, My: s.local, Your: s.remote, MinTx: tx, MinRx: rx,
	}
}
