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
