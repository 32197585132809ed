package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
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

// testRTC has each end tell the other only what it asks for, through edits of what
// the router imports. FRR 8.4, BIRD 2 and ExaBGP 4.2 have no route target constraint,
// and are told everything.
func testRTC(t *testing.T, s *scene) {
	c := s.terms()
	c.rtc = true
	blue, alien := farV4, farV4
	blue.rd, blue.prefix, blue.rts = "65002:102", "30.2.0.0/24", []string{"10.10.10.1:102"}
	alien.rd, alien.prefix, alien.rts = "65002:999", "30.9.0.0/24", []string{"65001:999"}
	s.begin(t, c, "rtc: true", farV4, blue, alien)
	s.arrives(t, "red", farV4)
	s.arrives(t, "blue", blue)
	if s.make() == "gobgpd" {
		s.constrained(t, c, alien)
		return
	}
	s.hears(t, ourV4)
	s.hears(t, ourV6)
	if p := s.session(t, c.local); len(p.TargetsReceived)+len(p.TargetsAdvertised) > 0 {
		t.Errorf("the session has %v and %v", p.TargetsReceived, p.TargetsAdvertised)
	}
}

// targets waits until the router shows what is asked for at both ends.
func (s *scene) targets(t *testing.T, peer string, received, advertised []string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		p, err := s.trySession(peer)
		if err == nil && !(slices.Equal(p.TargetsReceived, received) && slices.Equal(p.TargetsAdvertised, advertised)) {
			err = fmt.Errorf("the peer asks for %q and is asked for %q; want %q and %q", p.TargetsReceived, p.TargetsAdvertised, received, advertised)
		}
		return err
	})
}

// unheard checks that a route that the router has told others does not come. What
// could be waited for is there already.
func (s *scene) unheard(t *testing.T, key route) {
	t.Helper()
	if got := s.heard(key); got != nil {
		t.Errorf("%s has heard %+v, for which it has not asked", s.make(), *got)
	}
}

// constrained goes on with gobgpd, which asks for what its VRFs import.
func (s *scene) constrained(t *testing.T, c terms, alien route) {
	g := s.peer.(*gobgp)
	own := []string{"10.10.10.1:102", "4200000000:103", "65001:101"}
	ourBlue := route{rd: "10.10.10.1:102", prefix: "10.1.0.2/32"}
	s.targets(t, c.local, nil, own)
	s.unheard(t, ourV4)
	since := s.session(t, c.local).Since
	g.run("gobgp", "vrf", "add", "red", "rd", "65002:7", "rt", "both", "65001:101")
	s.targets(t, c.local, []string{"65001:101"}, own)
	s.hears(t, ourV4)
	s.hears(t, ourV6)
	s.unheard(t, ourBlue)
	if p := s.session(t, c.local); p.Received != 2 {
		t.Errorf("%d routes have come; want those of red and blue", p.Received)
	}
	// An edit while it runs: red imports another target.
	edited := s.with(c, "rtc: true")
	s.apply(t, strings.Replace(edited, `rts: "65001:101"`, `import: ["65001:101", "65001:999"], export: "65001:101"`, 1))
	s.arrives(t, "red", alien)
	s.targets(t, c.local, []string{"65001:101"}, []string{"10.10.10.1:102", "4200000000:103", "65001:101", "65001:999"})
	s.apply(t, edited)
	s.targets(t, c.local, []string{"65001:101"}, own)
	s.goes(t, 15*time.Second, "red", alien)
	eventually(t, 15*time.Second, func() error {
		if n := s.session(t, c.local).Received; n != 2 {
			return fmt.Errorf("%d routes are left", n)
		}
		return nil
	})
	g.run("gobgp", "vrf", "del", "red")
	s.targets(t, c.local, nil, own)
	eventually(t, 15*time.Second, func() error {
		if got := s.heard(ourV4); got != nil {
			return fmt.Errorf("gobgpd still has %+v", *got)
		}
		return nil
	})
	if now := s.session(t, c.local).Since; now != since {
		t.Errorf("the session began at %v, and again at %v", since, now)
	}
}

// severalPaths is a peer that can announce more than one path to a prefix.
type severalPaths interface {
	announceAlso(r route) // beside the one to the same prefix and RD
	withdrawAlso(r route)
}

func (b *bird) announceAlso(r route) {
	b.t.Helper()
	b.also = append(b.also, r)
	b.configure()
}

func (b *bird) withdrawAlso(route) {
	b.t.Helper()
	b.also = nil
	b.configure()
}

func (e *exabgp) announceAlso(r route) {
	e.t.Helper()
	e.tell(fmt.Sprintf("announce route %s path-information 0.0.0.7 next-hop %s rd %s label %d extended-community [ %s ]", r.prefix, r.nextHop, r.rd, r.label, octetsOf(r.rts[0])))
}

func (e *exabgp) withdrawAlso(r route) {
	e.t.Helper()
	e.tell(fmt.Sprintf("withdraw route %s path-information 0.0.0.7 next-hop %s rd %s label %d", r.prefix, r.nextHop, r.rd, r.label))
}

// testAddPath has routes with path identifiers go both ways. FRR and
// gobgpd have one path to a prefix.
func testAddPath(t *testing.T, s *scene) {
	c := s.terms()
	c.addPath = true
	s.begin(t, c, "add-path-receive: [vpnv4, vpnv6], add-path-send: [vpnv4, vpnv6]", farV4, farV6)
	s.agreed(t, c.local, "add-path: receives vpnv4 and vpnv6")
	s.agreed(t, c.local, "add-path: sends vpnv4 and vpnv6")
	for _, r := range []route{farV4, farV6} {
		s.arrives(t, "red", r)
	}
	for _, r := range []route{ourV4, ourV6} {
		s.hears(t, r)
	}
	s.paths(t, c.local, "advertised", ourV4, 1)
	peer, ok := s.peer.(severalPaths)
	if !ok {
		s.paths(t, c.local, "received", farV4, 1)
		return
	}
	other := farV4
	other.label = 507
	peer.announceAlso(other)
	s.paths(t, c.local, "received", farV4, 2)
	if n := s.session(t, c.local).Received; n != 3 {
		t.Errorf("%d paths are counted; want 3", n)
	}
	peer.withdrawAlso(other)
	s.paths(t, c.local, "received", farV4, 1)
	s.arrives(t, "red", farV4)
}

// paths waits until the router shows so many paths to a prefix, each with an
// identifier of its own.
func (s *scene) paths(t *testing.T, peer, view string, to route, want int) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		ids := map[uint32]bool{}
		rows := table[status.SessionRoute](t, s.lab, "neighbor", peer, view, "--router", "pe1")
		for _, r := range rows {
			if r.RD == to.rd && r.Prefix.String() == to.prefix && r.PathID != nil {
				ids[*r.PathID] = true
			}
		}
		if len(ids) != want {
			return fmt.Errorf("%d paths to %s are shown as %s; want %d: %+v", len(ids), to.prefix, view, want, rows)
		}
		return nil
	})
}
