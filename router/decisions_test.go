package router

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/status"
	"pseudowan/topology"
)

func TestReceivedRoute(t *testing.T) {
	r, s := edge(t, nil)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.hears("203.0.113.1", "10.51.0.0/16", 2001)
	for _, vrf := range []uint32{redID, blueID} {
		wantDoes(t, r, "received", vrf, "10.50.0.0/16", "set_field:0x7d0->reg2", "goto_table:30")
		wantDoes(t, r, "next hop not connected", vrf, "10.51.0.0/16")
	}
	if !slices.Contains(s.asked, netip.MustParseAddr("192.168.1.2")) {
		t.Error("the kernel was not asked for the next hop")
	}
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: false})
	wantDoes(t, r, "no carrier", redID, "10.50.0.0/16")
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	wantDoes(t, r, "carrier again", redID, "10.50.0.0/16", "reg2")
	r.neighborIs(firstLink, "192.168.1.2", kernel.Failed, 0)
	wantDoes(t, r, "the next hop does not answer", redID, "10.50.0.0/16")
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	wantDoes(t, r, "it answers", redID, "10.50.0.0/16", "reg2")
	r.bgpEvents([]bgp.Event{bgp.RouteUpdate{Withdrawn: true, Route: bgp.Route{
		RD: rd("2:1"), Prefix: netip.MustParsePrefix("10.50.0.0/16"), Peer: netip.MustParseAddr("192.168.1.2")}}})
	wantDoes(t, r, "withdrawn", redID, "10.50.0.0/16")
}

func TestEquallyGoodRoutes(t *testing.T) {
	r, _ := edge(t, nil)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.hears("192.168.2.2", "10.50.0.0/16", 2001)
	wantDoes(t, r, "two ways", redID, "10.50.0.0/16", "multipath(", ",hrw,2,", "goto_table:25")
	var ways []string
	for c, f := range r.fib.Flows() {
		if c.Kind() == pipeline.KindGroup && c.ID() == 1 {
			ways = append(ways, f.Actions)
		}
	}
	slices.Sort(ways)
	// The second link is narrower than the customers' ports, so it checks sizes.
	if len(ways) != 2 || strings.Contains(ways[0], "check_pkt_larger") || !strings.Contains(ways[1], "check_pkt_larger(1410)") {
		t.Errorf("ways %q", ways)
	}
	r.link(kernel.LinkEvent{Name: "eth2", Admin: true, Carrier: false})
	wantDoes(t, r, "one way", redID, "10.50.0.0/16", "set_field:0x7d0->reg2", "goto_table:30")
	r.link(kernel.LinkEvent{Name: "eth2", Admin: true, Carrier: true})
	wantDoes(t, r, "two ways again", redID, "10.50.0.0/16", "multipath(")
}

func TestImportedOnTheSameRouter(t *testing.T) {
	r, _ := edge(t, nil)
	wantDoes(t, r, "own subnet", redID, "10.1.0.0/24", "set_field:0x5->reg3")
	wantDoes(t, r, "imported subnet", blueID, "10.1.0.0/24", "set_field:0x1->metadata,resubmit(,20)")
	wantDoes(t, r, "blue exports nothing", redID, "10.2.0.0/24")
	wantDoes(t, r, "static whose next hop is silent", blueID, "10.9.0.0/16")
	r.customerIs(redPort, "10.1.0.2", 7)
	for _, vrf := range []uint32{redID, blueID} {
		wantDoes(t, r, "static", vrf, "10.9.0.0/16", "->reg1", "goto_table:30")
	}
	wantDoes(t, r, "the host itself", redID, "10.1.0.2/32", "->reg1")
	wantDoes(t, r, "the host is red's alone", blueID, "10.1.0.2/32")
}

// A route is announced once the switch can forward to it, and withdrawn when it ends.
func TestAnnouncements(t *testing.T) {
	r, s := edge(t, nil)
	if len(s.said) != 0 {
		t.Errorf("announced before anything was programmed: %q", s.said)
	}
	check := func(what string, want ...string) {
		t.Helper()
		r.settled(t, s)
		slices.Sort(s.said)
		if diff := cmp.Diff(want, s.said); diff != "" {
			t.Errorf("%s: announced %s", what, diff)
		}
		s.said = nil
	}
	check("start", "10.1.0.0/24 label 1000 to [1:1]", "2001:db8:1::/64 label 1001 to [1:1]")
	r.customerIs(redPort, "10.1.0.2", 7)
	check("the next hop of a static route answers", "10.9.0.0/16 label 1002 to [1:1]")
	r.link(kernel.LinkEvent{Name: "eth5", Admin: true, Carrier: false})
	check("the port has lost its carrier", "no 10.1.0.0/24", "no 10.9.0.0/16", "no 2001:db8:1::/64")
}

func TestAnnouncedHosts(t *testing.T) {
	r, s := edge(t, func(c *config.Router) { c.VRFs[0].RedistributeConnected = topology.RedistributeHosts })
	r.customerIs(redPort, "10.1.0.2", 7)
	r.customerIs(redPort, "10.1.0.3", 8)
	r.settled(t, s)
	slices.Sort(s.said)
	want := []string{"10.1.0.2/32 label 1000 to [1:1]", "10.1.0.3/32 label 1000 to [1:1]", "10.9.0.0/16 label 1002 to [1:1]"}
	if diff := cmp.Diff(want, s.said); diff != "" {
		t.Errorf("announced %s", diff)
	}
	wantDoes(t, r, "imported host", blueID, "10.1.0.3/32", "->reg1", "goto_table:30")
}

// Looking for missing routes goes on where it has ended.
func TestLacksRoute(t *testing.T) {
	r, _ := edge(t, func(c *config.Router) {
		for _, p := range []string{"10.50.0.0/16", "10.51.0.0/16"} {
			c.Expect = append(c.Expect, config.Expect{VRF: "red", Prefix: netip.MustParsePrefix(p), From: "pe2"})
		}
	})
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	from := 0
	for i, step := range []struct {
		prefix string
		lacks  bool
		from   int
	}{{"", true, 0}, {"10.51.0.0/16", true, 0}, {"10.50.0.0/16", false, 2}} {
		if step.prefix != "" {
			r.hears("192.168.1.2", step.prefix, 2000)
			r.settle()
		}
		if lacks := r.lacksRoute(&from); lacks != step.lacks || from != step.from {
			t.Errorf("step %d: lacks one %t, from %d; want %t, %d", i, lacks, from, step.lacks, step.from)
		}
	}
}

// The texts about what is missing name the thing.
func TestConvergence(t *testing.T) {
	r, s := edge(t, func(c *config.Router) {
		c.Expect = []config.Expect{{VRF: "red", Prefix: netip.MustParsePrefix("10.50.0.0/16"), From: "pe2"}}
		c.Sessions = append(c.Sessions, topology.Session{PeerAddress: netip.MustParseAddr("192.168.2.9"), PeerAS: 65009, Interface: "eth2"})
	})
	check := func(what string, want ...string) {
		t.Helper()
		r.settle()
		if diff := cmp.Diff(want, r.convergence().Missing, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, "\n") })); diff != "" {
			t.Errorf("%s: missing %s", what, diff)
		}
	}
	const (
		host    = "router pe1: host r does not answer for 10.1.0.2 on port 5 (eth5)"
		session = "router pe1: the BGP session with pe2 (192.168.1.2) is not established"
		route   = "router pe1: VRF red: route 10.50.0.0/16 from pe2 "
	)
	check("start", host, session, route+"has not been received")
	down := bgp.PeerState{Address: netip.MustParseAddr("192.168.1.2"), State: "active", LastError: "cannot connect: connection refused"}
	r.bgpEvents([]bgp.Event{bgp.PeerChange{Peer: down}})
	check("refused", host, session+": cannot connect: connection refused", route+"has not been received")
	down.LastError = ""
	r.bgpEvents([]bgp.Event{bgp.PeerChange{Peer: down}})
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: false})
	check("no carrier", "router pe1: interface eth1 has no carrier", host, session, route+"has not been received")
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	r.customerIs(redPort, "10.1.0.2", 7)
	r.bgpEvents([]bgp.Event{bgp.PeerChange{Peer: bgp.PeerState{Address: netip.MustParseAddr("192.168.1.2"), State: bgp.StateEstablished}}})
	check("host and session", route+"has not been received")
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	check("received", route+"waits for its next hop 192.168.1.2 to answer")
	r.neighborIs(firstLink, "192.168.1.2", kernel.Failed, 0)
	check("failed", route+"cannot be used: "+status.ReasonUnreachable+" 192.168.1.2")
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	check("all there but the flows", "router pe1: the switch is being programmed")
	r.settled(t, s)
	check("converged")
	if want := []string{"router pe1: BGP peer 192.168.2.9 (AS 65009) on eth2 does not answer yet"}; !slices.Equal(r.convergence().Waiting, want) {
		t.Errorf("waiting for %q; want %q", r.convergence().Waiting, want)
	}
}

// A link has a carrier if both the wire and the NIC behind it have one, and its BGP
// port if the link has one.
func TestCarrierOfANIC(t *testing.T) {
	r, _ := edge(t, func(cfg *config.Router) { cfg.Core[0].NIC = "n-eth1" })
	state := func() (out string) {
		for _, row := range r.interfaceRows() {
			if row.Port == firstLink || row.Name == "bgp-eth1" {
				out += row.Name + " " + string(row.Oper) + " "
			}
		}
		return out
	}
	r.link(kernel.LinkEvent{Name: "bgp-eth1", Admin: true, Carrier: true})
	for _, c := range []struct {
		event kernel.LinkEvent
		want  string
	}{
		{kernel.LinkEvent{Name: "bgp-eth1", Admin: true, Carrier: true}, "up"}, // there is no such NIC: the interface itself counts
		{kernel.LinkEvent{Name: "n-eth1", Admin: true, Carrier: false}, "down"},
		{kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: false}, "down"},
		{kernel.LinkEvent{Name: "n-eth1", Admin: true, Carrier: true}, "down"},
		{kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true}, "up"},
		{kernel.LinkEvent{Name: "n-eth2", Admin: true, Carrier: false}, "up"}, // not behind a link
	} {
		r.link(c.event)
		if got, want := state(), "eth1 "+c.want+" bgp-eth1 "+c.want+" "; got != want {
			t.Errorf("after %+v: %s; want %s", c.event, got, want)
		}
	}
	r.link(kernel.LinkEvent{Name: "n-eth1", Admin: true, Carrier: false})
	c := r.convergence()
	if want := "router pe1: the NIC of interface eth1 has no carrier"; !slices.Contains(c.Waiting, want) || slices.ContainsFunc(c.Missing, func(s string) bool { return strings.Contains(s, "carrier") }) {
		t.Errorf("waiting %q, missing %q; want to wait for a cable outside the lab", c.Waiting, c.Missing)
	}
	cfg := r.cfg
	cfg.Core = slices.Clone(cfg.Core)
	cfg.Core[0].NIC = "" // an edit has made it a wire
	reconfigure(t, r, cfg)
	if got := state(); got != "eth1 up bgp-eth1 up " {
		t.Errorf("without a NIC: %s", got)
	}
}

// A route checks the size of packets if one that does not fit can arrive.
func TestCheckedSizes(t *testing.T) {
	r, _ := edge(t, func(c *config.Router) { c.Access[1].MTU = 1400 })
	r.customerIs(redPort, "10.1.0.2", 7)
	r.customerIs(bluePort, "10.2.0.2", 8)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.hears("192.168.2.2", "10.51.0.0/16", 2000)
	wantDoes(t, r, "a port as wide as all others", redID, "10.1.0.2/32", "reg1")
	wantDoes(t, r, "a narrow port", blueID, "10.2.0.2/32", "check_pkt_larger(1414)")
	wantDoes(t, r, "a link with room for labels", redID, "10.50.0.0/16", "reg1")
	wantDoes(t, r, "a link of 1400 octets", redID, "10.51.0.0/16", "check_pkt_larger(1410)")
	for _, wide := range []struct {
		vrf    uint32
		prefix string
	}{{redID, "10.1.0.2/32"}, {redID, "10.50.0.0/16"}} {
		if got := r.does(wide.vrf, wide.prefix); strings.Contains(got, "check_pkt_larger") {
			t.Errorf("%s checks sizes: %s", wide.prefix, got)
		}
	}
}

func advertises(prefix string) *topology.RA {
	p := topology.RAPrefix{Prefix: netip.MustParsePrefix(prefix), Valid: time.Hour, Preferred: time.Hour, Autonomous: true, OnLink: true}
	return &topology.RA{Prefixes: []topology.RAPrefix{p}, Lifetime: time.Hour, Interval: time.Minute}
}

// A port that comes up advertises at once.
func TestAdvertisesOnCarrier(t *testing.T) {
	r, s := edge(t, func(c *config.Router) {
		c.Access[0].RA = advertises("2001:db8:1::/64")
	})
	const advertisement = "port 5 ICMPv6 134"
	if !slices.Contains(s.sent, advertisement) {
		t.Errorf("frames %q; want a router advertisement among them", s.sent)
	}
	r.link(kernel.LinkEvent{Name: "eth5", Admin: true, Carrier: false})
	s.sent = nil
	r.ports.Tick(time.Now().Add(time.Hour))
	if slices.Contains(s.sent, advertisement) {
		t.Error("a port without carrier advertises")
	}
	r.link(kernel.LinkEvent{Name: "eth5", Admin: true, Carrier: true})
	if !slices.Contains(s.sent, advertisement) {
		t.Errorf("frames %q; want a router advertisement among them", s.sent)
	}
	if at, ok := r.ports.Next(); !ok || time.Until(at) > 4*time.Second {
		t.Errorf("the next advertisement is due at %v, %t; want within 4s", at, ok)
	}
}

// A port that stops advertising says so while it can.
func TestCeasesAdvertising(t *testing.T) {
	r, s := edge(t, func(c *config.Router) {
		c.Access[0].RA = advertises("2001:db8:1::/64")
	})
	s.sent = nil
	r.ports.Cease(r.ports.All())
	if len(s.sent) != 0 {
		t.Errorf("frames %q although nothing changes", s.sent)
	}
	other := *r.ports.Port(5)
	other.RA = advertises("2001:db8:2::/64")
	r.ports.Cease(map[uint32]*access.Port{5: &other})
	if want := []string{"port 5 ICMPv6 134"}; !slices.Equal(s.sent, want) {
		t.Errorf("frames %q when a prefix goes; want %q", s.sent, want)
	}
	s.sent = nil
	r.ports.Cease(nil)
	if want := []string{"port 5 ICMPv6 134"}; !slices.Equal(s.sent, want) {
		t.Errorf("frames %q; want %q", s.sent, want)
	}
	s.sent = nil
	r.ports.Tick(time.Now().Add(time.Hour))
	if slices.Contains(s.sent, "port 5 ICMPv6 134") {
		t.Error("the port still advertises")
	}
}

// Punted packets that get no answer are counted at their ingress port.
func TestIgnoredPuntsAreCounted(t *testing.T) {
	r, _ := edge(t, nil)
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.settle()
	hop := r.fib.Adjacency(fib.NextHop{Port: firstLink, Addr: netip.MustParseAddr("192.168.1.2"), Push: true}, nil, nil)
	r.punt(ovs.PacketIn{Reason: pipeline.ReasonLocal, Port: redPort, VRF: redID, Frame: []byte("damaged")})
	r.punt(ovs.PacketIn{Reason: pipeline.ReasonResolve, Port: bluePort, VRF: blueID, Adjacency: hop})
	r.customerIs(redPort, "10.1.0.2", 7) // an answer, which is evidence
	if diff := cmp.Diff(map[uint32]uint64{redPort: 1, bluePort: 1}, r.ports.Ignored()); diff != "" {
		t.Errorf("ignored by port: %s", diff)
	}
}
