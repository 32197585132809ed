package vrf

import (
	"net/netip"
	"reflect"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
)

// What a customer says of its route goes on to other routers, with the VRF's
// targets in the place of the customer's (RFC 4364 section 7, RFC 4271 section 5).
func TestAdvertisementOfACustomersRoute(t *testing.T) {
	med := uint32(9)
	target, err := vpn.ParseRouteTarget("65000:1")
	if err != nil {
		t.Fatal(err)
	}
	v := &config.VRF{Export: []vpn.RouteTarget{target}}
	said := bgp.Route{
		Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.1.0.2"), Label: 2000, Origin: bgp.OriginEGP,
		ASPath: bgp.Sequence(65100), MED: &med, Communities: []bgp.Community{7}, LargeCommunities: []bgp.LargeCommunity{{1, 2, 3}},
		Extended: []vpn.ExtendedCommunity{{0, 3, 0xfd, 0xe9, 0, 0, 0, 7}}, Passed: []bgp.Attribute{{Type: 200, Flags: 0xe0, Value: "x"}},
	}
	want := said
	want.Targets, want.NextHop = v.Export, netip.Addr{}
	if got, leaves := advertisementOf(v, nil, &bgp.Path{Source: bgp.BGP, VRF: "red", Route: said}, netip.MustParseAddr("10.0.0.1")); !leaves || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
