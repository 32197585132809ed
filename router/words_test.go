package router

import (
	"testing"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/neighbor"
	"pseudowan/status"
)

// Rows contain words of other packages; status declares those that readers compare.
func TestRowsUseTheWordsOfStatus(t *testing.T) {
	for word, want := range map[string]string{
		bgp.StateEstablished:             string(status.SessionEstablished),
		bgp.Connected.String():           string(status.SourceConnected),
		bgp.Static.String():              string(status.SourceStatic),
		bgp.BGP.String():                 string(status.SourceBGP),
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
