package topology

import "testing"

// A host with a LAN answers for all its addresses: it does not reach a more specific
// LAN of another host, which reaches the rest of the first one.
func TestReachOfLANsInsideEachOther(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(`
name: lans
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {v: {rts: "65000:1"}}
hosts:
  wide:   {to: pe1, vrf: v, addresses: [10.1.0.2/24], lans: [10.9.0.1/16]}
  narrow: {to: pe2, vrf: v, addresses: [10.2.0.2/24], lans: [10.9.7.1/24]}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range lab.Reaches() {
		got[r.From+" "+r.Destination.String()] = true
	}
	for pair, want := range map[string]bool{
		"wide 10.2.0.2": true, "wide 10.9.7.1": false, "narrow 10.1.0.2": true, "narrow 10.9.0.1": true,
	} {
		if got[pair] != want {
			t.Errorf("%s: reached %t, want %t", pair, got[pair], want)
		}
	}
}

// A host resolves an address of its own subnet on its link, where only the router
// is. A host with two interfaces in one subnet answers ARP on both for both, but
// not neighbour discovery.
func TestReachOfSubnetsInsideEachOther(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(`
name: subnets
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {v: {rts: "65000:1"}}
redistribute: {connected: hosts}
hosts:
  inner: {to: pe2, vrf: v, addresses: [10.5.0.3/28]}
  outer: {to: pe1, vrf: v, addresses: [10.5.0.5/24]}
  far:   {to: pe1, vrf: v, addresses: [10.6.0.2/24, "2001:db8:6::2/64"]}
  both:
    attach:
    - {to: pe1, vrf: v, addresses: [10.8.0.5/24, "2001:db8:8::5/64"], routes: [0.0.0.0/0, "::/0"]}
    - {to: pe2, vrf: v, addresses: [10.8.0.3/24, "2001:db8:8::3/64"], routes: []}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range lab.Reaches() {
		got[r.From+" "+r.Destination.String()] = true
	}
	for pair, want := range map[string]bool{
		"inner 10.5.0.5": false, "outer 10.5.0.3": false, "far 10.5.0.3": true, "inner 10.6.0.2": true,
		"far 10.8.0.5": true, "far 10.8.0.3": true, "far 2001:db8:8::5": true,
	} {
		if got[pair] != want {
			t.Errorf("%s: reached %t, want %t", pair, got[pair], want)
		}
	}
}

// A router with lifetime 0 is not a default router, but its prefix is used.
func TestReachOfAHostWithoutADefaultRouter(t *testing.T) {
	for lifetime, want := range map[string]bool{"1800": true, "0": false} {
		lab, err := Parse("lab.yaml", []byte(`
name: ra
routers: {pe1: {as: 65000}}
vrfs: {v: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: v, addresses: ["2001:db8:1::2/64", slaac], ra: {prefix: "2001:db8:1::/64", lifetime: `+lifetime+`}}
  b: {to: pe1, vrf: v, addresses: ["2001:db8:2::2/64"]}
`))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(lab.Reaches()) > 0; got != want {
			t.Errorf("lifetime %s: the hosts reach each other: %t, want %t", lifetime, got, want)
		}
	}
}

// A label that stands for no next hop, as that of a whole VRF, has its packets looked
// up again, in the VRF where the route originates: it may know a longer prefix.
func TestReachByASecondLookup(t *testing.T) {
	for mode, want := range map[string]bool{"per-next-hop": false, "per-ce": false, "per-vrf": true, "per-prefix": false} {
		lab, err := Parse("lab.yaml", []byte(`
name: again
label-mode: `+mode+`
routers: {pe1: {as: 65000}, pe2: {as: 65000}, pe3: {as: 65000}}
links:
- {ends: [pe1:to2, pe2:to1], subnets: [192.168.1.0/30]}
- {ends: [pe1:to3, pe3:to1], subnets: [192.168.2.0/30]}
vrfs: {v: {rts: "65000:1"}}
hosts:
  exit: {to: pe1, vrf: v, addresses: [10.3.0.2/24], announce: [0.0.0.0/0]}
  a:    {to: pe2, vrf: v, addresses: [10.1.0.2/24]}
  b:    {to: pe3, vrf: v, addresses: [10.2.0.2/24]}
`))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, r := range lab.Reaches() {
			got[r.From+" "+r.Destination.String()] = true
		}
		for pair, want := range map[string]bool{"a 10.2.0.2": want, "b 10.1.0.2": want, "a 10.3.0.2": true, "exit 10.2.0.2": true} {
			if got[pair] != want {
				t.Errorf("%s, %s: reached %t, want %t", mode, pair, got[pair], want)
			}
		}
	}
}
