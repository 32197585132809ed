package bgp

import (
	"net/netip"
	"testing"

	"pseudowan/bgp/vpn"
)

func customerVRFs(t *testing.T, rd string) []VRF {
	t.Helper()
	target := func(s string) []vpn.RouteTarget {
		rt, err := vpn.ParseRouteTarget(s)
		if err != nil {
			t.Fatal(err)
		}
		return []vpn.RouteTarget{rt}
	}
	d, err := vpn.ParseRD(rd)
	if err != nil {
		t.Fatal(err)
	}
	return []VRF{
		{ID: 1, Name: "red", RD: d, Import: target("65000:1"), Export: target("65000:1")},
		{ID: 2, Name: "extra", RD: d, Import: target("65000:1")},
	}
}

func TestCustomerRoutes(t *testing.T) {
	tables := NewTables(customerVRFs(t, "65000:1"))
	prefix, peer := netip.MustParsePrefix("172.16.0.0/16"), netip.MustParseAddr("10.1.0.2")
	c := CustomerRoute{Reachable: true, Route: Route{
		Prefix: prefix, NextHop: peer, Peer: peer, PeerAS: 65100, Label: 1000, ASPath: Sequence(65100),
	}}
	changes := tables.SetCustomer("red", c)
	if len(changes) != 2 || changes[0].VRF != "extra" || changes[1].VRF != "red" {
		t.Fatalf("changes %+v; want one in each VRF", changes)
	}
	for _, change := range changes {
		if p := change.New; !p.Customer() || p.Remote() || p.VRF != "red" || len(p.Route.Targets) != 1 || p.Route.RD.String() != "65000:1" {
			t.Errorf("in %s: %+v", change.VRF, p)
		}
	}
	if again := tables.SetCustomer("red", c); len(again) != 0 {
		t.Errorf("the same route again changes %+v", again)
	}

	// A route of another router with a shorter AS path wins. With the same length
	// it loses to the customer's: external goes before internal.
	far := Route{RD: changes[1].New.Route.RD, Prefix: prefix, NextHop: netip.MustParseAddr("192.168.0.2"), Label: 2000,
		Peer: netip.MustParseAddr("192.168.0.2"), PeerID: netip.MustParseAddr("10.0.0.2"), IBGP: true, Targets: changes[1].New.Route.Targets}
	tables.SetNextHop(far.NextHop, true, 0)
	tables.Update(far)
	if best := bestPath(tables, "red", prefix); !best.Remote() {
		t.Errorf("best %+v; want the shorter AS path", best)
	}
	far.ASPath = Sequence(65200)
	tables.Update(far)
	if best := bestPath(tables, "red", prefix); !best.Customer() {
		t.Errorf("best %+v; want the external path", best)
	}

	c.Reachable = false
	tables.SetCustomer("red", c)
	if best := bestPath(tables, "red", prefix); !best.Remote() {
		t.Errorf("best %+v; want the path with a next hop", best)
	}
	tables.Withdraw(far.Key())
	for _, e := range tables.Routes("red") {
		if e.Best || e.Reason != reasonUnreachable {
			t.Errorf("entry %+v; want an unreachable one", e)
		}
	}
	c.Reachable = true
	tables.SetCustomer("red", c)
	tables.SetVRFs(customerVRFs(t, "65000:9"))
	if best := bestPath(tables, "extra", prefix); best == nil || best.Route.RD.String() != "65000:9" || !best.Route.ASPath.Equal(c.Route.ASPath) {
		t.Errorf("after another RD: %+v", best)
	}
	if gone := tables.RemoveCustomer("red", prefix, peer); len(gone) != 2 || gone[0].New != nil {
		t.Errorf("removal changes %+v", gone)
	}
}

func TestASPathOverride(t *testing.T) {
	p := ASPath{{Kind: ASSequence, AS: []uint32{65100, 65200, 65100}}, {Kind: ASSet, AS: []uint32{65100, 1}}}
	if got := p.Override(65100, 65000).String(); got != "65000 65200 65000 {65000,1}" {
		t.Errorf("overridden: %s", got)
	}
	if got := p.String(); got != "65100 65200 65100 {65100,1}" {
		t.Errorf("the original was changed to %s", got)
	}
	if !p.Contains(65200) || p.Contains(2) {
		t.Error("Contains")
	}
}
