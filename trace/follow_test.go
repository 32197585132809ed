package trace

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

func follow(t *testing.T, w *world, from string, to netip.Addr) Path {
	t.Helper()
	p, err := Follow(context.Background(), w.Snapshot, w, from, netip.Addr{}, to)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// words says in short what a hop does.
func words(h status.Hop) string {
	if h.Switch == nil {
		return h.Node
	}
	f := h.Switch
	out := h.Node + " " + f.VRF
	if f.Popped != nil {
		out += " pop " + number(f.Popped)
	}
	if f.Pushed != nil {
		out += " push " + number(f.Pushed)
	}
	return out
}

func TestFollow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		from, to, in string
		want         []string
	}{
		{"s2", "s3", "10.3.0.0/24", []string{
			"s2", "pe2 spoke push 1003", "pe1 hub-out pop 1003", "hq", "pe1 hub-in push 3000", "pe3 spoke pop 3000", "s3",
		}},
		{"s3", "s2", "2001:db8:2::/64", []string{
			"s3", "pe3 spoke push 1005", "pe1 hub-out pop 1005", "hq", "pe1 hub-in push 2001", "pe2 spoke pop 2001", "s2",
		}},
		{"s2", "hq", "10.9.0.0/24", []string{"s2", "pe2 spoke push 1002", "pe1 hub-out pop 1002", "hq"}},
	} {
		p := follow(t, w, c.from, w.address(t, c.to, c.in))
		var got []string
		for _, h := range p.Hops {
			got = append(got, words(h))
		}
		if !slices.Equal(got, c.want) || p.Delivered != c.to || len(p.Disagreements) > 0 {
			t.Errorf("%s to %s: %q, delivered to %q, %q; want %q", c.from, c.to, got, p.Delivered, p.Disagreements, c.want)
		}
	}
}

func TestFollowToTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		from, to, want string
		change         func(*world)
	}{
		"no route":      {"hq", "10.77.0.1", "ends at router pe1: VRF hub-in: no route", nil},
		"the gateway":   {"s2", "10.2.0.1", "is delivered to router pe2", nil},
		"a silent host": {"s2", "10.2.0.9", "ends at router pe2: VRF spoke: host s2 does not answer ARP for 10.2.0.9", nil},
		"a host without a route": {"s2", "10.9.0.2", "is not sent by host s2: network is unreachable",
			func(w *world) { w.lost = map[string]bool{"s2": true} }},
		"a next hop that does not answer": {"s2", "10.9.0.2", "ends at host s2: nobody answers ARP for 10.2.0.99 on eth0",
			func(w *world) {
				w.change("s2", func(r *HostRoute) { r.NextHop, r.Silent = netip.MustParseAddr("10.2.0.99"), true })
			}},
		"a next hop that is not the router": {"s2", "10.9.0.2",
			"is sent by host s2 to MAC 02:00:00:66:66:66, which it has for 10.2.0.1, but router pe2 has 00:00:00:00:00:01",
			func(w *world) {
				w.change("s2", func(r *HostRoute) { r.NextHop, r.MAC = netip.MustParseAddr("10.2.0.1"), "02:00:00:66:66:66" })
			}},
		"an interface of one's own": {"s2", "10.9.0.2", "leaves host s2 by tun0, which is not in the topology",
			func(w *world) { w.change("s2", func(r *HostRoute) { r.Interface = "tun0" }) }},
		"a host that cannot be asked": {"s2", "10.3.0.2", "reaches host hq, and what happens there is unknown: no such process",
			func(w *world) { w.change("hq", func(r *HostRoute) { r.Interface = "gone" }) }},
		"a MAC that the host does not have": {"s2", "10.9.0.2", "arrives at host hq with destination MAC b2:e4:8b:d2:4e:a5, but eth1 has 02:00:00:66:66:66",
			func(w *world) { w.change("hq", func(r *HostRoute) { r.OwnMAC = "02:00:00:66:66:66" }) }},
		"a host that does not forward": {"s2", "10.3.0.2", "arrives at hq, which drops it: it does not forward",
			func(w *world) { w.Topology.Hosts[0].Forward = false }},
		"a loop": {"s2", "10.77.0.1", "loops until its TTL expires",
			func(w *world) {
				for i := range w.Topology.Hosts[0].Attachments {
					w.Topology.Hosts[0].Attachments[i].Routes = nil
				}
				w.Topology.Hosts[0].Attachments[1].Routes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			if got := follow(t, w, c.from, netip.MustParseAddr(c.to)).Outcome; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A subnet of another VRF is looked up there; a host of another VRF is sent to at
// once.
func TestConnectedRoutesOfAnotherVRF(t *testing.T) {
	label, hq := uint32(1002), netip.MustParseAddr("10.9.0.2")
	for prefix, want := range map[string]string{"10.9.0.0/24": "hub-out", "10.9.0.2/32": "hub-in"} {
		s := recorded(t)
		v := s.vrfRow(t, "pe1", "hub-in")
		v.Routes = append(v.Routes, status.Route{Prefix: netip.MustParsePrefix(prefix), NextHop: netip.IPv4Unspecified(), Label: &label, Source: "connected", Best: true})
		in := s.ports("pe1", "hub-in")[0]
		f := s.byTables("pe1", Packet{Port: in.Port, Source: netip.MustParseAddr("10.1.0.2"), Destination: hq, TTL: 64}, status.Forwarding{})
		if f.VRF != want || f.To != "hq" || f.Prefix != hostPrefix(hq) || f.Stops != "" {
			t.Errorf("by %s: %+v; want VRF %s", prefix, f, want)
		}
	}
}

// Copies that a switch sends, and a MAC that is not the neighbour's, are
// disagreements.
func TestDisagreementsBesideThePath(t *testing.T) {
	for name, c := range map[string]struct {
		fate func(router string, f *Fate)
		want string
	}{
		"a copy": {func(r string, f *Fate) {
			if r == "pe2" {
				f.Copies = []string{"eth9", "FLOOD"}
			}
		}, "router pe2: VRF spoke: Open vSwitch also sends a copy out of eth9 and FLOOD"},
		"the MAC of a host": {func(r string, f *Fate) {
			if r == "pe3" {
				f.DstMAC = "02:00:00:66:66:66"
			}
		}, "router pe3: label 3000 of VRF spoke: Open vSwitch sends to MAC 02:00:00:66:66:66, the neighbour has "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fates = c.fate
			p := follow(t, w, "s2", netip.MustParseAddr("10.3.0.2"))
			if len(p.Disagreements) != 1 || !strings.HasPrefix(p.Disagreements[0], c.want) {
				t.Errorf("%q, want %q", p.Disagreements, c.want)
			}
		})
	}
}

func TestDisagreements(t *testing.T) {
	label := func(n uint32) *uint32 { return &n }
	at := func(router string, do func(*status.Forwarding)) func(string, Packet, *status.Forwarding) {
		return func(r string, _ Packet, f *status.Forwarding) {
			if r == router {
				do(f)
			}
		}
	}
	for name, c := range map[string]struct {
		broken func(string, Packet, *status.Forwarding)
		want   string
	}{
		"label": {at("pe2", func(f *status.Forwarding) { f.Pushed = label(1002) }),
			"router pe2: VRF spoke: route 0.0.0.0/0: Open vSwitch pushes label 1002, BGP says 1003"},
		"flow": {at("pe2", func(f *status.Forwarding) { f.Stops, f.Out = "is dropped", "" }),
			"router pe2: VRF spoke: route 0.0.0.0/0: the flow is missing or wrong: the tables send the packet out of eth1 with label 1003, in Open vSwitch it is dropped"},
		"incoming label": {at("pe3", func(f *status.Forwarding) { f.Stops, f.Out = "is dropped", "" }),
			"router pe3: label 3000 of VRF spoke: the flow is missing or wrong"},
		"port": {at("pe3", func(f *status.Forwarding) { f.Out, f.To = "eth1", "pe2" }),
			"router pe3: label 3000 of VRF spoke: Open vSwitch sends out of eth1 to pe2, the tables say eth3 to s3"},
		"prefix": {at("pe2", func(f *status.Forwarding) { f.Prefix = netip.MustParsePrefix("10.0.0.0/8") }),
			"router pe2: VRF spoke: Open vSwitch uses route 10.0.0.0/8, the longest match in the tables is 0.0.0.0/0"},
		"VRF": {at("pe2", func(f *status.Forwarding) { f.VRF = "hub-in" }),
			"router pe2: Open vSwitch uses VRF hub-in, the tables say VRF spoke"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.broken = c.broken
			p := follow(t, w, "s2", netip.MustParseAddr("10.3.0.2"))
			if len(p.Disagreements) == 0 || !strings.HasPrefix(p.Disagreements[0], c.want) {
				t.Errorf("%q, want first %q", p.Disagreements, c.want)
			}
		})
	}
}

// A packet that the router has to answer is lost if the switch drops it.
func TestLostOnTheWayToTheSlowPath(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"the gateway":   {"s2", "10.2.0.1", "router pe2: VRF spoke: route 10.2.0.1/32: the flow is missing or wrong: by the tables the router answers the packet itself (is for the router itself), in Open vSwitch it is dropped"},
		"a silent host": {"s2", "10.2.0.9", "router pe2: VRF spoke: route 10.2.0.0/24: the flow is missing or wrong: by the tables the router answers the packet itself (host s2 does not answer ARP for 10.2.0.9), in Open vSwitch it is dropped"},
		"no route":      {"hq", "10.77.0.1", "router pe1: VRF hub-in: the flow is missing or wrong: by the tables the router answers the packet itself (no route), in Open vSwitch it is dropped"},
		"multicast":     {"hq", "224.0.0.1", ""}, // dropped by design
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.broken = func(_ string, _ Packet, f *status.Forwarding) { f.Stops, f.Out = "is dropped", "" }
			p := follow(t, w, c.from, netip.MustParseAddr(c.to))
			if c.want == "" {
				if len(p.Disagreements) > 0 {
					t.Errorf("%q, want none", p.Disagreements)
				}
				return
			}
			if !slices.Equal(p.Disagreements, []string{c.want}) || p.Delivered != "" || !strings.HasSuffix(p.Outcome, "is dropped") {
				t.Errorf("%q, delivered to %q, %q; want %q", p.Disagreements, p.Delivered, p.Outcome, c.want)
			}
		})
	}
}

// A flow that the tables do not explain is a disagreement, too.
func TestUnexplainedFlow(t *testing.T) {
	w := newWorld(t)
	w.broken = func(r string, _ Packet, f *status.Forwarding) {
		if r == "pe1" && f.Stops == noRoute {
			f.Stops, f.Out, f.To = "", "eth4", "hq"
		}
	}
	p := follow(t, w, "hq", netip.MustParseAddr("10.77.0.1"))
	want := "router pe1: Open vSwitch has a flow that the tables do not explain: it sends the packet out of eth4; by the tables: VRF hub-in: no route"
	if len(p.Disagreements) == 0 || p.Disagreements[0] != want {
		t.Errorf("%q, want first %q", p.Disagreements, want)
	}
}

func TestBeside(t *testing.T) {
	w := newWorld(t)
	p := follow(t, w, "s2", netip.MustParseAddr("10.3.0.2"))
	hop := func(ttl int, address, node string) status.RealHop {
		a, _ := netip.ParseAddr(address)
		return status.RealHop{TTL: ttl, Address: a, Node: node}
	}
	good := []status.RealHop{
		hop(1, "10.2.0.1", ""), hop(2, "10.9.0.1", ""), hop(3, "10.1.0.2", ""), hop(4, "", ""), hop(5, "10.3.0.1", ""), hop(6, "10.3.0.2", "s3"),
	}
	got := p.Beside(w.Snapshot, good)
	if len(got.Disagreements) > 0 || got.Answered != "s3" || got.Real[2].Node != "hq" || got.Real[3].Node != "" {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct {
		real []status.RealHop
		want string
	}{
		"silence":       {good[:5], "no answer, although by the flows they are delivered to s3"},
		"another host":  {append(slices.Clone(good[:5]), hop(6, "10.3.0.2", "s2")), "s2 answers, although"},
		"another way":   {append(slices.Clone(good[:2]), hop(3, "10.3.0.1", ""), hop(4, "10.3.0.2", "s3")), "hop 3 is pe3 (10.3.0.1), but by the flows it is hq"},
		"no way back":   {append(slices.Clone(good[:5]), status.RealHop{TTL: 6, Arrived: []string{"s3"}}), "they arrive at s3, but no answer comes back"},
		"nobody at all": {nil, "no answer, although"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := p.Beside(w.Snapshot, c.real).Disagreements; len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A path through a router outside the lab may lead back: whoever answers is no disagreement.
func TestBesideARouterOutside(t *testing.T) {
	w := newWorld(t)
	changed := *w.Topology
	changed.Links = []topology.Link{{NIC: "ens1", Metric: 10, Ends: []topology.LinkEnd{{Router: "pe2", Interface: "eth1"}}}}
	w.Topology = &changed
	for _, s := range []*Snapshot{w.Snapshot, w.truth} { // pe1 is none of the lab
		s.Interfaces = slices.DeleteFunc(s.Interfaces, func(i status.Interface) bool { return i.Router == "pe1" })
	}
	p := follow(t, w, "s2", netip.MustParseAddr("10.3.0.2"))
	if want := "leaves router pe2 by eth1 for a router outside the lab"; p.Outcome != want || len(p.Disagreements) > 0 {
		t.Fatalf("%q, %q; want %q", p.Outcome, p.Disagreements, want)
	}
	real := []status.RealHop{{TTL: 1, Address: netip.MustParseAddr("10.2.0.1")}, {TTL: 2}, {TTL: 3, Address: netip.MustParseAddr("10.3.0.2"), Node: "s3"}}
	for _, real := range [][]status.RealHop{real, real[:2], nil} {
		if got := p.Beside(w.Snapshot, real); len(got.Disagreements)+len(got.CannotTell) > 0 {
			t.Errorf("%+v: %q, %q", real, got.Disagreements, got.CannotTell)
		}
	}
	real[0].Address = netip.MustParseAddr("10.3.0.1")
	if got := p.Beside(w.Snapshot, real); len(got.Disagreements) != 1 {
		t.Errorf("inside the lab, another way is one: %+v", got)
	}
	why, err := Cause(t.Context(), w.Snapshot, w, topology.Reach{From: "s2", To: "s3", Destination: netip.MustParseAddr("10.3.0.2")})
	if want := "the packet " + p.Outcome; err != nil || why != want {
		t.Errorf("cause %q, %v; want %q", why, err, want)
	}
}

// A router has to answer packets that are addressed to it.
func TestBesideARouter(t *testing.T) {
	w := newWorld(t)
	p := follow(t, w, "s2", netip.MustParseAddr("10.2.0.1"))
	answer := []status.RealHop{{TTL: 1, Address: netip.MustParseAddr("10.2.0.1")}}
	if got := p.Beside(w.Snapshot, answer).Disagreements; len(got) > 0 {
		t.Errorf("%q", got)
	}
	for _, silence := range [][]status.RealHop{nil, {{TTL: 1}}} {
		got := p.Beside(w.Snapshot, silence).Disagreements
		if want := []string{"real packets: no answer, although by the flows they are delivered to router pe2"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// If it is unknown what a host does to a packet, real packets that go another way are
// no disagreement, unless the paths differ before that host.
func TestCannotTell(t *testing.T) {
	hop := func(ttl int, address, node string) status.RealHop {
		a, _ := netip.ParseAddr(address)
		return status.RealHop{TTL: ttl, Address: a, Node: node}
	}
	good := []status.RealHop{
		hop(1, "10.2.0.1", ""), hop(2, "10.9.0.1", ""), hop(3, "10.1.0.2", ""), hop(4, "10.1.0.1", ""), hop(5, "10.3.0.1", ""), hop(6, "10.3.0.2", "s3"),
	}
	nat, filter := HostRules{Translates: true}, HostRules{Filters: true}
	for name, c := range map[string]struct {
		rules            map[string]HostRules
		tunnel           bool // s2 sends by an interface that is not in the topology
		rewrites         bool // hq does, in the topology
		real             []status.RealHop
		unknown, differs string
	}{
		"NAT, and all is well":         {rules: map[string]HostRules{"hq": nat}, real: good},
		"NAT leads to another":         {rules: map[string]HostRules{"hq": nat}, real: append(slices.Clone(good[:5]), hop(6, "10.3.0.2", "s2")), unknown: "s2 answers, although by the flows they are delivered to s3; host hq may translate addresses (NAT)"},
		"NAT loses":                    {rules: map[string]HostRules{"hq": nat}, real: good[:3], unknown: "no answer, although"},
		"rewrites":                     {rewrites: true, real: good[:3], unknown: "no answer, although by the flows they are delivered to s3; host hq rewrites or drops packets"},
		"NAT after the difference":     {rules: map[string]HostRules{"s3": nat}, real: append(slices.Clone(good[:1]), hop(2, "10.3.0.1", ""), good[5]), differs: "hop 2 is pe3"},
		"a tunnel":                     {tunnel: true, real: []status.RealHop{hop(1, "10.3.0.2", "s3")}, unknown: "s3 answers, although by the flows the packet leaves host s2 by tun0"},
		"a filter, and all is well":    {rules: map[string]HostRules{"hq": filter, "s3": filter}, real: good},
		"a filter at the end":          {rules: map[string]HostRules{"s3": filter}, real: append(slices.Clone(good[:5]), hop(6, "", "")), unknown: "no answer, although by the flows they are delivered to s3; host s3 filters packets"},
		"a filter on the way":          {rules: map[string]HostRules{"hq": filter}, real: append(slices.Clone(good[:2]), hop(3, "", "")), unknown: "host hq filters packets"},
		"a filter not reached":         {rules: map[string]HostRules{"s3": filter}, real: append(slices.Clone(good[:2]), hop(3, "", "")), differs: "no answer, although"},
		"a filter is no excuse for it": {rules: map[string]HostRules{"hq": filter}, real: append(slices.Clone(good[:5]), hop(6, "10.3.0.2", "s2")), differs: "s2 answers, although"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.rules = c.rules
			if c.rewrites {
				changed := *w.Topology
				changed.Hosts = slices.Clone(changed.Hosts)
				for i := range changed.Hosts {
					changed.Hosts[i].Rewrites = changed.Hosts[i].Name == "hq"
				}
				w.Topology = &changed
			}
			if c.tunnel {
				w.change("s2", func(r *HostRoute) { r.Interface = "tun0" })
			}
			got := follow(t, w, "s2", netip.MustParseAddr("10.3.0.2")).Beside(w.Snapshot, c.real)
			for _, s := range []struct {
				said []string
				want string
			}{{got.CannotTell, c.unknown}, {got.Disagreements, c.differs}} {
				if s.want == "" && len(s.said) > 0 || s.want != "" && (len(s.said) != 1 || !strings.Contains(s.said[0], s.want)) {
					t.Errorf("%q, want %q", s.said, s.want)
				}
			}
		})
	}
}

func cause(t *testing.T, w *world, from, to, in string) string {
	t.Helper()
	text, err := Cause(context.Background(), w.Snapshot, w, topology.Reach{
		From: from, To: to, Source: w.address(t, from, "10.0.0.0/8"), Destination: w.address(t, to, in),
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
