package router

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// Routes keep the labels that peers know although labels are assigned anew.
func TestLabelsOutliveTheirRange(t *testing.T) {
	r, _ := edge(t, func(c *config.Router) {
		c.Sessions = append(c.Sessions, topology.Session{PeerAddress: netip.MustParseAddr("192.168.2.2"), PeerAS: 65002, Interface: "eth2", Border: true})
	})
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	for i := range 8 {
		r.hears("192.168.1.2", fmt.Sprintf("10.50.%d.0/24", i), vpn.Label(2000+i))
		r.settle()
	}
	before, _ := r.vrfs.Labels.Given()
	if len(before) != 8 {
		t.Fatalf("labels %v", before)
	}
	cfg := r.cfg
	cfg.Labels.Last += 1000
	reconfigure(t, r, cfg)
	r.settle()
	if after, _ := r.vrfs.Labels.Given(); !slices.Equal(after, before) {
		t.Errorf("labels %v, before %v", after, before)
	}
}
