package bgp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Routes of a peer that has been away for longer than its restart time are the last
// resort for their time, but not those that must not be; then they are gone. Of the
// other peers, those hear of them that know of such routes (RFC 9494 section 4).
func TestRealLongLived(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	knows, ignorant := startNode(t, 65001, "", "10.0.0.3"), startNode(t, 65001, "", "10.0.0.4")
	addr := netip.MustParseAddr("10.0.0.2")
	c := childOf(a, 65002, addr.String(), childRoute{"65002:1", "10.1.0.0/24", "65002:1", 2000, nil},
		childRoute{"65002:1", "10.2.0.0/24", "65002:1", 2001, []Community{vpn.NoLLGR}}, childRoute{"65002:1", "2001:db8:9::/48", "65002:1", 2002, nil})
	c.Neighbor.RestartTime, c.Neighbor.LongLivedStaleTime = 2*time.Second, time.Minute
	process := startChild(t, c, 0)
	process.run()
	const stays = 6 * time.Second
	ours := neighborOf(a, c)
	ours.LongLivedStaleTime, ours.LongLivedFamilies = stays, []vpn.Family{vpn.VPNv4}
	inside := func(n *node, mode session.RestartMode) Neighbor {
		to := a.to(n)
		to.NextHopSelf, to.GracefulRestart = false, mode
		return to
	}
	a.set(ours, inside(knows, session.RestartFull), inside(ignorant, session.RestartOff))
	knows.set(knows.to(a))
	ignorant.set(ignorant.to(a))
	key := func(prefix string) Key {
		return Key{RD: vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 0).RD, Prefix: netip.MustParsePrefix(prefix), Peer: addr}
	}
	from := func(k Key, n *node) Key {
		k.Peer = n.addr
		return k
	}
	lasts, never, other := key("10.1.0.0/24"), key("10.2.0.0/24"), key("2001:db8:9::/48")
	for _, k := range []Key{lasts, never, other} {
		a.waitRoute(k, func(r Route) bool { return !r.Stale })
		knows.waitRoute(from(k, a), anyRoute)
		ignorant.waitRoute(from(k, a), anyRoute)
	}
	want := []FamilyRestart{
		{Family: vpn.VPNv4, Keeps: 2 * time.Second, KeepsLong: stays, PeerKeeps: time.Minute, PeerKeepsOn: stays},
		{Family: vpn.VPNv6, Keeps: 2 * time.Second, PeerKeeps: time.Minute},
	}
	if r := a.peers[addr].Restart; !slices.Equal(r.Families, want) || !r.TakesStale || r.Notifications {
		t.Errorf("negotiated: %+v", r)
	}
	process.kill()
	a.waitRoute(lasts, func(r Route) bool { return r.Stale && !r.lastResort() })
	began := time.Now()
	a.waitRoute(lasts, Route.lastResort)
	since := time.Now()
	if took := since.Sub(began); took < time.Second || took > 30*time.Second {
		t.Errorf("the last resort after %s", took)
	}
	a.waitGone(never)
	a.waitGone(other)
	knows.waitRoute(from(lasts, a), Route.lastResort)
	ignorant.waitGone(from(lasts, a))
	a.waitGone(lasts)
	if took := time.Since(since); took < stays-2*time.Second {
		t.Errorf("gone after %s, want %s", took, stays)
	}
	knows.waitGone(from(lasts, a))
}

// A peer that returns while its routes are the last resort has them in use again.
func TestRealLongLivedReturn(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	addr := netip.MustParseAddr("10.0.0.2")
	c := childOf(a, 65002, addr.String(), childRoute{"65002:1", "10.1.0.0/24", "65002:1", 2000, nil}, childRoute{"65002:1", "10.2.0.0/24", "65002:1", 2001, nil})
	c.Neighbor.RestartTime, c.Neighbor.LongLivedStaleTime = time.Second, time.Minute
	process := startChild(t, c, 0)
	process.run()
	ours := neighborOf(a, c)
	ours.LongLivedStaleTime = 5 * time.Second
	a.set(ours)
	kept, lost := vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 2000), vpnRoute("65002:1", "10.2.0.0/24", "65002:1", 2001)
	from := func(r Route) Key { return Key{RD: r.RD, Prefix: r.Prefix, Peer: addr} }
	a.waitRoute(from(kept), anyRoute)
	a.waitRoute(from(lost), anyRoute)
	process.kill()
	a.waitRoute(from(kept), Route.lastResort)
	again := startNodeOf(t, Config{AS: 65002, Restarting: true}, addr.String())
	to := again.to(a)
	to.LongLivedStaleTime = time.Minute
	again.announce(kept)
	again.set(to)
	a.waitEstablished(again)
	if err := again.Restarted(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.waitRoute(from(kept), func(r Route) bool { return !r.Stale && !r.lastResort() })
	a.waitGone(from(lost))
	time.Sleep(5 * time.Second) // when the last resort would have ended
	a.waitRoute(from(kept), func(r Route) bool { return !r.Stale && !r.lastResort() })
}

// With the N bit of both ends routes stay over a NOTIFICATION, and go with a hard reset
// (RFC 8538).
func TestRealNotificationKeepsRoutes(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	route := vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 2000)
	b.announce(route)
	with := func(n Neighbor) Neighbor {
		n.RestartNotification = true
		return n
	}
	a.set(with(a.to(b)))
	b.set(with(b.to(a)))
	a.waitRoute(route.from(b), anyRoute)
	a.waitEstablished(b)
	b.waitEstablished(a)
	for _, of := range []*node{a, b} { // the peer's, and our own
		began := time.Now()
		r := of.transport.session(map[*node]*node{a: b, b: a}[of].addr)
		r.refuse(gate.Notification{Code: gate.CodeUpdate, Subcode: 1}, sessionEnd{why: "a test"})
		r.cut()
		a.waitRoute(route.from(b), func(r Route) bool { return r.Stale })
		a.waitRoute(route.from(b), func(r Route) bool { return !r.Stale })
		a.waitEstablished(b)
		b.waitEstablished(a)
		t.Logf("back after %s", time.Since(began).Round(time.Millisecond))
	}
	b.set()
	a.waitGone(route.from(b))
	a.wait("the reason", func() bool {
		return a.peers[b.addr].LastError == "the peer ended the session: cease, hard reset: cease, peer de-configured"
	})
}
