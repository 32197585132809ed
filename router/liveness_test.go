package router

import (
	"net/netip"
	"testing"
	"time"

	"pseudowan/bgp"
	"pseudowan/router/bfd"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// What BFD loses is cut off and not used, until it is up again; the end of a session that
// was taken down, or of a peer whose process has ended, loses nothing.
func TestLiveness(t *testing.T) {
	peer := netip.MustParseAddr("192.168.1.2")
	key := bfd.Key{Local: netip.MustParseAddr("192.168.1.1"), Peer: peer}
	lost := bfd.Change{Key: key, From: bfd.Up, To: bfd.Down, Diag: bfd.Expired}
	taken, back := lost, bfd.Change{Key: key, From: bfd.Down, To: bfd.Up}
	taken.Ordered = true
	absent := bfd.Change{Key: key, From: bfd.Down, To: bfd.Down, Diag: bfd.Expired, Ordered: true}
	for what, tt := range map[string]struct {
		state   bgp.PeerState
		changes []bfd.Change
		lost    bool
	}{
		"lost":               {bgp.PeerState{Address: peer, State: bgp.StateEstablished}, []bfd.Change{lost}, true},
		"lost and back":      {bgp.PeerState{Address: peer, State: bgp.StateEstablished}, []bfd.Change{lost, back}, false},
		"taken down":         {bgp.PeerState{Address: peer, State: bgp.StateEstablished}, []bfd.Change{taken}, false},
		"its process ended":  {bgp.PeerState{Address: peer, State: "active"}, []bfd.Change{lost}, false},
		"lost, then absent":  {bgp.PeerState{Address: peer, State: bgp.StateEstablished}, []bfd.Change{lost, absent}, false},
		"lost, then removed": {bgp.PeerState{Address: peer, State: bgp.StateEstablished}, []bfd.Change{lost, taken}, false},
	} {
		r, _ := edge(t, func(cfg *config.Router) { cfg.Sessions[0].LocalAddress, cfg.Sessions[0].BFD = key.Local, true })
		r.peers[peer] = tt.state
		r.links.Use(peer)
		r.livenessChanges(tt.changes)
		if why := r.fallover.now[peer]; (why != "") != tt.lost || r.links.Usable(peer) == tt.lost {
			t.Errorf("%s: cut off %q, usable %t", what, why, r.links.Usable(peer))
		}
		if !tt.lost {
			continue
		}
		if !r.forgive(peer) || r.forgive(peer) || r.fallover.now[peer] != "" || !r.links.Usable(peer) {
			t.Errorf("%s: it is not forgiven", what)
		}
		r.livenessChanges(tt.changes)
		cfg := r.cfg
		cfg.Sessions = []topology.Session{cfg.Sessions[0]}
		cfg.Sessions[0].BFD = false
		reconfigure(t, r, cfg)
		if r.fallover.now[peer] != "" || !r.links.Usable(peer) {
			t.Errorf("%s: without BFD it is still cut off: %q", what, r.fallover.now[peer])
		}
	}
}

// Peers on the link are one hop away, those behind a router and loopbacks several.
func TestWatched(t *testing.T) {
	addr := netip.MustParseAddr
	sessions := []topology.Session{
		{Interface: "eth1", LocalAddress: addr("192.168.1.1"), PeerAddress: addr("192.168.1.2")},
		{Interface: "eth1", LocalAddress: addr("fe80::1"), PeerAddress: addr("fe80::2")},
		{Interface: "eth1", LocalAddress: addr("192.168.1.1"), PeerAddress: addr("10.255.0.9"), Via: addr("192.168.1.2")},
		{Interface: topology.LoopbackInterface, LocalAddress: addr("10.255.0.1"), PeerAddress: addr("10.255.0.2")},
		{Interface: "eth1", LocalAddress: addr("192.168.1.1"), PeerPrefix: netip.MustParsePrefix("192.168.1.128/25")},
		{Interface: "eth1", LocalAddress: addr("192.168.1.1"), PeerAddress: addr("192.168.1.3")},
	}
	for i := range sessions {
		sessions[i].BFD = true
	}
	sessions[5].PeerShutdown = true
	cfg := config.Router{Core: []config.Core{{Name: "eth1", BGPName: "bgp-eth1", Addresses: prefixes("192.168.1.1/24")}}, Sessions: sessions}
	want := []bfd.Key{
		{Local: addr("192.168.1.1"), Peer: addr("192.168.1.2")},
		{Local: addr("fe80::1%bgp-eth1"), Peer: addr("fe80::2%bgp-eth1")},
		{Local: addr("192.168.1.1"), Peer: addr("10.255.0.9"), Multihop: true},
		{Local: addr("10.255.0.1"), Peer: addr("10.255.0.2"), Multihop: true},
	}
	got := watched(cfg)
	if len(got) != len(want) {
		t.Fatalf("watched are %+v", got)
	}
	for i, c := range got {
		if c.Key != want[i] || c.MinTx != 300*time.Millisecond || c.MinRx != 300*time.Millisecond || c.Multiplier != 3 {
			t.Errorf("%+v; want %+v, 300 ms, 3 times", c, want[i])
		}
	}
}
