package bgp

import (
	"net/netip"
	"sync"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// Received routes reach the events from the gates, which have read them before the
// engine: what a gate shows the engine is what the engine then has. Only the engine
// knows what it keeps of a peer that restarts (RFC 4724), and for how long. From the
// first such restart on, the routes of that peer come from the engine.

// inflows are where the routes of each peer come from.
type inflows struct {
	mu    sync.Mutex
	peers map[netip.Addr]*inflow // by address without zone

	watching sync.Once // the engine's paths
}

// inflow is where the routes of one peer come from.
type inflow struct {
	mu     sync.Mutex
	judge  *gate.Judge // whose news are the peer's routes; nil: there is none
	up     bool        // the session of judge is known to be established; routes come after that
	early  []gate.Shown
	ended  bool    // the connection of judge has
	from   Route   // who the peer is
	pref   *uint32 // the local preference that its routes get; nil: they keep theirs
	engine bool    // the engine tells of the peer's routes
}

func (f *inflows) of(peer netip.Addr) *inflow {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peers == nil {
		f.peers = make(map[netip.Addr]*inflow)
	}
	p := f.peers[peer]
	if p == nil {
		p = &inflow{}
		f.peers[peer] = p
	}
	return p
}

// follow begins to take the routes of a peer from a gate, once its OPEN is there. With
// AS numbers of two octets, the engine has to make whole paths of two attributes.
func (s *receiver) follow(peer netip.Addr, j *gate.Judge) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.judge != nil {
		s.settle(peer, f)
	}
	if j.Waits() || !j.FourOctets() {
		s.takeFromEngine(peer, f)
	}
	if f.engine {
		return
	}
	as, _ := s.sessions.identity(peer)
	f.judge, f.up, f.early, f.ended = j, false, nil, false
	f.from = Route{Peer: peer, PeerAS: as, PeerID: j.ShownID(), IBGP: as == s.cfg.AS}
	j.Follow()
}

// shown passes on the news of a gate. They are taken under the lock: whoever ends the inflow
// finds each either here or still with the gate.
func (s *receiver) shown(peer netip.Addr, j *gate.Judge) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	news := j.News()
	switch {
	case f.judge != j || len(news) == 0:
	case f.up:
		s.tell(f, news)
	default:
		f.early = append(f.early, news...)
	}
}

// established notes that the session with a peer is known to be.
func (s *receiver) established(peer netip.Addr) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.judge != nil && !f.up {
		f.up = true
		s.tell(f, f.early)
		f.early = nil
	}
}

// tell passes on what a gate shows the engine.
func (s *receiver) tell(f *inflow, news []gate.Shown) {
	events := make([]Event, 0, len(news))
	s.strange.RLock()
	for i := range news {
		u := f.update(&news[i])
		if len(s.strange.routes) > 0 {
			if _, kept := s.strange.routes[u.Route.Key()]; kept {
				continue
			}
		}
		events = append(events, u)
	}
	s.strange.RUnlock()
	s.queue.push(events...)
}

// update is the news of a gate as an event. Routes with the same attributes share them.
func (f *inflow) update(n *gate.Shown) RouteUpdate {
	r := Route{RD: vpn.UnknownRD(n.RD), Prefix: n.Prefix, PathID: n.ID, Peer: f.from.Peer}
	if n.Attributes == nil {
		return RouteUpdate{Route: r, Withdrawn: true}
	}
	common, ok := n.Attributes.Meaning.(*Route)
	if !ok {
		of := f.from
		if err := decodeAttributes(&of, n.Attributes.Message(n.Family)); err != nil && of.Unusable == "" {
			of.Unusable = err.Error()
		}
		common = &of
		n.Attributes.Meaning = common
	}
	rd, prefix, id := r.RD, r.Prefix, r.PathID
	r = *common
	r.RD, r.Prefix, r.PathID, r.Label = rd, prefix, id, vpn.Label(n.Label)
	if f.pref != nil {
		r.LocalPref = f.pref
	}
	if martian := Martian(prefix); martian != "" {
		r.Unusable = martian
	}
	return RouteUpdate{Route: r}
}

// disconnected notes that the connection of a gate has ended. The engine is yet to hear of
// it, or has ended it.
func (s *receiver) disconnected(peer netip.Addr, j *gate.Judge) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.judge != j {
		return
	}
	f.ended = true
	go func() {
		known, err := s.engine.peer(s.engine.done, s.sessions.address(peer))
		if err != nil || !known.established {
			s.left(peer)
		}
	}()
}

// left notes that the engine has no session with a peer.
func (s *receiver) left(peer netip.Addr) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.judge != nil && f.ended {
		s.settle(peer, f)
	}
}

// settle ends the news of a gate: its routes are gone, unless the engine keeps them.
func (s *receiver) settle(peer netip.Addr, f *inflow) {
	known, err := s.engine.peer(s.engine.done, s.sessions.address(peer))
	if err == nil && known.awaited {
		s.takeFromEngine(peer, f)
		return
	}
	s.withdrawAll(f, nil)
}

// removed notes that a peer has been removed from the engine, and all its routes.
func (s *receiver) removed(peer netip.Addr) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	s.withdrawAll(f, nil)
}

// withdrawAll withdraws the routes of a gate but those that are kept. Those that the peer
// has withdrawn itself are among them if nobody has been told yet.
func (s *receiver) withdrawAll(f *inflow, kept map[Key]bool) {
	if f.judge == nil {
		return
	}
	f.early = nil
	var gone []gate.Shown
	for _, p := range f.judge.Unfollow() {
		n := gate.Shown{Path: p}
		if !kept[f.update(&n).Route.Key()] {
			gone = append(gone, n)
		}
	}
	s.tell(f, gone)
	f.judge = nil
}

// takeFromEngine has the engine tell of the routes of a peer, beginning with those that
// it has.
func (s *receiver) takeFromEngine(peer netip.Addr, f *inflow) {
	if f.engine {
		return
	}
	f.engine = true
	s.inflows.watching.Do(func() {
		if err := s.engine.watchPaths(s); err != nil {
			s.cfg.Log.Error("bgp: watch paths", "error", err)
		}
	})
	n, _ := s.sessions.neighbor(peer)
	routes, err := s.engine.keptOf(s.engine.done, n)
	if err != nil {
		s.cfg.Log.Warn("bgp: routes kept over a restart", "neighbor", peer, "error", err)
	}
	kept := make(map[Key]bool, len(routes))
	for _, r := range routes {
		if f.pref != nil {
			r.LocalPref = f.pref
		}
		kept[r.Key()] = true
		s.route(RouteUpdate{Route: r})
	}
	s.withdrawAll(f, kept)
}

// prefer sets the local preference that the engine gives to the routes of a peer, and tells
// of them again if it is another.
func (s *receiver) prefer(peer netip.Addr, pref *uint32) {
	f := s.inflows.of(peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := !equalOptional(f.pref, pref)
	f.pref = pref
	if changed && f.judge != nil && f.up {
		s.tell(f, f.judge.Shown())
	}
}

// kept passes on the engine's update of a path, where it is the engine that tells.
func (s *receiver) kept(u RouteUpdate) {
	f := s.inflows.of(u.Route.Peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.engine {
		s.route(u)
	}
}

// endOfRIB passes on an end of RIB; among reports whether it comes among the paths of the
// engine, whose order it is to keep.
func (s *receiver) endOfRIB(e EndOfRIB, among bool) {
	f := s.inflows.of(e.Peer.WithZone(""))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.engine == among {
		s.queue.push(e)
	}
}
