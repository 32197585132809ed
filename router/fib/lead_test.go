package fib

import (
	"net/netip"
	"testing"

	"pseudowan/ovs/pipeline"
)

// An adjacency exists as long as a route, a label or a group leads to it: a host that
// uses thousands of addresses leaves nothing behind.
func TestAdjacenciesGoWithTheirUsers(t *testing.T) {
	f := New()
	empty := len(f.flows)
	addr := netip.MustParseAddr("10.0.0.1")
	for range 1000 {
		a := f.Adjacency(NextHop{Port: 3, Addr: addr}, testMAC(1), testMAC(2))
		route := Key{1, netip.PrefixFrom(addr, 32)}
		f.SetRoute(route, pipeline.Forward{Adjacency: a})
		f.Resolve(NextHop{Port: 3, Addr: addr}, testMAC(1), nil)
		f.UnsetRoute(route)
		addr = addr.Next()
	}
	if len(f.flows) != empty || len(f.adjacencies) != 0 || len(f.byNumber) != 0 || len(f.users) != 0 || len(f.leads) != 0 {
		t.Errorf("left: %d flows, %d adjacencies, %d numbers, %d users, %d leads",
			len(f.flows), len(f.adjacencies), len(f.byNumber), len(f.users), len(f.leads))
	}

	a := f.Adjacency(NextHop{Port: 3, Addr: addr}, testMAC(1), testMAC(2))
	route := Key{1, netip.MustParsePrefix("192.0.2.0/24")}
	f.SetRoute(route, pipeline.Forward{Adjacency: a})
	f.SetLabel(pipeline.InLabel{Label: 1000, VRF: 1, Adjacency: a})
	f.UnsetRoute(route)
	if _, ok := f.NextHop(a); !ok {
		t.Error("the adjacency of a label was removed with a route to it")
	}
	f.SetLabel(pipeline.InLabel{Label: 1000, VRF: 1})
	if _, ok := f.NextHop(a); ok {
		t.Error("the adjacency remained when the label led elsewhere")
	}
}

// Two labels that swap their adjacencies keep both.
func TestLabelsExchangeAdjacencies(t *testing.T) {
	f := New()
	hop := func(last byte) NextHop { return NextHop{Port: 3, Addr: netip.AddrFrom4([4]byte{10, 0, 0, last})} }
	one, two := f.Adjacency(hop(1), testMAC(1), testMAC(2)), f.Adjacency(hop(2), testMAC(1), testMAC(3))
	f.ReplaceLabels([]pipeline.InLabel{{Label: 16, VRF: 1, Adjacency: one}, {Label: 17, VRF: 1, Adjacency: two}})
	f.ReplaceLabels([]pipeline.InLabel{{Label: 16, VRF: 1, Adjacency: two}, {Label: 17, VRF: 1, Adjacency: one}})
	for _, number := range []uint32{one, two} {
		if _, ok := f.NextHop(number); !ok {
			t.Errorf("adjacency %d is gone", number)
		}
	}
	f.ReplaceLabels([]pipeline.InLabel{{Label: 17, VRF: 1}})
	if len(f.adjacencies) != 0 || len(f.flows) != 1 {
		t.Errorf("left: %v, %d flows; want none, 1", f.adjacencies, len(f.flows))
	}
}
