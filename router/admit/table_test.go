package admit

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/topology"
)

// provider is a router with a link inside its AS, one to another AS that is not told of
// routes with MED 7, and one to a NIC, which label-switched paths use.
func provider() config.Router {
	over := func(link string, as uint32, families ...vpn.Family) topology.Session {
		s := topology.Session{Interface: link, PeerAS: as, LocalAddress: netip.MustParseAddr("192.168.0.1"), Settings: session.Default(session.Routers)}
		s.Families = families
		return s
	}
	external := over("eth2", 65002, vpn.VPNv4)
	external.ExportPolicy = []string{"own"}
	return config.Router{
		AS:       65000,
		Core:     []config.Core{{Port: 1, Name: "eth1"}, {Port: 2, Name: "eth2"}, {Port: 3, Name: "eth3", NIC: "n-eth3"}},
		Policies: []policy.Policy{{Name: "own", Terms: []policy.Term{{Match: policy.Match{MED: []policy.Range{{First: 7, Last: 7}}}, Then: policy.Reject}}}},
		Sessions: []topology.Session{
			over("eth1", 65000, vpn.VPNv4), external, over("eth3", 65000, vpn.LabeledIPv4), over(config.LoopbackInterface, 65000, vpn.VPNv6),
		},
	}
}

// admissions lists the programmed ones, as "port label".
func admissions(f *fib.Table) (list []string) {
	for c := range f.Flows() {
		if c.Kind() == pipeline.KindAdmission {
			list = append(list, fmt.Sprint(c.ID()>>20, " ", c.ID()&(1<<20-1)))
		}
	}
	slices.Sort(list)
	return list
}

// A label may come from where it was told, for as long as a route has it.
func TestAdmission(t *testing.T) {
	f := fib.New()
	table := New(f)
	table.Configure(provider())
	vpns, paths := table.Voice(false), table.Voice(true)
	route := func(to string, label vpn.Label) (bgp.Key, bgp.Route) {
		p := netip.MustParsePrefix(to)
		return bgp.Key{Prefix: p}, bgp.Route{Prefix: p, Label: label}
	}
	check := func(what string, want ...string) {
		t.Helper()
		if got := admissions(f); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	a, first := route("10.1.0.0/24", 1000)
	b, second := route("10.2.0.0/24", 1000)
	vpns.Tell(a, first)
	vpns.Tell(b, second)
	check("VPN routes with one label", "2 1000")
	second.Label = 1001
	vpns.Tell(b, second)
	check("another label for one", "2 1000", "2 1001")
	vpns.Untell(a)
	vpns.Untell(a)
	check("one withdrawn, twice", "2 1001")
	med := uint32(7)
	second.MED = &med
	vpns.Tell(b, second)
	check("the policy keeps the route")
	second.MED, second.Communities = nil, []bgp.Community{bgp.NoExport}
	vpns.Tell(b, second)
	check("the community keeps the route")
	six, third := route("2001:db8::/64", 1002)
	vpns.Tell(six, third)
	lo, fourth := route("10.255.0.4/32", 5004)
	paths.Tell(lo, fourth)
	own, null := route("10.255.0.1/32", pipeline.ImplicitNull)
	paths.Tell(own, null)
	check("path and VPN route over loopbacks", "3 1002", "3 5004")
	changed := provider()
	changed.Sessions = changed.Sessions[:2]
	table.Configure(changed)
	check("sessions removed")
	table.Configure(provider())
	check("and back", "3 1002", "3 5004")
}

// What is told on across a border may come from there alone, and what comes from there not back
// by the same way.
func TestAdmissionAtBorders(t *testing.T) {
	f, cfg := fib.New(), provider()
	cfg.Sessions[1].ExportPolicy, cfg.Sessions[1].Border = nil, true
	table := New(f)
	table.Configure(cfg)
	voice := table.Voice(false)
	p := netip.MustParsePrefix("10.1.0.0/24")
	from := bgp.ASPath{{Kind: vpn.ASSequence, AS: []uint32{65002}}}
	for _, tt := range []struct {
		route bgp.Route
		want  string
	}{
		{bgp.Route{Prefix: p, Label: 1001, To: bgp.ToEdge}, "[2 1001]"},
		{bgp.Route{Prefix: p, Label: 1002, To: bgp.ToPass, ASPath: from}, "[]"},
		{bgp.Route{Prefix: p, Label: 1003, To: bgp.ToPass}, "[2 1003]"},
	} {
		voice.Tell(bgp.Key{Prefix: p}, tt.route)
		if got := fmt.Sprint(admissions(f)); got != tt.want {
			t.Errorf("%+v: admitted are %s, want %s", tt.route, got, tt.want)
		}
	}
}

// A link is trusted if all routers on it are of our AS.
func TestGuards(t *testing.T) {
	cfg := provider()
	for _, tt := range []struct {
		link config.Core
		want bool
	}{
		{cfg.Core[0], false}, {cfg.Core[1], true}, {cfg.Core[2], true},
		{config.Core{Port: 4, Name: "eth4", External: true}, true}, // without a session
	} {
		if got := Guards(cfg, tt.link); got != tt.want {
			t.Errorf("%s is guarded: %t", tt.link.Name, got)
		}
	}
}
