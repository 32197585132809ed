package bgp

import (
	"net/netip"

	api "github.com/osrg/gobgp/v3/api"
)

// sink receives the engine's events. Sessions and ends of RIB come in order from one
// goroutine, paths of peers from another, local paths from a third. The methods may
// call the engine.
type sink interface {
	route(u RouteUpdate)
	session(addr netip.Addr, state sessionState, name string, local netip.Addr)
	ended(addr netip.Addr) // a deleted session, which was established, has ended
	endOfRIB(e EndOfRIB, among bool)

	// kept is a path of a peer, if the engine is asked for those (see watchPaths).
	kept(u RouteUpdate)

	// announced reports whether a local path is one of Announce.
	announced(k Key) bool
}

type tableFilter = api.WatchEventRequest_Table_Filter

// watch begins to pass on sessions and ends of RIB.
func (e *engine) watch(to sink) error {
	w := &receivedWatcher{log: e.log, as: e.as, to: to}
	return e.server.WatchEvent(e.done, &api.WatchEventRequest{
		Peer:  &api.WatchEventRequest_Peer{},
		Table: &api.WatchEventRequest_Table{Filters: []*tableFilter{{Type: api.WatchEventRequest_Table_Filter_EOR}}},
	}, w.event)
}

// watchPaths begins to pass on the paths of all peers after import policy, with the ends
// of RIB among them. The engine spends more time on that than on anything else: it
// describes the session anew for each path.
func (e *engine) watchPaths(to sink) error {
	w := &receivedWatcher{log: e.log, as: e.as, to: to, paths: true}
	return e.server.WatchEvent(e.done, &api.WatchEventRequest{
		Table: &api.WatchEventRequest_Table{Filters: []*tableFilter{
			{Type: api.WatchEventRequest_Table_Filter_POST_POLICY},
			{Type: api.WatchEventRequest_Table_Filter_EOR},
		}},
	}, w.event)
}

// watchLocal begins to pass on local paths. GoBGP has no event for them; they are found
// among the best paths of all prefixes.
func (e *engine) watchLocal(to sink) error {
	w := &localWatcher{log: e.log, as: e.as, to: to, known: make(map[Key]struct{})}
	return e.server.WatchEvent(e.done, &api.WatchEventRequest{
		Table: &api.WatchEventRequest_Table{Filters: []*tableFilter{
			{Type: api.WatchEventRequest_Table_Filter_BEST, Init: true},
		}},
	}, w.event)
}

// receivedWatcher passes on sessions, the paths of peers and ends of RIB.
type receivedWatcher struct {
	log   *engineLog
	as    uint32
	to    sink
	paths bool // ends of RIB are among paths
}

func (w *receivedWatcher) event(r *api.WatchEventResponse) {
	if p := r.GetPeer(); p != nil {
		w.session(p)
	}
	for _, p := range r.GetTable().GetPaths() {
		w.path(p)
	}
}

// session passes on a change of state. Events without a type are of deleted
// sessions, whose addresses may be those of new ones by now.
func (w *receivedWatcher) session(ev *api.WatchEventResponse_PeerEvent) {
	p := ev.GetPeer()
	addr, err := netip.ParseAddr(p.GetState().GetNeighborAddress())
	if err != nil || addr == heldBy {
		return
	}
	switch ev.GetType() {
	case api.WatchEventResponse_PeerEvent_STATE:
	case api.WatchEventResponse_PeerEvent_UNKNOWN:
		w.to.ended(addr.Unmap())
		return
	default:
		return
	}
	local, _ := netip.ParseAddr(p.GetTransport().GetLocalAddress())
	state, name := stateOf(p.GetState().GetSessionState())
	w.to.session(addr.Unmap(), state, name, local.Unmap())
}

func (w *receivedWatcher) path(p *api.Path) {
	family, ok := familyOf(p.GetFamily())
	if !ok {
		return
	}
	if p.GetNlri() == nil {
		if peer, err := netip.ParseAddr(p.GetNeighborIp()); err == nil {
			w.to.endOfRIB(EndOfRIB{Peer: peer.Unmap(), Family: family}, w.paths)
		}
		return
	}
	r, err := routeOf(p, w.as)
	if err != nil {
		w.log.log.Warn("bgp: a received path was ignored", "peer", p.GetNeighborIp(), "error", err)
		return
	}
	w.to.kept(RouteUpdate{Route: r, Withdrawn: p.GetIsWithdraw()})
}

// localWatcher passes on local paths that Announce did not add, as long as they
// are the best of their prefix.
type localWatcher struct {
	log   *engineLog
	as    uint32
	to    sink
	known map[Key]struct{}
}

func (w *localWatcher) event(r *api.WatchEventResponse) {
	for _, p := range r.GetTable().GetPaths() {
		if _, ok := familyOf(p.GetFamily()); !ok {
			continue
		}
		switch local := isLocal(p); {
		case local && !p.GetIsWithdraw():
			w.appeared(p)
		case len(w.known) > 0:
			w.vanished(p)
		}
	}
}

func (w *localWatcher) appeared(p *api.Path) {
	r, err := routeOf(p, w.as)
	if err != nil {
		w.log.log.Warn("bgp: a local path was ignored", "error", err)
		return
	}
	if w.to.announced(r.Key()) {
		w.forget(r.Key())
		return
	}
	w.known[r.Key()] = struct{}{}
	w.to.route(RouteUpdate{Route: r})
}

// vanished handles the withdrawal of a local path, and a better received one.
func (w *localWatcher) vanished(p *api.Path) {
	r, err := nlriOf(p)
	if err != nil {
		return
	}
	w.forget(Key{RD: r.RD, Prefix: r.Prefix, PathID: p.GetIdentifier()})
}

func (w *localWatcher) forget(k Key) {
	if _, ok := w.known[k]; !ok {
		return
	}
	delete(w.known, k)
	w.to.route(RouteUpdate{Route: Route{RD: k.RD, Prefix: k.Prefix, PathID: k.PathID}, Withdrawn: true})
}

func stateOf(s api.PeerState_SessionState) (sessionState, string) {
	switch s {
	case api.PeerState_ESTABLISHED:
		return sessionEstablished, StateEstablished
	case api.PeerState_OPENCONFIRM:
		return sessionBusy, "openconfirm"
	case api.PeerState_OPENSENT:
		return sessionBusy, "opensent"
	case api.PeerState_ACTIVE:
		return sessionAwaiting, "active"
	case api.PeerState_CONNECT:
		return sessionAwaiting, "connect"
	}
	return sessionIdle, "idle"
}
