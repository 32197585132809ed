package server

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

func TestApart(t *testing.T) {
	for name, test := range map[string]struct {
		closed closed
		want   []string
	}{
		"nothing was closed": {closed{all: []int{2, 3}, bridged: [][2]int{{3, 3}}}, nil},
		"IPv4": {closed{v4: []int{2}, all: []int{2, 3}}, []string{
			"meta nfproto ipv4 ip daddr != 224.0.0.0/4 iif { 2 } oif { 2, 3 } drop"}},
		"a bridge, and a VLAN of it": {closed{v4: []int{2, 3}, all: []int{2, 3, 4}, bridged: [][2]int{{3, 3}, {4, 3}}}, []string{
			"meta nfproto ipv4 ip daddr != 224.0.0.0/4 iif . oif != { 3 . 3, 4 . 3 } iif { 2, 3 } oif { 2, 3, 4 } drop"}},
		"IPv6": {closed{v6: true, all: []int{2, 3}, bridged: [][2]int{{3, 3}}}, []string{
			"meta nfproto ipv6 ip6 daddr != ff00::/8 iif . oif != { 3 . 3 } iif { 2, 3 } oif { 2, 3 } drop",
			`meta nfproto ipv6 meta iifkind "bridge" meta oifkind "bridge" return`,
			`meta nfproto ipv6 ip6 daddr != ff00::/8 iifname != "pwu-*" oifname != "pwu-*" drop`}},
	} {
		if got := test.closed.rules(); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestBridgedPairs(t *testing.T) {
	links := []netlink.Link{
		&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: 2}}, &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Index: 3}},
		&netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Index: 4, ParentIndex: 3}}, &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Index: 5, ParentIndex: 2}},
	}
	if got := bridgedPairs(links, false); !slices.Equal(got, [][2]int{{3, 3}}) {
		t.Error(got)
	}
	if got := bridgedPairs(links, true); !slices.Equal(got, [][2]int{{3, 3}, {4, 3}}) {
		t.Error(got)
	}
}

// A setting is known by its interface, whatever that is called, and the first value
// is kept.
func TestSettingsOfRenamedInterfaces(t *testing.T) {
	var r record
	r.note(setting{"ipv4/conf/eth0/forwarding", "0", 2})
	r.note(setting{"ipv4/conf/lan0/forwarding", "1", 2}) // renamed
	r.note(setting{"ipv6/conf/eth0/forwarding", "0", 2})
	r.note(setting{"ipv4/conf/eth0/forwarding", "0", 7}) // another
	r.note(setting{Path: all6, Value: "0"})
	r.note(setting{Path: default6, Value: "0"})
	want := []setting{
		{"ipv4/conf/eth0/forwarding", "0", 2}, {"ipv6/conf/eth0/forwarding", "0", 2}, {"ipv4/conf/eth0/forwarding", "0", 7},
		{Path: all6, Value: "0"}, {Path: default6, Value: "0"},
	}
	if !slices.Equal(r.Was, want) {
		t.Errorf("%v\nwant %v", r.Was, want)
	}
	if gone := (setting{"ipv4/conf/lo/forwarding", "0", 1 << 30}); gone.path() != "" || gone.now() != "" {
		t.Errorf("an interface that has gone: %q", gone.path())
	}
	if got := (setting{"ipv4/conf/what/forwarding", "0", 1}).path(); got != "ipv4/conf/lo/forwarding" {
		t.Errorf("renamed: %q", got)
	}
}

func TestLearned(t *testing.T) {
	u := Uplink{Addresses: []netip.Prefix{netip.MustParsePrefix("2001:db8:20::fe/64")}}
	for _, test := range []struct {
		to       string
		protocol netlink.RouteProtocol
		want     bool
	}{
		{"2001:db8:20::/64", 2, false}, {"fe80::/64", 2, false}, {"ff00::/8", 2, false},
		{"2001:db8:666::/64", 2, true}, {"2001:db8:20::/65", 2, true}, {"::/0", 9, true}, {"2001:db8:20::/64", 9, true},
		{"2001:db8:666::/64", 3, false}, {"2001:db8:666::/64", 4, false}, // somebody has written it
	} {
		_, to, _ := net.ParseCIDR(test.to)
		if got := u.learned(netlink.Route{Dst: to, Protocol: test.protocol}); got != test.want {
			t.Errorf("%s of protocol %d: %v", test.to, test.protocol, got)
		}
	}
}
