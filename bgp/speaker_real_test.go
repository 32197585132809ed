package bgp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/vpn"
)

func anyRoute(Route) bool { return true }

func labelled(l vpn.Label) func(Route) bool { return func(r Route) bool { return r.Label == l } }

// connectNodes makes two nodes neighbours of each other and waits for them.
func connectNodes(a, b *node, change ...func(*Neighbor)) {
	a.t.Helper()
	for _, pair := range [][2]*node{{a, b}, {b, a}} {
		n := pair[0].to(pair[1])
		for _, c := range change {
			c(&n)
		}
		pair[0].set(n)
	}
	a.waitEstablished(b)
	b.waitEstablished(a)
}

func TestRealExchange(t *testing.T) {
	for name, test := range map[string]struct {
		a, b     string
		as       uint32
		wantPath ASPath
	}{
		"external over IPv4": {"10.0.0.1", "10.0.0.2", 65002, Sequence(65001)},
		"external over IPv6": {"fd00::1", "fd00::2", 65002, Sequence(65001)},
		"internal over IPv4": {"10.0.0.1", "10.0.0.2", 65001, nil},
		"internal over IPv6": {"fd00::1", "fd00::2", 65001, nil},
		"4-octet AS":         {"10.0.0.1", "10.0.0.2", 4200000000, Sequence(65001)},
	} {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, 65001, "", test.a)
			b := startNode(t, test.as, "", test.b)
			early := vpnRoute("65001:101", "10.1.0.0/24", "65001:101", 1000)
			a.announce(early)
			connectNodes(a, b)
			late := vpnRoute("10.10.10.1:7", "2001:db8:1::/64", "4200000000:9", 1001)
			a.announce(late)
			for _, sent := range []Route{early, late} {
				got := b.waitRoute(sent.from(a), anyRoute)
				want := sent
				want.NextHop, want.Peer, want.PeerAS, want.PeerID = a.addr, a.addr, 65001, netip.MustParseAddr("10.0.0.1")
				want.ASPath, want.IBGP = test.wantPath, test.as == 65001
				if want.IBGP {
					want.LocalPref = ptr(defaultLocalPref)
				}
				if diff := cmp.Diff(want, got, equalPlain); diff != "" {
					t.Error(diff)
				}
			}
			early.Label = 1234
			a.announce(early)
			b.waitRoute(early.from(a), labelled(1234))
			a.withdraw(early, late)
			b.waitGone(early.from(a))
			b.waitGone(late.from(a))
		})
	}
}

func TestRealStateAndTables(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	a.announce(vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000), vpnRoute("65001:1", "10.2.0.0/24", "65001:1", 1001))
	b.announce(vpnRoute("65002:1", "2001:db8::/32", "65001:1", 2000))
	connectNodes(a, b)
	for _, n := range []*node{a, b} {
		for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
			n.wait("end of RIB of "+string(f), func() bool {
				return slices.ContainsFunc(n.ends, func(e EndOfRIB) bool { return e.Family == f })
			})
		}
	}
	// The routes come before the end of RIB.
	if got := len(b.routes); got != 2 {
		t.Errorf("%d routes at the end of RIB, want 2", got)
	}
	peers, err := b.Peers(t.Context())
	if err != nil || len(peers) != 1 {
		t.Fatal(peers, err)
	}
	p := peers[0]
	if p.Since.IsZero() {
		t.Error("since is not set")
	}
	p.Since, p.LastError, p.LastErrorAt, p.LastEnd, p.LastEndAt = PeerState{}.Since, "", PeerState{}.LastErrorAt, "", PeerState{}.LastEndAt
	want := PeerState{RouterID: b.cfg.RouterID, PeerID: a.cfg.RouterID, Address: a.addr, LocalAddress: b.addr, AS: 65001, LocalAS: 65002, State: StateEstablished,
		Families: []string{"vpnv4", "vpnv6"}, SendsEnd: true, Received: 2, Accepted: 2, Advertised: 1, HoldTime: 40 * time.Second,
		Capabilities: []string{"route refresh", "IPv6 next hops", "graceful restart", "long-lived graceful restart", "4-octet AS numbers", "enhanced route refresh"}}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		want.Restart.Families = append(want.Restart.Families, FamilyRestart{Family: f, Keeps: time.Minute, PeerKeeps: time.Minute})
	}
	want.Restart.TakesStale, want.Settings = true, settings(vpn.VPNv4, vpn.VPNv6)
	if diff := cmp.Diff(want, p, equalPlain); diff != "" {
		t.Error(diff)
	}
	rib, err := b.RIB(t.Context(), vpn.VPNv4)
	if err != nil || len(rib) != 2 || !rib[0].Best || rib[0].Prefix.String() != "10.1.0.0/24" || rib[0].Label != 1000 {
		t.Errorf("%+v, %v", rib, err)
	}
	rib, err = b.RIB(t.Context(), vpn.VPNv6)
	if err != nil || len(rib) != 1 || rib[0].Peer.IsValid() || rib[0].NextHop != netip.IPv6Unspecified() {
		t.Errorf("%+v, %v", rib, err)
	}
	for _, family := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		rib, err := b.RIB(t.Context(), family)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range rib {
			found, err := b.RIBOf(t.Context(), family, []Destination{p.Key().Destination(), {p.RD, netip.MustParsePrefix("10.99.0.0/24")}})
			if diff := cmp.Diff(rib[i:i+1], found, equalPlain); err != nil || diff != "" {
				t.Errorf("%s alone: %v\n%s", p.Prefix, err, diff)
			}
		}
	}
	if ours := b.Ours(); len(ours) != 1 || ours[0].Prefix.String() != "2001:db8::/32" {
		t.Errorf("ours: %v", ours)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, repeated := b.routes[Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("2001:db8::/32")}]; repeated {
		t.Error("an announced route came back as an event")
	}
}

func TestRealMEDAndLocalPrefLive(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	own := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	tagged := vpnRoute("65001:1", "10.2.0.0/24", "65001:1", 1000)
	tagged.MED = ptr(7)
	a.announce(own, tagged)
	connectNodes(a, b)
	began := peerSince(b, a)

	wantMED := func(med *uint32) func(Route) bool { return func(r Route) bool { return equalOptional(r.MED, med) } }
	for _, med := range []*uint32{ptr(100), ptr(0), ptr(1 << 31), nil} {
		n := a.to(b)
		n.MED = med
		a.set(n)
		b.waitRoute(own.from(a), wantMED(med))
		if med == nil {
			med = ptr(7)
		}
		b.waitRoute(tagged.from(a), wantMED(med))
	}
	for _, pref := range []*uint32{ptr(200), ptr(50), nil} {
		n := b.to(a)
		n.LocalPref = pref
		b.set(n)
		b.waitRoute(own.from(a), func(r Route) bool { return equalOptional(r.LocalPref, pref) })
	}
	if now := peerSince(b, a); now != began {
		t.Errorf("the session was reset: established %s, before %s", now, began)
	}
}

func peerSince(n, peer *node) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[peer.addr].Since.String()
}

// TestRealOnlyOwnRoutesLeaveTheAS has three ASes in a row: the middle one must not
// pass on what it has received, since the label has no meaning there.
func TestRealOnlyOwnRoutesLeaveTheAS(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	c := startNode(t, 65003, "", "10.0.0.3")
	d := startNode(t, 65002, "", "10.0.0.4")
	first := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	inside := vpnRoute("65002:2", "10.2.0.0/24", "65001:1", 2000)
	marker := vpnRoute("65002:1", "10.3.0.0/24", "65001:1", 3000)
	a.announce(first)
	d.announce(inside)
	a.set(a.to(b))
	c.set(c.to(b))
	d.set(d.to(b))
	b.set(b.to(a), b.to(c), b.to(d))
	b.waitRoute(first.from(a), anyRoute)
	b.waitRoute(inside.from(d), anyRoute)
	c.waitEstablished(b)
	b.announce(marker)
	c.waitRoute(marker.from(b), anyRoute)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.routes) != 1 {
		t.Errorf("routes of others were passed on: %v", c.someRoutes())
	}
}

func TestRealRouteReflector(t *testing.T) {
	rr := startNode(t, 65001, "", "10.0.0.9")
	clients := []*node{startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65001, "", "10.0.0.2")}
	var neighbors []Neighbor
	for _, c := range clients {
		n := rr.to(c)
		n.Client, n.NextHopSelf = true, true
		neighbors = append(neighbors, n)
		c.set(c.to(rr))
	}
	rr.set(neighbors...)
	sent := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	clients[0].announce(sent)
	got := clients[1].waitRoute(sent.from(rr), anyRoute)
	if got.NextHop != clients[0].addr || got.OriginatorID.String() != "10.0.0.1" || !got.IBGP || got.Label != 1000 {
		t.Errorf("reflected: %+v", got)
	}
	if fmt.Sprint(got.ClusterList) != "[10.0.0.9]" {
		t.Errorf("cluster list %v", got.ClusterList)
	}
	clients[0].withdraw(sent)
	clients[1].waitGone(sent.from(rr))
}

// TestRealNextHopSelf checks that routes of an external peer go to internal ones
// with their own next hop, or not at all with next-hop-self.
func TestRealNextHopSelf(t *testing.T) {
	outside := startNode(t, 65001, "", "10.0.0.1")
	border := startNode(t, 65002, "", "10.0.0.2")
	inside := startNode(t, 65002, "", "10.0.0.3")
	foreign := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	own := vpnRoute("65002:1", "10.2.0.0/24", "65001:1", 2000)
	outside.announce(foreign)
	border.announce(own)
	outside.set(outside.to(border))
	inside.set(inside.to(border))
	border.set(border.to(outside), border.to(inside))
	if got := inside.waitRoute(foreign.from(border), anyRoute); got.NextHop != outside.addr {
		t.Errorf("next hop %s of the external route, want %s", got.NextHop, outside.addr)
	}
	if got := inside.waitRoute(own.from(border), anyRoute); got.NextHop != border.addr {
		t.Errorf("next hop %s of the own route, want %s", got.NextHop, border.addr)
	}
	n := border.to(inside)
	n.NextHopSelf = true
	border.set(border.to(outside), n)
	inside.waitGone(foreign.from(border))
	inside.waitRoute(own.from(border), anyRoute)
}

func TestRealNeighborRemoved(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	r := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	a.announce(r)
	connectNodes(a, b)
	b.waitRoute(r.from(a), anyRoute)
	b.set()
	b.waitGone(r.from(a))
	b.wait("removal of the peer", func() bool { return len(b.peers) == 0 })
	a.wait("end of the session", func() bool { return a.peers[b.addr].State != StateEstablished })
	b.set(b.to(a))
	b.waitRoute(r.from(a), anyRoute)
}

func TestRealMaxPrefixes(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	var routes []Route
	for i := range 4 {
		routes = append(routes, vpnRoute("65001:1", fmt.Sprintf("10.%d.0.0/16", i), "65001:1", 1000))
	}
	n := b.to(a)
	n.MaxPrefixes = 3
	b.set(n)
	a.set(a.to(b))
	a.announce(routes[:3]...)
	for range 5 { // a changed route does not count as another one
		a.announce(routes[2])
	}
	for _, r := range routes[:3] {
		b.waitRoute(r.from(a), anyRoute)
	}
	a.announce(routes[3])
	b.wait("end of the session for its prefixes", func() bool {
		p := b.peers[a.addr]
		return p.State == "idle" && p.Reason == "more than 3 prefixes" && len(b.routes) == 0
	})
	n.MaxPrefixes = 4
	b.set(n)
	for _, r := range routes {
		b.waitRoute(r.from(a), anyRoute)
	}
	if reason := b.peers[a.addr].Reason; reason != "" {
		t.Errorf("reason %q stays", reason)
	}
	// A limit that is set during a session counts existing routes.
	n.MaxPrefixes = 2
	b.set(n)
	b.wait("end of the session for the new limit", func() bool { return b.peers[a.addr].Reason == "more than 2 prefixes" })
}
