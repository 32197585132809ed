package verify

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

// A request at a host that must not be reached is a leak, unless the topology itself lets
// requests go there; it is told once, whichever site has noticed.
func TestLeaks(t *testing.T) {
	a := netip.MustParseAddr("10.0.0.1")
	b := netip.MustParseAddr("10.0.0.2")
	c := netip.MustParseAddr("10.0.0.3")
	pairs := []Pair{{From: "x", To: "y", Reach: []topology.Reach{{From: "x", To: "y", Destination: a}}, Never: []netip.Addr{b, c}, OneWay: []netip.Addr{c}}}
	leaks := Leaks(pairs, []Arrival{{"x", "y", a}, {"x", "y", b}, {"x", "y", c}, {"z", "y", b}})
	if len(leaks) != 1 || leaks[0].Result != status.Different || leaks[0].Differences[0].Destination != b {
		t.Fatalf("%+v", leaks)
	}
	tested := status.HostPair{From: "x", To: "y", Result: status.AsIntended, Tested: 3}
	line := status.HostPair{From: "x", To: "y", Rule: "x -> y", Result: status.AsIntended, Tested: 3}
	for name, rows := range map[string][]status.HostPair{"the sender first": {tested, line, leaks[0]}, "the leak first": {leaks[0], tested, line}} {
		got := Merge(rows)
		if len(got) != 2 || got[0].Result != status.Different || len(got[0].Differences) != 1 || got[0].Tested != 3 || got[1].Rule == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if again := Merge(slices.Concat(got, leaks)); len(again[0].Differences) != 1 {
			t.Errorf("%s: it is told twice: %+v", name, again)
		}
	}
}
