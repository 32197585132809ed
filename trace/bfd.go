package trace

import (
	"fmt"
	"net/netip"

	"pseudowan/status"
)

// lostByBFD returns the session of BFD because of which a router does not use a next hop; nil if
// there is none.
func (s *Snapshot) lostByBFD(router string, nextHop netip.Addr) *status.BFD {
	for i, b := range s.BFD {
		if b.Router == router && b.RemoteAddress.WithZone("") == nextHop.WithZone("") && b.Failed {
			return &s.BFD[i]
		}
	}
	return nil
}

// unwatched returns what keeps BFD, which is configured, from noticing that a next hop in use
// is lost; "" if nothing does.
func (s *Snapshot) unwatched(router string, nextHop netip.Addr) string {
	for _, b := range s.BFD {
		switch {
		case b.Router != router || b.RemoteAddress.WithZone("") != nextHop.WithZone("") || b.State == status.BFDUp:
		case b.Absent:
			return fmt.Sprintf("BFD would not notice its loss: nobody does BFD at %s", nextHop)
		default:
			return fmt.Sprintf("BFD would not notice its loss: the session with %s is %s", nextHop, b.State)
		}
	}
	return ""
}
