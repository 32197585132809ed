package router

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/neighbor"
	"pseudowan/topology"
)

var (
	gatewayAddr = netip.MustParseAddr("10.1.0.1")
	peerAddr    = netip.MustParseAddr("10.1.0.2")
	peerMAC     = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// customerReactor is a router with a customer on port 3, all of whose packets
// and sessions are left to imagination.
func customerReactor(t *testing.T, mode vpn.LabelMode, settings topology.CustomerBGP) (*reactor, *customer) {
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
	r := newReactor(slog.New(slog.DiscardHandler), cfg)
	access, core, err := portsOf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &customer{
		CE: *access[3].CE, access: access[3],
		peers: map[netip.Addr]bgp.PeerState{}, received: map[bgp.Key]bgp.Route{}, entered: map[bgp.Key]enteredRoute{},
		nextHops: map[netip.Addr]int{}, asked: map[netip.Addr]bool{}, wanted: map[netip.Prefix]bgp.Route{}, told: map[netip.Prefix]bgp.Route{},
		refused: map[bgp.Key]string{},
	}
	if err := r.take(cfg, access, core, map[uint32]*customer{3: c}); err != nil {
		t.Fatal(err)
	}
	return r, c
}

func (r *reactor) answers(addr netip.Addr) {
	r.neighborActions(r.neighbors.Seen(time.Now(), neighbor.Key{Port: 3, Addr: addr}, peerMAC, neighbor.Evidence{Solicited: true, Override: true}))
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

// entries prints the customer's routes in the VRF.
func (r *reactor) entries() string {
	var lines []string
	r.update()
	for _, e := range r.tables.Routes("red") {
		if e.Customer() {
			lines = append(lines, fmt.Sprintf("%s via %s label %d best %t", e.Route.Prefix, e.Route.NextHop, e.Route.Label, e.Best))
		}
	}
	return strings.Join(lines, "\n")
}

func (r *reactor) hasLabel(label uint64) bool {
	return r.flow(pipeline.NewCookie(pipeline.KindInLabel, 0, label)) != ""
}

func TestCustomerRoutesAndLabels(t *testing.T) {
	for _, tt := range []struct {
		mode   vpn.LabelMode
		labels [2]uint64
	}{
		{vpn.PerNextHop, [2]uint64{1003, 1003}},
		{vpn.PerPrefix, [2]uint64{1003, 1002}},
		{vpn.PerVRF, [2]uint64{1000, 1000}},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			r, c := customerReactor(t, tt.mode, topology.CustomerBGP{})
			r.customerEvents(c, []bgp.Event{told("172.16.0.0/16", "10.1.0.2"), told("172.17.0.0/16", "10.1.0.2")})
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
			r.neighborActions(r.neighbors.PortDown(time.Now(), 3))
			if got := r.entries(); got != want(false) {
				t.Errorf("without carrier:\n%s", got)
			}
			r.customerEvents(c, []bgp.Event{withdrawn("172.16.0.0/16"), withdrawn("172.17.0.0/16")})
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

func TestCustomerRoutesThatAreNotUsed(t *testing.T) {
	r, c := customerReactor(t, vpn.PerNextHop, topology.CustomerBGP{})
	r.customerEvents(c, []bgp.Event{
		told("10.1.0.0/24", "10.1.0.2"),    // connected
		told("172.16.0.0/16", "10.2.0.2"),  // off the link
		told("172.17.0.0/16", "10.1.0.1"),  // ours
		told("127.0.0.0/8", "10.1.0.2"),    // no network
		told("224.0.0.0/4", "10.1.0.2"),    // no unicast
		told("2001:db8::/32", "10.1.0.2"),  // the other family
		told("172.18.0.0/16", "10.1.0.2"),  // good, and then bad
		told("172.18.0.0/16", "192.0.2.1"), //
	})
	if got := r.entries(); got != "" {
		t.Errorf("used:\n%s", got)
	}
	if r.hasLabel(1001) {
		t.Error("a label is bound")
	}
	// Each next hop is asked for again and again, so there is a bound.
	for i := range 100 {
		r.customerEvents(c, []bgp.Event{told(fmt.Sprintf("172.20.%d.0/24", i), fmt.Sprintf("10.1.0.%d", 100+i))})
	}
	if n := len(r.wanted); n > maxNextHops {
		t.Errorf("%d neighbours are asked for", n)
	}
	// Three labels are left for them.
	if got := strings.Count(r.entries(), "\n") + 1; got != 3 {
		t.Errorf("%d routes have a label:\n%s", got, r.entries())
	}
	for i := range 100 {
		r.customerEvents(c, []bgp.Event{withdrawn(fmt.Sprintf("172.20.%d.0/24", i))})
	}
	if len(r.labels.given) != 0 || len(c.entered) != 0 {
		t.Errorf("labels %v and routes %v are left", r.labels.given, c.entered)
	}
	if !r.wanted[neighbor.Key{Port: 3, Addr: peerAddr}] || r.wanted[neighbor.Key{Port: 3, Addr: netip.MustParseAddr("10.1.0.100")}] {
		t.Errorf("neighbours asked for: %v", r.wanted)
	}
}

func TestExportToCustomer(t *testing.T) {
	remote := func(change func(*bgp.Path)) *bgp.Path {
		med := uint32(9)
		p := &bgp.Path{Source: bgp.BGP, Route: bgp.Route{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("192.168.0.2"), Label: 2000,
			ASPath: bgp.Sequence(65100, 65200), MED: &med, Communities: []bgp.Community{7}, Origin: bgp.OriginEGP,
		}}
		change(p)
		return p
	}
	same := func(*bgp.Path) {}
	for name, tt := range map[string]struct {
		override bool
		path     *bgp.Path
		want     string // "": not told
	}{
		"remote":      {false, remote(same), "65100 65200"},
		"as-override": {true, remote(same), "65000 65200"},
		"no-export":   {false, remote(func(p *bgp.Path) { p.Route.Communities = []bgp.Community{bgp.NoExport} }), ""},
		"other family": {false, remote(func(p *bgp.Path) {
			p.Route.Prefix = netip.MustParsePrefix("2001:db8::/32")
		}), ""},
		"its own": {false, remote(func(p *bgp.Path) { p.VRF, p.Route.NextHop = "red", peerAddr }), ""},
		"another's of another VRF with the same address": {false, remote(func(p *bgp.Path) {
			p.VRF, p.Route.NextHop = "blue", peerAddr
		}), "65100 65200"},
		"static behind it": {false, &bgp.Path{Source: bgp.Static, VRF: "red", Route: bgp.Route{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: peerAddr,
		}}, ""},
		"its own subnet": {false, &bgp.Path{Source: bgp.Connected, VRF: "red", Route: bgp.Route{
			Prefix: netip.MustParsePrefix("10.1.0.0/24"),
		}}, ""},
		"none": {false, nil, ""},
	} {
		_, c := customerReactor(t, vpn.PerNextHop, topology.CustomerBGP{ASOverride: tt.override})
		route, tells := c.export(tt.path, 65000)
		if tells != (tt.want != "") || route.ASPath.String() != tt.want {
			t.Errorf("%s: told %t %+v", name, tells, route)
		}
		if tells && (route.NextHop != gatewayAddr || route.MED != nil || route.Label != 0 || route.RD != vpn.RD{} || len(route.Communities) != 1 || route.Origin != bgp.OriginEGP) {
			t.Errorf("%s: %+v", name, route)
		}
	}
}

// A customer's MAC, when it is known, is where the sessions' packets go.
func TestCustomerFlowsFollowTheMAC(t *testing.T) {
	r, c := customerReactor(t, vpn.PerNextHop, topology.CustomerBGP{})
	away := func() string {
		return r.flow(pipeline.NewCookie(pipeline.KindCustomerBGP, 2, uint64(c.access.Port)))
	}
	if got := away(); got != "drop" {
		t.Errorf("before the peer answers: %s", got)
	}
	r.answers(peerAddr)
	if got := away(); !strings.Contains(got, peerMAC.String()+"->eth_dst,output:3") {
		t.Errorf("once it has answered: %s", got)
	}
}
