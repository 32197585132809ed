package interop

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// agreed waits until the router shows that both ends are capable of something.
func (s *scene) agreed(t *testing.T, peer, words string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		p, err := s.trySession(peer)
		if err == nil && !slices.Contains(p.Capabilities, words) {
			err = fmt.Errorf("the session is capable of %q, not of %s", p.Capabilities, words)
		}
		return err
	})
}

// testEnhancedRefresh has the peer ask for all routes, and, where it can, say its own
// again between marks of its own.
func testEnhancedRefresh(t *testing.T, s *scene) {
	if s.make() == "gobgpd" {
		t.Skip("gobgpd has no enhanced route refresh")
	}
	c, r := s.terms(), s.testRoute()
	s.begin(t, c, "", r)
	s.agreed(t, c.local, "enhanced route refresh")
	s.arrives(t, "red", r)
	s.hears(t, ourV4)
	before := s.session(t, c.local)
	s.refresh()
	if again, ok := s.peer.(interface{ tellAgain() }); ok {
		again.tellAgain()
	}
	// What the peer drops at the end of an answer that lacks it does not come back by
	// itself.
	heard := s.updates()
	eventually(t, 15*time.Second, func() error {
		if n := s.updates(); n != heard || n == 0 {
			heard = n
			return fmt.Errorf("%d updates have come", n)
		}
		return nil
	})
	s.hears(t, ourV4)
	s.arrives(t, "red", r)
	if p := s.session(t, c.local); p.Since != before.Since || p.Received != before.Received || p.Advertised != before.Advertised {
		t.Errorf("the session was %+v and is %+v", before, p)
	}
}

// tellAgain has BIRD announce its routes again, with BoRR and EoRR.
func (b *bird) tellAgain() {
	b.t.Helper()
	b.birdc("reload", "out", "far")
}
