package bgp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/vpn"
)

// Guests are neighbours that are not configured by themselves: they have connected
// from a prefix whose addresses may. A guest is configured when it connects, and
// forgotten some time after its session has ended, so that what is kept of a peer
// that restarts (RFC 4724) is kept for a guest, too.

const (
	guestStay    = 3 * time.Minute // without a session; longer than restarts take
	guestsAtOnce = 8               // that are being configured
	refusalPause = 10 * time.Second
)

// guests are the prefixes and who has come from them.
type guests struct {
	mu     sync.Mutex
	ranges []Neighbor                  // the longest prefixes first
	from   map[netip.Addr]netip.Prefix // guests, by address
	coming int                         // connections of those that are being configured
}

// rangeOf returns the prefix that an address belongs to.
func (g *guests) rangeOf(remote, local netip.Addr) (Neighbor, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, n := range g.ranges {
		if n.Range.Contains(remote.WithZone("")) && (!local.IsValid() || !n.LocalAddress.IsValid() || n.LocalAddress == local) {
			n.Address = remote
			return n, true
		}
	}
	return Neighbor{}, false
}

// enter counts a connection that is being looked at; false: there are too many.
func (g *guests) enter(by int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if by > 0 && g.coming >= guestsAtOnce {
		return false
	}
	g.coming += by
	return true
}

func (g *guests) of(p netip.Prefix) (list []netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for addr, from := range g.from {
		if from == p {
			list = append(list, addr)
		}
	}
	return list
}

func (g *guests) note(addr netip.Addr, p netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = make(map[netip.Addr]netip.Prefix)
	}
	g.from[addr] = p
}

func (g *guests) forget(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.from, addr)
}

func (g *guests) isGuest(addr netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.from[addr]
	return ok
}

// validRange refuses prefixes that no peers can connect from.
func (n Neighbor) validRange() error {
	one := n
	one.Address, one.Range = n.Range.Addr(), netip.Prefix{}
	switch {
	case n.Address.IsValid():
		return fmt.Errorf("bgp: neighbor %s: both an address and a prefix", n.Address)
	case n.Range != n.Range.Masked() || n.Range.IsSingleIP():
		return fmt.Errorf("bgp: neighbors %s: not a prefix of several addresses", n.Range)
	case n.Limit <= 0:
		return fmt.Errorf("bgp: neighbors %s: no limit", n.Range)
	}
	return one.validate()
}

// splitRanges returns the configured prefixes, and the other neighbours.
func splitRanges(list []Neighbor) (ranges, others []Neighbor, err error) {
	for _, n := range list {
		if !n.Range.IsValid() {
			others = append(others, n)
			continue
		}
		n = n.normal()
		if err := n.validRange(); err != nil {
			return nil, nil, err
		}
		n.Passive = true
		ranges = append(ranges, n)
	}
	slices.SortStableFunc(ranges, func(a, b Neighbor) int { return b.Range.Bits() - a.Range.Bits() })
	return ranges, others, nil
}

// setRanges replaces the prefixes. It adds guests that may stay to the wanted
// neighbours.
func (s *Speaker) setRanges(ranges []Neighbor, wanted map[netip.Addr]Neighbor) error {
	s.guests.mu.Lock()
	old := s.guests.ranges
	s.guests.ranges = ranges
	guests := slices.Collect(maps.Keys(s.guests.from))
	s.guests.mu.Unlock()
	for _, addr := range guests {
		if _, configured := wanted[addr]; configured {
			s.guests.forget(addr)
		} else if n, ok := s.guests.rangeOf(s.neighbors[addr].Address, s.neighbors[addr].LocalAddress); ok {
			s.guests.note(addr, n.Range)
			wanted[addr] = n
		}
	}
	return s.transport.setRangePasswords(old, ranges)
}

// stranger takes a connection that is no configured neighbour's; false: nobody may
// connect from there.
func (s *Speaker) stranger(conn *net.TCPConn, remote, local netip.Addr) bool {
	if _, ok := s.guests.rangeOf(remote, local); !ok || !s.guests.enter(1) {
		return false
	}
	s.transport.wg.Go(func() {
		defer s.guests.enter(-1)
		if err := s.welcome(remote, local); err != nil {
			s.transport.refuse(conn, remote, local, err.Error())
			return
		}
		s.transport.accept(conn)
	})
	return true
}

// welcome configures a guest, unless it is a neighbour by now.
func (s *Speaker) welcome(remote, local netip.Addr) error {
	addr := remote.WithZone("")
	s.config.Lock()
	defer s.config.Unlock()
	n, ok := s.guests.rangeOf(remote, local)
	_, known := s.neighbors[addr]
	switch {
	case known:
		return nil
	case !ok:
		return errors.New("unknown peer")
	case s.transport.ctx.Err() != nil:
		return errors.New("the speaker ends")
	}
	if err := s.makeRoom(n); err != nil {
		return err
	}
	all := maps.Clone(s.neighbors)
	all[addr] = n
	markReflected(all, s.guests.ranges, s.cfg.AS)
	ctx := s.engine.done
	if err := s.engine.setPolicies(ctx, s.cfg.AS, slices.Collect(maps.Values(all))); err != nil {
		return err
	}
	s.guests.note(addr, n.Range)
	s.cfg.Log.Info("bgp: a neighbor has come", "neighbor", addr, "prefix", n.Range)
	if err := s.add(ctx, addr, all[addr]); err != nil {
		s.guests.forget(addr)
		return err
	}
	return nil
}

// makeRoom forgets the guest of a prefix that has been without a session for the
// longest time, if its limit is reached.
func (s *Speaker) makeRoom(n Neighbor) error {
	guests := s.guests.of(n.Range)
	if len(guests) < n.Limit {
		return nil
	}
	var oldest PeerState
	for _, addr := range guests {
		p, ok := s.sessions.stateOf(addr)
		if ok && p.State != StateEstablished && (!oldest.Address.IsValid() || p.Since.Before(oldest.Since)) {
			oldest = p
		}
	}
	if !oldest.Address.IsValid() {
		return fmt.Errorf("%s has %d neighbors, as many as it may", n.Range, len(guests))
	}
	return s.dismiss(s.engine.done, oldest.Address)
}

func (s *Speaker) dismiss(ctx context.Context, addr netip.Addr) error {
	s.guests.forget(addr)
	s.cfg.Log.Info("bgp: a neighbor has gone", "neighbor", addr)
	return s.remove(ctx, addr)
}

// guestLeft has a guest forgotten some time after its session has ended.
func (s *Speaker) guestLeft(addr netip.Addr) {
	if !s.guests.isGuest(addr) {
		return
	}
	stay := guestStay
	if n, ok := s.sessions.neighbor(addr); ok {
		stay += n.LongLivedStaleTime // what is kept of it goes with it
	}
	time.AfterFunc(stay, func() {
		s.config.Lock()
		defer s.config.Unlock()
		p, ok := s.sessions.stateOf(addr)
		if !ok || s.engine.done.Err() != nil || !s.guests.isGuest(addr) || p.State == StateEstablished || time.Since(p.Since) < stay {
			return
		}
		if err := s.dismiss(s.engine.done, addr); err != nil {
			s.cfg.Log.Warn("bgp: forget a neighbor", "neighbor", addr, "error", err)
		}
	})
}

// refusals limits what the log says of connections of strangers.
type refusals struct {
	mu    sync.Mutex
	last  time.Time
	since int
}

// note returns how many there have been since the log last said so, with this one;
// 0: the log has said so a moment ago.
func (r *refusals) note(now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since++
	if now.Sub(r.last) < refusalPause {
		return 0
	}
	n := r.since
	r.since, r.last = 0, now
	return n
}

// refuse closes a connection and says why in the log, not too often.
func (t *transport) refuse(conn *net.TCPConn, remote, local netip.Addr, why string) {
	if n := t.refusals.note(time.Now()); n > 0 {
		t.log.Info("bgp: refused a connection", "from", remote, "to", local, "reason", why, "connections", n)
	}
	abort(conn)
}

// setRangePasswords makes the listeners demand the passwords of prefixes.
func (t *transport) setRangePasswords(old, now []Neighbor) error {
	same := func(a Neighbor) func(Neighbor) bool {
		return func(b Neighbor) bool {
			return a.Range == b.Range && a.Password.Equal(b.Password) && a.Password.Text == b.Password.Text
		}
	}
	for _, n := range old {
		if n.Password.Set() && !slices.ContainsFunc(now, same(n)) {
			if err := t.setPrefixPassword(n.Range, ""); err != nil {
				return err
			}
		}
	}
	for _, n := range now {
		if n.Password.Set() && !slices.ContainsFunc(old, same(n)) {
			if err := t.setPrefixPassword(n.Range, n.Password.Text); err != nil {
				return fmt.Errorf("bgp: neighbors %s: %w", n.Range, err)
			}
		}
	}
	return nil
}

// rangeFamilies checks the families of prefixes as those of neighbours.
func rangeFamilies(c Config, ranges []Neighbor) error {
	all := make(map[netip.Addr]Neighbor, len(ranges))
	for _, n := range ranges {
		n.Address = n.Range.Addr()
		n.Families = slices.Sorted(slices.Values[[]vpn.Family](n.Families))
		all[n.Address] = n
	}
	return c.carriesAll(all)
}
