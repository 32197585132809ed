package topology

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

func number(n uint32) *uint32 { return &n }

func TestSessionOfAWire(t *testing.T) {
	lab := parse(t, `
name: t
defaults: {router: {as: 65000}, bgp: {connect-retry: 5, hold-time: 90s}}
routers: {pe1: , pe2: {as: 65002}}
links:
- ends:
    pe1:eth1: {addresses: ["2001:db8::1/64", 192.168.0.1/30], bgp: {med: 7, passive: true, next-hop-self: false}}
    pe2:eth1: {addresses: ["2001:db8::2/64", 192.168.0.2/30]}
  bgp: {med: 100, local-pref: 300, password: secret, gtsm: true, families: [vpnv6, vpnv4, vpnv6], max-prefixes: 9, keepalive: 10}
`)
	shared := Session{
		Interface: "eth1",
		Settings: session.Settings{
			Families:  []vpn.Family{vpn.VPNv4, vpn.VPNv6},
			LocalPref: number(300), HoldTime: 90 * time.Second, Keepalive: 10 * time.Second, ConnectRetry: 5 * time.Second,
			Password: session.Password{Text: "secret"}, GTSM: 1, MaxPrefixes: 9, AddPathPaths: 4,
		},
	}
	one, two := shared, shared
	one.Router, one.PeerRouter, one.PeerAS, one.MED, one.Passive = "pe1", "pe2", 65002, number(7), true
	two.Router, two.PeerRouter, two.PeerAS, two.MED, two.NextHopSelf = "pe2", "pe1", 65000, number(100), true
	one.LocalAddress, one.PeerAddress = prefixes("192.168.0.1/30")[0].Addr(), prefixes("192.168.0.2/30")[0].Addr()
	two.LocalAddress, two.PeerAddress = one.PeerAddress, one.LocalAddress
	if diff := cmp.Diff([]Session{one, two}, lab.Sessions, exact); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

// sessionsOf returns the session views of a lab as text.
func sessionsOf(lab *Topology) []string {
	var out []string
	for _, s := range lab.Sessions {
		text := fmt.Sprintf("%s %s > %s %s", s.Router, s.LocalAddress, s.PeerAddress, s.PeerRouter)
		if s.Client {
			text += " client"
		}
		out = append(out, text)
	}
	return out
}

func TestWhoHasSessions(t *testing.T) {
	const routers = "name: t\ndefaults: {router: {as: 1}}\nrouters: {a: , b: , c: }\nlinks:\n"
	tests := []struct {
		name, link string
		want       []string
	}{
		{"none", `- {ends: [a:e, b:e], subnets: [10.0.0.0/30], bgp: none}`, nil},
		{"wire without bgp", `- {ends: [a:e, b:e], subnets: [10.0.0.0/31]}`, []string{"a 10.0.0.0 > 10.0.0.1 b", "b 10.0.0.1 > 10.0.0.0 a"}},
		{"IPv6 only", `- {ends: [a:e, b:e], subnets: ["2001:db8::/127"]}`, []string{"a 2001:db8:: > 2001:db8::1 b", "b 2001:db8::1 > 2001:db8:: a"}},
		{"parallel wires", "- {ends: [a:e, b:e], subnets: [10.0.0.0/31]}\n- {ends: [a:f, b:f], subnets: [10.0.0.2/31]}", []string{
			"a 10.0.0.0 > 10.0.0.1 b", "b 10.0.0.1 > 10.0.0.0 a", "a 10.0.0.2 > 10.0.0.3 b", "b 10.0.0.3 > 10.0.0.2 a",
		}},
		{"end without", `- {ends: {a:e: {}, b:e: {}, c:e: {bgp: none}}, subnets: [10.0.0.0/29]}`, []string{"a 10.0.0.1 > 10.0.0.2 b", "b 10.0.0.2 > 10.0.0.1 a"}},
		{"reflector", `- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {}, c:e: {}}, subnets: [10.0.0.0/29]}`, []string{
			"a 10.0.0.1 > 10.0.0.2 b client", "a 10.0.0.1 > 10.0.0.3 c client", "b 10.0.0.2 > 10.0.0.1 a", "c 10.0.0.3 > 10.0.0.1 a",
		}},
		{"reflector in a full mesh", `- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {}, c:e: {}}, subnets: [10.0.0.0/29], bgp: full-mesh}`, []string{
			"a 10.0.0.1 > 10.0.0.2 b client", "a 10.0.0.1 > 10.0.0.3 c client", "b 10.0.0.2 > 10.0.0.1 a", "b 10.0.0.2 > 10.0.0.3 c",
			"c 10.0.0.3 > 10.0.0.1 a", "c 10.0.0.3 > 10.0.0.2 b",
		}},
		{"two reflectors", `- {ends: {a:e: {bgp: {route-reflector: true}}, b:e: {bgp: {route-reflector: true}}, c:e: {}}, subnets: [10.0.0.0/29]}`, []string{
			"a 10.0.0.1 > 10.0.0.2 b", "a 10.0.0.1 > 10.0.0.3 c client", "b 10.0.0.2 > 10.0.0.1 a", "b 10.0.0.2 > 10.0.0.3 c client",
			"c 10.0.0.3 > 10.0.0.1 a", "c 10.0.0.3 > 10.0.0.2 b",
		}},
		{"NIC", `- {nic: eth7, ends: [a:e], subnets: [10.0.0.0/30], bgp: {peer: 10.0.0.2, as: 9}}`, []string{"a 10.0.0.1 > 10.0.0.2 "}},
		{"NIC without a session", `- {nic: eth7, ends: [a:e], subnets: [10.0.0.0/30]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lab := parse(t, routers+tt.link+"\n")
			if diff := cmp.Diff(tt.want, sessionsOf(lab)); diff != "" {
				t.Errorf("sessions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinkMTU(t *testing.T) {
	lab := parse(t, `
name: t
routers: {a: {as: 1}, b: {as: 1}}
links:
- {ends: [a:e, b:e], subnets: [10.0.0.0/30]}
- {nic: eth7, ends: [a:f], subnets: [10.0.0.4/30]}
- {nic: eth8, ends: [a:g], subnets: [10.0.0.8/30], mtu: 9000}
`)
	for i, want := range []int{1512, 1500, 9000} {
		if got := lab.Links[i].MTU; got != want {
			t.Errorf("link %d: MTU %d, want %d", i, got, want)
		}
	}
}
