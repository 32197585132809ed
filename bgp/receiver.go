package bgp

import (
	"fmt"
	"net/netip"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// receiver is the speaker as the sink of the engine and the hearer of the
// connections.
type receiver Speaker

var (
	_ sink   = (*receiver)(nil)
	_ hearer = (*receiver)(nil)
)

// route passes on the engine's update of a path, unless the peer has since sent an
// update that the engine is not shown.
func (s *receiver) route(u RouteUpdate) {
	s.strange.RLock()
	defer s.strange.RUnlock()
	if _, kept := s.strange.routes[u.Route.Key()]; !kept {
		s.queue.push(u)
	}
}

func (s *receiver) session(addr netip.Addr, state sessionState, name string, local netip.Addr) {
	addr = addr.WithZone("")
	var negotiated enginePeer
	if state == sessionEstablished {
		var err error
		if negotiated, err = s.engine.peer(s.engine.done, s.sessions.address(addr)); err != nil {
			s.cfg.Log.Warn("bgp: session's families", "neighbor", addr, "error", err)
		}
	}
	if changed, ok := s.sessions.enter(addr, state, name, local, negotiated, s.transport.tell); ok {
		if state != sessionEstablished {
			(*Speaker)(s).guestLeft(addr)
		}
		s.queue.push(PeerChange{Peer: changed})
	}
	if state == sessionEstablished {
		s.established(addr)
	} else {
		s.left(addr)
	}
}

func (s *receiver) ended(addr netip.Addr) {
	s.sessions.ended(addr.WithZone(""))
	s.left(addr.WithZone(""))
}

func (s *receiver) announced(k Key) bool {
	_, ok := s.ours.get(k)
	return ok
}

func (s *receiver) opened(peer netip.Addr, j *gate.Judge) {
	s.sessions.opened(peer, j)
	s.follow(peer, j)
}

func (s *receiver) connectFailed(peer netip.Addr, why string) { s.failed(peer, why, false) }

func (s *receiver) failed(peer netip.Addr, why string, wasUp bool) {
	if state, news := s.sessions.failed(peer, why, wasUp); news {
		s.queue.push(PeerChange{Peer: state})
	}
}

// connectionEnded records why, and keeps the session down if the peer has exceeded
// a limit.
func (s *receiver) connectionEnded(peer netip.Addr, e sessionEnd) {
	s.disconnected(peer, e.judge)
	s.forgetStrange(peer)
	s.failed(peer, e.why, e.up)
	if e.offence {
		s.sessions.ill(peer, e.code, e.why, time.Now())
	}
	switch {
	case e.limit:
		s.endForLimit(peer, e.why)
	case e.offence:
		s.logFault(peer, e.why)
	case e.why != "" && s.sessions.isUp(peer): // the engine is yet to notice
		s.cfg.Log.Info("bgp: session ended", "neighbor", peer, "reason", e.why)
	}
}

// endForLimit keeps a session down whose peer has announced too much, for the time
// that the configuration gives.
func (s *receiver) endForLimit(peer netip.Addr, why string) {
	pause, since := s.sessions.restartAfter(peer)
	if pause == 0 {
		s.keepDown(peer, why, why)
		return
	}
	s.keepDown(peer, fmt.Sprintf("%s; tried again after %v", why, pause), why)
	time.AfterFunc(pause, func() { (*Speaker)(s).tryAgain(peer, since) })
}

// keepDown ends a session until it is configured anew, with words for the peer
// (RFC 9003).
func (s *receiver) keepDown(peer netip.Addr, why, words string) {
	state, first := s.sessions.shut(peer, why)
	if !first {
		return
	}
	s.cfg.Log.Info("bgp: session is kept down", "neighbor", peer, "reason", why)
	s.queue.push(PeerChange{Peer: state})
	s.transport.tell(peer, sessionRefused)
	if err := s.engine.shutPeer(s.engine.done, Neighbor{Address: s.sessions.address(peer)}, words); err != nil {
		s.cfg.Log.Warn("bgp: shut session down", "neighbor", peer, "error", err)
	}
}

func (s *receiver) logFault(peer netip.Addr, what string) {
	if n := s.sessions.faulty(peer, time.Now()); n > 0 {
		s.cfg.Log.Warn("bgp: the peer breaks the protocol", "neighbor", peer, "last", what, "messages", n)
	}
}

func (s *receiver) judged(peer netip.Addr, v gate.Verdict) {
	for _, f := range v.Faults {
		s.sessions.malformed(peer, f, time.Now())
	}
	if len(v.Faults) > 0 && v.Refuse == nil {
		s.logFault(peer, v.Faults[0].Text)
	}
	if v.Warning != "" {
		s.cfg.Log.Warn("bgp: prefix limit is near", "neighbor", peer, "received", v.Warning)
		if state, news := s.sessions.warn(peer, v.Warning); news {
			s.queue.push(PeerChange{Peer: state})
		}
	}
	s.strangePaths(peer, v.Strange)
}

// strangePaths takes note of the paths of a message that the engine is not shown.
func (s *receiver) strangePaths(peer netip.Addr, paths []gate.StrangePath) {
	s.strange.Lock()
	defer s.strange.Unlock()
	var of []byte // the attributes of decoded
	var decoded Route
	for _, p := range paths {
		key := Key{RD: vpn.UnknownRD(p.RD), Prefix: p.Prefix, Peer: peer, PathID: p.ID}
		if p.Withdrawn {
			delete(s.strange.routes, key)
			s.queue.push(RouteUpdate{Route: Route{RD: key.RD, Prefix: key.Prefix, Peer: peer, PathID: p.ID}, Withdrawn: true})
			continue
		}
		if of == nil || &of[0] != &p.Attributes[0] { // those of a message have the same
			of, decoded = p.Attributes, s.strangeRoute(peer, p.Attributes)
		}
		r := decoded
		r.RD, r.Prefix, r.PathID, r.Unusable = key.RD, key.Prefix, p.ID, p.Why
		if decoded.Unusable != "" {
			r.Unusable += "; " + decoded.Unusable
		}
		s.strange.routes[key] = r
		s.queue.push(RouteUpdate{Route: r})
	}
}

func (s *receiver) unread(peer netip.Addr, err error) {
	s.cfg.Log.Error("bgp: passed on to the peer as it is", "neighbor", peer, "error", err)
}

func (s *receiver) withheld(peer netip.Addr, why string) { s.warn(peer, why) }

func (s *receiver) warn(peer netip.Addr, what string) {
	if state, news := s.sessions.warn(peer, what); news {
		s.cfg.Log.Warn("bgp: session", "neighbor", peer, "warning", what)
		s.queue.push(PeerChange{Peer: state})
	}
}

// strangeRoute is a route with the attributes of a message.
func (s *receiver) strangeRoute(peer netip.Addr, attrs []byte) Route {
	r := Route{Peer: peer}
	r.PeerAS, r.PeerID = s.sessions.identity(peer)
	r.IBGP = r.PeerAS == s.cfg.AS
	if err := decodeAttributes(&r, attrs); err != nil {
		r.Unusable = err.Error()
	}
	return r
}

func (s *receiver) forgetStrange(peer netip.Addr) {
	s.strange.Lock()
	defer s.strange.Unlock()
	for k := range s.strange.routes {
		if k.Peer == peer {
			delete(s.strange.routes, k)
			s.queue.push(RouteUpdate{Route: Route{RD: k.RD, Prefix: k.Prefix, Peer: peer, PathID: k.PathID}, Withdrawn: true})
		}
	}
}

// retained is asked while the peer's OPEN waits.
func (s *receiver) retained(peer netip.Addr) gate.Retained {
	n, ok := s.sessions.neighbor(peer)
	if !ok {
		return gate.Retained{}
	}
	kept, err := s.engine.retained(s.engine.done, n)
	if err != nil {
		s.cfg.Log.Warn("bgp: routes kept over a restart", "neighbor", peer, "error", err)
	}
	if kept.Waits {
		kept.LongLived, kept.Until = s.sessions.keptSince(peer, time.Now())
	}
	return kept
}
