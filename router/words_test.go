package router

import (
	"net/netip"
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/neighbor"
	"pseudowan/status"
	"pseudowan/topology"
)

// Rows contain words of other packages; status declares those that readers compare.
func TestRowsUseTheWordsOfStatus(t *testing.T) {
	for word, want := range map[string]string{
		bgp.StateEstablished:             string(status.SessionEstablished),
		bgp.Connected.String():           string(status.SourceConnected),
		bgp.Static.String():              string(status.SourceStatic),
		bgp.BGP.String():                 string(status.SourceBGP),
		topology.SourceConnected:         string(status.SourceConnected),
		topology.SourceStatic:            string(status.SourceStatic),
		topology.SourceBGP:               string(status.SourceBGP),
		bgp.OriginIGP.String():           string(status.OriginIGP),
		bgp.OriginEGP.String():           string(status.OriginEGP),
		bgp.OriginIncomplete.String():    string(status.OriginIncomplete),
		string(vpn.VPNv4):                status.FamilyVPNv4,
		string(vpn.VPNv6):                status.FamilyVPNv6,
		string(neighbor.StateIncomplete): string(status.NeighborIncomplete),
		string(neighbor.StateReachable):  string(status.NeighborReachable),
		string(neighbor.StateDelay):      string(status.NeighborDelay),
		string(neighbor.StateProbe):      string(status.NeighborProbe),
	} {
		if word != want {
			t.Errorf("rows say %q, status %q", word, want)
		}
	}
}

// The reasons of the route decision are words of bgp; status declares those that
// readers compare.
func TestReasonsAreTheWordsOfStatus(t *testing.T) {
	target, err := vpn.ParseRouteTarget("65000:1")
	if err != nil {
		t.Fatal(err)
	}
	hop := netip.MustParseAddr("192.0.2.2")
	route := bgp.Route{Prefix: netip.MustParsePrefix("10.1.0.0/24"), NextHop: hop, Peer: hop, Targets: []vpn.RouteTarget{target}}
	for _, tt := range []struct {
		label vpn.Label
		want  string
	}{
		{vpn.LabelFirstUnreserved - 1, status.ReasonLabel},
		{vpn.LabelFirstUnreserved, status.ReasonUnreachable},
	} {
		tables := bgp.NewTables([]bgp.VRF{{Name: "red", Import: route.Targets}})
		route.Label = tt.label
		tables.Update(route)
		if got := tables.Routes("red"); len(got) != 1 || got[0].Reason != tt.want {
			t.Errorf("label %d: %+v, want the reason %q", tt.label, got, tt.want)
		}
	}
}
