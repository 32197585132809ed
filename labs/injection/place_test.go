package injection

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/topology"
)

func target(s string) vpn.RouteTarget {
	t, err := vpn.ParseRouteTarget(s)
	if err != nil {
		panic(err)
	}
	return t
}

func someRouters() []config.Router {
	vrf := func(name, rt string) config.VRF {
		return config.VRF{Name: name, Import: []vpn.RouteTarget{target(rt)}, Export: []vpn.RouteTarget{target(rt)}}
	}
	return []config.Router{
		{
			Router: "pe1", AS: 65001, VRFs: []config.VRF{vrf("red", "1:1"), vrf("green", "1:3")},
			Access: []config.Access{{Gateways: []netip.Prefix{netip.MustParsePrefix("10.1.0.1/24")}, CE: &config.CE{BGP: topology.CustomerBGP{AS: 65100}}}},
		},
		{Router: "pe2", AS: 65001, VRFs: []config.VRF{vrf("red", "1:1"), vrf("blue", "1:2")}, Expect: []config.Expect{{Prefix: netip.MustParsePrefix("0.0.0.0/0")}}},
		{Router: "rr", AS: 65001},
	}
}

func TestPlace(t *testing.T) {
	for _, tt := range []struct{ router, vrf, want string }{
		{"pe2", "red", "pe2"},
		{"", "blue", "pe2"},
		{"", "red", "several routers; name one with --router: pe1, pe2"},
		{"pe1", "blue", "router pe1 has no VRF blue; pe2 has it"},
		{"pe3", "red", "no router pe3; did you mean pe1?"},
		{"", "rod", "no VRF rod; did you mean red?"},
	} {
		r, err := place(someRouters(), Options{Lab: "x", Router: tt.router, VRF: tt.vrf})
		got := r.Router
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && !strings.Contains(got, tt.want) || err == nil && got != tt.want {
			t.Errorf("router %q, VRF %s: %s, want %s", tt.router, tt.vrf, got, tt.want)
		}
	}
}

func TestTaken(t *testing.T) {
	prefixes, as := taken(someRouters())
	if !slices.Equal(prefixes, []netip.Prefix{netip.MustParsePrefix("10.1.0.1/24")}) || !slices.Equal(as, []uint32{65001, 65100}) {
		t.Errorf("%v, %v", prefixes, as)
	}
}

func TestMemory(t *testing.T) {
	all := someRouters()
	for _, tt := range []struct {
		vrf  string
		vpn  bool
		want uint64
	}{
		{"red", false, inSpeaker + 2*inVRF + heard},
		{"green", false, inSpeaker + inVRF + 2*heard},
		{"red", true, inSpeaker + inVRF},
	} {
		r := run{Options: Options{Router: "pe1", VRF: tt.vrf, VPN: tt.vpn}, all: all, at: all[0]}
		if got := r.memory(10); got != 10*tt.want {
			t.Errorf("VRF %s, VPN %t: %d octets, want %d", tt.vrf, tt.vpn, got, 10*tt.want)
		}
	}
	r := run{Options: Options{Router: "pe1", VRF: "red"}, all: all, at: all[0]}
	if err := r.room(1 << 40); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("error %v", err)
	}
	r.Force = true
	if err := r.room(1 << 40); err != nil {
		t.Error(err)
	}
}
