package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// routesOf returns the expected routes of an instance as text.
func routesOf(lab *Topology, router, vrf string) []string {
	var out []string
	for _, r := range lab.Intent().Routes {
		if r.Router == router && r.VRF == vrf {
			out = append(out, fmt.Sprintf("%s %s %s/%s %s", r.Prefix, r.Source, r.Origin.Router, r.Origin.VRF, r.Origin.Host))
		}
	}
	return out
}

func reachesOf(lab *Topology) []string {
	var out []string
	for _, r := range lab.Reaches() {
		text := fmt.Sprintf("%s %s > %s %s", r.From, r.Source, r.To, r.Destination)
		if len(r.Via) > 0 {
			text += " via " + strings.Join(r.Via, ", ")
		}
		out = append(out, text)
	}
	return out
}

func TestIntentOfPseudoWAN(t *testing.T) {
	lab := load(t, "pseudo-wan.yaml")
	got := routesOf(lab, "pe1", "101")
	want := []string{"10.1.0.0/24 connected pe1/101 host_001_101", "30.1.0.2/32 bgp pe2/101 remote_001_101"}
	for k := range 10 {
		want = append(want, fmt.Sprintf("110.1.%d.0/24 static pe1/101 host_001_101", k))
	}
	for k := range 10 {
		want = append(want, fmt.Sprintf("130.1.%d.0/24 bgp pe2/101 remote_001_101", k))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes of VPN 101 on pe1 (-want +got):\n%s", diff)
	}
	intent := lab.Intent()
	if len(intent.Routes) != 20*22 || len(intent.Imports) != 20 {
		t.Errorf("%d routes, %d imports", len(intent.Routes), len(intent.Imports))
	}
	reaches := reachesOf(lab)
	if len(reaches) != 2*10*11 {
		t.Errorf("%d pairs reach each other, want 220", len(reaches))
	}
	if !slices.Contains(reaches, "host_001_101 10.1.0.2 > remote_001_101 130.1.9.1") {
		t.Error("host_001_101 does not reach 130.1.9.1")
	}
	for _, r := range lab.Reaches() {
		if vpnOf(r.From) != vpnOf(r.To) {
			t.Errorf("%s reaches %s of another VPN", r.From, r.To)
		}
	}
}

func vpnOf(host string) string { return host[strings.LastIndex(host, "_"):] }

func TestIntentOfHubAndSpoke(t *testing.T) {
	lab := load(t, "hub-spoke.yaml")
	want := []string{
		"0.0.0.0/0 bgp pe1/hub-out hq", "10.2.0.0/24 connected pe2/spoke s2", "10.9.0.0/24 bgp pe1/hub-out hq",
		"::/0 bgp pe1/hub-out hq", "2001:db8:2::/64 connected pe2/spoke s2", "2001:db8:9::/64 bgp pe1/hub-out hq",
	}
	if diff := cmp.Diff(want, routesOf(lab, "pe2", "spoke")); diff != "" {
		t.Errorf("routes of the spoke (-want +got):\n%s", diff)
	}
	reaches := reachesOf(lab)
	for _, want := range []string{"s2 10.2.0.2 > s3 10.3.0.2 via hq", "s3 10.3.0.2 > s2 10.2.0.2 via hq", "s2 10.2.0.2 > hq 10.1.0.2"} {
		if !slices.Contains(reaches, want) {
			t.Errorf("missing: %s", want)
		}
	}
	lab.Hosts[0].Forward = false
	for _, r := range reachesOf(lab) {
		if strings.HasPrefix(r, "s2") && strings.Contains(r, "s3") {
			t.Errorf("without forwarding at the hub: %s", r)
		}
	}
}

// chain returns a VPN with a host on each of four routers, and the given links.
func chain(links string) string {
	return `
name: t
defaults: {router: {as: 1}}
routers: {a: , b: , c: , d: }
vrfs: {red: {rts: "1:1"}}
hosts:
  ha: {to: a, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  hb: {to: b, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  hc: {to: c, vrf: red, addresses: [10.3.0.2/24, "2001:db8:3::2/64"]}
  hd: {to: d, vrf: red, addresses: [10.4.0.2/24, "2001:db8:4::2/64"]}
links:
` + links
}

func TestHowFarRoutesGo(t *testing.T) {
	tests := []struct {
		name, links string
		want        string // FROM-TO pairs of IPv4, sorted
		v6          string // of IPv6; "same" as IPv4
	}{
		{"no links", "", "", "same"},
		{"iBGP does not pass on", "- {ends: [a:e, b:e], subnets: [10.0.0.0/31]}\n- {ends: [b:f, c:f], subnets: [10.0.0.2/31]}\n", "ab ba bc cb", "same"},
		{"families of one end", "- {ends: {a:e: {bgp: {families: [vpnv6]}}, b:e: {}}, subnets: [10.0.0.0/31]}\n", "", "ab ba"},
		{"full mesh", "- {ends: [a:e, b:e, c:e, d:e], subnets: [10.0.0.0/29]}\n", "ab ac ad ba bc bd ca cb cd da db dc", "same"},
		{
			"reflector on a LAN", "- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {}, c:e: {}}, subnets: [10.0.0.0/29]}\n",
			"ab ac ba bc ca cb", "same",
		},
		{
			"reflector of wires, and a wire of their own", "- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {}}, subnets: [10.0.0.0/31]}\n- {ends: {a:f: {bgp: {route-reflector: true}}, c:f: {}}, subnets: [10.0.0.2/31]}\n- {ends: [b:g, c:g], subnets: [10.0.0.4/31]}\n",
			"ab ac ba bc ca cb", "same",
		},
		{
			"client of a client", "- {ends: {a:e: {}, b:e: {}, c:e: {}, d:e: {bgp: {route-reflector: true}}}, subnets: [10.0.0.0/29], bgp: none}\n" +
				"- {ends: {c:f: {bgp: {route-reflector: true}}, a:f: {}, d:f: {}}, subnets: [10.0.1.0/29]}\n",
			"ac ad ca cd da dc", "same",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v4, v6 := pairs(parse(t, chain(tt.links)))
			if v4 != tt.want {
				t.Errorf("IPv4: %q, want %q", v4, tt.want)
			}
			if tt.v6 == "same" {
				tt.v6 = tt.want
			}
			if v6 != tt.v6 {
				t.Errorf("IPv6: %q, want %q", v6, tt.v6)
			}
		})
	}
}

// pairs returns which router imports from which, by family.
func pairs(lab *Topology) (v4, v6 string) {
	var four, six []string
	for _, r := range lab.Intent().Routes {
		pair := r.Origin.Router + r.Router
		switch {
		case r.Source != SourceBGP:
		case r.Prefix.Addr().Is4():
			four = append(four, pair)
		default:
			six = append(six, pair)
		}
	}
	slices.Sort(four)
	slices.Sort(six)
	return strings.Join(slices.Compact(four), " "), strings.Join(slices.Compact(six), " ")
}

// TestEBGPDoesNotPassOn checks that a router in the middle announces only its own
// routes, as it does not swap labels.
func TestEBGPDoesNotPassOn(t *testing.T) {
	lab := parse(t, strings.Replace(chain("- {ends: [a:e, b:e, c:e], subnets: [10.0.0.0/29], bgp: none}\n"+
		"- {ends: [a:f, b:f], subnets: [10.0.1.0/31]}\n- {ends: [b:g, c:g], subnets: [10.0.1.2/31]}\n"), "{a: , b: ", "{a: , b: {as: 2}", 1))
	if v4, _ := pairs(lab); v4 != "ab ba bc cb" {
		t.Errorf("got %q", v4)
	}
}

// TestReflectorChain checks two reflectors that pass on the routes of each other's
// clients.
func TestReflectorChain(t *testing.T) {
	lab := parse(t, chain("- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {}}, subnets: [10.0.0.0/28]}\n"))
	// b is a client of a, c of d, and a and d are peers, all on one segment.
	lab.Links[0].Ends = nil
	lab.Sessions = nil
	for i, r := range []string{"a", "b", "c", "d"} {
		lab.Links[0].Ends = append(lab.Links[0].Ends, LinkEnd{Router: r, Interface: "e", Addresses: prefixes(fmt.Sprintf("10.0.0.%d/28", i+1))})
	}
	join := func(i, j int, client bool) {
		x, y := lab.Links[0].Ends[i], lab.Links[0].Ends[j]
		s := Session{Router: x.Router, PeerRouter: y.Router, PeerAS: 1, LocalAddress: x.Addresses[0].Addr(), PeerAddress: y.Addresses[0].Addr(), Settings: session.Settings{Families: []vpn.Family{vpn.VPNv4}}, Client: client}
		back := s
		back.Router, back.PeerRouter, back.LocalAddress, back.PeerAddress, back.Client = s.PeerRouter, s.Router, s.PeerAddress, s.LocalAddress, false
		lab.Sessions = append(lab.Sessions, s, back)
	}
	join(0, 1, true)
	join(3, 2, true)
	join(0, 3, false)
	v4, v6 := pairs(lab)
	if want := "ab ac ad ba bc bd ca cb cd da db dc"; v4 != want || v6 != "" {
		t.Errorf("IPv4 %q, IPv6 %q, want %q and nothing", v4, v6, want)
	}
}

func TestExtranetOnOneRouter(t *testing.T) {
	lab := parse(t, `
name: t
routers: {a: {as: 1}}
vrfs:
  shared: {import: ["1:1"], export: ["1:9"]}
  red: {rts: "1:1", import: "1:9"}
  blue: {rts: "1:2"}
hosts:
  s: {to: a, vrf: shared, addresses: [10.9.0.2/24]}
  r: {to: a, vrf: red, addresses: [10.1.0.2/24]}
  r2: {to: a, vrf: red, addresses: [10.2.0.2/24], lans: [10.3.0.0/24]}
  b: {to: a, vrf: blue, addresses: [10.1.0.2/24]}
`)
	want := []string{"10.1.0.0/24 connected a/red r", "10.2.0.0/24 connected a/red r2", "10.3.0.0/24 static a/red r2", "10.9.0.0/24 bgp a/shared s"}
	if diff := cmp.Diff(want, routesOf(lab, "a", "red")); diff != "" {
		t.Errorf("routes of red (-want +got):\n%s", diff)
	}
	reach := []string{
		"s 10.9.0.2 > r 10.1.0.2", "s 10.9.0.2 > r2 10.2.0.2", "s 10.9.0.2 > r2 10.3.0.1",
		"r 10.1.0.2 > s 10.9.0.2", "r 10.1.0.2 > r2 10.2.0.2", "r 10.1.0.2 > r2 10.3.0.1",
		"r2 10.2.0.2 > s 10.9.0.2", "r2 10.2.0.2 > r 10.1.0.2",
	}
	if diff := cmp.Diff(reach, reachesOf(lab)); diff != "" {
		t.Errorf("reach (-want +got):\n%s", diff)
	}
}

// TestOneWayImport checks that a route in only one direction is not enough for
// reach, and that redistribution can be turned off.
func TestOneWayImport(t *testing.T) {
	const file = `
name: t
routers: {a: {as: 1}}
redistribute: {connected: %s, static: %s}
vrfs: {red: {import: "1:1", export: "%s"}, blue: {import: "1:2", export: "1:1"}}
hosts:
  r: {to: a, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: a, vrf: blue, addresses: [10.2.0.2/24], lans: [10.3.0.0/24]}
`
	tests := []struct {
		connected, static, export string
		routes                    []string
		pairs                     int
	}{
		{"subnets", "true", "1:3", []string{"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"}, 0},
		{"subnets", "true", "1:2", []string{"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"}, 3},
		{"hosts", "false", "1:2", []string{"10.1.0.0/24", "10.2.0.2/32"}, 2},
		{"none", "true", "1:2", []string{"10.1.0.0/24", "10.3.0.0/24"}, 0},
	}
	for _, tt := range tests {
		lab := parse(t, fmt.Sprintf(file, tt.connected, tt.static, tt.export))
		var got []string
		for _, r := range routesOf(lab, "a", "red") {
			prefix, _, _ := strings.Cut(r, " ")
			got = append(got, prefix)
		}
		if diff := cmp.Diff(tt.routes, got); diff != "" {
			t.Errorf("%+v: routes (-want +got):\n%s", tt, diff)
		}
		if got := lab.Reaches(); len(got) != tt.pairs {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestLongestPrefixDecides checks a /24 inside another site's /16.
func TestLongestPrefixDecides(t *testing.T) {
	lab := parse(t, `
name: t
routers: {a: {as: 1}, b: {as: 1}, c: {as: 1}}
links: [{ends: [a:e, b:e, c:e], subnets: ["2001:db8:ffff::/64"]}]
vrfs: {red: {rts: "1:1"}}
hosts:
  ha: {to: a, vrf: red, addresses: [10.1.0.2/24]}
  wide: {to: b, vrf: red, addresses: [10.2.0.2/24], lans: [10.10.7.9/16]}
  narrow: {to: c, vrf: red, addresses: [10.3.0.2/24], lans: [10.10.7.0/24]}
`)
	got := reachesOf(lab)
	if slices.Contains(got, "ha 10.1.0.2 > wide 10.10.7.9") || !slices.Contains(got, "ha 10.1.0.2 > narrow 10.10.7.1") {
		t.Errorf("the /24 does not decide: %v", got)
	}
}
