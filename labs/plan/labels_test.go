package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/topology"
)

// Every connected route that a VRF announces has a label, in every label mode and
// with every kind of redistribution.
func TestEveryConnectedRouteHasALabel(t *testing.T) {
	for _, mode := range []string{"per-next-hop", "per-vrf", "per-prefix"} {
		for redistribute, want := range map[string][]string{
			"subnets": {"10.1.0.0/24", "2001:db8:1::/64"},
			"hosts":   {"10.1.0.2/32", "2001:db8:1::ff:fe00:1/128"},
			"none":    {},
		} {
			top, err := topology.Parse("lab.yaml", fmt.Appendf(nil, `
name: t
label-mode: %s
redistribute: {connected: %s}
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
hosts: {a: {to: pe1, vrf: red, mac: "02:00:00:00:00:01", addresses: [10.1.0.2/24, slaac], ra: "2001:db8:1::/64"}}
`, mode, redistribute))
			if err != nil {
				t.Fatal(err)
			}
			c := plan(t, top, Allocations{}).Routers[0].Config
			var prefixes []string
			for _, b := range c.VRFs[0].Bindings {
				if b.Key.Prefix.IsValid() {
					prefixes = append(prefixes, b.Key.Prefix.String())
				}
			}
			switch {
			case mode == "per-prefix" && !slices.Equal(prefixes, want) && len(prefixes)+len(want) > 0:
				t.Errorf("%s, %s: labels for %q; want %q", mode, redistribute, prefixes, want)
			case mode != "per-prefix" && len(c.VRFs[0].Bindings) != 2:
				t.Errorf("%s, %s: bindings %+v; want one for each family", mode, redistribute, c.VRFs[0].Bindings)
			}
			if e := c.Access[0].Expect; len(e) != 2 || e[1] != netip.MustParseAddr("2001:db8:1::ff:fe00:1") {
				t.Errorf("the host is expected to answer at %v", e)
			}
		}
	}
}

// A link between ASes is one although no session leads over it.
func TestExternalLinks(t *testing.T) {
	top, err := topology.Parse("lab.yaml", []byte(`
name: t
routers: {a: {as: 65001}, b: {as: 65001}, c: {as: 65002}}
links:
  - {ends: [a:eth1, b:eth1], subnets: [192.168.1.0/30]}
  - {ends: [b:eth2, c:eth1], subnets: [192.168.2.0/30], bgp: none}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range plan(t, top, Allocations{}).Routers {
		for _, c := range r.Config.Core {
			if want := r.Name == "c" || c.Name == "eth2"; c.External != want {
				t.Errorf("%s:%s is external: %t", r.Name, c.Name, c.External)
			}
		}
	}
}
