package bgp

import (
	"iter"
	"maps"
	"net/netip"
)

// Prefixes lists the prefixes of a VRF, in no order.
func (t *Tables) Prefixes(vrf string) iter.Seq[netip.Prefix] {
	v := t.vrfs[vrf]
	if v == nil {
		return func(func(netip.Prefix) bool) {}
	}
	return maps.Keys(v.prefixes)
}

// Received lists the received routes, in no order.
func (t *Tables) Received() iter.Seq[*Route] {
	return func(yield func(*Route) bool) {
		for _, p := range t.received {
			if !yield(&p.Route) {
				return
			}
		}
	}
}
