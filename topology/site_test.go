package topology

import (
	"fmt"
	"testing"
)

// The two attachments of a site do not hear of each other's routes if they have the
// same site of origin.
func TestReachFollowsSites(t *testing.T) {
	for soo, want := range map[string]bool{"65000:1": false, "65000:2": true} {
		lab, err := Parse("lab.yaml", fmt.Appendf(nil, `
name: sites
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {v: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: v, addresses: 10.1.0.2/24, bgp: 65100, lans: [172.16.1.1/24], soo: "65000:1", routes: []}
  b: {to: pe2, vrf: v, addresses: 10.2.0.2/24, bgp: 65100, lans: [172.16.2.1/24], soo: %q, routes: []}
  c: {to: pe2, vrf: v, addresses: 10.3.0.2/24, bgp: 65101, lans: [172.16.3.1/24], routes: []}
`, soo))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, r := range lab.Reaches() {
			got[r.From+" "+r.To+" "+r.Destination.String()] = true
		}
		for pair, want := range map[string]bool{
			"a b 172.16.2.1": want, "b a 172.16.1.1": want, "a b 10.2.0.2": want,
			"a c 172.16.3.1": true, "c a 172.16.1.1": true, "c b 172.16.2.1": true, "b c 10.3.0.2": true,
		} {
			if got[pair] != want {
				t.Errorf("site %s, %s: reached %t, want %t", soo, pair, got[pair], want)
			}
		}
	}
}
