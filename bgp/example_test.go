package bgp_test

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
)

// A route goes into every VRF that imports one of its targets, and is best
// there once its next hop can be used.
func ExampleTables() {
	target, _ := vpn.ParseRouteTarget("65000:1")
	rd, _ := vpn.ParseRD("65000:101")
	tables := bgp.NewTables([]bgp.VRF{{ID: 1, Name: "red", RD: rd, Import: []vpn.RouteTarget{target}}})

	peer := netip.MustParseAddr("192.0.2.2")
	show := func(changes []bgp.Change) {
		for _, c := range changes {
			fmt.Printf("VRF %s: %s via %s, label %d\n", c.VRF, c.Prefix, c.New.Route.NextHop, c.New.Route.Label)
		}
	}
	show(tables.Update(bgp.Route{
		RD: rd, Prefix: netip.MustParsePrefix("10.1.0.0/24"), NextHop: peer, Peer: peer,
		Label: 1000, Targets: []vpn.RouteTarget{target},
	}))
	fmt.Println("the next hop answers")
	show(tables.SetNextHop(peer, true, 0))
	// Output:
	// the next hop answers
	// VRF red: 10.1.0.0/24 via 192.0.2.2, label 1000
}
