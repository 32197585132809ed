package bgp

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// settings returns the settings of a session that carries the families.
func settings(families ...vpn.Family) session.Settings {
	s := session.Default(session.Routers)
	s.Families, s.NextHopSelf = families, false
	return s
}

func passive(s session.Settings) session.Settings {
	s.Passive = true
	return s
}

// What must be negotiated with the peer needs a new session, and every knob is a
// change of the neighbor.
func TestNeedsReset(t *testing.T) {
	n := Neighbor{Address: netip.MustParseAddr("192.0.2.1"), AS: 65002, Settings: settings(vpn.VPNv4)}
	med := uint32(7)
	other := session.Settings{
		Families: []vpn.Family{vpn.VPNv6}, MED: &med, LocalPref: &med, HoldTime: 9 * time.Second, Keepalive: 4 * time.Second,
		ConnectRetry: 8 * time.Second, Passive: true, Password: session.Password{Text: "x"}, GTSM: 1, MaxPrefixes: 5, NextHopSelf: true, NextHopUnchanged: true, IPv6NextHop: true, ASOverride: true, IBGP: true, DefaultOriginate: true, GracefulShutdown: true, AllowOwnAS: 3, LocalAS: 65050, LocalASNoPrepend: true, LocalASReplaceAS: true, AddPathReceive: []vpn.Family{vpn.VPNv6}, AddPathSend: []vpn.Family{vpn.VPNv6}, AddPathPaths: 3, RTC: true, RTCDefault: true, EnforceFirstAS: true, RemovePrivateAS: true,
		Description: "d", MaxPrefixesThreshold: 50, MaxPrefixesWarningOnly: true, MaxPrefixesRestart: time.Minute, Shutdown: true, Communication: "c",
		Multihop: 3, GracefulRestart: session.RestartHelper, RestartFamilies: []vpn.Family{vpn.VPNv6}, RestartTime: 9 * time.Second, StalePathTime: 9 * time.Second,
		RestartNotification: true, LongLivedStaleTime: time.Hour, LongLivedFamilies: []vpn.Family{vpn.VPNv6},
		ImportPolicy: []string{"a"}, ExportPolicy: []string{"b"},
		BFD: true, BFDMinTx: session.Interval(time.Second), BFDMinRx: session.Interval(time.Second), BFDMultiplier: 5,
	}
	for _, k := range session.Knobs(session.Routers | session.Hosts) {
		changed := n
		k.Copy(&changed.Settings, &other)
		if changed.equal(n) {
			t.Errorf("%s: the change is not noticed", k.Key)
		}
		if got := n.needsReset(changed, n.AS); got != k.Reset {
			t.Errorf("%s: reset %t within an AS, want %t", k.Key, got, k.Reset)
		}
		if got, want := n.needsReset(changed, 65001), k.Reset && k.Key != "next-hop-self"; got != want {
			t.Errorf("%s: reset %t between ASes, want %t", k.Key, got, want)
		}
	}
}

// What the peer is told, and which AS paths it may send, differs at a border from the start.
func TestBorderNeedsReset(t *testing.T) {
	n := Neighbor{Address: netip.MustParseAddr("192.0.2.1"), AS: 65002, Settings: settings(vpn.VPNv4)}
	border := n
	border.Border = true
	if !n.needsReset(border, 65001) || !border.needsReset(n, 65001) || n.equal(border) {
		t.Error("a session becomes one at a border, or no longer is, without a reset")
	}
}

func TestNeighborErrors(t *testing.T) {
	base := Neighbor{Address: netip.MustParseAddr("192.0.2.1"), AS: 65002, Settings: settings(vpn.VPNv6, vpn.VPNv4)}
	wanted, err := checkNeighbors([]Neighbor{base})
	if err != nil {
		t.Fatal(err)
	}
	if n := wanted[base.Address]; n.Families[0] != vpn.VPNv4 {
		t.Errorf("families %v are not sorted", n.Families)
	}
	for want, change := range map[string]func(*Neighbor){
		"address of a peer":  func(n *Neighbor) { n.Address = netip.IPv4Unspecified() },
		"needs an interface": func(n *Neighbor) { n.Address = netip.MustParseAddr("fe80::1") },
		"other IP version":   func(n *Neighbor) { n.LocalAddress = netip.MustParseAddr("fd00::1") },
		"no AS":              func(n *Neighbor) { n.AS = 0 },
		"no address family":  func(n *Neighbor) { n.Families = nil },
		"unknown address":    func(n *Neighbor) { n.Families = []vpn.Family{"l2vpn"} },
		"listed twice":       func(n *Neighbor) { n.Families = []vpn.Family{vpn.VPNv4, vpn.VPNv4} },
		"hold time 0":        func(n *Neighbor) { n.HoldTime = 0 },
		"hold time 2s":       func(n *Neighbor) { n.HoldTime = 2 * time.Second },
		"keepalive 1.5s":     func(n *Neighbor) { n.Keepalive = 1500 * time.Millisecond },
	} {
		n := base
		change(&n)
		if _, err := checkNeighbors([]Neighbor{n}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func TestNeighborsOfOneAddress(t *testing.T) {
	n := Neighbor{Address: netip.MustParseAddr("fe80::1"), AS: 65002, Settings: settings(vpn.VPNv4), Interface: "eth1"}
	m := n
	m.Interface = "eth2"
	_, err := checkNeighbors([]Neighbor{n, m})
	if err == nil || !strings.Contains(err.Error(), "fe80::1%eth1") || !strings.Contains(err.Error(), "fe80::1%eth2") {
		t.Errorf("%v", err)
	}
	wanted, err := checkNeighbors([]Neighbor{n})
	if err != nil || wanted[n.Address].Address.Zone() != "eth1" {
		t.Errorf("%v, %v", wanted, err)
	}
}

func TestConfigErrors(t *testing.T) {
	id := netip.MustParseAddr("10.0.0.1")
	for want, cfg := range map[string]Config{
		"AS number": {RouterID: id},
		"router ID": {AS: 1, RouterID: netip.MustParseAddr("::1")},
		"wildcard":  {AS: 1, RouterID: id, ListenAddresses: []netip.Addr{netip.IPv6Unspecified()}},
	} {
		if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
