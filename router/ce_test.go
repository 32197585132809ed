package router

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/ce"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/topology"
)

var (
	gatewayAddr = netip.MustParseAddr("10.1.0.1")
	peerAddr    = netip.MustParseAddr("10.1.0.2")
	peerMAC     = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// ceRouter returns a router with a CE on port 3, whose speaker does not run.
func ceRouter(t *testing.T, mode vpn.LabelMode, settings topology.CustomerBGP) (*loop, *ce.Speaker) {
	t.Helper()
	settings.AS = 65100
	settings.Sessions = []topology.CustomerSession{{Family: vpn.IPv4, LocalAddress: gatewayAddr, PeerAddress: peerAddr}}
	target, err := vpn.ParseRouteTarget("65000:1")
	if err != nil {
		t.Fatal(err)
	}
	rd, err := vpn.ParseRD("65000:1")
	if err != nil {
		t.Fatal(err)
	}
	targets := []vpn.RouteTarget{target}
	cfg := config.Router{
		Router: "pe1", AS: 65000, RouterID: netip.MustParseAddr("10.0.0.1"), Labels: vpn.LabelRange{First: 1000, Last: 1003},
		VRFs: []config.VRF{{
			ID: 1, Name: "red", RD: rd, Import: targets, Export: targets, LabelMode: mode,
			RedistributeConnected: topology.RedistributeSubnets,
			Bindings:              []vpn.Binding{{Label: 1000, Key: mode.KeyFor("red", netip.PrefixFrom(gatewayAddr, 24), netip.Addr{})}},
		}},
		Access: []config.Access{{
			Port: 3, Name: "eth3", VRF: "red", MAC: "02:00:00:00:00:01", MTU: 1500,
			Gateways: []netip.Prefix{netip.PrefixFrom(gatewayAddr, 24)}, Expect: []netip.Addr{peerAddr},
			CE: &config.CE{Namespace: "none", Port: 4, Name: "ovs-bgp4", BGP: settings},
		}},
	}
	r, _ := alone(cfg)
	next, err := read(cfg)
	if err != nil {
		t.Fatal(err)
	}
	speaker := &ce.Speaker{}
	next.speakers = map[uint32]*ce.Speaker{3: speaker}
	if _, err := r.configure(next); err != nil {
		t.Fatal(err)
	}
	r.link(kernel.LinkEvent{Name: "eth3", Admin: true, Carrier: true})
	return r, speaker
}

func (r *loop) answers(addr netip.Addr) {
	r.saw(3, addr, peerMAC)
	r.settle()
}

func told(prefix, nextHop string, as ...uint32) bgp.Event {
	return bgp.RouteUpdate{Route: bgp.Route{
		Prefix: netip.MustParsePrefix(prefix), NextHop: netip.MustParseAddr(nextHop), Peer: peerAddr, PeerAS: 65100,
		ASPath: bgp.Sequence(append([]uint32{65100}, as...)...),
	}}
}

func withdrawn(prefix string) bgp.Event {
	return bgp.RouteUpdate{Withdrawn: true, Route: bgp.Route{Prefix: netip.MustParsePrefix(prefix), Peer: peerAddr}}
}

// entries prints the CE's routes in the VRF.
func (r *loop) entries() string {
	var lines []string
	r.settle()
	for _, e := range r.vrfs.Routes("red") {
		if e.Customer() {
			lines = append(lines, fmt.Sprintf("%s via %s label %d best %t", e.Route.Prefix, e.Route.NextHop, e.Route.Label, e.Best))
		}
	}
	return strings.Join(lines, "\n")
}

func (r *loop) hasLabel(label uint64) bool {
	return r.flow(pipeline.NewCookie(pipeline.KindInLabel, 0, label)) != ""
}

func TestCERoutesAndLabels(t *testing.T) {
	for _, tt := range []struct {
		mode   vpn.LabelMode
		labels [2]uint64
	}{
		{vpn.PerNextHop, [2]uint64{1003, 1003}},
		{vpn.PerPrefix, [2]uint64{1003, 1002}},
		{vpn.PerVRF, [2]uint64{1000, 1000}},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			r, c := ceRouter(t, tt.mode, topology.CustomerBGP{})
			r.ceEvents(c, []bgp.Event{told("172.16.0.0/16", "10.1.0.2"), told("172.17.0.0/16", "10.1.0.2")})
			want := func(best bool) string {
				return fmt.Sprintf("172.16.0.0/16 via 10.1.0.2 label %d best %t\n172.17.0.0/16 via 10.1.0.2 label %d best %t",
					tt.labels[0], best, tt.labels[1], best)
			}
			if got := r.entries(); got != want(false) {
				t.Errorf("before the peer answers:\n%s", got)
			}
			r.answers(peerAddr)
			if got := r.entries(); got != want(true) {
				t.Errorf("once the peer answers:\n%s", got)
			}
			for _, label := range tt.labels {
				flow := r.flow(pipeline.NewCookie(pipeline.KindInLabel, 0, label))
				if straight := strings.Contains(flow, "->reg1"); straight != (tt.mode != vpn.PerVRF) {
					t.Errorf("label %d leads to its next hop: %t: %s", label, straight, flow)
				}
			}
			r.link(kernel.LinkEvent{Name: "eth3", Admin: true})
			if got := r.entries(); got != want(false) {
				t.Errorf("without carrier:\n%s", got)
			}
			r.ceEvents(c, []bgp.Event{withdrawn("172.16.0.0/16"), withdrawn("172.17.0.0/16")})
			if got := r.entries(); got != "" {
				t.Errorf("after the withdrawal:\n%s", got)
			}
			for _, label := range tt.labels {
				if label != 1000 && r.hasLabel(label) {
					t.Errorf("label %d is still in the switch", label)
				}
			}
			if !r.hasLabel(1000) {
				t.Error("the plan's label has left the switch")
			}
		})
	}
}

// What is missing includes an exhausted label range.
func TestCERouteWithoutALabel(t *testing.T) {
	r, c := ceRouter(t, vpn.PerPrefix, topology.CustomerBGP{})
	r.answers(peerAddr)
	r.cfg.Expect = []config.Expect{{VRF: "red", Prefix: netip.MustParsePrefix("172.19.0.0/16"), From: "pe1"}}
	missing := func() string { return strings.Join(r.convergence().Missing, "\n") }
	if got, want := missing(), "route 172.19.0.0/16 from pe1 has not been received"; !strings.Contains(got, want) {
		t.Errorf("nothing announced: %q, want %q", got, want)
	}
	for i := range 4 {
		r.ceEvents(c, []bgp.Event{told(fmt.Sprintf("172.%d.0.0/16", 16+i), "10.1.0.2")})
	}
	r.settle()
	if got, want := missing(), "is announced but not used: VRF red, prefix 172.19.0.0/16: no label left in the range 1000-1003; give the router"; !strings.Contains(got, want) {
		t.Errorf("no label left: %q, want %q", got, want)
	}
	r.ceEvents(c, []bgp.Event{withdrawn("172.16.0.0/16"), told("172.19.0.0/16", "10.1.0.2")})
	r.settle()
	if got := missing(); strings.Contains(got, "172.19.0.0/16") {
		t.Errorf("a label was given back: %q", got)
	}
}

func TestCERoutesThatAreNotUsed(t *testing.T) {
	r, c := ceRouter(t, vpn.PerNextHop, topology.CustomerBGP{})
	r.ceEvents(c, []bgp.Event{
		told("10.1.0.0/24", "10.1.0.2"),    // connected
		told("172.16.0.0/16", "10.2.0.2"),  // off the link
		told("172.17.0.0/16", "10.1.0.1"),  // ours
		told("127.0.0.0/8", "10.1.0.2"),    // not a network
		told("224.0.0.0/4", "10.1.0.2"),    // not unicast
		told("2001:db8::/32", "10.1.0.2"),  // the other family
		told("172.18.0.0/16", "10.1.0.2"),  // first good, then bad
		told("172.18.0.0/16", "192.0.2.1"), //
	})
	if got := r.entries(); got != "" {
		t.Errorf("used:\n%s", got)
	}
	if r.hasLabel(1001) {
		t.Error("a label is bound")
	}
	// The router keeps asking for each next hop, so their number is limited.
	for i := range 100 {
		r.ceEvents(c, []bgp.Event{told(fmt.Sprintf("172.20.%d.0/24", i), fmt.Sprintf("10.1.0.%d", 100+i))})
	}
	asked := 0
	for _, e := range r.ports.Entries() {
		if e.Wanted {
			asked++
		}
	}
	const most = 64
	if asked > most {
		t.Errorf("%d neighbours are asked for", asked)
	}
	// Three labels are left for them.
	if got := strings.Count(r.entries(), "\n") + 1; got != 3 {
		t.Errorf("%d routes have a label:\n%s", got, r.entries())
	}
	for i := range 100 {
		r.ceEvents(c, []bgp.Event{withdrawn(fmt.Sprintf("172.20.%d.0/24", i))})
	}
	if given, _ := r.vrfs.Labels.Given(); len(given) != 0 || r.entries() != "" {
		t.Errorf("labels %v and routes %s are left", given, r.entries())
	}
	if entries := r.ports.Entries(); len(entries) != 1 || entries[0].Key.Addr != peerAddr || !entries[0].Wanted {
		t.Errorf("neighbours asked for: %+v", entries)
	}
}

// The sessions' packets go to the CE's MAC once it is known.
func TestCEFlowsFollowTheMAC(t *testing.T) {
	r, _ := ceRouter(t, vpn.PerNextHop, topology.CustomerBGP{})
	away := func() string {
		return r.flow(pipeline.NewCookie(pipeline.KindCustomerBGP, 2, 3))
	}
	if got := away(); got != "drop" {
		t.Errorf("before the peer answers: %s", got)
	}
	r.answers(peerAddr)
	if got := away(); !strings.Contains(got, peerMAC.String()+"->eth_dst,output:3") {
		t.Errorf("once it has answered: %s", got)
	}
}
