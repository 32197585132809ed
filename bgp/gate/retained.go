package gate

import (
	"slices"
	"time"
)

// Retained is what a receiver has kept of an earlier session with the peer, whose
// graceful restart it awaits (RFC 4724 section 4.2).
type Retained struct {
	Waits bool // it awaits the peer's restart
	Paths []Path

	LongLived bool      // the restart time is over (RFC 9494)
	Until     time.Time // when the receiver drops the family whatever the peer does; zero: never
}

// resume decides about what the receiver has kept when the peer is back. Routes
// of families whose packets the peer has not forwarded are withdrawn as soon as
// the session is up; a family that the session does not have any more cannot be,
// and the receiver only forgets it with the session.
func (j *Judge) resume(kept Retained) *Notification {
	for _, p := range kept.Paths {
		p.Numbered = j.shape.numbered[p.Family]
		switch {
		case !j.families[p.Family], p.ID != 0 && !p.Numbered:
			return &Notification{Code: CodeCease, Subcode: ceaseOtherChange}
		case !j.preserved(p.Family, kept.LongLived):
			j.lost = append(j.lost, p)
		}
	}
	if kept.Waits && j.peer.Restart != nil {
		j.awaited, j.until = j.families, kept.Until
		j.awaited[RTC] = false // the receiver knows nothing of it
	}
	return nil
}

// preserved reports whether the peer has forwarded packets of a family meanwhile. What
// counts after the restart time is another capability (RFC 9494 section 4.2).
func (j *Judge) preserved(f Family, longLived bool) bool {
	r := j.peer.Restart
	switch {
	case r == nil || j.cfg.Restart != nil && (j.cfg.Restart.Off || !j.cfg.Restart.Families[f]):
		return false
	case longLived:
		return slices.Contains(r.LongPreserved, f)
	}
	return slices.Contains(r.Preserved, f)
}

// ended notes an end of RIB.
func (j *Judge) ended(u *update) {
	switch {
	case u.unreach != nil && u.unreach.end():
		j.awaited[u.unreach.family], j.rounds[u.unreach.family].ended = false, true
	case u.reach == nil && u.unreach == nil && len(u.attrs) == 0 && u.size() == 0:
		j.awaited[IPv4], j.rounds[IPv4].ended = false, true
	}
}

// Awaits reports whether the receiver keeps routes until the peer has sent an end
// of RIB that it has not sent.
func (j *Judge) Awaits() bool { return slices.Contains(j.awaited[:], true) }

// KeptUntil is when the receiver must have given up what it keeps, so that it does not
// drop what the peer has sent since with it; zero: at no time.
func (j *Judge) KeptUntil() time.Time { return j.until }

// GiveUp returns the ends of RIB that the receiver still awaits: what it has kept
// must not stand for ever (RFC 4724 section 4.2).
func (j *Judge) GiveUp() (out []byte) {
	for f, awaited := range j.awaited {
		switch {
		case !awaited:
		case Family(f) == IPv4:
			out = appendUpdate(out, nil, nil, nil)
		default:
			out = appendUpdate(out, nil, appendMP(nil, attrUnreach, Family(f).header(), nil), nil)
		}
		j.awaited[f] = false
	}
	return out
}

// withoutRestart is the capability of a peer that has none and that will not be
// awaited again: a receiver keeps what it has been told before otherwise.
var withoutRestart = []byte{capGracefulRestart, 2, 0, 0}

// withdrawLost encodes the withdrawals of routes that a restart has cost.
func withdrawLost(paths []Path) (out []byte) {
	const room = maxLength - headerLength - 4 - 4 - 3 // of a message, for routes
	var lists [families][]byte
	flush := func(f Family) {
		switch {
		case len(lists[f]) == 0:
		case f == IPv4:
			out = appendUpdate(out, lists[f], nil, nil)
		default:
			out = appendUpdate(out, nil, appendMP(nil, attrUnreach, f.header(), lists[f]), nil)
		}
		lists[f] = lists[f][:0]
	}
	for _, p := range paths {
		nlri := p.withdrawal()
		if len(lists[p.Family])+len(nlri) > room {
			flush(p.Family)
		}
		lists[p.Family] = append(lists[p.Family], nlri...)
	}
	for f := range lists {
		flush(Family(f))
	}
	return out
}

// withdrawal is the NLRI that withdraws a path.
func (p Path) withdrawal() []byte {
	id := pathID{p.ID, p.Numbered}.append(nil)
	octets := p.Prefix.Addr().AsSlice()[:(p.Prefix.Bits()+7)/8]
	if !p.Family.hasLabel() {
		return append(append(id, uint8(p.Prefix.Bits())), octets...)
	}
	b := append(id, uint8(p.Family.before()+p.Prefix.Bits()), 0x80, 0, 0)
	if p.Family.vpn() {
		b = append(b, p.RD[:]...)
	}
	return append(b, octets...)
}
