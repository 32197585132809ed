package bgp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	api "github.com/osrg/gobgp/v3/api"
	"google.golang.org/protobuf/proto"

	"pseudowan/bgp/vpn"
)

func codecRoutes() []Route {
	full := vpnRoute("65001:101", "10.1.0.0/16", "65001:101", vpn.LabelMax)
	full.Targets = append(full.Targets, mustRT("10.0.0.1:7"), mustRT("4200000000:9"), mustRT("65001L:1"))
	full.NextHop = netip.MustParseAddr("192.0.2.1")
	full.MED, full.LocalPref, full.Origin = ptr(0), ptr(1), OriginEGP
	full.ASPath = append(Sequence(65001, 4200000000), ASSegment{Kind: ASSet, AS: []uint32{1, 2}})
	full.Extended = []vpn.ExtendedCommunity{
		{0, 3, 0xfd, 0xe9, 0, 0, 0, 7}, {0x43, 0, 0, 0, 0, 0, 0, 1}, {3, 0x0b, 0, 0, 0, 0, 0, 9}, {0x80, 6, 1, 2, 3, 4, 5, 6}, {0x77, 1, 2, 3, 4, 5, 6, 7},
	}
	full.Passed = []Attribute{
		{6, 0x40, ""}, {7, 0xc0, "\x00\x00\xfd\xea\x0a\x00\x00\x01"}, {23, 0xe0, "\x00\x08\x00\x00"}, {200, 0xe0, strings.Repeat("x", 300)},
	}
	host := vpnRoute("10.0.0.1:65535", "2001:db8::1/128", "65001:1", 16)
	host.NextHop = netip.IPv6Unspecified()
	all := vpnRoute("4200000000:1", "0.0.0.0/0", "65001:1", 16)
	all.NextHop = netip.IPv4Unspecified()
	return []Route{full, host, all}
}

func TestRoutesSurviveTheEngine(t *testing.T) {
	for _, want := range codecRoutes() {
		p, err := pathOf(want, carriesVPN)
		if err != nil {
			t.Fatal(err)
		}
		got, err := routeOf(p, 65001)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, equalPlain); diff != "" {
			t.Error(diff)
		}
	}
}

// What cannot be used is still shown, with the key of the route that it replaces.
func TestUnusablePathsAreDecoded(t *testing.T) {
	for name, tt := range map[string]struct {
		route  Route
		change func(*api.LabeledVPNIPAddressPrefix)
		want   string
		prefix string
	}{
		"two labels":                {codecRoutes()[0], func(n *api.LabeledVPNIPAddressPrefix) { n.Labels = append(n.Labels, 17) }, "2 labels", ""},
		"the label of a withdrawal": {codecRoutes()[0], func(n *api.LabeledVPNIPAddressPrefix) { n.Labels = []uint32{0x800000} }, "of a withdrawal", ""},
		"a mapped prefix":           {codecRoutes()[1], func(n *api.LabeledVPNIPAddressPrefix) { n.Prefix, n.PrefixLen = "10.0.0.0", 104 }, "IPv4-mapped", "::ffff:10.0.0.0/104"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := pathOf(tt.route, carriesVPN)
			if err != nil {
				t.Fatal(err)
			}
			var n api.LabeledVPNIPAddressPrefix
			if err := p.Nlri.UnmarshalTo(&n); err != nil {
				t.Fatal(err)
			}
			tt.change(&n)
			if err := p.Nlri.MarshalFrom(&n); err != nil {
				t.Fatal(err)
			}
			r, err := routeOf(p, 65001)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.route.Prefix
			if tt.prefix != "" {
				want = netip.MustParsePrefix(tt.prefix)
			}
			if r.RD != tt.route.RD || r.Prefix != want || !strings.Contains(r.Unusable, tt.want) || len(r.Targets) == 0 {
				t.Errorf("decoded as %+v", r)
			}
		})
	}
}

// FuzzRouteOf decodes paths as the engine reports them. A valid route can be
// announced, and is the same when decoded again.
func FuzzRouteOf(f *testing.F) {
	for _, r := range codecRoutes() {
		p, err := pathOf(r, carriesVPN)
		if err != nil {
			f.Fatal(err)
		}
		for _, peer := range []string{"", "<nil>", "192.0.2.1", "fe80::1"} {
			p.NeighborIp = peer
			b, err := proto.Marshal(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p api.Path
		if proto.Unmarshal(b, &p) != nil {
			t.Skip()
		}
		r, err := routeOf(&p, 65001)
		if err != nil || r.Peer.IsValid() || p.GetIsWithdraw() || r.Unusable != "" {
			return
		}
		again, err := pathOf(r, carriesVPN)
		if err != nil {
			t.Fatalf("%+v cannot be announced: %v", r, err)
		}
		got, err := routeOf(again, 65001)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		got.PathID, got.OriginatorID, got.ClusterList, got.Stale = r.PathID, r.OriginatorID, r.ClusterList, r.Stale
		if !r.NextHop.IsValid() {
			r.NextHop = got.NextHop
		}
		if !got.Equal(r) {
			t.Fatalf("got %+v, want %+v", got, r)
		}
	})
}
