package bgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/vpn"
)

// Speaker is a running BGP speaker. Its methods may be called from any
// goroutine.
type Speaker struct {
	cfg       Config
	engine    *engine
	transport *transport
	queue     *queue

	config    sync.Mutex // held while the engine's configuration changes
	neighbors map[netip.Addr]Neighbor

	sessions sessions
	counts   keptCounts
	guests   guests
	inflows  inflows

	announcing sync.Mutex // held while routes of ours change
	ours       keptRoutes // announced, by localKey
	strange    keptRoutes // of peers, not shown to the engine
}

// keptRoutes are routes that the speaker keeps outside of the engine.
type keptRoutes struct {
	sync.RWMutex
	routes map[Key]Route
}

// Start starts a speaker without neighbours. ctx bounds only the start; the
// speaker runs until Stop.
func Start(ctx context.Context, cfg Config) (*Speaker, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	s := &Speaker{cfg: cfg, transport: transport, queue: newQueue(), neighbors: make(map[netip.Addr]Neighbor)}
	s.sessions.records = make(map[netip.Addr]*sessionRecord)
	s.sessions.routerID = cfg.RouterID
	s.counts.known, s.counts.asking = make(map[netip.Addr]peerCount), make(map[netip.Addr]chan struct{})
	s.ours.routes, s.strange.routes = make(map[Key]Route), make(map[Key]Route)
	if s.engine, err = startEngine(ctx, cfg, (*receiver)(s)); err != nil {
		transport.close()
		s.queue.close()
		return nil, err
	}
	transport.stranger = s.stranger
	transport.members.restarts(cfg.Restarting)
	transport.start(s.engine.deliver, s.revive, (*receiver)(s))
	return s, nil
}

// Stop ends every session with a notification, frees addresses and socket, and
// closes the channel of Events.
func (s *Speaker) Stop(ctx context.Context) error {
	s.transport.close()
	err := s.sayGoodbye(ctx)
	err = errors.Join(err, s.engine.stop(ctx))
	s.transport.finish()
	s.queue.close()
	return err
}

// Restarted ends the restart of a speaker that was started with
// Config.Restarting: the peers receive all routes that were announced since, and
// the end of RIB. Sessions with peers that have not sent their own end of RIB by
// now are restarted.
func (s *Speaker) Restarted(ctx context.Context) error {
	s.config.Lock()
	defer s.config.Unlock()
	h := s.engine.held
	if h == nil {
		return nil
	}
	s.engine.held = nil
	s.engine.isRestarting.Store(false)
	s.transport.members.restarts(false)
	waiting, err := h.release(ctx)
	errs := []error{err}
	for _, addr := range waiting {
		if n, ok := s.neighbors[addr]; ok {
			s.cfg.Log.Warn("bgp: restarted the session of a peer that sent no end of RIB in time", "neighbor", addr)
			errs = append(errs, s.remove(ctx, addr), s.add(ctx, addr, n))
		}
	}
	return errors.Join(errs...)
}

// goodbyeWait is how long Stop waits for the sessions to end.
const goodbyeWait = time.Second

// sayGoodbye ends all sessions and waits until the notifications are sent. The
// engine must not be stopped before: it would remove the configuration that the
// sessions use.
func (s *Speaker) sayGoodbye(ctx context.Context) error {
	s.config.Lock()
	defer s.config.Unlock()
	all := s.sessions.leave()
	var errs []error
	for _, addr := range sortedAddrs(s.neighbors) {
		errs = append(errs, s.remove(ctx, addr))
	}
	select {
	case <-all:
	case <-time.After(goodbyeWait):
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
	}
	return errors.Join(errs...)
}

// Events returns the channel of the speaker's events, in batches and in order for
// each peer. Nothing is lost or delayed if the receiver is slow; memory grows
// instead. The events begin with the speaker's start, so that its receiver has
// the whole state.
func (s *Speaker) Events() <-chan []Event { return s.queue.out }

// Announce adds routes of ours, or replaces those with the same RD and prefix. An
// error with one route does not affect the others.
func (s *Speaker) Announce(ctx context.Context, routes []Route) error {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	var errs []error
	for _, r := range routes {
		if err := r.validate(s.cfg.carries()); err != nil {
			errs = append(errs, fmt.Errorf("bgp: announce: %w", err))
			continue
		}
		if !r.fits() {
			errs = append(errs, fmt.Errorf("bgp: announce %s of RD %s: its attributes do not fit a message", r.Prefix, r.RD), s.withdraw(ctx, r))
			continue
		}
		s.ours.set(r.localKey(), r)
		if err := s.engine.announce(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("bgp: announce %s of RD %s: %w", r.Prefix, r.RD, err))
		}
	}
	return errors.Join(errs...)
}

// SetImports says which route targets the router imports. Peers with route target
// constraint are asked for routes that have one of them (RFC 4684); until it is
// called, for all.
func (s *Speaker) SetImports(targets []vpn.RouteTarget) { s.transport.members.setOwn(targets) }

// Withdraw withdraws announced routes by RD and prefix. It ignores routes that
// were not announced.
func (s *Speaker) Withdraw(ctx context.Context, routes []Route) error {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	var errs []error
	for _, r := range routes {
		errs = append(errs, s.withdraw(ctx, r))
	}
	return errors.Join(errs...)
}

func (s *Speaker) withdraw(ctx context.Context, r Route) error {
	announced, ok := s.ours.get(r.localKey())
	if !ok {
		return nil
	}
	if err := s.engine.withdraw(ctx, announced); err != nil {
		return fmt.Errorf("bgp: withdraw %s of RD %s: %w", r.Prefix, r.RD, err)
	}
	s.ours.remove(r.localKey())
	return nil
}

// Peers returns the state of every configured session, by address.
func (s *Speaker) Peers(ctx context.Context) ([]PeerState, error) {
	states := s.sessions.list()
	var down []netip.Addr
	for i, p := range states {
		r := s.transport.session(p.Address)
		if r == nil {
			down = append(down, p.Address)
			continue
		}
		states[i].Advertised = r.editor.Told()
		states[i].TargetsReceived, states[i].TargetsAdvertised = r.targets()
		s.counts.set(p.Address, peerCount{r.judge.Held(), r.judge.Accepted()})
	}
	s.countKept(ctx, down)
	for i, p := range states {
		c := s.counts.of(p.Address)
		states[i].Received, states[i].Accepted = c.received, c.accepted
	}
	s.counts.keep(states)
	return states, nil
}

// RIB returns all paths of a family, by prefix, RD and peer.
func (s *Speaker) RIB(ctx context.Context, family vpn.Family) ([]RIBPath, error) {
	paths, err := s.engine.rib(ctx, family)
	if err != nil {
		return nil, fmt.Errorf("bgp: RIB %s: %w", family, err)
	}
	for _, r := range s.strange.all() {
		if familyFor(r, s.cfg.carries()) == family {
			paths = append(paths, RIBPath{Route: r})
		}
	}
	slices.SortFunc(paths, func(a, b RIBPath) int { return a.Key().compare(b.Key()) })
	return paths, nil
}

// localKey returns the key of the route among those that originate here.
func (r Route) localKey() Key { return Key{RD: r.RD, Prefix: r.Prefix} }

func (l *keptRoutes) set(k Key, r Route) {
	l.Lock()
	defer l.Unlock()
	l.routes[k] = r
}

func (l *keptRoutes) all() []Route {
	l.RLock()
	defer l.RUnlock()
	return slices.Collect(maps.Values(l.routes))
}

func (l *keptRoutes) get(k Key) (Route, bool) {
	l.RLock()
	defer l.RUnlock()
	r, ok := l.routes[k]
	return r, ok
}

func (l *keptRoutes) remove(k Key) {
	l.Lock()
	defer l.Unlock()
	delete(l.routes, k)
}
