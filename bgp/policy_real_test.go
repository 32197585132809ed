package bgp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

func chainOf(terms ...policy.Term) *policy.Chain {
	return &policy.Chain{Policies: []policy.Policy{{Name: "test", Terms: terms}}}
}

func prefixes(t *testing.T, entries ...string) policy.Match {
	t.Helper()
	var m policy.Match
	for _, e := range entries {
		r, err := policy.ParsePrefixRange(e)
		if err != nil {
			t.Fatal(err)
		}
		m.Prefixes = append(m.Prefixes, r)
	}
	return m
}

// TestRealPolicies has the policies of a running session edited: what is heard
// and told follows at once, and the session stays.
func TestRealPolicies(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	one, two := vpnRoute("65002:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65002:1", "30.2.0.0/16", "65000:1", 2002)
	b.announce(one, two)
	a.set(a.to(b))
	b.set(b.to(a))
	a.waitRoute(one.from(b), func(Route) bool { return true })
	a.waitRoute(two.from(b), func(Route) bool { return true })
	since := a.peer(b.addr).Since

	edited := a.to(b)
	pref, weight := uint32(300), uint32(7)
	edited.Import = chainOf(
		policy.Term{Match: prefixes(t, "30.2.0.0/16"), Then: policy.Reject},
		policy.Term{Set: policy.Set{LocalPref: &pref, Weight: &weight}})
	a.set(edited)
	a.waitGone(two.from(b))
	r := a.waitRoute(one.from(b), func(r Route) bool { return r.Weight == 7 })
	if r.LocalPref == nil || *r.LocalPref != 300 || len(r.LargeCommunities) > 0 {
		t.Errorf("accepted as %+v", r)
	}
	received, accepted := a.PeerRoutes(b.addr, ReceivedRoutes), a.PeerRoutes(b.addr, AcceptedRoutes)
	if len(received) != 2 || received[0].Rejected != "" || received[0].LocalPref != nil || received[1].Rejected != "rejected by policy test, term 1" {
		t.Errorf("received: %+v", received)
	}
	if len(accepted) != 1 || accepted[0].Prefix != one.Prefix || *accepted[0].LocalPref != 300 || accepted[0].Weight != 7 || accepted[0].Label != 2001 {
		t.Errorf("accepted: %+v", accepted)
	}

	med := uint32(9)
	told := b.to(a)
	told.Export = chainOf(policy.Term{Match: prefixes(t, "30.1.0.0/16"), Then: policy.Reject}, policy.Term{Set: policy.Set{MED: &med}})
	b.set(told)
	a.waitGone(one.from(b))
	edited.Import = nil
	a.set(edited)
	r = a.waitRoute(two.from(b), func(r Route) bool { return r.MED != nil && *r.MED == 9 })
	if r.Weight != 0 || r.LocalPref != nil {
		t.Errorf("without policy: %+v", r)
	}
	if list := b.PeerRoutes(a.addr, AdvertisedRoutes); len(list) != 1 || list[0].Prefix != two.Prefix || *list[0].MED != 9 || len(list[0].Targets) != 1 {
		t.Errorf("advertised: %+v", list)
	}
	b.set(b.to(a))
	a.waitRoute(one.from(b), func(r Route) bool { return r.MED == nil })
	for _, n := range []*node{a, b} {
		if p := n.established(); n == a && (p.Since != since || p.Received != 2 || p.Accepted != 2 || p.Advertised != 0) || n == b && p.Advertised != 2 {
			t.Errorf("%+v", p)
		}
	}
	if !a.Has(b.addr) || a.Has(netip.MustParseAddr("10.0.0.9")) {
		t.Error("a has another session than that with b")
	}
}

// established returns the state of the node's only session, which may tell others of
// routes before it says so.
func (n *node) established() (p PeerState) {
	n.t.Helper()
	waitFor(n.t, func() error {
		peers := n.mustPeers()
		if len(peers) != 1 || peers[0].State != StateEstablished {
			return fmt.Errorf("%+v", peers)
		}
		p = peers[0]
		return nil
	})
	return p
}

// knows reports whether the node has heard of a route.
func (n *node) knows(k Key) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.routes[k]
	return ok
}

func (n *node) peer(addr netip.Addr) PeerState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[addr]
}

// TestRealIPv6NextHop has a session over IPv4 begin and end to carry IPv6 next hops.
func TestRealIPv6NextHop(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	four, six := vpnRoute("65002:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65002:1", "2001:db8:1::/48", "65000:1", 2002)
	b.announce(four, six)
	with := b.to(a)
	with.LocalIPv6 = netip.MustParseAddr("fd00::2")
	a.set(a.to(b))
	b.set(with)
	a.waitRoute(six.from(b), func(r Route) bool { return r.NextHop == with.LocalIPv6 })
	a.waitRoute(four.from(b), func(r Route) bool { return r.NextHop == b.addr })
	since := a.peer(b.addr).Since
	b.set(b.to(a))
	a.waitRoute(six.from(b), func(r Route) bool { return r.NextHop == b.addr })
	b.set(with)
	a.waitRoute(six.from(b), func(r Route) bool { return r.NextHop == with.LocalIPv6 })
	if a.peer(b.addr).Since != since {
		t.Error("the session was reset")
	}
}

// TestRealLocalPref has policies change the session's own local preference, and
// leave.
func TestRealLocalPref(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	one, two := vpnRoute("65002:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65002:1", "30.2.0.0/16", "65000:1", 2002)
	b.announce(one, two)
	b.set(b.to(a))
	pref := func(n uint32) func(Route) bool {
		return func(r Route) bool { return n == 0 && r.LocalPref == nil || r.LocalPref != nil && *r.LocalPref == n }
	}
	plain, session, policed, both := a.to(b), a.to(b), a.to(b), a.to(b)
	of, by := uint32(150), uint32(250)
	session.LocalPref, both.LocalPref = &of, &of
	policed.Import = chainOf(policy.Term{Match: prefixes(t, "30.1.0.0/16"), Set: policy.Set{LocalPref: &by}})
	both.Import = policed.Import
	for _, step := range []struct {
		n        Neighbor
		one, two uint32
	}{{plain, 0, 0}, {session, 150, 150}, {both, 250, 150}, {policed, 250, 0}, {both, 250, 150}, {session, 150, 150}, {policed, 250, 0}, {plain, 0, 0}} {
		a.set(step.n)
		a.waitRoute(one.from(b), pref(step.one))
		a.waitRoute(two.from(b), pref(step.two))
	}
}

// TestRealPacking counts the messages in which 10,000 routes arrive, and their
// withdrawal.
func TestRealPacking(t *testing.T) {
	const routes = 10_000
	a := startNode(t, 65001, "", "10.0.0.1")
	var list []Route
	for i := range routes {
		list = append(list, vpnRoute("65001:1", fmt.Sprintf("20.%d.%d.0/24", i>>8, i&255), fmt.Sprintf("65001:%d", i%5), vpn.Label(1000+i%100)))
	}
	a.announce(list...)
	a.set(neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	h.establish(a)
	seen := map[string]bool{}
	messages := h.follow(seen, func() bool { return len(seen) == routes })
	if messages > 300 {
		t.Errorf("%d routes came in %d messages", routes, messages)
	}
	t.Logf("%d routes in %d messages", routes, messages)
	a.withdraw(list...)
	gone := h.follow(seen, func() bool { return len(seen) == 0 })
	t.Logf("withdrawn in %d messages", gone)
	if gone > 300 {
		t.Errorf("%d withdrawals came in %d messages", routes, gone)
	}
}

// follow reads messages until done, keeps the VPN routes that they announce and
// withdraw in seen, and returns how many there were.
func (h *hostile) follow(seen map[string]bool, done func() bool) (messages int) {
	h.t.Helper()
	alive := time.NewTicker(5 * time.Second)
	defer alive.Stop()
	for !done() {
		select {
		case <-alive.C:
			h.say(message(4)...)
		default:
		}
		kind, body := h.next()
		if kind == 0 {
			h.t.Fatalf("the session ended with %d routes", len(seen))
		}
		if kind != 2 {
			continue
		}
		messages++
		attrs := body[4:]
		for len(attrs) > 0 {
			head, n := 3, int(attrs[2])
			if attrs[0]&0x10 != 0 {
				head, n = 4, int(binary.BigEndian.Uint16(attrs[2:]))
			}
			kind, value := attrs[1], attrs[head:head+n]
			attrs = attrs[head+n:]
			switch kind {
			case 14:
				eachVPN(value[5+int(value[3]):], func(k string) { seen[k] = true })
			case 15:
				eachVPN(value[3:], func(k string) { delete(seen, k) })
			}
		}
	}
	return messages
}

// eachVPN calls f with the RD and the prefix of each VPN route.
func eachVPN(nlri []byte, f func(string)) {
	for len(nlri) > 0 {
		n := 1 + (int(nlri[0])+7)/8
		f(string(slices.Concat(nlri[:1], nlri[4:n])))
		nlri = nlri[n:]
	}
}

// TestRealKeptBack has routes with well-known communities come from outside: a
// router's internal peers get those of NO_EXPORT, and nobody those of
// NO_ADVERTISE.
func TestRealKeptBack(t *testing.T) {
	outside, edge := startNode(t, 65002, "", "10.0.0.2"), startNode(t, 65001, "", "10.0.0.1")
	inside := startNode(t, 65001, "", "10.0.0.3")
	plain := vpnRoute("65002:1", "30.1.0.0/16", "65000:1", 2001)
	exported, secret := plain, plain
	exported.Prefix, exported.Communities = netip.MustParsePrefix("30.2.0.0/16"), []Community{NoExport}
	secret.Prefix, secret.Communities = netip.MustParsePrefix("30.3.0.0/16"), []Community{NoAdvertise}

	// Outside sets them by policy: communities of its own would keep them there.
	outside.announce(vpnRoute("65002:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65002:1", "30.2.0.0/16", "65000:1", 2001), vpnRoute("65002:1", "30.3.0.0/16", "65000:1", 2001))
	set := func(prefix string, c Community) policy.Term {
		return policy.Term{Match: prefixes(t, prefix), Set: policy.Set{Communities: policy.Edit[vpn.Community, policy.CommunityPattern]{Add: []vpn.Community{c}}}}
	}
	to := outside.to(edge)
	to.Export = chainOf(set("30.2.0.0/16", NoExport), set("30.3.0.0/16", NoAdvertise))
	outside.set(to)
	direct := edge.to(inside)
	direct.NextHopSelf = false
	edge.set(edge.to(outside), direct)
	inside.set(inside.to(edge))
	r := edge.waitRoute(exported.from(outside), func(Route) bool { return true })
	if !slices.Equal(r.Communities, exported.Communities) {
		t.Errorf("%+v", r)
	}
	edge.waitRoute(secret.from(outside), func(Route) bool { return true })
	inside.waitRoute(plain.from(edge), func(Route) bool { return true })
	inside.waitRoute(exported.from(edge), func(Route) bool { return true })
	if list := edge.PeerRoutes(inside.addr, AdvertisedRoutes); len(list) != 2 {
		t.Errorf("advertised inside: %+v", list)
	}
	if inside.knows(secret.from(edge)) {
		t.Error("NO_ADVERTISE is advertised")
	}
	own := vpnRoute("65001:9", "40.0.0.0/16", "65000:1", 3000)
	own.Communities = []Community{NoExport}
	last := vpnRoute("65001:9", "41.0.0.0/16", "65000:1", 3000)
	edge.announce(own, last)
	outside.waitRoute(last.from(edge), func(Route) bool { return true })
	inside.waitRoute(own.from(edge), func(Route) bool { return true })
	if outside.knows(own.from(edge)) {
		t.Error("NO_EXPORT leaves the AS")
	}
}
