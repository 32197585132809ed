package bgp

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// guestsOf is a prefix whose addresses may become neighbours of a node.
func guestsOf(n *node, prefix string, as uint32, limit int) Neighbor {
	return Neighbor{Range: netip.MustParsePrefix(prefix), Limit: limit, LocalAddress: n.addr, AS: as, Settings: settings(vpn.VPNv4, vpn.VPNv6)}
}

// refused reports whether the other end has reset the connection.
func refused(p PeerState) bool {
	return p.State != StateEstablished && (strings.Contains(p.Down(), "refuses the connection") || strings.Contains(p.Down(), "reset by peer"))
}

// TestRealGuests has peers come from a prefix, up to its limit, change with it and
// go with it.
func TestRealGuests(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b, c, d := startNode(t, 65002, "", "10.0.0.2"), startNode(t, 65002, "", "10.0.0.3"), startNode(t, 65002, "", "10.0.0.4")
	outside := startNode(t, 65002, "", "10.0.0.17")
	own := startNode(t, 65009, "", "10.0.0.9")
	prefix := guestsOf(a, "10.0.0.0/28", 65002, 2)
	a.set(prefix, a.to(own))
	a.announce(vpnRoute("65001:101", "10.1.0.0/24", "65001:101", 1000))
	for _, n := range []*node{b, c, own, outside} {
		n.set(n.to(a))
	}
	for _, n := range []*node{b, c, own} {
		n.waitEstablished(a)
		a.waitEstablished(n)
		n.waitRoute(vpnRoute("65001:101", "10.1.0.0/24", "65001:101", 1000).from(a), anyRoute)
	}
	b.announce(vpnRoute("65002:7", "10.2.0.0/24", "65001:101", 1001))
	a.waitRoute(vpnRoute("65002:7", "10.2.0.0/24", "65001:101", 1001).from(b), anyRoute)
	if p := stateOfPeer(t, a, b.addr); p.Range != prefix.Range {
		t.Errorf("%+v", p)
	}
	if p := stateOfPeer(t, a, own.addr); p.Range.IsValid() {
		t.Errorf("a configured neighbor is a guest: %+v", p)
	}

	since := peerSince(a, b)
	d.set(d.to(a))
	d.wait("refusal of the third", func() bool { return refused(d.peers[a.addr]) })
	outside.wait("refusal of a stranger", func() bool { return refused(outside.peers[a.addr]) })
	prefix.Description = "edited"
	med := uint32(7)
	prefix.MED = &med
	a.set(prefix, a.to(own))
	b.waitRoute(vpnRoute("65001:101", "10.1.0.0/24", "65001:101", 1000).from(a), func(r Route) bool { return r.MED != nil && *r.MED == 7 })
	if p := stateOfPeer(t, a, b.addr); p.Description != "edited" || peerSince(a, b) != since {
		t.Errorf("an edit of the prefix: %+v, since %s", p, since)
	}

	b.set() // makes room for d
	d.waitEstablished(a)
	a.wait("b is forgotten", func() bool { _, ok := a.peers[b.addr]; return !ok })
	a.set(a.to(own))
	for _, n := range []*node{c, d} {
		n.wait("end with the prefix", func() bool { return n.peers[a.addr].State != StateEstablished })
	}
	if peers, err := a.Peers(t.Context()); err != nil || len(peers) != 1 {
		t.Errorf("%+v, %v", peers, err)
	}
}

// TestRealGuestsPassword has guests need the password of the prefix, and a configured
// neighbour its own.
func TestRealGuestsPassword(t *testing.T) {
	a := startNode(t, 65001, "", "fd00::1")
	b, c, d := startNode(t, 65002, "", "fd00::2"), startNode(t, 65002, "", "fd00::3"), startNode(t, 65002, "", "fd00::4")
	secret := func(n Neighbor, s string) Neighbor { n.Password.Text = s; return n }
	a.set(secret(guestsOf(a, "fd00::/64", 65002, 9), "all"), secret(a.to(c), "own"))
	d.set(secret(d.to(a), "wrong"))
	b.set(secret(b.to(a), "all"))
	c.set(secret(c.to(a), "own"))
	b.waitEstablished(a)
	c.waitEstablished(a)
	d.wait("no answer", func() bool { return strings.Contains(d.peers[a.addr].Down(), "TCP-MD5") })
	a.set(secret(guestsOf(a, "fd00::/64", 65002, 9), "wrong"), secret(a.to(c), "own"))
	d.waitEstablished(a)
}

// TestRealCrowd has everybody of a prefix connect at once, and say nothing: no more
// than its limit is kept, and others' sessions stay.
func TestRealCrowd(t *testing.T) {
	a, friend := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65003, "", "10.0.0.35")
	a.set(a.to(friend), guestsOf(a, "10.0.0.0/27", 65002, 5))
	friend.set(friend.to(a))
	a.waitEstablished(friend)
	since := peerSince(a, friend)
	for range 5 {
		for i := 2; i < 30; i++ {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, byte(i))}, Timeout: tooLong}
			if conn, err := d.Dial("tcp", "10.0.0.1:179"); err == nil {
				t.Cleanup(func() { _ = conn.Close() })
			}
		}
	}
	b := startNode(t, 65002, "", "10.0.0.31")
	b.set(b.to(a))
	b.waitEstablished(a)
	peers, err := a.Peers(t.Context())
	if err != nil || len(peers) > 6 || peerSince(a, friend) != since {
		t.Errorf("%d peers, %v, the friend's session of %s is of %s", len(peers), err, since, peerSince(a, friend))
	}
}

func TestRefusalsAreToldNowAndThen(t *testing.T) {
	var r refusals
	now := time.Now()
	told := 0
	for i := range 1000 {
		if n := r.note(now.Add(time.Duration(i) * 20 * time.Millisecond)); n > 0 {
			told++
		}
	}
	if told != 2 {
		t.Errorf("told %d times in 20 s", told)
	}
}
