package bgp

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/vpn"
)

// Labelled routes keep label, metric and path; a reserved label is one that the peer may
// ask for.
func TestLabeledRoutesSurviveTheEngine(t *testing.T) {
	metric := uint64(1 << 40)
	for _, want := range []Route{
		{Prefix: netip.MustParsePrefix("10.255.0.1/32"), NextHop: netip.MustParseAddr("192.168.0.1"), Label: 3, AIGP: &metric},
		{Prefix: netip.MustParsePrefix("10.255.0.1/32"), NextHop: netip.MustParseAddr("192.168.0.1"), Label: 0},
		{
			Prefix: netip.MustParsePrefix("2001:db8::1/128"), NextHop: netip.MustParseAddr("2001:db8:1::1"), Label: vpn.LabelMax,
			OriginatorID: netip.MustParseAddr("10.255.0.1"), ClusterList: []netip.Addr{netip.MustParseAddr("10.255.0.2")},
		},
	} {
		p, err := pathOf(want, carriesLabeled)
		if err != nil {
			t.Fatal(err)
		}
		got, err := routeOf(p, 65000)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}, vpn.RD{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	rd, err1 := vpn.ParseRD("1:1")
	target, err2 := vpn.ParseRouteTarget("1:1")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	for _, r := range []Route{{RD: rd, Prefix: prefix}, {Targets: []vpn.RouteTarget{target}, Prefix: prefix}} {
		if r.validate(carriesLabeled) == nil {
			t.Errorf("%+v is a labelled route", r)
		}
	}
}
