package bgp

import (
	"fmt"
	"net/netip"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// receiver is the speaker as the engine and the connections see it.
type receiver Speaker

var (
	_ sink   = (*receiver)(nil)
	_ hearer = (*receiver)(nil)
)

// route passes on an event of the engine about a path, unless the peer has since
// said something of it that the engine is not shown.
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
		known, err := s.engine.peers(s.engine.done, s.sessions.address(addr), false)
		if err != nil {
			s.cfg.Log.Warn("bgp: session's families", "neighbor", addr, "error", err)
		}
		negotiated = known[addr]
	}
	if changed, ok := s.sessions.enter(addr, state, name, local, negotiated, s.transport.tell); ok {
		s.queue.push(PeerChange{Peer: changed})
	}
}

func (s *receiver) ended(addr netip.Addr) { s.sessions.ended(addr.WithZone("")) }

func (s *receiver) endOfRIB(e EndOfRIB) { s.queue.push(e) }

func (s *receiver) announced(k Key) bool {
	_, ok := s.ours.get(k)
	return ok
}

func (s *receiver) opened(peer netip.Addr, o gate.Open) { s.sessions.opened(peer, o.ID) }

func (s *receiver) connectFailed(peer netip.Addr, why string) {
	if state, news := s.sessions.failed(peer, why); news {
		s.queue.push(PeerChange{Peer: state})
	}
}

// connectionEnded records why, and keeps the session down where the peer has
// announced more than it may.
func (s *receiver) connectionEnded(peer netip.Addr, e sessionEnd) {
	s.forgetStrange(peer)
	s.connectFailed(peer, e.why)
	switch {
	case e.limit:
		s.keepDown(peer, e.why)
	case e.offence:
		s.logFault(peer, e.why)
	}
}

func (s *receiver) keepDown(peer netip.Addr, why string) {
	state, first := s.sessions.shut(peer, why)
	if !first {
		return
	}
	s.cfg.Log.Warn("bgp: session is kept down", "neighbor", peer, "reason", why)
	s.queue.push(PeerChange{Peer: state})
	s.transport.tell(peer, sessionRefused)
	if err := s.engine.shutPeer(s.engine.done, Neighbor{Address: s.sessions.address(peer)}, why); err != nil {
		s.cfg.Log.Warn("bgp: shut session down", "neighbor", peer, "error", err)
	}
}

func (s *receiver) logFault(peer netip.Addr, what string) {
	if n := s.sessions.faulty(peer, time.Now()); n > 0 {
		s.cfg.Log.Warn("bgp: the peer breaks the protocol", "neighbor", peer, "last", what, "messages", n)
	}
}

func (s *receiver) judged(peer netip.Addr, v gate.Verdict) {
	if len(v.Faults) > 0 && v.Refuse == nil {
		s.logFault(peer, v.Faults[0])
	}
	if v.Warning != "" {
		s.cfg.Log.Warn("bgp: prefix limit is near", "neighbor", peer, "received", v.Warning)
		if state, news := s.sessions.warn(peer, v.Warning); news {
			s.queue.push(PeerChange{Peer: state})
		}
	}
	for _, p := range v.Strange {
		s.strangePath(peer, p)
	}
}

// strangePath takes note of a path that the engine is not shown.
func (s *receiver) strangePath(peer netip.Addr, p gate.StrangePath) {
	r := Route{RD: vpn.UnknownRD(p.RD), Prefix: p.Prefix, Peer: peer}
	s.strange.Lock()
	defer s.strange.Unlock()
	if p.Withdrawn {
		delete(s.strange.routes, r.Key())
		s.queue.push(RouteUpdate{Route: r, Withdrawn: true})
		return
	}
	r.Unusable = "its route distinguisher is of an unknown type"
	if p.Labels > 1 {
		// Whoever sends several labels wants all of them pushed (RFC 8277).
		r.Unusable = fmt.Sprintf("it carries %d labels; one is supported", p.Labels)
	}
	if err := decodeAttributes(&r, p.Attributes); err != nil {
		r.Unusable += "; " + err.Error()
	}
	s.strange.routes[r.Key()] = r
	s.queue.push(RouteUpdate{Route: r})
}

func (s *receiver) forgetStrange(peer netip.Addr) {
	s.strange.Lock()
	defer s.strange.Unlock()
	for k := range s.strange.routes {
		if k.Peer == peer {
			delete(s.strange.routes, k)
			s.queue.push(RouteUpdate{Route: Route{RD: k.RD, Prefix: k.Prefix, Peer: peer}, Withdrawn: true})
		}
	}
}
