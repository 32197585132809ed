package bgp

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// Community is a mark on a route whose meaning ASes agree on (RFC 1997).
type Community uint32

// LargeCommunity is the same with room for a 4-octet AS (RFC 8092).
type LargeCommunity [3]uint32

// The communities that restrict how far a route may go (RFC 1997).
const (
	NoExport          Community = 0xffffff01
	NoAdvertise       Community = 0xffffff02
	NoExportSubconfed Community = 0xffffff03
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

// Override returns the path with one AS in the place of another, wherever it
// stands: a site takes routes of another site of its own AS then.
func (p ASPath) Override(as, by uint32) ASPath {
	if !p.Contains(as) {
		return p
	}
	out := make(ASPath, len(p))
	for i, s := range p {
		out[i] = ASSegment{Kind: s.Kind, AS: make([]uint32, len(s.AS))}
		for j, a := range s.AS {
			if a == as {
				a = by
			}
			out[i].AS[j] = a
		}
	}
	return out
}

// Contains reports whether an AS is in the path.
func (p ASPath) Contains(as uint32) bool {
	for _, s := range p {
		for _, a := range s.AS {
			if a == as {
				return true
			}
		}
	}
	return false
}
