package topology

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

var compareNetwork = cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}, vpn.SiteOfOrigin{})

func TestCustomerBGP(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(base+`
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
hosts:
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24, "2001:db8:1::2/64"]
    routes: []
    bgp: 65100
    lans: [172.16.1.0/24]
  b:
    to: pe2
    vrf: red
    addresses: [10.2.0.2/24, "2001:db8:2::2/64"]
    bgp: {as: 65100, families: [ipv6], hold-time: 9, passive: true, password: x, max-prefixes: 7, as-override: true, allow-own-as: 2}
    files: {/run/x: "y"}
`))
	if err != nil {
		t.Fatal(err)
	}
	with := func(f vpn.Family, local, peer string) CustomerSession {
		return CustomerSession{f, netip.MustParseAddr(local), netip.MustParseAddr(peer)}
	}
	want := []*CustomerBGP{{
		AS: 65100, Settings: session.Settings{HoldTime: 40 * time.Second, Keepalive: 13 * time.Second, ConnectRetry: 2 * time.Second, MaxPrefixes: 10000},
		Sessions: []CustomerSession{with(vpn.IPv4, "10.1.0.1", "10.1.0.2"), with(vpn.IPv6, "2001:db8:1::1", "2001:db8:1::2")},
		Networks: []netip.Prefix{netip.MustParsePrefix("172.16.1.0/24")},
	}, {
		AS: 65100, Sessions: []CustomerSession{with(vpn.IPv6, "2001:db8:2::1", "2001:db8:2::2")},
		Settings: session.Settings{
			HoldTime: 9 * time.Second, Keepalive: 3 * time.Second, ConnectRetry: 2 * time.Second,
			Passive: true, Password: session.Password{Text: "x"}, MaxPrefixes: 7, ASOverride: true, AllowOwnAS: 2,
		},
	}}
	for i, h := range lab.Hosts {
		if diff := cmp.Diff(want[i], h.Attachments[0].BGP, compareNetwork); diff != "" {
			t.Errorf("%s (-want +got):\n%s", h.Name, diff)
		}
	}
	if unlimited, err := Parse("lab.yaml", []byte(base+`
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
hosts: {a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, max-prefixes: 0}}}
`)); err != nil || unlimited.Hosts[0].Attachments[0].BGP.MaxPrefixes != 0 {
		t.Errorf("max-prefixes: 0 is a limit: %v", err)
	}
	if len(lab.Hosts[0].Attachments[0].Statics) != 0 {
		t.Errorf("statics %v beside BGP", lab.Hosts[0].Attachments[0].Statics)
	}
	if diff := cmp.Diff(map[string]string{"/run/x": "y"}, lab.Hosts[1].Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// The LANs that customers announce are part of the intent, and a host reaches
// others by the routes that it learns by BGP.
func TestIntentOfCustomerBGP(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(base+`
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], routes: [], bgp: 65100, lans: [172.16.1.0/24]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`))
	if err != nil {
		t.Fatal(err)
	}
	lan := netip.MustParsePrefix("172.16.1.0/24")
	routers := map[string]bool{}
	for _, r := range lab.Intent().Routes {
		if r.Prefix == lan {
			routers[r.Router] = r.Source == SourceBGP && r.Origin.Host == "a"
		}
	}
	if !routers["pe1"] || !routers["pe2"] {
		t.Errorf("routes to %s: %v; want one on each router", lan, routers)
	}
	reached := map[string]bool{}
	for _, r := range lab.Reaches() {
		reached[r.From+" "+r.Destination.String()] = true
	}
	for _, pair := range []string{"a 10.2.0.2", "b 172.16.1.1"} {
		if !reached[pair] {
			t.Errorf("%s does not reach: %v", pair, reached)
		}
	}
}
