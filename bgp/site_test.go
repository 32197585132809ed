package bgp

import (
	"net/netip"
	"testing"

	"pseudowan/bgp/vpn"
)

func TestSiteOfOrigin(t *testing.T) {
	one, _ := vpn.ParseSiteOfOrigin("65001:1")
	two, _ := vpn.ParseSiteOfOrigin("10.0.0.1:2")
	r := Route{}.At(one)
	if !r.IsOf(one) || r.IsOf(two) || r.IsOf(vpn.SiteOfOrigin{}) {
		t.Errorf("%v", r.Extended)
	}
	if both := r.At(two).At(one); len(both.Extended) != 2 || !both.IsOf(one) || !both.IsOf(two) {
		t.Errorf("%v", both.Extended)
	}
	if none := r.At(vpn.SiteOfOrigin{}); len(none.Extended) != 1 {
		t.Errorf("%v", none.Extended)
	}
}

// A local route gets and loses its site, and takes it to the VRFs that import it.
func TestLocalRouteOfASite(t *testing.T) {
	red := testVRF(1, "red", nil, []string{"65001:1"})
	blue := testVRF(2, "blue", []string{"65001:1"}, nil)
	tables := NewTables([]VRF{red, blue})
	route := LocalRoute{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Source: Static, NextHop: netip.MustParseAddr("10.9.9.9"), Label: 1001}
	site, _ := vpn.ParseSiteOfOrigin("65001:7")
	for _, want := range []vpn.SiteOfOrigin{{}, site, {}} {
		route.Site = want
		tables.SetLocal("red", route)
		for _, vrf := range []string{"red", "blue"} {
			if got := bestPath(tables, vrf, route.Prefix); got.Route.IsOf(site) != !want.IsZero() {
				t.Errorf("%s with site %s: %v", vrf, want, got.Route.Extended)
			}
		}
	}
}
