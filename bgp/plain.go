package bgp

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// carriesAll refuses neighbours with families that the speaker does not carry.
func (c Config) carriesAll(neighbors map[netip.Addr]Neighbor) error {
	for _, n := range neighbors {
		for _, f := range n.Families {
			if (f == f.Plain()) != c.Plain {
				return fmt.Errorf("bgp: neighbor %s: this speaker does not carry %s", n.Address, f)
			}
		}
	}
	return nil
}

// validate reports what makes a route unfit for a speaker.
func (r Route) validate(plain bool) error {
	if plain && (r.RD != vpn.RD{} || r.Label != 0 || len(r.Targets) > 0) {
		return fmt.Errorf("route %s: RD, label and targets mean nothing to customers", r.Prefix)
	}
	return r.Validate()
}
