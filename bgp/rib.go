package bgp

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Destination is what the paths of a speaker's VPN tables are to.
type Destination struct {
	RD     vpn.RD
	Prefix netip.Prefix
}

// Destination returns what a path with the key is to.
func (k Key) Destination() Destination { return Destination{k.RD, k.Prefix} }

// Ours lists the destinations of routes that originate here, in no order.
func (s *Speaker) Ours() []Destination {
	s.ours.RLock()
	defer s.ours.RUnlock()
	list := make([]Destination, 0, len(s.ours.routes))
	for k := range s.ours.routes {
		list = append(list, k.Destination())
	}
	return list
}

// RIBOf returns the paths to some destinations of a family, by prefix, RD and peer. It is
// for a few hundred of them; see RIB for all.
func (s *Speaker) RIBOf(ctx context.Context, family vpn.Family, to []Destination) ([]RIBPath, error) {
	paths, err := s.engine.ribOf(ctx, family, to)
	if err != nil {
		return nil, fmt.Errorf("bgp: RIB %s: %w", family, err)
	}
	wanted := make(map[Destination]bool, len(to))
	for _, d := range to {
		wanted[d] = true
	}
	for _, r := range s.strange.all() {
		if wanted[r.Key().Destination()] {
			paths = append(paths, RIBPath{Route: r})
		}
	}
	slices.SortFunc(paths, func(a, b RIBPath) int { return a.Key().compare(b.Key()) })
	return paths, nil
}

// Candidate is a route that a speaker's VPN tables may have.
type Candidate struct {
	Destination
	Received *Route // as its event told; nil: one of ours
}

// RIBAmong returns the paths to the destinations of some routes, which are given with all
// other routes to these; see RIBOf. It asks the engine only where that has a choice to make,
// or alone knows why it has none.
func (s *Speaker) RIBAmong(ctx context.Context, family vpn.Family, all []Candidate) ([]RIBPath, error) {
	paths := make([]RIBPath, 0, len(all))
	var others []Destination
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Destination == all[0].Destination {
			n++
		}
		if p, ok := s.onlyPath(all[0]); ok && n == 1 {
			paths = append(paths, p)
		} else {
			others = append(others, all[0].Destination)
		}
		all = all[n:]
	}
	if len(others) == 0 {
		return paths, nil
	}
	more, err := s.RIBOf(ctx, family, others)
	return append(paths, more...), err
}

// onlyPath returns the path of the only route to its destination, if it is surely the
// engine's best.
func (s *Speaker) onlyPath(c Candidate) (p RIBPath, ok bool) {
	switch {
	case s.engine.isRestarting.Load():
		return p, false
	case c.Received != nil:
		return RIBPath{*c.Received, true}, c.Received.Unusable == "" && !c.Received.Stale
	}
	r, ok := s.ours.get(Key{RD: c.RD, Prefix: c.Prefix})
	if !r.NextHop.IsValid() || r.NextHop.IsUnspecified() {
		r.NextHop = unspecified(c.Prefix)
	}
	r.Peer, r.PeerAS, r.PeerID, r.IBGP, r.PathID, r.Weight = netip.Addr{}, 0, netip.Addr{}, false, 0, 0
	return RIBPath{r, true}, ok && r.Unusable == "" && Martian(c.Prefix) == ""
}
