package bgp

import "net/netip"

// receiver is the speaker as the engine sees it.
type receiver Speaker

var _ sink = (*receiver)(nil)

func (s *receiver) route(u RouteUpdate) {
	s.queue.push(u)
	if !u.Route.Peer.IsValid() {
		return
	}
	n, reason := s.sessions.count(u)
	if reason == "" {
		return
	}
	state, first := s.sessions.shut(u.Route.Peer, reason)
	if !first {
		return
	}
	s.cfg.Log.Warn("bgp: session is kept down", "neighbor", u.Route.Peer, "reason", reason)
	s.queue.push(PeerChange{Peer: state})
	s.transport.tell(u.Route.Peer, sessionRefused)
	if err := s.engine.shutPeer(s.engine.done, n, reason); err != nil {
		s.cfg.Log.Warn("bgp: shut session down", "neighbor", u.Route.Peer, "error", err)
	}
}

func (s *receiver) session(addr netip.Addr, state sessionState, name string, local netip.Addr) {
	addr = addr.WithZone("")
	var negotiated []string
	if state == sessionEstablished {
		known, err := s.engine.peers(s.engine.done, s.sessions.address(addr), false)
		if err != nil {
			s.cfg.Log.Warn("bgp: session's families", "neighbor", addr, "error", err)
		}
		negotiated = known[addr].families
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
