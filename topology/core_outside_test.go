package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Two routers whose core goes on behind NICs.
const coreBehindNICs = `
name: outside
core: {%s}
routers: {pe1: {as: 65001, id: 10.255.0.1}, pe2: {as: 65001, id: 10.255.0.2}}
links:
- {nic: ens1, ends: {pe1:eth1: {address: 192.168.0.1/30}}, bgp: {peer: 192.168.0.2, as: %s}, %s}
- {nic: ens2, ends: {pe2:eth1: {address: 192.168.4.1/30}}, bgp: {peer: 192.168.4.2, as: 65001}, metric: 5}
vrfs: {red: {rts: "65001:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
`

func TestCoreBehindNICs(t *testing.T) {
	for _, tt := range []struct{ core, as, link, want string }{
		{"null: implicit", "65001", "transport: true", "pe1 192.168.0.2 ipv4-labeled, pe2 192.168.4.2 ipv4-labeled, pe1 10.255.0.2, pe2 10.255.0.1"},
		{"neighbors: [{peer: 10.255.0.9}]", "65001", "transport: true", "pe1 192.168.0.2 ipv4-labeled, pe2 192.168.4.2 ipv4-labeled, pe1 10.255.0.2, pe2 10.255.0.1, pe1 10.255.0.9, pe2 10.255.0.9"},
		{"reflectors: pe1, neighbors: [{peer: 10.255.0.9}]", "65001", "metric: 7", "pe1 192.168.0.2 ipv4-labeled, pe2 192.168.4.2 ipv4-labeled, pe1 10.255.0.2 client, pe2 10.255.0.1, pe1 10.255.0.9 client"},
	} {
		top, err := Parse("lab.yaml", fmt.Appendf(nil, coreBehindNICs, tt.core, tt.as, tt.link))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range top.Sessions {
			text := s.Router + " " + s.Peer()
			if s.Interface != LoopbackInterface {
				text += " " + string(s.Families[0])
			}
			if s.Client {
				text += " client"
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s, %s: sessions %s; want %s", tt.core, tt.link, strings.Join(got, ", "), tt.want)
		}
	}
}

// The reflector of an AS leaves next hops as they are, where paths lead to another AS.
func TestReflectorBesideAnotherAS(t *testing.T) {
	lab := fmt.Sprintf(coreBehindNICs, "reflectors: pe1, neighbors: [{peer: 10.255.2.9, as: 65002}]", "65002", "inter-as: c")
	lab = strings.Replace(lab, "vrfs:", "- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.8.0/30]}\nvrfs:", 1)
	top, err := Parse("lab.yaml", []byte(lab))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range top.Sessions {
		if s.Interface == LoopbackInterface && s.Router == "pe1" {
			got = append(got, fmt.Sprint(s.Peer(), " ", s.PeerAS, " ", s.Multihop, " ", s.NextHopSelf, " ", s.NextHopUnchanged, " ", s.Client))
		}
	}
	if want := []string{"10.255.0.2 65001 0 false false true", "10.255.2.9 65002 255 true true false"}; !slices.Equal(got, want) {
		t.Errorf("sessions %q, want %q", got, want)
	}
}

func TestCoreBehindNICsIsRefused(t *testing.T) {
	for want, tt := range map[string][3]string{
		"label-switched paths through peer 192.168.0.2 of AS 65002, from AS 65001": {"null: implicit", "65002", "transport: true"},
		"inter-as: c with peer 192.168.0.2 of the router's own AS":                 {"null: implicit", "65001", "inter-as: c"},
		"peer 10.255.0.2 is router pe2 of the lab":                                 {"neighbors: [{peer: 10.255.0.2}]", "65001", "transport: true"},
		"there are two neighbors 10.255.0.9":                                       {"neighbors: [{peer: 10.255.0.9}, {peer: 10.255.0.9}]", "65001", "transport: true"},
		"peer 2001:db8::1 is no loopback of a core of [ipv4]":                      {`neighbors: [{peer: "2001:db8::1"}]`, "65001", "transport: true"},
		"a neighbor needs peer:":                                                   {"neighbors: [{as: 65001}]", "65001", "transport: true"},
		"to routers that the lab does not know":                                    {"null: implicit", "65001", "transport: true"},
	} {
		lab := fmt.Sprintf(coreBehindNICs, tt[0], tt[1], tt[2])
		if strings.Contains(want, "does not know") {
			lab += "outside: {c1: {via: ens1, vrf: red, addresses: 30.1.0.2}}\n"
		}
		for _, text := range []string{lab, strings.Replace(lab, "via: ens1, ", "", 1)} {
			if _, err := Parse("lab.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %s", tt, err, want)
			}
		}
	}
	lab := strings.Replace(fmt.Sprintf(coreBehindNICs, "neighbors: [{peer: 10.255.0.9}]", "65001", "mtu: 1500"), "metric: 5", "mtu: 1500", 1)
	lab = strings.Replace(lab, "vrfs:", "- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.8.0/30]}\nvrfs:", 1)
	if _, err := Parse("lab.yaml", []byte(lab)); err == nil || !strings.Contains(err.Error(), "lead from no router with VPN routes to a NIC") {
		t.Errorf("neighbors without a NIC: %v", err)
	}
}
