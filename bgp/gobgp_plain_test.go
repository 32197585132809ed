package bgp

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/vpn"
)

func TestPlainRoutesSurviveTheEngine(t *testing.T) {
	med := uint32(7)
	for _, want := range []Route{
		{
			Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.1.0.1"), Origin: OriginEGP,
			ASPath: Sequence(65100, 65200), MED: &med,
			Communities: []Community{NoExport, 65100<<16 | 7}, LargeCommunities: []LargeCommunity{{4200000000, 1, 2}},
		},
		{Prefix: netip.MustParsePrefix("2001:db8::/32"), NextHop: netip.MustParseAddr("2001:db8:1::1")},
		{Prefix: netip.MustParsePrefix("0.0.0.0/0"), NextHop: netip.MustParseAddr("10.1.0.1")},
	} {
		p, err := pathOf(want, carriesPlain)
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
}

func TestFamiliesOfSpeakers(t *testing.T) {
	n := Neighbor{Address: netip.MustParseAddr("10.1.0.2")}
	for _, tt := range []struct {
		plain  bool
		family vpn.Family
		ok     bool
	}{
		{true, vpn.IPv4, true}, {true, vpn.IPv6, true}, {true, vpn.VPNv4, false},
		{false, vpn.VPNv6, true}, {false, vpn.IPv6, false},
	} {
		n.Families = []vpn.Family{tt.family}
		err := Config{Plain: tt.plain}.carriesAll(map[netip.Addr]Neighbor{n.Address: n})
		if (err == nil) != tt.ok {
			t.Errorf("plain %t, family %s: %v", tt.plain, tt.family, err)
		}
	}
	for _, r := range []Route{
		{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Label: 16},
		{Prefix: netip.MustParsePrefix("10.0.0.1/8")},
	} {
		if r.validate(carriesPlain) == nil {
			t.Errorf("route %+v is accepted", r)
		}
	}
	for f, code := range codes {
		if back, ok := familyOf(familyAPI(f)); !ok || back != f {
			t.Errorf("family %s (%v) comes back as %s", f, code, back)
		}
	}
}
