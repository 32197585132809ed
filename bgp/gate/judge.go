package gate

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Config is the part of a session's configuration that a judge needs.
type Config struct {
	LocalAS, PeerAS uint32
	LocalID         netip.Addr // BGP identifier of the router
	AllowOwnAS      uint32     // how often LocalAS may occur in an AS path

	AS ASRules // of an external peer

	Constrain bool // the peer is offered route target constraint (RFC 4684)

	// LoseTies makes the receiver prefer any other internal peer's route to an
	// equal one of this peer, which must be internal.
	LoseTies bool

	NoHoldTime bool   // the session is to have no hold time, whatever the receiver says
	Name       string // of the router, for the peer; "": it is not told one

	Restart *RestartConfig // nil: as the receiver says

	// Retained returns what the receiver has kept of an earlier session, once
	// the peer's OPEN is there; nil: nothing.
	Retained func() Retained

	// Try has the receiver's own parser read a message; nil: it is trusted. An
	// error is a defect of the parser, or a rule that this package does not
	// know.
	Try func(msg []byte, numbered []Family) error
}

// phase is the peer's progress in setting up the session.
type phase uint8

const (
	openSent    phase = iota // its OPEN is awaited
	openConfirm              // its KEEPALIVE
	established
)

// Judge judges the messages of one connection. Received may be used from one
// goroutine only; Sent must not be called after Received.
type Judge struct {
	cfg      Config
	phase    phase
	numbered []Family // whose routes have path identifiers
	ours     Open
	peer     Open
	shape    shape
	families [families]bool
	scratch  update
	tried    tried

	strangers map[key]struct{} // paths that the receiver was not shown
	lost      []Path           // to withdraw once the session is up
	waits     bool             // the receiver awaited the peer's restart when its OPEN came
	notifies  atomic.Bool
	awaited   [families]bool  // families whose end of RIB the receiver awaits
	until     time.Time       // for as long at most; zero: no limit
	rounds    [families]round // answers of the peer to ROUTE-REFRESH

	membersMu  sync.Mutex // others read while the connection's goroutine writes
	members    map[key]member
	membersEnd atomic.Bool // of its first memberships

	rib    ribIn
	loops  loops
	raw    []byte                // scratch: the attributes of a message
	limit  atomic.Pointer[Limit] // nil: none
	count  atomic.Int64          // paths that the limit concerns
	held   atomic.Int64          // all paths
	shown  atomic.Int64          // paths that the receiver is shown
	warned warning
}

// NewJudge returns the judge of a new connection.
func NewJudge(c Config) *Judge {
	return &Judge{cfg: c, rib: newRIBIn(), strangers: make(map[key]struct{})}
}

// Verdict is what to do with one message.
type Verdict struct {
	Pass    []byte        // for the receiver: as it came, repaired, or nothing
	Before  []byte        // of an UPDATE, the same before the import policy, with paths that the receiver cannot be shown
	Refuse  *Notification // for the peer: the session ends
	Limit   bool          // it ends because of a limit, and must stay down
	Ended   *Notification // by which the peer ends the session
	Faults  []Fault       // what was wrong, and has been repaired
	Routes  int           // in the message
	Opened  bool          // the message is the peer's OPEN
	Refresh *Refresh      // the peer asks for all routes of a family again
	Warning string        // a limit is near
	Members bool          // what the peer asks for has changed

	// Strange are paths that the receiver cannot be shown.
	Strange []StrangePath
}

// Peer returns what the peer has said in its OPEN.
func (j *Judge) Peer() Open { return j.peer }

// Ours returns what the receiver has said in its OPEN.
func (j *Judge) Ours() Open { return j.ours }

// HoldTime is the negotiated hold time in seconds; 0: the session has none.
func (j *Judge) HoldTime() int { return int(min(j.ours.HoldTime, j.peer.HoldTime)) }

// Established reports whether the session is established for the peer.
func (j *Judge) Established() bool { return j.phase == established }

// Received judges a message that Next has returned. Pass may be a part of it.
func (j *Judge) Received(msg []byte) Verdict {
	kind := msg[18]
	switch {
	case kind == typeNotification:
		n := Notification{Code: msg[19], Subcode: msg[20], Data: msg[21:]}
		if j.Notifies() && (n.Code != CodeCease || n.Subcode != ceaseHardReset) { // the receiver keeps routes of a peer that just hangs up
			return Verdict{Ended: &n}
		}
		return Verdict{Pass: n.bare(), Ended: &n}
	case j.phase == openSent && kind == typeOpen:
		return j.open(msg)
	case j.phase == openConfirm && kind == typeKeepalive:
		j.phase = established
		j.notifies.Store(j.WillNotify())
		pass := append(msg, withdrawLost(j.lost)...)
		j.lost = nil
		return Verdict{Pass: pass}
	case j.phase != established, kind == typeOpen:
		return Verdict{Refuse: &Notification{Code: CodeFSM, Subcode: 1 + uint8(j.phase), Data: []byte{kind}}}
	case kind == typeUpdate:
		return j.update(msg)
	case kind == typeRefresh:
		return j.refresh(msg)
	}
	return Verdict{Pass: msg}
}

func (j *Judge) open(msg []byte) Verdict {
	peer, refused := parseOpen(msg)
	if refused == nil {
		refused = peer.check(j.cfg)
	}
	if refused != nil {
		return Verdict{Refuse: refused}
	}
	j.agree(peer)
	var kept Retained
	if j.cfg.Retained != nil {
		kept = j.cfg.Retained()
	}
	j.waits = kept.Waits
	if refused := j.resume(kept); refused != nil {
		return Verdict{Refuse: refused}
	}
	pass := j.peerShown(kept.Waits)
	if len(pass) > headerLength+12+maxCapabilities || j.try(pass) != nil {
		return Verdict{Refuse: openError(0)}
	}
	j.phase = openConfirm
	return Verdict{Pass: pass, Opened: true}
}

// agree notes what the two OPENs make of the session.
func (j *Judge) agree(peer Open) {
	j.peer = peer
	j.shape = shape{internal: j.cfg.LocalAS == j.cfg.PeerAS, as4: peer.as4 && j.ours.as4, numbered: numbered(j.ours, peer)}
	wants := func(o Open) (set [families]bool) {
		for _, f := range o.Families {
			set[f] = true
		}
		if len(o.Families) == 0 {
			set[IPv4] = true
		}
		return set
	}
	ours, theirs := wants(j.ours), wants(peer)
	for f := range j.families {
		j.families[f] = ours[f] && theirs[f]
		if j.shape.numbered[f] = j.shape.numbered[f] && j.families[f]; j.shape.numbered[f] {
			j.numbered = append(j.numbered, Family(f))
		}
	}
}

// peerShown is the peer's OPEN as the receiver sees it.
func (j *Judge) peerShown(waits bool) []byte {
	o := j.peer
	if j.cfg.LoseTies {
		o.ID = highID(o.ID)
	}
	if j.HoldTime() == 0 {
		o.HoldTime = noHold
	}
	if c := j.cfg.Restart; c != nil {
		o.capabilities = o.without(capGracefulRestart)
		if shown := c.shown(o, j.families); len(o.capabilities)+len(shown) <= maxCapabilities {
			o.capabilities = append(o.capabilities, shown...)
		}
	}
	o.capabilities = append(o.capabilities, o.addPath()...)
	if waits && o.Restart == nil && len(o.capabilities)+len(withoutRestart) <= maxCapabilities {
		o.capabilities = append(o.capabilities[:len(o.capabilities):len(o.capabilities)], withoutRestart...)
	}
	return o.message()
}

func (j *Judge) update(msg []byte) Verdict {
	u, refused := j.parseUpdate(msg)
	if refused != nil {
		return Verdict{Refuse: refused}
	}
	j.ended(u)
	routes, members := u.size(), j.takeMemberships(u)
	pass := msg
	if u.rewritten || u.asWithdrawn {
		pass = u.messages()
	}
	form, plain := u.form()
	known := plain && j.tried.has(&j.rib, u, form)
	if !known {
		if err := j.tryAll(u, &pass); err != nil {
			return Verdict{Refuse: updateError(updateAttributeList, nil), Faults: u.faults}
		}
	}
	j.forgetLoops(u)
	v := Verdict{Pass: pass, Before: pass, Routes: routes, Members: members, Faults: u.faults, Strange: j.strange(u)}
	if len(u.faults) == 0 {
		v.Before = msg
	}
	j.loops.note(v.Strange, u)
	if told := j.hold(u); told != nil {
		v.Pass = told
	}
	if plain && !known && len(u.faults) == 0 {
		j.tried.add(&j.rib, u, form)
	}
	j.checkLimits(&v)
	return v
}

// tryAll tries what is passed on with the receiver's parser. If that fails, it
// removes the attributes that may be the cause, then treats the message as
// withdraw.
func (j *Judge) tryAll(u *update, pass *[]byte) error {
	err := j.try(*pass)
	if err == nil {
		return nil
	}
	if u.exotic && !u.asWithdrawn {
		kept := u.attrs[:0]
		for _, a := range u.attrs {
			if a.plain() {
				kept = append(kept, a)
			}
		}
		u.attrs = kept
		if *pass = u.messages(); j.try(*pass) == nil {
			u.fault(FaultDiscarded, "the parser cannot read it: %v", err)
			return nil
		}
	}
	u.takeAsWithdrawn("the parser cannot read it: %v", err)
	*pass = u.messages()
	return j.try(*pass)
}

func (j *Judge) try(b []byte) error {
	if j.cfg.Try == nil {
		return nil
	}
	for len(b) > 0 {
		msg, refused := Next(b)
		if refused != nil || msg == nil {
			return fmt.Errorf("not a message: %x", b[:min(len(b), 32)])
		}
		if err := j.cfg.Try(msg, j.numbered); err != nil {
			return err
		}
		b = b[len(msg):]
	}
	return nil
}
