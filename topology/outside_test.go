package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// behindNIC is a lab with a router of somebody else behind a NIC.
const behindNIC = `name: t
routers: {pe1: {as: 65001}, pe2: {as: 65001}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {nic: eth7, ends: [pe1:wan], subnets: [192.168.1.0/30], bgp: {peer: 192.168.1.2, as: 65002}}
vrfs:
  red: {rts: "1:1"}
  blue: {rts: "1:2"}
  service: {import: ["1:1", "1:2"], export: "1:9"}
  spoke: {import: "1:4", export: "1:3"}
  hub-in: {import: "1:3"}
  hub-out: {export: "1:4"}
  unused: {rts: "1:1"}
  lonely: {rts: "1:77"}
hosts:
  r1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], lans: [110.1.0.0/24]}
  r2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  b1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24]}
  s1: {to: pe1, vrf: service, addresses: [10.9.0.2/24]}
  in: {to: pe1, vrf: hub-in, addresses: [10.3.0.2/24]}
  out: {to: pe1, vrf: hub-out, addresses: [10.4.0.2/24]}
`

var refusedOutside = []refusal{
	{
		name: "no NIC", file: base + "outside: {x: {vrf: red, addresses: 30.1.0.2}}",
		want: []string{":4: outside x: the lab has no link with a NIC; add a link with nic: eth1 and bgp: {peer: 192.168.0.2, as: 65002}"},
	}, {
		name: "another link", file: behindNIC + "outside: {x: {via: eth1, vrf: red, addresses: 30.1.0.2}}",
		want: []string{`:22: outside x: no link with a NIC is named "eth1"; did you mean "eth7"?`},
	}, {
		name: "several NICs", file: strings.Replace(behindNIC, "- {nic: eth7", "- {nic: eth8, ends: [pe2:wan], subnets: [192.168.2.0/30]}\n- {nic: eth7", 1) +
			"outside: {x: {vrf: red, addresses: 30.1.0.2}, y: {via: eth8, vrf: red, addresses: 30.1.0.3}}",
		want: []string{
			":23: outside x: the lab has several links with a NIC; add via: pe2:wan, or another one",
			":23: outside y: link pe2:wan has no BGP session, and so no routes to a site; add bgp: {peer: 192.168.0.2, as: 65002} to the link",
		},
	}, {
		name: "VRFs", file: behindNIC + "outside:\n  x: {addresses: 30.1.0.2}\n  y: {vrf: rad, addresses: 30.1.0.2}\n  z: {vrf: lonely, addresses: 30.1.0.2}\n",
		want: []string{
			":23: outside x: says no VRF; add vrf: with the name of the VRF that the site is in",
			`:24: outside y: no VRF is named "rad"; did you mean "red"?`,
			":25: outside z: no host is in a VRF that exchanges routes with VRF lonely; name a VRF with hosts, or one of vrfs: whose route targets are those of the site's",
		},
	}, {
		name: "names", file: behindNIC + "outside: {r1: {vrf: red, addresses: 30.1.0.2}}\n",
		want: []string{":22: outside r1: the name is already used on line 16; give every router and host its own name (in a series with {i} or {vrf})"},
	}, {
		name: "addresses", file: behindNIC + `outside:
  x: {vrf: red}
  y: {vrf: red, addresses: [224.0.0.1, 10.2.0.2, 10.1.0.77, 110.1.0.9, 30.1.0.2]}
  z: {vrf: red, addresses: [30.1.0.2]}
  z2: {vrf: blue, addresses: [30.1.0.2]}
`,
		want: []string{
			":23: outside x: has no address; add addresses: [30.1.0.2]",
			":24: outside y: 224.0.0.1 is a multicast address; use the address of a host there",
			":24: outside y: address 10.2.0.2 is that of host r2 in VRF red (line 17); use an address behind the NIC",
			":24: outside y: address 10.1.0.77 is in 10.1.0.0/24 of host r1 (line 16) on router pe1; use an address behind the NIC",
			":24: outside y: address 110.1.0.9 is in 110.1.0.0/24 of host r1 (line 16) on router pe1; use an address behind the NIC",
			":25: outside z: address 30.1.0.2 in VRF red is on line 24 already; remove one of them",
		},
	}, {
		name: "family", file: strings.Replace(behindNIC, "as: 65002}", "as: 65002, families: [vpnv4]}", 1) + `outside: {x: {vrf: red, addresses: ["2001:db8::1"]}}`,
		want: []string{":22: outside x: the session over pe1:wan does not carry vpnv6, and so no route to 2001:db8::1; add vpnv6 to families: of the link's bgp:, or remove the address"},
	}, {
		name: "expected of it", file: behindNIC + "outside: {x: {vrf: red, addresses: 30.1.0.2}}\nexpect: [x -> r1, r1 -> r2 via x, r1 -> x, b1 !-> x]",
		want: []string{
			":23: expect: x is outside the lab: only whether it is reached can be tested; write a host of the lab before the arrow, and x after it",
			":23: expect: x is outside the lab: only whether it is reached can be tested; write a host of the lab before the arrow, and x after it",
		},
	},
}

// Hundreds of sites are no burden.
func TestManySites(t *testing.T) {
	var text strings.Builder
	text.WriteString("name: t\nrouters: {pe1: {as: 65001, labels: 1000-9999}}\n" +
		"links: [{nic: eth1, ends: [pe1:wan], subnets: [192.168.1.0/30], bgp: {peer: 192.168.1.2, as: 65002}}]\nhosts:\n")
	const sites = 300
	for i := range sites {
		fmt.Fprintf(&text, "  h%d: {to: pe1, vrf: v%d, rd: \"1:%d\", addresses: [10.1.0.2/24]}\n", i, i, i)
	}
	text.WriteString("outside:\n")
	for i := range sites {
		fmt.Fprintf(&text, "  o%d: {vrf: v%d, addresses: [30.1.0.2, 130.1.0.1]}\n", i, i)
	}
	lab := parse(t, text.String())
	began := time.Now()
	if got := len(lab.Reaches()); got != 2*sites {
		t.Errorf("%d reaches; want %d", got, 2*sites)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("they take %s", took)
	}
}

// A site behind a NIC is reached by whom the route targets of its VRF say, from
// the router that has the NIC: routes of external peers are not passed on.
func TestReachesOutside(t *testing.T) {
	for _, tt := range []struct {
		name, bgp, site string
		want            []string // FROM ADDRESS
	}{
		{"a VPN and its extranet", "as: 65002", `{vrf: red, addresses: [30.1.0.2, "2001:db8:30::2"]}`,
			[]string{"r1 30.1.0.2", "r1 2001:db8:30::2"}},
		{"the same addresses in another VPN", "as: 65002", `{via: "pe1:wan", vrf: blue, addresses: 30.1.0.2}`, []string{"b1 30.1.0.2"}},
		{"a spoke", "as: 65002", `{via: eth7, vrf: spoke, addresses: 30.1.0.2}`, nil}, // in has a way there and none back, out the other
		{"a VRF that no host is in", "as: 65002", `{vrf: unused, addresses: 30.1.0.2}`, []string{"r1 30.1.0.2"}},
		{"an import policy", "as: 65002, import-policy: x", `{vrf: red, addresses: 30.1.0.2}`, nil},
		{"an export policy", "as: 65002, export-policy: x", `{vrf: red, addresses: 30.1.0.2}`, nil},
		{"one family", "as: 65002, families: [vpnv4]", `{vrf: red, addresses: 30.1.0.2}`, []string{"r1 30.1.0.2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(behindNIC, "as: 65002", tt.bgp, 1) + "outside: {x: " + tt.site + "}\n"
			if strings.Contains(tt.bgp, "policy") {
				text += "policies: {x: [{match: {rts: \"1:1\"}, then: reject}]}\n"
			}
			lab := parse(t, text)
			var got []string
			for _, r := range lab.Reaches() {
				if r.From == "x" {
					t.Errorf("the site sends: %+v", r)
				}
				if r.To == "x" {
					got = append(got, fmt.Sprint(r.From, " ", r.Destination))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reaches (-want +got):\n%s", diff)
			}
			if routes := lab.Intent().Routes; slices.ContainsFunc(routes, func(r ExpectedRoute) bool { return r.Origin.Host == "x" }) {
				t.Error("routers are to wait for routes of a site that the lab knows nothing of")
			}
		})
	}
}
