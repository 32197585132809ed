package plan

import (
	"slices"
	"testing"

	"pseudowan/topology"
)

const vrfLinked = `
name: t
routers: {b1: {as: 65001}, b2: {as: 65002}}
links:
- {ends: {b1:eth1: {%s}, b2:eth1: {}}, subnets: [192.168.0.0/30], vrf: blue}
vrfs: {blue: {rts: "65001:1", redistribute: {connected: subnets, static: true}, aggregates: [10.0.0.0/8]}}
hosts:
  h1: {to: b1, vrf: blue, addresses: 10.1.0.2/24, bgp: 65101, lans: [10.11.0.1/24]}
  h2: {to: b1, vrf: blue, addresses: 10.2.0.2/24, announce: [{prefix: 10.12.0.0/24, next-hop: 10.2.0.9}]}
`

// What does not come about without the user does not beyond a link of VRFs, either.
func TestExpectedOverLinkOfVRFs(t *testing.T) {
	top := parsed(t, vrfLinked, "")
	var meant, awaited []string
	for _, r := range top.Intent().Routes {
		if r.Router == "b2" && r.Source == topology.SourceBGP {
			meant = append(meant, r.Prefix.String())
		}
	}
	for _, r := range plan(t, top, Allocations{}).Routers {
		c := r.Config
		for _, e := range c.Expect {
			if r.Name == "b2" && e.From == "b2" {
				awaited = append(awaited, e.Prefix.String())
			}
		}
	}
	if want := []string{"10.0.0.0/8", "10.1.0.0/24", "10.2.0.0/24", "10.11.0.0/24", "10.12.0.0/24"}; !slices.Equal(meant, want) {
		t.Errorf("the intent has %v, want %v", meant, want)
	}
	if want := []string{"10.1.0.0/24", "10.2.0.0/24", "192.168.0.0/30"}; !slices.Equal(awaited, want) {
		t.Errorf("b2 awaits %v, want %v", awaited, want)
	}
}

// A session on a link of VRFs that one end keeps down is not awaited at the other.
func TestShutdownOnLinkOfVRFs(t *testing.T) {
	for _, tt := range []struct {
		end  string
		want bool
	}{{"", true}, {"bgp: {shutdown: true}", false}} {
		for _, r := range plan(t, parsed(t, vrfLinked, tt.end), Allocations{}).Routers {
			c := r.Config
			if ce := c.Access[0].CE; r.Name == "b2" && (ce == nil || ce.Awaited != tt.want) {
				t.Errorf("%q: b2's session is awaited: %+v, want %v", tt.end, ce, tt.want)
			}
		}
	}
}
