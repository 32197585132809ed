package bfd

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Table holds the sessions of one router. It is not safe for concurrent use.
type Table struct {
	sessions map[Key]*session
	by       map[uint32]*session // by local discriminator
	due      schedule
	out      []Out
	changes  []Change
	asleep   time.Time // until when nothing expires, since the caller has been late
	others   bool      // there are other sessions than before
}

// Out is a packet to send, with TTL 255 (RFC 5881 section 5).
type Out struct {
	Key
	Data []byte
}

// In is a packet that has come.
type In struct {
	Key      // Local is where it came to, Peer from whom
	TTL  int // or hop limit
	Data []byte
}

// near reports whether the packet comes from as near as it must (RFC 5881 section 5).
func (in In) near() bool { return in.Multihop || in.TTL == ttl }

// Change is that of a session's state.
type Change struct {
	Key
	From, To State
	Diag     Diag
	Ordered  bool // it is down on purpose, or the peer has begun anew, or does BFD no longer: that says nothing of the path
}

// lateness is from when on a caller has slept: packets may wait that it has not read yet.
const lateness = 5 * time.Millisecond

// awakening is how long nothing expires after that.
const awakening = 20 * time.Millisecond

// New returns a Table without sessions.
func New() *Table { return &Table{sessions: map[Key]*session{}, by: map[uint32]*session{}} }

// Configure replaces what is wanted. Sessions stay that are still wanted; the peers of
// others are told.
func (t *Table) Configure(now time.Time, list []Config) {
	wanted := make(map[Key]bool, len(list))
	for _, c := range list {
		wanted[c.Key] = true
		s := t.sessions[c.Key]
		if s != nil && s.leaving.IsZero() {
			s.configure(now, c)
		} else {
			t.forget(s)
			s = newSession(now, c, t.discriminator())
			t.sessions[c.Key], t.by[s.local], t.others = s, s, true
		}
		t.plan(s)
	}
	for key, s := range t.sessions {
		if !wanted[key] && s.leaving.IsZero() {
			t.leave(now, s)
		}
	}
}

// Leave takes all sessions down, and tells the peers once.
func (t *Table) Leave(now time.Time) {
	for _, s := range t.sessions {
		if s.leaving.IsZero() {
			t.leave(now, s)
		}
	}
	t.Tick(now)
}

func (t *Table) leave(now time.Time, s *session) {
	from := s.state
	s.leave(now)
	t.note(s, from, true)
	t.plan(s)
}

func (t *Table) forget(s *session) {
	if s == nil {
		return
	}
	t.others = true
	delete(t.sessions, s.Key)
	delete(t.by, s.local)
	if s.at >= 0 {
		heap.Remove(&t.due, s.at)
	}
}

// discriminator returns one that no session has, at random: who does not see the packets
// cannot guess it.
func (t *Table) discriminator() uint32 {
	for {
		if d := rand.Uint32(); d != 0 && t.by[d] == nil {
			return d
		}
	}
}

// Receive takes a packet, and reports whether it is for a session (RFC 5880 section 6.8.6,
// RFC 5881 section 5).
func (t *Table) Receive(now time.Time, in In) bool {
	if !in.near() {
		return false
	}
	p, err := Parse(in.Data)
	if err != nil {
		return false
	}
	s := t.sessions[in.Key]
	if s == nil || p.Your != 0 && t.by[p.Your] != s || s.state == AdminDown {
		return false
	}
	from := s.state
	if s.receive(now, p) {
		t.send(now, s, true)
	}
	t.note(s, from, p.State == AdminDown || p.State == Down && p.Diag == NoDiagnostic)
	t.plan(s)
	return true
}

// Refused notes that the peer of a session says that nobody does BFD there (ICMP port
// unreachable). The path works, so that silence says nothing of it: whoever depends on the
// session must do without (RFC 5882 section 4.2).
func (t *Table) Refused(key Key) {
	s := t.sessions[key]
	if s == nil || s.absent {
		return
	}
	s.absent = true
	if s.state == Down {
		t.changes = append(t.changes, Change{Key: key, From: Down, To: Down, Diag: s.diag, Ordered: true})
	}
}

// Tick does what is due.
func (t *Table) Tick(now time.Time) {
	if at, ok := t.Next(); ok && now.Sub(at) > lateness {
		t.asleep = now.Add(awakening)
	}
	for len(t.due) > 0 && !t.due[0].due.After(now) {
		t.attend(now, t.due[0])
	}
}

// attend does what is due of a session.
func (t *Table) attend(now time.Time, s *session) {
	if !s.leaving.IsZero() && !s.leaving.After(now) {
		t.forget(s)
		return
	}
	if at := t.expires(s); !at.IsZero() && !at.After(now) {
		from := s.state
		s.expire(now)
		t.note(s, from, s.absent)
	}
	if !s.sendAt.IsZero() && !s.sendAt.After(now) {
		t.send(now, s, false)
	}
	t.plan(s)
}

// expires is when a session expires, with the time for a caller that has slept.
func (t *Table) expires(s *session) time.Time {
	at := s.expires()
	if !at.IsZero() && at.Before(t.asleep) {
		return t.asleep
	}
	return at
}

// send has a session say what it has to say, and when again.
func (t *Table) send(now time.Time, s *session, final bool) {
	t.out = append(t.out, Out{Key: s.Key, Data: s.packet(final).Append(nil)})
	s.packets.Sent++
	if final {
		return
	}
	s.sent, s.sendAt = now, time.Time{}
	if every := s.interval(); every > 0 {
		s.sendAt = now.Add(jittered(every, s.Multiplier))
	}
}

// jittered takes up to a quarter from an interval, so that routers do not fall into step;
// with a multiplier of 1 at least a tenth (RFC 5880 section 6.8.7).
func jittered(every time.Duration, multiplier uint8) time.Duration {
	least, most := 0.75, 1.0
	if multiplier == 1 {
		most = 0.9
	}
	return time.Duration(float64(every) * (least + (most-least)*rand.Float64()))
}

// note notes that a session may have another state than from.
func (t *Table) note(s *session, from State, ordered bool) {
	if s.state != from {
		t.changes = append(t.changes, Change{Key: s.Key, From: from, To: s.state, Diag: s.diag, Ordered: ordered})
	}
}

// plan puts a session in the place where it is due.
func (t *Table) plan(s *session) {
	s.due = s.sendAt
	for _, at := range []time.Time{t.expires(s), s.leaving} {
		if s.due.IsZero() || !at.IsZero() && at.Before(s.due) {
			s.due = at
		}
	}
	switch {
	case s.due.IsZero() && s.at >= 0:
		heap.Remove(&t.due, s.at)
	case s.due.IsZero():
	case s.at < 0:
		heap.Push(&t.due, s)
	default:
		heap.Fix(&t.due, s.at)
	}
}

// Next returns when Tick is due; ok is false if nothing is.
func (t *Table) Next() (at time.Time, ok bool) {
	if len(t.due) == 0 {
		return at, false
	}
	return t.due[0].due, true
}

// Out returns the packets to send since the last call.
func (t *Table) Out() []Out {
	out := t.out
	t.out = nil
	return out
}

// Changes returns the changes since the last call, in their order.
func (t *Table) Changes() []Change {
	changes := t.changes
	t.changes = nil
	return changes
}

// schedule is a heap of sessions, the one that is due next first.
type schedule []*session

func (h schedule) Len() int           { return len(h) }
func (h schedule) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h schedule) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *schedule) Push(x any) {
	s := x.(*session)
	s.at = len(*h)
	*h = append(*h, s)
}

func (h *schedule) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	*h, s.at = (*h)[:last], -1
	return s
}

// Session is what is known of a session.
type Session struct {
	Config
	State       State
	Diag        Diag
	Local       uint32 // discriminators
	Remote      uint32
	RemoteState State
	RemoteDiag  Diag
	RemoteMinTx time.Duration
	RemoteMinRx time.Duration
	RemoteMult  uint8
	Independent bool          // the peer's BFD survives the end of its control plane
	Interval    time.Duration // between our packets, less jitter
	Detection   time.Duration // after which the session is down if nothing is heard; 0: nothing is
	Polling     bool
	Since       time.Time // of State
	LastUp      time.Time // when it was up, before it went down last; zero: never
	Absent      bool      // the peer says that nobody does BFD there
	Transitions uint64    // times that it has come up or gone down
	Packets     Packets
}

// Packets counts packets.
type Packets struct{ Sent, Received uint64 }

// Sessions lists the sessions that are wanted, in no order.
func (t *Table) Sessions() []Session {
	list := make([]Session, 0, len(t.sessions))
	for _, s := range t.sessions {
		if !s.leaving.IsZero() {
			continue
		}
		list = append(list, Session{
			Config: s.Config, State: s.state, Diag: s.diag, Local: s.local, Remote: s.remote, RemoteState: s.remoteState, RemoteDiag: s.remoteDiag,
			RemoteMinTx: s.remoteMinTx, RemoteMinRx: s.remoteMinRx, RemoteMult: s.remoteMult, Independent: s.independent,
			Interval: s.interval(), Detection: s.detection(), Polling: s.polling,
			Since: s.since, LastUp: s.lasted, Absent: s.absent, Transitions: s.changes, Packets: s.packets,
		})
	}
	return list
}

// empty reports whether there is no session, not even one whose peer is told of its end.
func (t *Table) empty() bool { return len(t.sessions) == 0 }

// peers lists the keys of all sessions, those that end, too; ok is false if they are those of
// the last call.
func (t *Table) peers() (keys map[Key]bool, ok bool) {
	if !t.others {
		return nil, false
	}
	t.others = false
	keys = make(map[Key]bool, len(t.sessions))
	for key := range t.sessions {
		keys[key] = true
	}
	return keys, true
}
