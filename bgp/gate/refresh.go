package gate

import "encoding/binary"

// Subtypes of ROUTE-REFRESH (RFC 7313 section 3.2).
const (
	refreshAll   = 0 // a request (RFC 2918)
	refreshBegin = 1 // BoRR
	refreshEnd   = 2 // EoRR

	refreshSize = headerLength + 4
)

// Refresh is a peer's request for all routes of a family.
type Refresh struct {
	Family  Family
	Message []byte // the request, for an implementation that answers it itself
}

// refreshMessage encodes a ROUTE-REFRESH.
func refreshMessage(f Family, subtype uint8) []byte {
	h := f.header()
	return append(appendHeader(nil, typeRefresh, 4), h[0], h[1], subtype, h[2])
}

// AskAgain encodes requests for all routes of the peer (RFC 2918). It is nil if the peer does
// not answer such requests.
func (j *Judge) AskAgain() (out []byte) {
	if !j.peer.Refresh {
		return nil
	}
	for _, f := range j.Families() {
		out = append(out, refreshMessage(f, refreshAll)...)
	}
	return out
}

// round is what a peer has said again of a family. With a BoRR a new round begins;
// at its EoRR, what has not been said in it is gone (RFC 7313 section 4).
type round struct {
	number uint32
	open   bool
	ended  bool // the first routes have come with an end of RIB
}

// refresh judges a ROUTE-REFRESH. Others than requests are not for the receiver,
// which does not know that there are any.
func (j *Judge) refresh(msg []byte) Verdict {
	subtype, enhanced := msg[21], j.ours.Enhanced && j.peer.Enhanced
	if len(msg) != refreshSize {
		if enhanced && (subtype == refreshBegin || subtype == refreshEnd) {
			return Verdict{Refuse: &Notification{Code: CodeRefresh, Subcode: refreshLength, Data: msg}}
		}
		return Verdict{Refuse: &Notification{Code: CodeHeader, Subcode: headerBadLength, Data: msg[16:18:18]}}
	}
	f, known := familyOf(binary.BigEndian.Uint16(msg[19:]), msg[22])
	switch {
	case !known || !j.families[f]:
	case subtype == refreshAll:
		return Verdict{Refresh: &Refresh{Family: f, Message: msg}}
	case !enhanced:
	case subtype == refreshBegin:
		j.beginRound(f)
	case subtype == refreshEnd:
		return j.endRound(f)
	}
	return Verdict{}
}

// beginRound takes what the peer has said of a family as stale. Before its end of
// RIB, a BoRR means nothing (RFC 7313 section 4).
func (j *Judge) beginRound(f Family) {
	r := &j.rounds[f]
	if j.peer.Restart != nil && !r.ended {
		return
	}
	r.number++
	r.open = true
}

// endRound forgets what is still stale. Without a BoRR, an EoRR means nothing.
func (j *Judge) endRound(f Family) (v Verdict) {
	if !j.rounds[f].open {
		return v
	}
	j.rounds[f].open = false
	if f == RTC {
		return Verdict{Members: j.endMembershipRound()}
	}
	var told, gone bundle
	r := &j.rib
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, p := range r.paths {
		if k.family != f || p.round == j.rounds[f].number {
			continue
		}
		gone.withdraw(k)
		if p.out != nil {
			told.withdraw(k)
		}
		if _, strange := j.strangers[k]; strange {
			delete(j.strangers, k)
			v.Strange = append(v.Strange, StrangePath{Path: k.path(), Withdrawn: true})
		}
		r.drop(k)
		v.Routes++
	}
	j.publish()
	v.Pass, v.Before = told.appendMessages(nil), gone.appendMessages(nil)
	return v
}
