package router

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/transport"
	"pseudowan/topology"
)

// Packets for the loopback come over links that label-switched paths use, or sessions of the
// loopback, and over no others: somebody outside could send them.
func TestLinksToTheLoopback(t *testing.T) {
	own := netip.MustParseAddr("10.255.0.1")
	cfg := config.Router{
		Transport: &config.Transport{Port: 9, MAC: testMAC(9).String(), Addresses: []netip.Addr{own}},
		Core: []config.Core{
			{Port: 1, Name: "eth1", MAC: testMAC(1).String(), Metric: 10},
			{Port: 2, Name: "eth2", MAC: testMAC(2).String(), NIC: "n-eth2"},
			{Port: 3, Name: "eth3", MAC: testMAC(3).String(), NIC: "n-eth3"},
			{Port: 4, Name: "eth4", MAC: testMAC(4).String()},
		},
		Sessions: []topology.Session{
			{Interface: "eth2", LocalAddress: netip.MustParseAddr("192.168.2.1")}, {Interface: "eth3", LocalAddress: own},
			{Interface: topology.LoopbackInterface, LocalAddress: own},
		},
	}
	links, err := transport.Ports(cfg.Core)
	if err != nil {
		t.Fatal(err)
	}
	got, err := loopback(cfg, links)
	if err != nil {
		t.Fatal(err)
	}
	want := pipeline.Loopback{Port: 9, MAC: testMAC(9), Addresses: []netip.Addr{own}, Links: []pipeline.LoopbackLink{{Port: 1, MAC: testMAC(1)}, {Port: 3, MAC: testMAC(3)}}}
	if diff := cmp.Diff(want.Flows(), got); diff != "" {
		t.Errorf("flows (-want +got):\n%s", diff)
	}
}
