package bgp

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

func TestNeighborDefaultsAndErrors(t *testing.T) {
	base := Neighbor{Address: netip.MustParseAddr("192.0.2.1"), AS: 65002, Families: []vpn.Family{vpn.VPNv6, vpn.VPNv4}}
	wanted, err := checkNeighbors([]Neighbor{base})
	if err != nil {
		t.Fatal(err)
	}
	n := wanted[base.Address]
	if n.HoldTime != 90*time.Second || n.Keepalive != 30*time.Second || n.ConnectRetry != 5*time.Second || n.Families[0] != vpn.VPNv4 {
		t.Errorf("defaults: %+v", n)
	}
	for want, change := range map[string]func(*Neighbor){
		"address of a peer":  func(n *Neighbor) { n.Address = netip.IPv4Unspecified() },
		"needs an interface": func(n *Neighbor) { n.Address = netip.MustParseAddr("fe80::1") },
		"other IP version":   func(n *Neighbor) { n.LocalAddress = netip.MustParseAddr("fd00::1") },
		"no AS":              func(n *Neighbor) { n.AS = 0 },
		"no address family":  func(n *Neighbor) { n.Families = nil },
		"unknown address":    func(n *Neighbor) { n.Families = []vpn.Family{"l2vpn"} },
		"listed twice":       func(n *Neighbor) { n.Families = []vpn.Family{vpn.VPNv4, vpn.VPNv4} },
		"hold time":          func(n *Neighbor) { n.HoldTime = 2 * time.Second },
		"keepalive":          func(n *Neighbor) { n.Keepalive = 1500 * time.Millisecond },
		"negative":           func(n *Neighbor) { n.ConnectRetry = -1 },
		"preference 0":       func(n *Neighbor) { n.LocalPref = new(uint32) },
		"80 octets":          func(n *Neighbor) { n.Password = strings.Repeat("x", 81) },
	} {
		n := base
		change(&n)
		if _, err := checkNeighbors([]Neighbor{n}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func TestNeighborsOfOneAddress(t *testing.T) {
	n := Neighbor{Address: netip.MustParseAddr("fe80::1"), AS: 65002, Families: []vpn.Family{vpn.VPNv4}, Interface: "eth1"}
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
		"AS number":            {RouterID: id},
		"router ID":            {AS: 1, RouterID: netip.MustParseAddr("::1")},
		"never listens on all": {AS: 1, RouterID: id, ListenAddresses: []netip.Addr{netip.IPv6Unspecified()}},
	} {
		if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
