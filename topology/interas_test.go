package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A chain of three ASes with a PE each; the first has a border router of its own.
const threeASes = `
name: chain
%s
routers:
  pe1: {as: 65001, id: 10.0.0.1}
  asbr1: {as: 65001, id: 10.0.0.2}
  pe2: {as: 65002, id: 10.0.0.3}
  pe3: {as: 65003, id: 10.0.0.4}
links:
- {ends: [pe1:eth1, asbr1:eth1], subnets: [192.168.1.0/30]}
- {ends: [asbr1:eth2, pe2:eth1], subnets: [192.168.2.0/30], %s}
- {ends: [pe2:eth2, pe3:eth1], subnets: [192.168.3.0/30], %s}
vrfs: {red: {rts: "65000:1", %s}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  h3: {to: pe3, vrf: red, addresses: 10.3.0.2/24}
`

// Which hosts reach each other depends on what passes the links between the ASes.
func TestIntentOfSeveralASes(t *testing.T) {
	const core, plain = "core: labeled-unicast", "mtu: 1600"
	for _, tt := range []struct{ core, first, second, want string }{
		{"", plain, plain, "h2>h3 h3>h2"},
		{"", "inter-as: b", plain, "h1>h2 h2>h1 h2>h3 h3>h2"},
		{"", "inter-as: b", "inter-as: b", "h1>h2 h1>h3 h2>h1 h2>h3 h3>h1 h3>h2"},
		{core, "inter-as: b", "inter-as: b", "h1>h2 h1>h3 h2>h1 h2>h3 h3>h1 h3>h2"},
		{core, "inter-as: c", "inter-as: c", "h1>h2 h1>h3 h2>h1 h2>h3 h3>h1 h3>h2"},
		{core, "inter-as: c", plain, "h1>h2 h2>h1 h2>h3 h3>h2"},
	} {
		for _, policy := range []string{"", "\npolicies: {take: [{then: accept}]}"} { // the intent is another computation with policies
			use := "max-routes: 100"
			if policy != "" {
				use = "import-policy: take"
			}
			top, err := Parse("lab.yaml", fmt.Appendf(nil, threeASes, tt.core+policy, tt.first, tt.second, use))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range top.Reaches() {
				got = append(got, r.From+">"+r.To)
			}
			if slices.Sort(got); strings.Join(got, " ") != tt.want {
				t.Errorf("%q, %q, %q%s: %v reach, want %s", tt.core, tt.first, tt.second, policy, got, tt.want)
			}
		}
	}
}

// Between two ASes the reflectors have sessions, or the PEs where there are none.
func TestSessionsBetweenASes(t *testing.T) {
	lab := fmt.Sprintf(threeASes, "core: {reflectors: asbr1}", "inter-as: c", "bgp: none", "max-routes: 9")
	top, err := Parse("lab.yaml", []byte(lab))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range top.Sessions {
		if s.Interface == LoopbackInterface {
			got = append(got, fmt.Sprint(s.Router, " ", s.PeerRouter, " ", s.Multihop, " ", s.NextHopSelf, " ", s.NextHopUnchanged, " ", s.Client))
		}
	}
	want := []string{
		"pe1 asbr1 0 true false false", "asbr1 pe1 0 false false true", "asbr1 pe2 255 true true false", "pe2 asbr1 255 true false false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sessions\n%q, want\n%q", got, want)
	}
}

func TestInterASIsRefused(t *testing.T) {
	for want, change := range map[string][2]string{
		"inter-as: b between routers of one AS, 65001":         {"subnets: [192.168.1.0/30]", "subnets: [192.168.1.0/30], inter-as: b"},
		"inter-as: c in a lab without core":                    {"inter-as: b", "inter-as: c"},
		"inter-as: b without BGP over the link":                {"inter-as: b", "inter-as: b, bgp: none"},
		"VRF red has RD 65000:7, as on router pe1":             {"max-routes: 9", "rd: 65000:7"},
		"reflects VPN routes, and tells them on to another AS": {"[pe1:eth1, asbr1:eth1]", "{pe1:eth1: {}, asbr1:eth1: {bgp: {route-reflector: true}}}"},
	} {
		lab := fmt.Sprintf(threeASes, "", "inter-as: b", "mtu: 1600", "max-routes: 9")
		if !strings.Contains(lab, change[0]) {
			t.Fatalf("no %q", change[0])
		}
		_, err := Parse("lab.yaml", []byte(strings.Replace(lab, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", change[1], err, want)
		}
	}
}
