package router

import (
	"net/netip"
	"testing"

	"pseudowan/ovs/pipeline"
)

// An adjacency lives as long as a route, a label or a group leads to it; a
// host that takes on thousands of addresses leaves nothing behind.
func TestAdjacenciesGoWithTheirUsers(t *testing.T) {
	f := newFIB()
	empty := len(f.flows)
	addr := netip.MustParseAddr("10.0.0.1")
	for range 1000 {
		a := f.adjacency(adjacencyKey{port: 3, addr: addr}, testMAC(1), testMAC(2))
		route := routeKey{1, hostPrefix(addr)}
		f.setRoute(route, pipeline.Forward{Adjacency: a.number})
		f.resolve(a, testMAC(1), nil)
		f.unsetRoute(route)
		addr = addr.Next()
	}
	if len(f.flows) != empty || len(f.adjacencies) != 0 || len(f.byNumber) != 0 || len(f.users) != 0 || len(f.leads) != 0 {
		t.Errorf("left: %d flows, %d adjacencies, %d numbers, %d users, %d leads",
			len(f.flows), len(f.adjacencies), len(f.byNumber), len(f.users), len(f.leads))
	}

	a := f.adjacency(adjacencyKey{port: 3, addr: addr}, testMAC(1), testMAC(2))
	route := routeKey{1, netip.MustParsePrefix("192.0.2.0/24")}
	f.setRoute(route, pipeline.Forward{Adjacency: a.number})
	f.setLabel(pipeline.InLabel{Label: 1000, VRF: 1, Adjacency: a.number})
	f.unsetRoute(route)
	if f.byNumber[a.number] != a {
		t.Error("the adjacency of a label went with another route to it")
	}
	f.setLabel(pipeline.InLabel{Label: 1000, VRF: 1})
	if f.byNumber[a.number] != nil {
		t.Error("the adjacency stayed when the label was led elsewhere")
	}
}
