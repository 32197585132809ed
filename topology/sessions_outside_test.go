package topology

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Routers behind a NIC have the settings of the link where they have none of their
// own.
func TestSeveralRoutersBehindANIC(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(base+`links:
- nic: ens1
  ends: [pe1:eth1]
  subnets: [192.168.0.0/24, "2001:db8::/64"]
  bgp:
    {peer: 192.168.0.9, as: 65009, hold-time: 9, limit: 7, neighbors: [
    {peer: 192.168.0.2, as: 65002, med: 5, description: transit}, {peer: "2001:db8::2", hold-time: 30}, {peer: 192.168.0.128/25}, {peer: "2001:db8::/64", limit: 3}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range lab.Sessions {
		got = append(got, fmt.Sprint(s.LocalAddress, " ", s.Peer(), " ", s.PeerAS, " ", s.HoldTime, " ", s.MED != nil, " ", s.PeerLimit, " ", s.Description))
		if s.PeerPrefix.IsValid() == s.PeerAddress.IsValid() || s.Keepalive != max(s.HoldTime/3, time.Second) {
			t.Errorf("%+v", s)
		}
	}
	want := `192.168.0.1 192.168.0.9 65009 9s false 0 ` + `
192.168.0.1 192.168.0.2 65002 9s true 0 transit
2001:db8::1 2001:db8::2 65009 30s false 0 ` + `
192.168.0.1 192.168.0.128/25 65009 9s false 7 ` + `
2001:db8::1 2001:db8::/64 65009 9s false 3 `
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
