package plan

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// Paths to routers that only pass packets on do not count, unless there are no others.
func TestUplinkTracking(t *testing.T) {
	const text = `name: tracked
core: {families: [ipv4, ipv6]}
defaults: {router: {as: 65000, uplink-tracking: {delay: 3s}}}
routers: {pe1: {id: 10.255.0.1}, pe2: {id: 10.255.0.2}, p1: {id: 10.255.0.11}}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30, "2001:db8:1::/64"]}
- {ends: [p1:eth2, pe2:eth1], subnets: [192.168.2.0/30, "2001:db8:2::/64"]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: TWO, vrf: red, addresses: 10.2.0.2/24}
`
	for _, c := range []struct {
		two    string
		inner  []string // of pe1
		tracks string   // the routers that track their uplinks
	}{
		{"pe2", []string{"10.255.0.11", "fd00::aff:b"}, "pe1 pe2"},
		{"pe1", nil, "pe1"},
	} {
		p, err := New(parsed(t, "%s", strings.Replace(text, "TWO", c.two, 1)), Allocations{}, "netns")
		if err != nil {
			t.Fatal(err)
		}
		var tracks []string
		for _, r := range p.Routers {
			tracking := r.Config.Transport.Tracking
			if tracking == nil {
				continue
			}
			tracks = append(tracks, r.Name)
			var want []netip.Addr
			for _, a := range c.inner {
				want = append(want, netip.MustParseAddr(a))
			}
			if r.Name == "pe1" && !slices.Equal(tracking.Inner, want) || tracking.Delay.Seconds() != 3 {
				t.Errorf("%+v: %s has %+v", c, r.Name, tracking)
			}
		}
		if got := strings.Join(tracks, " "); got != c.tracks {
			t.Errorf("%+v: %q track their uplinks", c, got)
		}
	}
}
