package topology

import (
	"fmt"
	"slices"
	"strings"
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

// A core of IPv6 has sessions of labelled IPv6 routes over links, and VPN routes of both
// versions between IPv6 loopbacks; one of both versions has both, each with the VPN routes of
// its own.
func TestCoreFamilies(t *testing.T) {
	const lab = `name: t
core: {families: %s}
defaults: {router: {as: 65000}, bgp: {%s}}
routers: {pe1: {id: 10.255.0.1, loopback6: "2001:db8:ffff::1"}, pe2: {id: 10.255.0.2}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.1.0/30, "2001:db8::/64"]}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:a::2/64"]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:b::2/64"]}
`
	const (
		link4 = "192.168.1.1>192.168.1.2 [ipv4-labeled] full"
		link6 = "2001:db8::1>2001:db8::2 [ipv6-labeled] full"
		loop6 = "2001:db8:ffff::1>fd00::aff:2 "
		loop4 = "10.255.0.1>10.255.0.2 "
	)
	for _, tt := range []struct {
		families, bgp string
		want          []string
	}{
		{"[ipv4]", "", []string{link4, loop4 + "[vpnv4 vpnv6] full"}},
		{"ipv6", "", []string{link6, loop6 + "[vpnv4 vpnv6] full"}},
		{"[ipv6, ipv4]", "", []string{link4, link6, loop4 + "[vpnv4] full", loop6 + "[vpnv6] full"}},
		{"[ipv4, ipv6]", "families: [vpnv6]", []string{link4, link6, loop6 + "[vpnv6] full"}},
		{"[ipv4, ipv6]", "graceful-restart-families: [vpnv6], long-lived-families: [vpnv4], long-lived-stale-time: 60", []string{
			link4, link6, loop4 + "[vpnv4] off 1m0s [vpnv4]", loop6 + "[vpnv6] full",
		}},
	} {
		text := fmt.Sprintf(lab, tt.families, tt.bgp)
		if !strings.Contains(tt.families, "ipv6") {
			text = strings.Replace(text, `, loopback6: "2001:db8:ffff::1"`, "", 1)
		}
		top, err := Parse("lab.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range top.Sessions {
			row := fmt.Sprint(s.LocalAddress, ">", s.PeerAddress, " ", s.Families, " ", s.Mode())
			if s.LongLivedStaleTime != 0 {
				row += fmt.Sprint(" ", s.LongLivedStaleTime, " ", s.LongLivedFamilies)
			}
			if s.Router == "pe1" {
				got = append(got, row)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("families %s, %s: sessions of pe1\n%q, want\n%q", tt.families, tt.bgp, got, tt.want)
		}
		reach := 0
		for _, r := range top.Intent().Routes {
			if r.Router != r.Origin.Router {
				reach++
			}
		}
		if want := map[bool]int{true: 2, false: 4}[tt.bgp == "families: [vpnv6]"]; reach != want {
			t.Errorf("families %s, %s: %d routes of other routers, want %d", tt.families, tt.bgp, reach, want)
		}
	}
}
