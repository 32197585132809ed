package bgp

import (
	"net/netip"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// The peers of a speaker that is killed and restarted keep its routes, which are
// stale meanwhile. This includes a peer that connects late. What was not announced
// again is removed at the end of RIB.
func TestRealGracefulRestart(t *testing.T) {
	helper, late := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65003, "", "10.0.0.3")
	addr := netip.MustParseAddr("10.0.0.2")
	kept, lost := vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 2000), vpnRoute("65002:1", "2001:db8:9::/48", "65002:1", 2001)
	theirs := vpnRoute("65001:1", "10.2.0.0/24", "65002:1", 1000)
	helper.announce(theirs)

	c := childOf(helper, 65002, addr.String(), childRoute{"65002:1", "10.1.0.0/24", "65002:1", 2000, nil}, childRoute{"65002:1", "2001:db8:9::/48", "65002:1", 2001, nil})
	c.RouterID = netip.MustParseAddr("10.0.0.2")
	for n, as := range map[*node]uint32{late: 65003} {
		c.More = append(c.More, Neighbor{Address: n.addr, LocalAddress: addr, AS: as, Settings: settings(vpn.VPNv4, vpn.VPNv6)})
	}
	process := startChild(t, c, 0)
	process.run()
	from := func(r Route) Key { return Key{RD: r.RD, Prefix: r.Prefix, Peer: addr} }
	stale := func(r Route) bool { return r.Stale }
	fresh := func(r Route) bool { return !r.Stale }
	for _, n := range []*node{helper, late} {
		n.set(neighborOf(n, c))
		n.waitRoute(from(kept), fresh)
		n.waitRoute(from(lost), fresh)
	}
	began := time.Now()
	process.kill()
	helper.waitRoute(from(kept), stale)
	helper.waitRoute(from(lost), stale)
	late.waitRoute(from(kept), stale)
	late.set() // it reconnects long after the others
	late.waitGone(from(kept))

	again := startNodeOf(t, Config{AS: 65002, Restarting: true}, addr.String())
	again.set(again.to(helper), again.to(late))
	again.waitEstablished(helper)
	t.Logf("established %s after the kill", time.Since(began).Round(time.Millisecond))
	again.waitRoute(theirs.from(helper), anyRoute)
	again.wait("ends of RIB", func() bool { return len(again.ends) == 2 && again.peers[helper.addr].SendsEnd })
	late.set(late.to(again))
	again.waitEstablished(late)
	again.wait("ends of RIB", func() bool { return len(again.ends) == 4 })
	again.announce(kept)
	helper.mu.Lock()
	if len(helper.ends) != 2 || !helper.routes[from(kept)].Stale || !helper.routes[from(lost)].Stale {
		t.Errorf("before the end of the restart: ends %v, routes %v", helper.ends, helper.routes)
	}
	helper.mu.Unlock()
	if restarting, err := again.engine.restarting(t.Context()); err != nil || len(restarting) != 2 {
		t.Errorf("restarting towards %v, %v", restarting, err)
	}
	if err := again.Restarted(t.Context()); err != nil {
		t.Fatal(err)
	}
	helper.waitRoute(from(kept), fresh)
	helper.waitGone(from(lost))
	late.waitRoute(from(kept), fresh)
	again.announce(lost)
	helper.waitRoute(from(lost), fresh)
	again.withdraw(kept)
	helper.waitGone(from(kept))
	for _, n := range again.mustPeers() {
		if n.Address == heldBy {
			t.Errorf("%s is among the peers", heldBy)
		}
	}
}

func (n *node) mustPeers() []PeerState {
	n.t.Helper()
	peers, err := n.Peers(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return peers
}

// The routes of a speaker that stops are removed at once.
func TestRealNothingIsKeptOfAnOrderlyEnd(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	r := vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 2000)
	b.announce(r)
	connectNodes(a, b)
	key := r.from(b)
	a.waitRoute(key, anyRoute)
	began := time.Now()
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	a.waitGone(key)
	if took := time.Since(began); took > tooLong {
		t.Errorf("gone after %s", took)
	}
}

// The session with a peer that does not send its end of RIB is restarted, and the
// peer receives all routes.
func TestRealRestartWithoutAPeersEnd(t *testing.T) {
	restarted := startNodeOf(t, Config{AS: 65002, Restarting: true}, "10.0.0.2")
	mute := startNodeOf(t, Config{AS: 65001, Restarting: true}, "10.0.0.1") // its own restart never ends
	connectNodes(restarted, mute)
	r := vpnRoute("65002:1", "10.1.0.0/24", "65002:1", 2000)
	restarted.announce(r)
	if err := restarted.Restarted(t.Context()); err != nil {
		t.Fatal(err)
	}
	mute.waitRoute(r.from(restarted), anyRoute)
}
