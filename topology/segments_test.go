package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// segmentLab has a segment with one router, one with two, one without, and a wire.
const segmentLab = `
name: segments
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "65000:1"}}
segments:
  home: {to: pe1, vrf: red, subnets: [10.1.0.0/24], ra: "2001:db8:1::/64"}
  back: {subnets: [10.7.0.0/24, "2001:db8:7::/64"]}
  wire: {}
  dual: {subnets: [10.2.0.0/24], attach: [{to: pe1, vrf: red}, {to: pe2, vrf: red}]}
hosts:
  a1: {to: home, addresses: [10.1.0.2/24]}
  a2: {to: home, addresses: [10.1.0.3/24, slaac]}
  gw:
    forward: true
    attach:
    - {to: home, addresses: [10.1.0.4/24], routes: [0.0.0.0/0], announce: [10.7.0.0/24]}
    - {to: back, addresses: [10.7.0.1/24, "2001:db8:7::1/64"], advertises: "2001:db8:7::/64"}
  b1: {to: back, addresses: [10.7.0.2/24, slaac], routes: [{prefix: 0.0.0.0/0, via: gw}]}
  b2: {attach: [{to: back, addresses: [10.7.0.3/24]}, {to: wire, addresses: [172.16.0.1/30]}]}
  b3: {to: wire, addresses: [172.16.0.2/30], routes: [{prefix: 0.0.0.0/0, via: b2}]}
  d1: {to: dual, addresses: [10.2.0.11/24], lans: [10.8.0.1/24]}
  far: {to: pe2, vrf: red, addresses: [10.9.0.2/24]}
`

func parsed(t *testing.T, text string) *Topology {
	t.Helper()
	lab, err := Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// Hosts of a segment reach each other directly, and others through the router, or
// through a host that forwards and that they name as next hop.
func TestReachAcrossSegments(t *testing.T) {
	lab := parsed(t, segmentLab)
	got := map[string]string{}
	for _, r := range lab.Reaches() {
		got[r.From+" "+r.Destination.String()] = fmt.Sprintf("%s%v", r.Source, r.Via)
	}
	for pair, want := range map[string]string{
		"a1 10.1.0.3":    "10.1.0.2[]",
		"a1 10.9.0.2":    "10.1.0.2[]",
		"a1 10.7.0.2":    "10.1.0.2[gw]",
		"far 10.7.0.2":   "10.9.0.2[gw]",
		"b1 10.8.0.1":    "10.7.0.2[gw]",
		"b1 10.7.0.3":    "10.7.0.2[]",
		"far 10.7.0.3":   "", // b2 has no route back
		"b3 172.16.0.1":  "172.16.0.2[]",
		"b3 10.7.0.3":    "172.16.0.2[]", // b2 answers on each interface for all its addresses
		"b3 10.7.0.2":    "",             // b2 does not forward
		"a1 172.16.0.1":  "",
		"far 10.2.0.11":  "10.9.0.2[]",
		"d1 10.1.0.2":    "10.2.0.11[]",
		"a2 10.1.0.4":    "10.1.0.3[]",
		"gw 10.9.0.2":    "10.1.0.4[]",
		"far 172.16.0.2": "",
	} {
		if got[pair] != want {
			t.Errorf("%s: %q, want %q", pair, got[pair], want)
		}
	}
}

// Each router on a segment has its subnets, and the routes to what is behind its
// hosts.
func TestIntentOfSegments(t *testing.T) {
	var got []string
	for _, r := range parsed(t, segmentLab).Intent().Routes {
		if r.Source != SourceBGP {
			got = append(got, fmt.Sprint(r.Router, " ", r.Prefix, " ", r.Source, " ", r.Origin.Host))
		}
	}
	want := []string{
		"pe1 10.1.0.0/24 connected home", "pe1 10.2.0.0/24 connected dual", "pe1 10.7.0.0/24 static gw", "pe1 10.8.0.0/24 static d1",
		"pe1 2001:db8:1::/64 connected home",
		"pe2 10.2.0.0/24 connected dual", "pe2 10.8.0.0/24 static d1", "pe2 10.9.0.0/24 connected far",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// A host on a segment with a router has a default route to the first one, unless it
// gives its routes; one with SLAAC learns it, from a router or from a host.
func TestHostsOfSegments(t *testing.T) {
	lab := parsed(t, segmentLab)
	hops, forms := map[string][]NextHop{}, map[string][]netip.Prefix{}
	for _, h := range lab.Hosts {
		for _, a := range h.Attachments {
			hops[h.Name], forms[h.Name] = append(hops[h.Name], a.NextHops...), append(forms[h.Name], a.Prefixes()...)
		}
	}
	for host, want := range map[string]string{
		"a1": "[{0.0.0.0/0 10.1.0.1}] []", "a2": "[{0.0.0.0/0 10.1.0.1}] [2001:db8:1::/64]", "gw": "[{0.0.0.0/0 10.1.0.1}] []",
		"b1": "[{0.0.0.0/0 10.7.0.1}] [2001:db8:7::/64]", "b2": "[] []", "d1": "[{0.0.0.0/0 10.2.0.1}] []",
	} {
		if got := fmt.Sprint(hops[host], " ", forms[host]); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	if got := lab.Segments[3].Routers[1].Gateways; fmt.Sprint(got) != "[10.2.0.2/24]" {
		t.Errorf("the second router has %v", got)
	}
}

// A host that answers neighbour discovery for others gets what is for them, from the
// router and from its neighbours, on a segment and on a wire of its own.
func TestReachThroughAProxy(t *testing.T) {
	const text = `
name: proxy
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "65000:1"}}
segments:
  lan: {to: pe1, vrf: red, subnets: ["2001:db8::/64"]}
  behind: {subnets: ["2001:db8::c008/125"]}
  further: {subnets: ["2001:db8:1::8/125"]}
hosts:
  host:
    forward: true
    attach:
    - {to: lan, addresses: ["2001:db8::1:1/64"], routes: ["::/0"], proxy-nd: "2001:db8::c008/125"}
    - {to: behind, addresses: ["2001:db8::c00a/125"]}
  wired:
    forward: true
    attach:
    - {to: pe1, vrf: red, addresses: ["2001:db8:1::2/64"], routes: ["::/0"], proxy-nd: "2001:db8:1::8/125"}
    - {to: further, addresses: ["2001:db8:1::a/125"]}
  in1: {to: behind, addresses: ["2001:db8::c009/125"], routes: [{prefix: "::/0", via: host}]}
  in2: {to: further, addresses: ["2001:db8:1::9/125"], routes: [{prefix: "::/0", via: wired}]}
  next: {to: lan, addresses: ["2001:db8::d001/64"]}
`
	count := func(text string) (n int) {
		for _, r := range parsed(t, text).Reaches() {
			if (r.To == "in1" || r.To == "in2") && (r.From == "next" || r.From == "in1" || r.From == "in2") {
				n++
			}
		}
		return n
	}
	if with := count(text); with != 4 {
		t.Errorf("with proxies %d of 4 pairs reach each other", with)
	}
	without := strings.NewReplacer(`, proxy-nd: "2001:db8::c008/125"`, "", `, proxy-nd: "2001:db8:1::8/125"`, "").Replace(text)
	if n := count(without); n != 0 {
		t.Errorf("without proxies %d pairs reach each other", n)
	}
}
