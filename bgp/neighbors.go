package bgp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// SetNeighbors replaces the neighbors of the speaker. A session is reset only if
// the change must be negotiated with the peer (see session.Knob.Reset). The list
// is checked as a whole first; an error in applying it to one neighbor does not
// affect the others.
func (s *Speaker) SetNeighbors(ctx context.Context, list []Neighbor) error {
	ranges, others, err := splitRanges(list)
	if err != nil {
		return err
	}
	wanted, err := checkNeighbors(others)
	if err != nil {
		return err
	}
	if err := errors.Join(s.cfg.carriesAll(wanted), rangeFamilies(s.cfg, ranges)); err != nil {
		return err
	}
	s.config.Lock()
	defer s.config.Unlock()
	if err := s.setRanges(ranges, wanted); err != nil {
		return err
	}
	markReflected(wanted, ranges, s.cfg.AS)
	var errs []error
	for _, addr := range sortedAddrs(s.neighbors) {
		if _, keep := wanted[addr]; !keep {
			s.guests.forget(addr)
			errs = append(errs, s.remove(ctx, addr))
		}
	}
	if err := s.engine.setPolicies(ctx, s.cfg.AS, slices.Collect(maps.Values(wanted))); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, addr := range sortedAddrs(wanted) {
		if err := s.apply(ctx, addr, wanted[addr]); err != nil {
			errs = append(errs, fmt.Errorf("bgp: neighbor %s: %w", addr, err))
		}
	}
	return errors.Join(errs...)
}

// apply brings one neighbour to its wanted state; its policies are in place.
func (s *Speaker) apply(ctx context.Context, addr netip.Addr, n Neighbor) error {
	old, exists := s.neighbors[addr]
	switch {
	case !exists:
		return s.add(ctx, addr, n)
	case old.needsReset(n, s.cfg.AS) || s.sessions.isShut(addr) && !old.equal(n):
		if err := s.remove(ctx, addr); err != nil {
			return err
		}
		return s.add(ctx, addr, n)
	case n.Shutdown && !old.Shutdown:
		s.neighbors[addr] = n
		s.sessions.setSettings(addr, n.Settings)
		(*receiver)(s).keepDown(addr, n.whyShut(), n.Communication)
		return nil
	}
	s.neighbors[addr] = n
	s.sessions.setSettings(addr, n.Settings)
	s.sessions.setLimit(addr, n.MaxPrefixes)
	s.transport.limit(addr, n.limit())
	s.transport.members.setTerms(addr, n.memberTerms(s.cfg.AS))
	var errs []error
	if old.ConnectRetry != n.ConnectRetry || old.Passive != n.Passive {
		errs = append(errs, s.reconnect(addr, n))
	}
	if old.StalePath() != n.StalePath() {
		s.transport.setStalePath(addr, n.StalePath())
	}
	was, is := old.policies(), n.policies()
	sameExport := reflect.DeepEqual(was.out, is.out) && was.nextHop == is.nextHop
	if !sameExport || !reflect.DeepEqual(was, is) {
		s.transport.setPolicies(addr, is)
	}
	if !equalOptional(old.MED, n.MED) || !sameExport {
		errs = append(errs, s.engine.resend(ctx, n))
	}
	if !equalOptional(old.enginePref(), n.enginePref()) {
		errs = append(errs, s.engine.reimport(ctx, n))
	}
	(*receiver)(s).prefer(addr, n.enginePref())
	return errors.Join(errs...)
}

func (s *Speaker) add(ctx context.Context, addr netip.Addr, n Neighbor) error {
	s.neighbors[addr] = n
	s.sessions.add(addr, n, s.cfg.AS)
	(*receiver)(s).prefer(addr, n.enginePref())
	if n.Shutdown {
		s.sessions.shut(addr, n.whyShut())
	}
	// The transport comes first: it must receive the engine's first state.
	err := s.transport.add(n)
	if err == nil {
		err = s.engine.addPeer(ctx, n)
	}
	if err != nil {
		s.transport.remove(addr)
		s.sessions.remove(addr)
		delete(s.neighbors, addr)
	}
	if n.Shutdown && err == nil {
		s.transport.tell(addr, sessionRefused)
		if state, ok := s.sessions.stateOf(addr); ok {
			s.queue.push(PeerChange{Peer: state})
		}
	}
	return err
}

// limit is how many prefixes the peer may announce.
func (n Neighbor) limit() gate.Limit {
	return gate.Limit{Paths: n.MaxPrefixes, Warn: n.MaxPrefixesThreshold, WarnOnly: n.MaxPrefixesWarningOnly}
}

// tryAgain ends the time for which a session is kept down that has ended for its
// prefix limit, unless the neighbour has been configured anew.
func (s *Speaker) tryAgain(addr netip.Addr, since time.Time) {
	s.config.Lock()
	defer s.config.Unlock()
	n, ok := s.neighbors[addr]
	p, known := s.sessions.stateOf(addr)
	ctx := s.engine.done
	if !ok || !known || n.Shutdown || p.Reason == "" || !p.LastErrorAt.Equal(since) || ctx.Err() != nil {
		return
	}
	if err := errors.Join(s.remove(ctx, addr), s.add(ctx, addr, n)); err != nil {
		s.cfg.Log.Warn("bgp: start session again", "neighbor", addr, "error", err)
	}
}

// asRules are what the session does to AS paths.
func (n Neighbor) asRules() gate.ASRules {
	return gate.ASRules{
		Local: n.LocalAS, NoPrepend: n.LocalASNoPrepend, ReplaceAS: n.LocalASReplaceAS,
		EnforceFirst: n.EnforceFirstAS, RemovePrivate: n.RemovePrivateAS,
	}
}

// whyShut says that the configuration keeps the session down.
func (n Neighbor) whyShut() string {
	if n.Communication != "" {
		return "shut down in the configuration: " + n.Communication
	}
	return "shut down in the configuration"
}

func (s *Speaker) remove(ctx context.Context, addr netip.Addr) error {
	n := s.neighbors[addr]
	delete(s.neighbors, addr)
	s.transport.remove(addr)
	s.transport.members.forget(addr)
	err := s.engine.deletePeer(ctx, n)
	(*receiver)(s).removed(addr)
	if state, ok := s.sessions.remove(addr); ok {
		s.queue.push(PeerChange{Peer: state, Removed: true})
	}
	if err != nil {
		return fmt.Errorf("bgp: remove neighbor %s: %w", addr, err)
	}
	return nil
}

// reconnect changes how connections are made without affecting the session.
func (s *Speaker) reconnect(addr netip.Addr, n Neighbor) error {
	s.transport.remove(addr)
	if err := s.transport.add(n); err != nil {
		return err
	}
	s.sessions.repeat(addr, s.transport.tell)
	return nil
}

// revive ends the engine's pause of five seconds after a failed session: it
// deletes the peer and adds it again, unless stale routes of a restarting peer
// would be lost.
func (s *Speaker) revive(addr netip.Addr) {
	ctx := s.engine.done
	s.config.Lock()
	defer s.config.Unlock()
	n, ok := s.neighbors[addr]
	if !ok || ctx.Err() != nil || !s.sessions.isIdle(addr) {
		return
	}
	known, err := s.engine.peer(ctx, n.Address)
	switch {
	case err != nil:
	case known.keepsStale:
		err = s.engine.hasten(ctx, n)
	default:
		if err = s.engine.deletePeer(ctx, n); err == nil {
			err = s.engine.addPeer(ctx, n)
		}
	}
	if err != nil {
		s.cfg.Log.Warn("bgp: revive session", "neighbor", addr, "error", err)
	}
}

// needsReset reports whether a change needs a new session. next-hop-self does,
// since the engine would not withdraw the routes to be withheld, except from
// external peers, for which none are withheld.
func (n Neighbor) needsReset(to Neighbor, as uint32) bool {
	if n.AS != as {
		to.NextHopSelf = n.NextHopSelf
	}
	return n.Address != to.Address || n.LocalAddress != to.LocalAddress || n.AS != to.AS || n.Client != to.Client || n.Border != to.Border || n.ofReflector != to.ofReflector ||
		slices.ContainsFunc(session.Knobs(session.Routers|session.Hosts), func(k *session.Knob) bool {
			return k.Reset && !k.Equal(n.Settings, to.Settings)
		})
}

func (n Neighbor) equal(o Neighbor) bool {
	return !n.needsReset(o, n.AS) && reflect.DeepEqual(n.Settings, o.Settings) &&
		reflect.DeepEqual(n.policies(), o.policies())
}

func familyNames(families []vpn.Family) []string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = string(f)
	}
	return names
}

func sortedAddrs(m map[netip.Addr]Neighbor) []netip.Addr {
	return slices.SortedFunc(maps.Keys(m), netip.Addr.Compare)
}
