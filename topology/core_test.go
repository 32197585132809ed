package topology

import (
	"fmt"
	"slices"
	"testing"
)

// Between routers with VRFs there are sessions from loopback to loopback; with reflectors,
// with these alone. Links have sessions of labelled routes, except where they are left out.
func TestCoreSessions(t *testing.T) {
	const lab = `name: t
core: %s
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.255.0.1}, p: {id: 10.255.0.9}, pe2: {id: 10.255.0.2}, pe3: {as: 65001, id: 10.255.0.3}}
links:
- {ends: [pe1:eth1, p:eth1], subnets: [192.168.1.0/30]}
- {ends: [pe2:eth1, p:eth2], subnets: [192.168.2.0/30], metric: 7}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.3.0/30], transport: false}
- {ends: [pe1:eth3, pe3:eth1], subnets: [192.168.4.0/30]}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  b: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  c: {to: pe3, vrf: red, addresses: 10.3.0.2/24}
`
	links := []string{
		"pe1 eth1 p [ipv4-labeled] false", "p eth1 pe1 [ipv4-labeled] false", "pe2 eth1 p [ipv4-labeled] false", "p eth2 pe2 [ipv4-labeled] false",
		"pe1 eth2 pe2 [vpnv4 vpnv6] false", "pe2 eth2 pe1 [vpnv4 vpnv6] false", "pe1 eth3 pe3 [vpnv4 vpnv6] false", "pe3 eth1 pe1 [vpnv4 vpnv6] false",
	}
	for core, loopbacks := range map[string][]string{
		"labeled-unicast": {"pe1 lo pe2 [vpnv4 vpnv6] false", "pe2 lo pe1 [vpnv4 vpnv6] false"},
		"{reflectors: p, metric: 3}": {
			"pe1 lo p [vpnv4 vpnv6] false", "p lo pe1 [vpnv4 vpnv6] true", "p lo pe2 [vpnv4 vpnv6] true", "pe2 lo p [vpnv4 vpnv6] false",
		},
	} {
		top, err := Parse("lab.yaml", fmt.Appendf(nil, lab, core))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range top.Sessions {
			got = append(got, fmt.Sprint(s.Router, " ", s.Interface, " ", s.PeerRouter, " ", s.Families, " ", s.Client))
		}
		if want := slices.Concat(links, loopbacks); !slices.Equal(got, want) {
			t.Errorf("core %s: sessions\n%q, want\n%q", core, got, want)
		}
		metrics := []uint32{top.Links[0].Metric, top.Links[1].Metric, top.Links[2].Metric, top.Links[3].Metric}
		if first := map[bool]uint32{true: 10, false: 3}[core == "labeled-unicast"]; !slices.Equal(metrics, []uint32{first, 7, 0, 0}) {
			t.Errorf("core %s: metrics %v", core, metrics)
		}
		reach := 0
		for _, r := range top.Intent().Routes {
			if r.Router != r.Origin.Router {
				reach++
			}
		}
		if reach != 4 { // pe1 and pe2, and pe1 and pe3
			t.Errorf("core %s: %d routes of other routers", core, reach)
		}
	}
}
