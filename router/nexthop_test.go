package router

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/topology"
)

// A next hop that is unusable when its route arrives is used once it is usable.
func TestNextHopBecomesUsable(t *testing.T) {
	const prefix = "10.50.0.0/16"
	t.Run("carrier", func(t *testing.T) {
		r, _ := edge(t, nil)
		r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: false})
		r.hears("192.168.1.2", prefix, 2000)
		wantDoes(t, r, "no carrier", redID, prefix)
		r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
		wantDoes(t, r, "carrier", redID, prefix, "reg2")
	})
	t.Run("answer", func(t *testing.T) {
		r, _ := edge(t, nil)
		r.neighborIs(firstLink, "192.168.1.2", kernel.Failed, 0)
		r.hears("192.168.1.2", prefix, 2000)
		wantDoes(t, r, "failed", redID, prefix)
		r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
		wantDoes(t, r, "reachable", redID, prefix, "reg2")
	})
	t.Run("link", func(t *testing.T) {
		r, _ := edge(t, nil)
		r.hears("192.168.3.2", prefix, 2000)
		wantDoes(t, r, "not connected", redID, prefix)
		cfg := r.cfg
		cfg.Core = slices.Clone(cfg.Core)
		cfg.Core[1].Addresses = prefixes("192.168.3.1/24")
		reconfigure(t, r, cfg)
		wantDoes(t, r, "connected", redID, prefix, "reg2")
	})
}

// The kernel is asked for a next hop as long as a route names it.
func TestSolicits(t *testing.T) {
	r, s := edge(t, nil)
	hop := netip.MustParseAddr("192.168.1.2")
	r.hears(hop.String(), "10.50.0.0/16", 2000)
	r.neighborIs(firstLink, hop.String(), "reachable", 9)
	s.asked = nil
	r.links.Solicit(r.vrfs.NextHops())
	if !slices.Equal(s.asked, []netip.Addr{hop}) {
		t.Errorf("asked for %v; want %s, also while it is known", s.asked, hop)
	}
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: false})
	s.asked = nil
	r.links.Solicit(r.vrfs.NextHops())
	if len(s.asked) != 0 {
		t.Errorf("asked for %v over a link without carrier", s.asked)
	}
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	r.bgpEvents([]bgp.Event{bgp.RouteUpdate{Withdrawn: true, Route: bgp.Route{RD: rd("2:1"), Prefix: netip.MustParsePrefix("10.50.0.0/16"), Peer: hop}}})
	s.asked = nil
	r.links.Solicit(r.vrfs.NextHops())
	if len(s.asked) != 0 {
		t.Errorf("asked for %v, which no route names", s.asked)
	}
}

// A next hop keeps its MAC while the kernel asks for it again.
func TestNextHopAskedAgain(t *testing.T) {
	r, _ := edge(t, nil)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	known := func() bool {
		r.settle()
		for c, f := range r.fib.Flows() {
			if c.Kind() == pipeline.KindAdjacency && strings.Contains(f.Actions, testMAC(9).String()) {
				return true
			}
		}
		return false
	}
	r.neighborIs(firstLink, "192.168.1.2", "incomplete", 0)
	if !known() {
		t.Error("the adjacency is lost while the kernel asks")
	}
	r.neighborIs(firstLink, "192.168.1.2", kernel.Failed, 0)
	if known() {
		t.Error("the adjacency remains although nobody answers")
	}
}

// A link-local next hop belongs to the port that its zone names; a link-local address
// that nobody needs brings no route.
func TestLinkLocalNextHop(t *testing.T) {
	const prefix = "2001:db8:77::/64"
	r, _ := edge(t, func(c *config.Router) {
		hop := netip.MustParseAddr("fe80::7%eth5")
		c.VRFs[0].Statics = []config.Static{{Prefix: netip.MustParsePrefix(prefix), NextHop: hop, Port: redPort}}
		c.VRFs[0].Bindings = append(c.VRFs[0].Bindings, vpn.Binding{
			Label: 1009, Key: vpn.LabelKey{VRF: "red", Kind: vpn.LabelNextHop, Family: vpn.VPNv6, NextHop: hop},
		})
		c.VRFs[0].RedistributeConnected = topology.RedistributeHosts
	})
	wantDoes(t, r, "silent", redID, prefix)
	r.customerIs(redPort, "fe80::8", 8)
	wantDoes(t, r, "somebody else", redID, prefix)
	wantDoes(t, r, "somebody else", redID, "fe80::8/128")
	r.customerIs(redPort, "fe80::7", 7)
	wantDoes(t, r, "answers", redID, prefix, "->reg1", "goto_table:30")
	wantDoes(t, r, "answers", blueID, prefix, "->reg1", "goto_table:30")
	a := r.fib.Adjacency(fib.NextHop{Port: redPort, Addr: netip.MustParseAddr("fe80::7")}, nil, nil)
	if to := r.flow(pipeline.NewCookie(pipeline.KindAdjacency, 0, uint64(a))); !strings.Contains(to, testMAC(7).String()) {
		t.Fatalf("its adjacency does %q; want a resolved one", to)
	}
	if in := r.flow(pipeline.NewCookie(pipeline.KindInLabel, 0, 1009)); !strings.Contains(in, setReg1(a)) {
		t.Errorf("its label does %q; want %s in it", in, setReg1(a))
	}
	for _, e := range r.vrfs.Routes("red") {
		if access.LinkLocal(e.Route.Prefix.Addr()) {
			t.Errorf("route to %s", e.Route.Prefix)
		}
	}
}

func setReg1(adjacency uint32) string { return fmt.Sprintf("set_field:%#x->reg1", adjacency) }
