package bgp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// TestRealShutdown shuts a session down by an edit, from the start, and for a peer
// that hears why. Another session stays.
func TestRealShutdown(t *testing.T) {
	a, b, c := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2"), startNode(t, 65003, "", "10.0.0.3")
	open, shut := a.to(b), a.to(b)
	shut.Shutdown, shut.Communication, shut.Description = true, "back at noon", "to b"
	a.set(open, a.to(c))
	b.set(b.to(a))
	c.set(c.to(a))
	a.waitEstablished(b)
	a.waitEstablished(c)
	since := peerSince(a, c)
	for range 2 {
		a.set(shut, a.to(c))
		b.wait("words of the peer", func() bool {
			return b.peers[a.addr].Down() == `the peer ended the session: cease, administrative shutdown: "back at noon"`
		})
		a.wait("reason", func() bool { return a.peers[b.addr].Down() == "shut down in the configuration: back at noon" })
		if p := stateOfPeer(t, a, b.addr); !p.Shutdown || p.Description != "to b" || p.State == StateEstablished {
			t.Errorf("%+v", p)
		}
		b.wait("refusal", func() bool { return refused(b.peers[a.addr]) })
		if p := b.peers[a.addr]; p.LastEnd != `the peer ended the session: cease, administrative shutdown: "back at noon"` || !p.LastEndAt.Before(p.LastErrorAt) {
			t.Errorf("an attempt that failed has replaced the peer's words: %+v", p)
		}
		a.set(open, a.to(c))
		a.waitEstablished(b)
		b.waitEstablished(a)
	}
	if now := peerSince(a, c); now != since {
		t.Errorf("the other session is of %s, no longer of %s", now, since)
	}
	early := startNode(t, 65004, "", "10.0.0.4")
	shut = early.to(b)
	shut.Shutdown = true
	early.set(shut)
	b.set(b.to(a), b.to(early))
	b.wait("refusal", func() bool { return refused(b.peers[early.addr]) })
	if p := stateOfPeer(t, early, b.addr); p.Reason != "shut down in the configuration" {
		t.Errorf("%+v", p)
	}
	early.set(early.to(b))
	early.waitEstablished(b)
}

func stateOfPeer(t *testing.T, n *node, peer netip.Addr) PeerState {
	t.Helper()
	peers, err := n.Peers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		if p.Address == peer {
			return p
		}
	}
	t.Fatalf("no session with %s", peer)
	return PeerState{}
}

// TestRealGarbledShutdown checks that a session that is shut down stays so,
// whoever calls, and is counted as idle.
func TestRealGarbledShutdown(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	n := neighborAt(a, "10.0.0.2", 65002, vpn.VPNv4)
	n.Shutdown = true
	a.set(n)
	for range 3 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2)}, Timeout: 5 * time.Second}
		conn, err := d.Dial("tcp", "10.0.0.1:179")
		if err != nil {
			continue // reset so soon
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if b, err := io.ReadAll(conn); len(b) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a session that is shut down answers %x, %v", b, err)
		}
		conn.Close()
	}
	if p := stateOfPeer(t, a, n.Address); p.State != "idle" {
		t.Errorf("%+v", p)
	}
}

// TestRealLimitWarnsOrRestarts checks what else than the end for good may happen
// beyond a prefix limit.
func TestRealLimitWarnsOrRestarts(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	n := a.to(b)
	n.MaxPrefixes, n.MaxPrefixesThreshold, n.MaxPrefixesWarningOnly = 2, 50, true
	a.set(n)
	b.set(b.to(a))
	a.waitEstablished(b)
	routes := []Route{
		vpnRoute("65002:1", "10.1.0.0/24", "65001:101", 1000), vpnRoute("65002:1", "10.1.1.0/24", "65001:101", 1001), vpnRoute("65002:1", "10.1.2.0/24", "65001:101", 1002),
	}
	b.announce(routes[0])
	a.wait("warning", func() bool { return strings.HasPrefix(a.peers[b.addr].Warning, "1 prefixes received, of at most 2") })
	b.announce(routes[1:]...)
	a.wait("louder warning", func() bool { return a.peers[b.addr].Warning == "3 prefixes received, more than 2" })
	n.MaxPrefixesWarningOnly, n.MaxPrefixesRestart = false, time.Second
	a.set(n)
	a.wait("end", func() bool { return a.peers[b.addr].Reason == "more than 2 prefixes; tried again after 1s" })
	if err := b.Withdraw(t.Context(), routes[2:]); err != nil {
		t.Fatal(err)
	}
	a.waitEstablished(b)
	a.waitRoute(routes[1].from(b), anyRoute)
}
