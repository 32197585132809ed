package look

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/status"
)

// Only what packets take is listed, with the labels that they get.
func TestActiveRoutes(t *testing.T) {
	label := func(n uint32) *uint32 { return &n }
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	rows := bestRoutes([]status.VRF{{Router: "pe1", VRF: "red", RD: "65000:1", Routes: []status.Route{
		{Prefix: prefix("10.1.0.0/24"), NextHop: addr("0.0.0.0"), Label: label(16), Source: status.SourceConnected, Best: true},
		{Prefix: prefix("10.2.0.0/24"), NextHop: addr("192.168.0.2"), Label: label(17), Source: status.SourceBGP, Best: true},
		{Prefix: prefix("10.2.0.0/24"), NextHop: addr("192.168.0.6"), Label: label(18), Source: status.SourceBGP, Backup: true},
	}}})
	want := []status.ActiveRoute{
		{Router: "pe1", VRF: "red", RD: "65000:1", Prefix: prefix("10.1.0.0/24"), NextHop: addr("0.0.0.0"), Source: status.SourceConnected},
		{Router: "pe1", VRF: "red", RD: "65000:1", Prefix: prefix("10.2.0.0/24"), NextHop: addr("192.168.0.2"), Label: label(17), Source: status.SourceBGP},
	}
	if d := cmp.Diff(want, rows, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); d != "" {
		t.Error(d)
	}
	lsps := []status.LSP{
		{Router: "pe1", FEC: prefix("10.255.0.1/32")},
		{Router: "pe1", FEC: prefix("10.255.0.2/32"), NextHop: addr("192.168.0.2"), OutLabel: label(3)},
		{Router: "pe1", FEC: prefix("10.255.0.3/32"), NextHop: addr("192.168.0.2"), OutLabel: label(19)},
	}
	want = []status.ActiveRoute{
		{Router: "pe1", Prefix: prefix("10.255.0.2/32"), NextHop: addr("192.168.0.2"), Source: status.SourceLSP},
		{Router: "pe1", Prefix: prefix("10.255.0.3/32"), NextHop: addr("192.168.0.2"), Label: label(19), Source: status.SourceLSP},
	}
	for _, c := range []struct {
		sel  status.Selection
		want []status.ActiveRoute
	}{
		{status.Selection{}, want},
		{status.Selection{Prefix: prefix("10.255.0.3/32")}, want[1:]},
		{status.Selection{Prefix: prefix("10.255.0.0/16")}, nil},
		{status.Selection{Prefix: prefix("10.255.0.0/16"), Longer: true}, want},
	} {
		if d := cmp.Diff(c.want, routesToLoopbacks(lsps, c.sel), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); d != "" {
			t.Errorf("%+v: %s", c.sel, d)
		}
	}
}
