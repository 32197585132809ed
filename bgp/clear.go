package bgp

import (
	"errors"
	"net/netip"

	"pseudowan/bgp/gate"
)

// Clear is a way to reset a session.
type Clear string

// The ways.
const (
	ClearHard    Clear = "hard"     // it ends with a NOTIFICATION (RFC 4486), and begins anew
	ClearSoftIn  Clear = "soft-in"  // the peer announces all again, or what is kept of it is judged again
	ClearSoftOut Clear = "soft-out" // the peer is told all again
)

// ErrNotEstablished is the answer to who resets a session that is not established.
var ErrNotEstablished = errors.New("the session is not established")

// resetWords are the shutdown communication of a reset (RFC 9003).
const resetWords = "reset by the operator"

// Clear resets the established session with a peer. The routes of a session that is reset
// softly stay, and what the policies make of them is the same unless the peer announces
// others. refresh reports whether the peer was asked for its routes (RFC 2918): one that
// cannot be asked has announced them once, and the import policy decides on these again.
func (s *Speaker) Clear(peer netip.Addr, how Clear) (refresh bool, err error) {
	addr := peer.WithZone("")
	s.config.Lock()
	n, known := s.neighbors[addr]
	s.config.Unlock()
	r := s.transport.session(addr)
	if r == nil {
		return false, ErrNotEstablished
	}
	switch how {
	case ClearSoftIn:
		return s.clearIn(addr, r)
	case ClearSoftOut:
		if r.tellAgain() || !known {
			return false, nil
		}
		return false, s.engine.resend(s.engine.done, n)
	}
	r.refuse(gate.Reset(resetWords), sessionEnd{why: "this router has reset the session: cease, administrative reset"})
	r.cut()
	return false, nil
}

// clearIn has the peer announce all again.
func (s *Speaker) clearIn(addr netip.Addr, r *relay) (refresh bool, err error) {
	if ask := r.judge.AskAgain(); ask != nil {
		return true, r.send(ask)
	}
	r.setImport(s.transport.importOf(addr))
	return false, nil
}

// tellAgain has the peer told all that it has been told. It returns false if that is not
// known.
func (r *relay) tellAgain() bool {
	known := true
	for _, f := range r.judge.Families() {
		known = r.editor.Ask(f) && known
	}
	r.wake()
	return known
}
