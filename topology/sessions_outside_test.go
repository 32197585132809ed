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

// A peer that is not on the link is reached through a router that is, and the router
// may speak from an address that no link has.
func TestRoutersBehindOneOnTheLink(t *testing.T) {
	const head = base + "links:\n- {nic: ens1, ends: [pe1:eth1], subnets: [192.168.0.0/24, \"2001:db8::/64\"], bgp: "
	for _, tt := range []struct{ bgp, want string }{
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2}", "192.168.0.1 10.255.0.2 via 192.168.0.2"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: 10.255.0.1}", "10.255.0.1 10.255.0.2 via 192.168.0.2"},
		{"{peer: 10.255.0.0/28, as: 65002, via: 192.168.0.2, update-source: 10.254.0.1}", "10.254.0.1 10.255.0.0/28 via 192.168.0.2"},
		{"{peer: \"2001:db8:9::2\", as: 65002, via: \"2001:db8::2\"}", "2001:db8::1 2001:db8:9::2 via 2001:db8::2"},
		{"{peer: 192.168.0.2, as: 65002, via: 192.168.0.3, update-source: 10.255.0.1}", "10.255.0.1 192.168.0.2 via invalid IP"}, // a default for others
		{"{as: 65002, via: 192.168.0.2, neighbors: [{peer: 10.255.0.2}, {peer: 10.255.0.3, via: 192.168.0.3}, {peer: 192.168.0.4}]}",
			"192.168.0.1 10.255.0.2 via 192.168.0.2; 192.168.0.1 10.255.0.3 via 192.168.0.3; 192.168.0.1 192.168.0.4 via invalid IP"},
	} {
		lab, err := Parse("lab.yaml", []byte(head+tt.bgp+"}\n"))
		if err != nil {
			t.Fatalf("%s: %v", tt.bgp, err)
		}
		var got []string
		for _, s := range lab.Sessions {
			got = append(got, fmt.Sprint(s.LocalAddress, " ", s.Peer(), " via ", s.Via))
		}
		if text := strings.Join(got, "; "); text != tt.want {
			t.Errorf("%s: got %s, want %s", tt.bgp, text, tt.want)
		}
	}
	for _, tt := range []struct{ bgp, want string }{
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.9.2}", "is not another address on a subnet"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.1}", "is not another address on a subnet"},
		{"{peer: 10.255.0.2, as: 65002, via: \"2001:db8::2\"}", "is not another address on a subnet"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: \"2001:db8:9::1\"}", "different IP versions; use addresses of one version"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: 10.255.0.2}", "is the peer's; use another address"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: 192.168.0.7}", "within a subnet of link pe1:eth1; use an address outside"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: 127.0.0.1}", "no address that a router can have"},
		{"{peer: 10.255.0.2, as: 65002, via: 192.168.0.2, update-source: 224.0.0.9}", "no address that a router can have"},
	} {
		_, err := Parse("lab.yaml", []byte(head+tt.bgp+"}\n"))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "lab.yaml:") {
			t.Errorf("%s: %v; want %q", tt.bgp, err, tt.want)
		}
	}
}
