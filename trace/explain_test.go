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

// vrfRow returns a VRF of the snapshot, to be changed.
func (s *Snapshot) vrfRow(t *testing.T, router, vrf string) *status.VRF {
	t.Helper()
	i := slices.IndexFunc(s.VRFs, func(v status.VRF) bool { return v.Router == router && v.VRF == vrf })
	if i < 0 {
		t.Fatalf("no VRF %s on %s", vrf, router)
	}
	return &s.VRFs[i]
}

// forget removes routes from a VRF.
func forget(v *status.VRF, which func(status.Route) bool) {
	v.Routes = slices.DeleteFunc(v.Routes, which)
}

func received(r status.Route) bool { return r.Source == "bgp" }

// lose removes what a router received from its peers, and what it imported.
func (s *Snapshot) lose(t *testing.T, router, vrf string) {
	t.Helper()
	forget(s.vrfRow(t, router, vrf), received)
	s.RIB = slices.DeleteFunc(s.RIB, func(r status.RIB) bool { return r.Router == router })
}

// explanations are snapshots with a fault, and their explanation.
var explanations = map[string]struct {
	router, vrf, prefix string
	change              func(*testing.T, *Snapshot)
	present             bool
	verdict             string // a part of it
	remedy              string
}{
	"there": {router: "pe2", vrf: "spoke", prefix: "0.0.0.0/0", present: true,
		verdict: "it is there: bgp, next hop 192.168.0.1, label 1003; more specific routes override parts of it: 10.2.0.0/24 and 1 more"},
	"by its RD": {router: "pe2", vrf: "10.0.0.2:3", prefix: "10.9.0.0/24", present: true, verdict: "label 1002"},
	"subnet":    {router: "pe1", vrf: "hub-in", prefix: "10.1.0.0/24", present: true, verdict: "it is there: connected"},
	"no target": {router: "pe2", vrf: "spoke", prefix: "10.3.0.0/24",
		verdict: "no route target in common: VRF spoke of pe3 exports 65000:2, VRF spoke of pe2 imports 65000:1; packets to it take the shorter route 0.0.0.0/0",
		remedy:  "add 65000:2 to import: of VRF spoke"},
	"other targets than the topology's": {router: "pe2", vrf: "spoke", prefix: "::/0",
		change: func(t *testing.T, s *Snapshot) {
			s.vrfRow(t, "pe2", "spoke").Import = []string{"65000:7"}
			forget(s.vrfRow(t, "pe2", "spoke"), received)
		},
		verdict: "VRF spoke of pe2 imports 65000:7 (topology: 65000:1)", remedy: "pseudowan up"},
	"nobody's": {router: "pe2", vrf: "spoke", prefix: "172.16.0.0/12", verdict: "no host of the lab has or announces exactly this prefix; 0.0.0.0/0 of host hq: received and imported; packets to it take the shorter route 0.0.0.0/0"},
	"of nobody, without a default route": {router: "pe1", vrf: "hub-in", prefix: "2002::/16",
		change: func(_ *testing.T, s *Snapshot) {
			for i := range s.Topology.Hosts {
				for j := range s.Topology.Hosts[i].Attachments {
					s.Topology.Hosts[i].Attachments[j].Statics = nil
				}
			}
		},
		verdict: "no host of the lab has or announces it, and no peer sent it", remedy: "lans:"},
	"session down": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			for i := range s.Peers {
				if s.Peers[i].Router == "pe2" {
					s.Peers[i].State = "active"
				}
			}
		},
		verdict: "not received: the BGP session of pe2 with pe1 (192.168.0.1) is active", remedy: "show peer"},
	"session down, and another VPN has the same prefix": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			for i := range s.Peers {
				s.Peers[i].State = "active"
			}
			slices.Reverse(s.Topology.Hosts) // s3 comes first now
			s.Topology.Hosts[0].Attachments[0].Gateways = []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}
		},
		verdict: "not received: the BGP session of pe2 with pe1 (192.168.0.1) is active", remedy: "show peer"},
	"another family": {router: "pe2", vrf: "spoke", prefix: "2001:db8:9::/64",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			for i := range s.Peers {
				s.Peers[i].Families = []string{"vpnv4"}
			}
		},
		verdict: "the BGP session of pe2 with pe1 does not carry vpnv6"},
	"filtered": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			for i := range s.Peers {
				s.Peers[i].Received, s.Peers[i].Accepted = 6, 2
			}
		},
		verdict: "of 6 prefixes from pe1, 4 were filtered"},
	"lost between": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change:  func(t *testing.T, s *Snapshot) { s.lose(t, "pe2", "spoke") },
		verdict: "not received, though the BGP session of pe2 with pe1 is established", remedy: "show rib"},
	"no session": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change:  func(t *testing.T, s *Snapshot) { s.lose(t, "pe2", "spoke"); s.Peers = nil },
		verdict: "pe2 has no BGP session with pe1, and no route reflector", remedy: "full-mesh"},
	"sent with other targets": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			forget(s.vrfRow(t, "pe2", "spoke"), received)
			for i := range s.RIB {
				s.RIB[i].Targets = []string{"65000:8"}
			}
		},
		verdict: "received with route targets 65000:8, none of which VRF spoke imports (it imports 65000:1)"},
	"unresolved next hop": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change:  func(t *testing.T, s *Snapshot) { s.worsen(t, "10.9.0.0/24", "Unreachable Next Hop", "10.77.0.1") },
		verdict: "no path is usable: not usable: next hop 10.77.0.1 is on no link of router pe2", remedy: "show peer"},
	"carrier": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.worsen(t, "10.9.0.0/24", "Unreachable Next Hop", "192.168.0.1")
			for i := range s.Interfaces {
				s.Interfaces[i].Oper = "down"
			}
		},
		verdict: "not usable: next hop 192.168.0.1 is on eth1, which has no carrier"},
	"a port that is administratively down": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			forget(s.vrfRow(t, "pe1", "hub-out"), func(r status.Route) bool { return r.Prefix.String() == "10.9.0.0/24" })
			for i := range s.Interfaces {
				if s.Interfaces[i].Host == "hq" && s.Interfaces[i].VRF == "hub-out" {
					s.Interfaces[i].Admin, s.Interfaces[i].Oper = "down", "down"
				}
			}
		},
		verdict: "of pe1 to host hq is administratively down", remedy: "pseudowan exec pe1 -- ip link set eth"},
	"unusable label": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change:  func(t *testing.T, s *Snapshot) { s.worsen(t, "10.9.0.0/24", "Unusable Label", "192.168.0.1") },
		verdict: "not usable: label 1002 is reserved"},
	"next hop silent": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			for i := range s.Neighbors {
				if n := &s.Neighbors[i]; n.Router == "pe2" && n.VRF == "" {
					n.MAC, n.State = "", "failed"
				}
			}
		},
		verdict: "it waits: next hop 192.168.0.1 does not answer on eth1 (failed)"},
	"not redistributed": {router: "pe2", vrf: "spoke", prefix: "10.9.0.0/24",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			for i := range s.Topology.VRFs {
				s.Topology.VRFs[i].RedistributeConnected = topology.RedistributeNone
			}
		},
		verdict: "not redistributed: VRF hub-out of pe1 does not announce this connected route", remedy: "connected: subnets"},
	"silent host": {router: "pe2", vrf: "spoke", prefix: "0.0.0.0/0",
		change: func(t *testing.T, s *Snapshot) {
			s.lose(t, "pe2", "spoke")
			forget(s.vrfRow(t, "pe1", "hub-out"), func(r status.Route) bool { return r.Source == "static" })
			s.Neighbors = slices.DeleteFunc(s.Neighbors, func(n status.Neighbor) bool { return n.VRF == "hub-out" })
		},
		verdict: "host hq does not answer ARP for 10.9.0.2, so router pe1 does not announce 0.0.0.0/0", remedy: "exec hq"},
}

// worsen makes the received route to a prefix in VRF spoke of pe2 an unused one.
func (s *Snapshot) worsen(t *testing.T, prefix, reason, nextHop string) {
	v := s.vrfRow(t, "pe2", "spoke")
	for i := range v.Routes {
		if r := &v.Routes[i]; r.Prefix == netip.MustParsePrefix(prefix) {
			r.Best, r.Reason, r.NextHop = false, reason, netip.MustParseAddr(nextHop)
		}
	}
}

func TestExplain(t *testing.T) {
	for name, c := range explanations {
		t.Run(name, func(t *testing.T) {
			s := recorded(t)
			if c.change != nil {
				c.change(t, s)
			}
			e, ok := s.Explain(c.router, c.vrf, netip.MustParsePrefix(c.prefix))
			if !ok || e.Present != c.present || !strings.Contains(e.Verdict, c.verdict) || !strings.Contains(e.Remedy, c.remedy) {
				t.Errorf("present %t: %q, remedy %q\nwant %t: %q, remedy %q", e.Present, e.Verdict, e.Remedy, c.present, c.verdict, c.remedy)
			}
		})
	}
	if _, ok := recorded(t).Explain("pe2", "hub-in", netip.MustParsePrefix("10.0.0.0/8")); ok {
		t.Error("Explain finds a VRF that the router does not have")
	}
}

// The worse of two paths names the step of the route decision by which it lost.
func TestExplainWorsePath(t *testing.T) {
	s := recorded(t)
	v := s.vrfRow(t, "pe2", "spoke")
	prefix := netip.MustParsePrefix("10.9.0.0/24")
	worse := v.Routes[slices.IndexFunc(v.Routes, func(r status.Route) bool { return r.Prefix == prefix })]
	worse.Best, worse.Reason, worse.NextHop = false, "Local Pref", netip.MustParseAddr("192.168.0.3")
	v.Routes = append(v.Routes, worse)
	e, _ := s.Explain("pe2", "spoke", prefix)
	if len(e.Paths) != 2 || e.Paths[1].Meaning != "not used: another path is better by Local Pref" || !strings.Contains(e.Verdict, "the best of 2 paths") {
		t.Errorf("%+v", e)
	}
}

// causes are labs with a fault, and why s2 does not reach s3.
var causes = map[string]struct {
	change func(*testing.T, *Snapshot)
	broken func(string, Packet, *status.Forwarding)
	rules  map[string]HostRules
	hosts  map[string]func(*HostRoute)
	want   string
}{
	"a filter": {rules: map[string]HostRules{"s3": {Filters: true}, "hq": {Filters: true}},
		want: "the routers' tables and flows are right in both directions; host hq filters packets, host s3 filters packets"},
	"address translation": {rules: map[string]HostRules{"hq": {Translates: true}},
		want: "the routers' tables and flows are right in both directions; host hq may translate addresses (NAT)"},
	"address translation, and a way that ends": {rules: map[string]HostRules{"hq": {Translates: true}},
		change: func(_ *testing.T, s *Snapshot) {
			s.Neighbors = slices.DeleteFunc(s.Neighbors, func(n status.Neighbor) bool { return n.Router == "pe3" && n.VRF == "spoke" })
		},
		want: "cannot tell: host hq may translate addresses (NAT); by the flows the packet ends at router pe3: VRF spoke: host s3 does not answer ARP for 10.3.0.2"},
	"address translation, and no way back": {rules: map[string]HostRules{"hq": {Translates: true}},
		change: func(t *testing.T, s *Snapshot) {
			s.vrfRow(t, "pe3", "spoke").Import = nil
			forget(s.vrfRow(t, "pe3", "spoke"), received)
		},
		want: "on the way back: cannot tell: host hq may translate addresses (NAT)"},
	"a host that refuses": {hosts: map[string]func(*HostRoute){"hq": func(r *HostRoute) { r.Refused = "its reverse path filter (rp_filter) drops it" }},
		want: "the packet arrives at hq, which drops it: its reverse path filter (rp_filter) drops it"},
	"a next hop that is not the router": {hosts: map[string]func(*HostRoute){"s2": func(r *HostRoute) {
		r.NextHop, r.MAC = netip.MustParseAddr("10.2.0.1"), "02:00:00:66:66:66"
	}},
		want: "the packet is sent by host s2 to MAC 02:00:00:66:66:66, which it has for 10.2.0.1"},
	"nothing": {want: "the routers' tables and flows are right in both directions; the packet is lost on a wire or in a host"},
	"route target": {
		change: func(t *testing.T, s *Snapshot) {
			s.vrfRow(t, "pe2", "spoke").Import = []string{"65000:7"}
			forget(s.vrfRow(t, "pe2", "spoke"), received)
		},
		want: "router pe2: no route to 0.0.0.0/0 in VRF spoke: no route target in common: VRF hub-out of pe1 exports 65000:1, " +
			"VRF spoke of pe2 imports 65000:7; VRF spoke of pe2 imports 65000:7 (topology: 65000:1)"},
	"the way back": {
		change: func(t *testing.T, s *Snapshot) {
			s.vrfRow(t, "pe3", "spoke").Import = nil
			forget(s.vrfRow(t, "pe3", "spoke"), received)
		},
		want: "on the way back: router pe3: no route to 0.0.0.0/0 in VRF spoke: no route target in common"},
	"silent host": {
		change: func(_ *testing.T, s *Snapshot) {
			s.Neighbors = slices.DeleteFunc(s.Neighbors, func(n status.Neighbor) bool { return n.Router == "pe3" && n.VRF == "spoke" })
		},
		want: "the packet ends at router pe3: VRF spoke: host s3 does not answer ARP for 10.3.0.2"},
	"wrong label": {
		broken: func(r string, _ Packet, f *status.Forwarding) {
			if r == "pe1" && f.Pushed != nil && *f.Pushed == 3000 {
				label := uint32(3001)
				f.Pushed = &label
			}
		},
		want: "router pe1: VRF hub-in: route 10.3.0.0/24: Open vSwitch pushes label 3001, BGP says 3000"},
	"missing flow on the way back": {
		broken: func(r string, p Packet, f *status.Forwarding) {
			if r == "pe2" && p.Label != nil {
				f.Stops, f.Out, f.To = "is dropped", "", ""
			}
		},
		want: "on the way back: router pe2: label 2000 of VRF spoke: the flow is missing or wrong"},
}

func TestCause(t *testing.T) {
	for name, c := range causes {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(t, w.Snapshot)
				c.change(t, w.truth)
			}
			if c.broken != nil {
				w.broken = c.broken
			}
			w.rules, w.routes = c.rules, c.hosts
			if got := cause(t, w, "s2", "s3", "10.3.0.0/24"); !strings.HasPrefix(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}

// A leak is attributed to the VRF whose route targets depart from the topology.
func TestLeak(t *testing.T) {
	w := newWorld(t)
	for _, s := range []*Snapshot{w.Snapshot, w.truth} {
		v := s.vrfRow(t, "pe2", "spoke")
		v.Import = append(v.Import, "65000:2")
		label := uint32(3000)
		v.Routes = append(v.Routes, status.Route{
			Prefix: netip.MustParsePrefix("10.3.0.0/24"), NextHop: netip.MustParseAddr("192.168.0.3"), Label: &label, Source: "bgp", Best: true,
		})
	}
	got, err := Leak(context.Background(), w.Snapshot, w, "s2", "s3", netip.MustParseAddr("10.3.0.2"))
	if want := "VRF spoke of pe2 imports 65000:1, 65000:2 (topology: 65000:1)"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// The policy that keeps a route from a VRF is named, and the one that has
// changed what is there.
func TestPoliciesExplained(t *testing.T) {
	w := newWorld(t)
	s1 := netip.MustParsePrefix("10.1.0.0/24")
	v := w.Snapshot.vrfRow(t, "pe2", "spoke")
	label := uint32(3000)
	path := status.Route{Prefix: s1, NextHop: netip.MustParseAddr("192.168.0.3"), Label: &label, Source: "bgp", Best: true, Reason: "Only Path", ChangedBy: []string{"policy x, term 2"}}
	v.Routes = []status.Route{path}
	e, _ := w.Snapshot.Explain("pe2", "spoke", s1)
	if !strings.Contains(e.Verdict, "changed by policy x, term 2") {
		t.Errorf("changed: %q", e.Verdict)
	}
	path.Best, path.Reason, path.Unusable = false, "Import Policy", "rejected by policy x, term 1"
	v.Routes = []status.Route{path}
	e, _ = w.Snapshot.Explain("pe2", "spoke", s1)
	if want := "not usable: rejected by policy x, term 1"; !strings.Contains(e.Verdict, want) || !strings.Contains(e.Remedy, "import policy") {
		t.Errorf("%q; %q", e.Verdict, e.Remedy)
	}
}

// What a session's import policy does to the routes of peers is said, too.
func TestSessionPoliciesExplained(t *testing.T) {
	w := newWorld(t)
	v := w.Snapshot.vrfRow(t, "pe2", "spoke")
	outside, known := netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.0/24")
	hop, label := netip.MustParseAddr("192.168.0.3"), uint32(3000)
	v.Routes = []status.Route{{Prefix: known, NextHop: hop, Label: &label, Source: "bgp", Best: true, Reason: "Only Path", ChangedBy: []string{"policy b, term 1"}}}
	w.Snapshot.Received = []status.SessionRoute{
		{Router: "pe2", RemoteAddress: hop, Prefix: outside, Targets: []string{"9:9"}, Rejected: "rejected by policy of another VRF"},
		{Router: "pe2", RemoteAddress: hop, Prefix: outside, Targets: v.Import, Rejected: "rejected by policy x, term 3"},
		{Router: "pe2", RemoteAddress: hop, Prefix: known, NextHop: hop, Targets: v.Import, ChangedBy: []string{"policy a, term 2"}},
	}
	e, _ := w.Snapshot.Explain("pe2", "spoke", outside)
	if want := "peer 192.168.0.3 announces it, and it is not used: rejected by policy x, term 3"; e.Verdict != want {
		t.Errorf("%q, want %q", e.Verdict, want)
	}
	e, _ = w.Snapshot.Explain("pe2", "spoke", known)
	if want := "changed by policy a, term 2 and policy b, term 1"; !strings.Contains(e.Verdict, want) {
		t.Errorf("%q, want it with %q", e.Verdict, want)
	}
}
