package server

import (
	"net/netip"
	"strings"
	"testing"
)

// The table of a lab translates what is published, in both families, lets hosts send
// from their subnets only, and keeps apart what was apart before.
func TestRules(t *testing.T) {
	u := Uplink{
		Lab: "demo", Segment: "docker0", Interface: "pwu-1",
		Addresses: []netip.Prefix{netip.MustParsePrefix("172.20.0.1/16"), netip.MustParsePrefix("2002:ac14::1/48")},
		Publish: []Published{
			{Port: 8080, To: 80, Protocol: "tcp", Targets: []netip.Addr{netip.MustParseAddr("172.20.0.2"), netip.MustParseAddr("2002:ac14::2")}},
			{Address: netip.MustParseAddr("2001:db8::1"), Port: 53, To: 53, Protocol: "udp", Targets: []netip.Addr{netip.MustParseAddr("2002:ac14::2")}},
		},
	}
	got := rules("demo", []Uplink{u}, closed{v4: []int{2}, all: []int{2, 3}})
	for _, want := range []string{
		`comment "pseudowan lab=demo"`,
		`iifname != "pwu-1" meta nfproto ipv4 fib daddr type local tcp dport 8080 dnat ip to 172.20.0.2:80`,
		`iifname != "pwu-1" meta nfproto ipv6 fib daddr type local tcp dport 8080 dnat ip6 to [2002:ac14::2]:80`,
		`iifname != "pwu-1" meta nfproto ipv6 fib daddr type local ip6 daddr 2001:db8::1 udp dport 53 dnat ip6 to [2002:ac14::2]:53`,
		`meta nfproto ipv4 ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat ip to 172.20.0.2:80`,
		`oifname != "pwu-*" ip saddr 172.20.0.0/16 masquerade`,
		`meta nfproto ipv4 ip daddr != 224.0.0.0/4 iif { 2 } oif { 2, 3 } drop`,
		`iifname "pwu-1" ip6 saddr != { 2002:ac14::/48 } drop`,
		`oifname "pwu-1" ct state new drop`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	u.Routed, u.Addresses = true, u.Addresses[:1]
	got = rules("demo", []Uplink{u}, closed{})
	if strings.Contains(got, "masquerade") || strings.Contains(got, "ct state new drop") || !strings.Contains(got, `iifname "pwu-1" meta nfproto ipv6 drop`) {
		t.Errorf("routed, of one family:\n%s", got)
	}
}

func TestMarked(t *testing.T) {
	for alias, want := range map[string]string{
		"pseudowan " + Uplink{Lab: "a", Segment: "b", NIC: "eth0"}.mark(): "a b",
		"pseudowan " + Uplink{Lab: "a", Segment: "b"}.mark():              "a b",
		"pseudowan lab=a kind=lab":                                        "",
		"pseudowan lab=a node=b kind=host":                                "",
		"my uplink":                                                       "",
	} {
		lab, segment, ok := marked(alias)
		if got := strings.TrimSpace(lab + " " + segment); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", alias, got, ok)
		}
	}
}
