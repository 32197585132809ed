package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Two ASes with two border routers each, and VRFs of their own.
const vrfLinked = `
name: a
routers:
  pe1: {as: 65001, id: 10.0.0.1}
  b1: {as: 65001, id: 10.0.0.2}
  b2: {as: 65001, id: 10.0.0.3}
  b3: {as: 65002, id: 10.0.0.4}
  b4: {as: 65002, id: 10.0.0.5}
  pe2: {as: 65002, id: 10.0.0.6}
links:
- {ends: [pe1:eth1, b1:eth1, b2:eth1], subnets: [192.168.1.0/24]}
- {ends: [b3:eth1, b4:eth1, pe2:eth1], subnets: [192.168.2.0/24]}
- {ends: {b1:eth2: {vrf: blue}, b3:eth2: {vrf: azure%s}}, subnets: [192.168.3.0/30]%s}
- {ends: {b2:eth2: {}, b4:eth2: {vrf: azure}}, subnets: [192.168.3.0/30], vrf: blue}
vrfs: {blue: {rts: "65001:1"%s}, azure: {rts: "65002:1"}, red: {rts: "65001:2"}}
policies: {no-lan: [{match: {prefixes: 10.7.0.0/16}, then: reject}]}
hosts:
  h1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], lans: [10.7.0.1/16]}
  h2: {to: pe2, vrf: azure, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  h3: {to: b4, vrf: azure, addresses: 10.3.0.2/24}
  h4: {to: pe1, vrf: red, addresses: 10.4.0.2/24}
`

// Hosts of both sides reach each other over links of VRFs, in the families of the links.
func TestIntentOverLinksOfVRFs(t *testing.T) {
	const all = "h1>10.2.0.2 h1>10.3.0.2 h2>10.1.0.2 h2>10.3.0.2 h2>10.7.0.1 h3>10.1.0.2 h3>10.2.0.2 h3>10.7.0.1"
	for _, tt := range []struct{ end, link, vrf, want string }{
		{"", "", "", all},
		{"", ", inter-as: a", ", label-mode: per-vrf", all},
		{"", ", bgp: {shutdown: true}", "", all}, // the other link
		{", bgp: {import-policy: no-lan}", "", "", all},
		{"", ", bgp: {export-policy: no-lan}", ", export-policy: no-lan", strings.ReplaceAll(strings.ReplaceAll(all, " h2>10.7.0.1", ""), " h3>10.7.0.1", "")},
	} {
		top, err := Parse("lab.yaml", fmt.Appendf(nil, vrfLinked, tt.end, tt.link, tt.vrf))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range top.Reaches() {
			got = append(got, r.From+">"+r.Destination.String())
		}
		if slices.Sort(got); strings.Join(got, " ") != tt.want {
			t.Errorf("%s%s%s: %v, want %s", tt.end, tt.link, tt.vrf, got, tt.want)
		}
	}
}

// What a border router hears over a link of a VRF is a route of its VRF, and goes on from
// there.
func TestRoutesOverLinksOfVRFs(t *testing.T) {
	top, err := Parse("lab.yaml", fmt.Appendf(nil, vrfLinked, "", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range top.Intent().Routes {
		if r.Prefix.String() == "10.1.0.0/24" {
			got = append(got, fmt.Sprint(r.Router, " ", r.VRF, " ", r.Source, " ", r.Origin.Router, " ", r.Origin.Host))
		}
	}
	want := []string{
		"pe1 blue connected pe1 h1", "b1 blue bgp pe1 h1", "b2 blue bgp pe1 h1",
		"b3 azure bgp b3 b1:eth2", "b3 azure bgp b4 b2:eth2", "b4 azure bgp b4 b2:eth2", "b4 azure bgp b3 b1:eth2", "pe2 azure bgp b3 b1:eth2", "pe2 azure bgp b4 b2:eth2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("routes\n%q, want\n%q", got, want)
	}
	if n := len(top.Sessions); n != 12 {
		t.Errorf("%d sessions of VPN routes, want those of the two LANs", n)
	}
	b := top.Links[2].Ends[1].BGP
	if b == nil || b.AS != 65001 || len(b.Sessions) != 1 || b.Sessions[0].PeerAddress.String() != "192.168.3.1" {
		t.Errorf("session of b3: %+v", b)
	}
}

func TestLinkOfVRFsIsRefused(t *testing.T) {
	const link, lan, within = "subnets: [192.168.3.0/30], vrf: blue", "subnets: [192.168.1.0/24]", "[b1:eth9, b2:eth9], subnets: [192.168.9.0/30]"
	for want, change := range map[string][2]string{
		"inter-as: b on a link that belongs to VRFs":              {link, link + ", inter-as: b"},
		"inter-as: a without a VRF":                               {lan, lan + ", inter-as: a"},
		"vrf: on a link between routers of one AS, 65001":         {within, within + ", vrf: blue"},
		"a link of VRFs has two ends, not 3":                      {lan, lan + ", vrf: blue"},
		"b2:eth2 is in no VRF, and the other end is":              {link, "subnets: [192.168.3.0/30]"},
		`VRF "green" is not in vrfs:`:                             {link, "subnets: [192.168.3.0/30], vrf: green"},
		"bgp: none on a link that belongs to VRFs":                {link, link + ", bgp: none"},
		"local-pref is for sessions that carry VPN routes":        {link, link + ", bgp: {local-pref: 7}"},
		"port-type afxdp on a link that belongs to VRFs":          {link, link + ", port-type: afxdp"},
		"no label-switched path uses a link that belongs to VRFs": {link, link + ", metric: 5"},
		"a link with a NIC belongs to no VRF":                     {"[b1:eth9, b2:eth9]", "[b1:eth9], nic: ens1, vrf: blue"},
		"10.3.0.0/24 is already used by link end b4:eth2":         {link, "subnets: [10.3.0.0/24], vrf: blue"},
		"both ends are passive":                                   {link, link + ", bgp: {passive: true}"},
		"a session in a VRF has no VPN routes to reflect":         {"b2:eth2: {}", "b2:eth2: {bgp: {route-reflector: true}}"},
		"bgp: peer, as and neighbors are for links with a NIC":    {link, link + ", bgp: {as: 65009}"},
	} {
		lab := strings.Replace(fmt.Sprintf(vrfLinked, "", "", ""), "\nvrfs:", "\n- {ends: [b1:eth9, b2:eth9], subnets: [192.168.9.0/30]}\nvrfs:", 1)
		if !strings.Contains(lab, change[0]) {
			t.Fatalf("no %q", change[0])
		}
		_, err := Parse("lab.yaml", []byte(strings.Replace(lab, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", change[1], err, want)
		}
	}
}

// Sites of one AS hear each other's routes by way of another AS if they allow it.
func TestIntentOverLinksOfVRFsAndBack(t *testing.T) {
	const lab = `
name: a
routers: {c1: {as: 65001}, m: {as: 65002}, c2: {as: 65001}}
links:
- {ends: {c1:eth1: {%[1]s}, m:eth1: {}}, subnets: [192.168.1.0/30], vrf: blue}
- {ends: {m:eth2: {}, c2:eth1: {%[1]s}}, subnets: [192.168.2.0/30], vrf: blue}
vrfs: {blue: {rts: "65001:1"}}
hosts:
  h1: {to: c1, vrf: blue, addresses: 10.1.0.2/24}
  h2: {to: c2, vrf: blue, addresses: 10.2.0.2/24}
`
	for _, tt := range []struct {
		outer string
		want  int
	}{
		{"", 0},
		{"bgp: {allow-own-as: 1}", 2},
	} {
		top := parsed(t, fmt.Sprintf(lab, tt.outer))
		if got := top.Reaches(); len(got) != tt.want {
			t.Errorf("%s: %v, want %d", tt.outer, got, tt.want)
		}
		for _, r := range top.Intent().Routes {
			if r.Router == "c1" && r.Prefix.String() == "10.1.0.0/24" && r.Source == SourceBGP {
				t.Errorf("%s: c1 hears its own route of %s", tt.outer, r.Origin.Host)
			}
		}
	}
}

// A router that prefers a longer way no longer tells others of the shorter one.
func TestIntentForgetsWhatNobodyTells(t *testing.T) {
	const lab = `
name: a
routers: {a: {as: 65001}, b: {as: 65002}, c: {as: 65003}}
links:
- {ends: [a:eth1, b:eth1], subnets: [192.168.1.0/30], vrf: blue}
- {ends: [a:eth2, c:eth1], subnets: [192.168.2.0/30], vrf: blue}
- {ends: {b:eth2: {%s}, c:eth2: {bgp: {import-policy: prefer}}}, subnets: [192.168.3.0/30], vrf: blue}
vrfs: {blue: {rts: "65001:1"}}
policies: {prefer: [{set: {local-pref: 200}}]}
hosts:
  h: {to: a, vrf: blue, addresses: 10.1.0.2/24}
`
	for end, want := range map[string]string{
		"":                             "a-h b-a:eth1 c-b:eth2 c-a:eth2",
		"bgp: {import-policy: prefer}": "", // one of two states: there is an intent
	} {
		var got []string
		for _, r := range parsed(t, fmt.Sprintf(lab, end)).Intent().Routes {
			if r.Prefix.String() == "10.1.0.0/24" {
				got = append(got, r.Router+"-"+r.Origin.Host)
			}
		}
		if s := strings.Join(got, " "); want != "" && s != want {
			t.Errorf("%s: %s, want %s", end, s, want)
		}
	}
}

// A loopback of the core may be in a subnet of a VRF.
func TestLoopbackInSubnetOfVRF(t *testing.T) {
	parsed(t, "core: labeled-unicast\n"+strings.ReplaceAll(fmt.Sprintf(vrfLinked, "", "", ""), "192.168.3.0/30", "10.0.0.0/28"))
}
