package bgp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// constrained returns another node as a neighbour with route target constraint.
func (n *node) constrained(p *node, client bool) Neighbor {
	to := n.to(p)
	to.RTC, to.Client = true, client
	return to
}

func (n *node) imports(targets ...string) {
	list := []vpn.RouteTarget{}
	for _, t := range targets {
		list = append(list, mustRT(t))
	}
	n.SetImports(list)
}

// counted is the state of a session with its counters.
func (n *node) counted(peer *node) PeerState {
	n.t.Helper()
	list, err := n.Peers(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	for _, p := range list {
		if p.Address == peer.addr {
			return p
		}
	}
	n.t.Fatalf("%s has no session with %s", n.addr, peer.addr)
	return PeerState{}
}

// waitPrefixes waits until a node has exactly these prefixes of a peer.
func (n *node) waitPrefixes(peer *node, prefixes ...string) {
	n.t.Helper()
	var got []string
	n.wait(fmt.Sprintf("exactly %v of %s", prefixes, peer.addr), func() bool {
		got = nil
		for k := range n.routes {
			if k.Peer == peer.addr {
				got = append(got, k.Prefix.String())
			}
		}
		slices.Sort(got)
		return slices.Equal(got, prefixes)
	})
}

// A peer is told what it imports, and follows when that changes; one without route
// target constraint is told everything.
func TestRealMemberships(t *testing.T) {
	a, b, c := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2"), startNode(t, 65003, "", "10.0.0.3")
	one, two, six := vpnRoute("65001:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65001:1", "30.2.0.0/16", "65000:2", 2002), vpnRoute("65001:1", "2001:db8::/32", "65000:1", 2003)
	a.announce(one, two, six)
	a.imports()
	b.imports("65000:1")
	c.imports("65000:1")
	a.set(a.constrained(b, false), a.constrained(c, false))
	b.set(b.constrained(a, false))
	c.set(c.to(a))
	c.waitPrefixes(a, "2001:db8::/32", "30.1.0.0/16", "30.2.0.0/16")
	b.waitPrefixes(a, "2001:db8::/32", "30.1.0.0/16")
	b.wait("both ends of RIB", func() bool { return len(b.ends) == 2 })
	p := a.counted(b)
	if !slices.Equal(p.TargetsReceived, []string{"65000:1"}) || len(p.TargetsAdvertised) != 0 || !slices.Contains(p.Capabilities, "route target constraint") || p.Advertised != 2 {
		t.Errorf("%+v", p)
	}
	if p := a.counted(c); p.TargetsReceived != nil || slices.Contains(p.Capabilities, "route target constraint") || p.Advertised != 3 {
		t.Errorf("%+v", p)
	}
	since := b.peer(a.addr).Since
	b.imports("65000:2")
	b.waitPrefixes(a, "30.2.0.0/16")
	b.imports("65000:1", "65000:2")
	b.waitPrefixes(a, "2001:db8::/32", "30.1.0.0/16", "30.2.0.0/16")
	b.imports()
	b.waitPrefixes(a)
	all := b.constrained(a, false)
	all.RTCDefault = true
	b.set(all)
	b.waitPrefixes(a, "2001:db8::/32", "30.1.0.0/16", "30.2.0.0/16")
	three := vpnRoute("65001:1", "30.3.0.0/16", "65000:3", 2004)
	a.announce(three)
	b.waitPrefixes(a, "2001:db8::/32", "30.1.0.0/16", "30.2.0.0/16", "30.3.0.0/16")
	b.set(b.constrained(a, false))
	b.waitPrefixes(a)
	if b.peer(a.addr).Since != since {
		t.Error("the session has not lasted")
	}
}

// A reflector asks for what its clients ask for, and forgets that with them.
func TestRealMembershipsReflected(t *testing.T) {
	reflectors := [2]*node{startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65001, "", "10.0.0.2")}
	source, sink := startNode(t, 65001, "", "10.0.0.5"), startNode(t, 65001, "", "10.0.0.6")
	for i, r := range reflectors {
		r.imports()
		r.set(r.constrained(source, true), r.constrained(sink, true), r.constrained(reflectors[1-i], true))
	}
	source.imports()
	sink.imports("65000:1")
	one, two := vpnRoute("65001:1", "30.1.0.0/16", "65000:1", 2001), vpnRoute("65001:1", "30.2.0.0/16", "65000:2", 2002)
	source.announce(one, two)
	for _, n := range []*node{source, sink} {
		n.set(n.constrained(reflectors[0], false), n.constrained(reflectors[1], false))
	}
	for _, r := range reflectors {
		sink.waitPrefixes(r, "30.1.0.0/16")
		r.waitPrefixes(source, "30.1.0.0/16")
	}
	sink.imports("65000:2")
	for _, r := range reflectors {
		sink.waitPrefixes(r, "30.2.0.0/16")
		r.waitPrefixes(source, "30.2.0.0/16")
	}
	// Nobody asks any more: the reflectors do not keep each other asking.
	sink.imports()
	for _, r := range reflectors {
		sink.waitPrefixes(r)
		r.waitPrefixes(source)
	}
	asked := func(at, of *node) []string { return at.counted(of).TargetsAdvertised }
	waitFor(t, func() error {
		for i, r := range reflectors {
			if left := append(asked(r, source), asked(r, reflectors[1-i])...); len(left) > 0 {
				return fmt.Errorf("%s still asks for %v", r.addr, left)
			}
		}
		return nil
	})
}

func waitFor(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Thirty clients of a reflector with ten VPNs each are told their own routes
// alone.
func TestRealMembershipsOfMany(t *testing.T) {
	const clients, vpns = 30, 10
	r := startNode(t, 65001, "", "10.0.0.40")
	r.imports()
	var list []Neighbor
	var nodes []*node
	for i := range clients {
		n := startNode(t, 65001, "", fmt.Sprintf("10.0.0.%d", i+1))
		nodes = append(nodes, n)
		var targets []string
		for v := range vpns { // each VPN has three of the clients
			targets = append(targets, fmt.Sprintf("65000:%d", v*clients/3+i/3))
			n.announce(vpnRoute(fmt.Sprintf("65001:%d", i), netip.PrefixFrom(netip.AddrFrom4([4]byte{30, byte(i), byte(v)}), 24).String(), targets[v], vpn.Label(1000+v)))
		}
		n.imports(targets...)
		list = append(list, r.constrained(n, true))
	}
	r.set(list...)
	for _, n := range nodes {
		n.set(n.constrained(r, false))
	}
	for i, n := range nodes {
		n.wait("20 routes", func() bool { return len(n.routes) == 2*vpns })
		if p := n.counted(r); p.Received != 2*vpns || len(p.TargetsAdvertised) != vpns {
			t.Errorf("client %d has received %d routes and asks for %v", i, p.Received, p.TargetsAdvertised)
		}
	}
}
