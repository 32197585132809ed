package config

import (
	"net/netip"
	"testing"

	"pseudowan/bgp/vpn"
)

func TestLabelChoice(t *testing.T) {
	four, six := netip.MustParsePrefix("10.1.0.2/32"), netip.MustParsePrefix("2001:db8::2/128")
	hop := netip.MustParseAddr("10.1.0.2")
	bindings := []vpn.Binding{
		connectedLabel("red", vpn.VPNv4, 20), connectedLabel("red", vpn.VPNv6, 21),
		{Label: 22, Key: vpn.LabelKey{VRF: "red", Kind: vpn.LabelNextHop, Family: vpn.VPNv4, NextHop: hop}},
		{Label: 23, Key: vpn.LabelKey{VRF: "red", Kind: vpn.LabelPrefix, Family: vpn.VPNv4, Prefix: four}},
		{Label: 24, Key: vpn.LabelKey{VRF: "red", Kind: vpn.LabelVRF, Family: vpn.VPNv4}},
	}
	for _, tt := range []struct {
		mode    vpn.LabelMode
		prefix  netip.Prefix
		nextHop netip.Addr
		want    vpn.Label
		ok      bool
	}{
		{vpn.PerNextHop, four, netip.Addr{}, 20, true},
		{vpn.PerNextHop, six, netip.Addr{}, 21, true},
		{vpn.PerNextHop, netip.MustParsePrefix("10.7.0.0/16"), hop, 22, true},
		{vpn.PerNextHop, netip.MustParsePrefix("10.7.0.0/16"), netip.MustParseAddr("10.1.0.9"), 0, false},
		{vpn.PerVRF, netip.MustParsePrefix("10.7.0.0/16"), hop, 24, true},
		{vpn.PerVRF, six, netip.Addr{}, 0, false},
		{vpn.PerPrefix, four, netip.Addr{}, 23, true},
		{vpn.PerPrefix, six, netip.Addr{}, 0, false},
	} {
		v := VRF{Name: "red", LabelMode: tt.mode, Bindings: bindings}
		if got, ok := v.LabelOf(tt.prefix, tt.nextHop); got != tt.want || ok != tt.ok {
			t.Errorf("%s %s via %s: label %d, %t; want %d, %t", tt.mode, tt.prefix, tt.nextHop, got, ok, tt.want, tt.ok)
		}
	}
}

func connectedLabel(vrf string, f vpn.Family, label vpn.Label) vpn.Binding {
	return vpn.Binding{Label: label, Key: vpn.LabelKey{VRF: vrf, Kind: vpn.LabelConnected, Family: f}}
}
