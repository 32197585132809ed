package topology

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const guarded = `
name: guarded
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
segments:
  net1: {subnets: ["2001:db8:2::/64"], guard: [ra, source]}
  net2: {to: pe1, vrf: red, subnets: ["2001:db8:1::/64"]}
hosts:
  vr:
    forward: true
    attach:
    - {to: net2, addresses: ["2001:db8:1::2/64"], routes: ["::/0"], announce: "2001:db8:2::/64", GUARD}
    - {to: net1, addresses: ["2001:db8:2::1/64"], guard: none}
  vm: {to: net1, addresses: ["2001:db8:2::2/64"], routes: [{prefix: "::/0", via: vr}]}
  far: {to: pe1, vrf: red, addresses: ["2001:db8:9::2/64"]}
`

// A host whose port takes only its own addresses does not forward for others, and
// whoever wrote that is warned.
func TestGuardedHostsDoNotForward(t *testing.T) {
	for guard, c := range map[string]struct {
		passes bool
		warned string
	}{
		"guard: source": {false, "host vr: forwards, and guard: source drops what others send through it to segment net2"},
		"guard: [source, ra], allow: \"2001:db8:2::/64\"": {true, ""},
		"guard: ra": {true, ""},
		"mtu: 1500": {true, ""},
	} {
		lab := parsed(t, strings.Replace(guarded, "GUARD", guard, 1))
		got := map[string]bool{}
		for _, r := range lab.Reaches() {
			got[r.From+" "+r.To+" "+r.Destination.String()] = true
		}
		for _, way := range []string{"vm far 2001:db8:9::2", "far vm 2001:db8:2::2"} {
			if got[way] != c.passes {
				t.Errorf("%s: %s is %t, want %t", guard, way, got[way], c.passes)
			}
		}
		if !got["vm vr 2001:db8:2::1"] || !got["far vr 2001:db8:1::2"] {
			t.Errorf("%s: a host's own packets are dropped: %v", guard, got)
		}
		warned := fmt.Sprint(lab.Warnings)
		if !strings.Contains(warned, c.warned) || c.warned == "" && len(lab.Warnings) > 0 {
			t.Errorf("%s: warnings %s, want %q", guard, warned, c.warned)
		}
	}
}

// A host that gets its addresses from others, by DHCP or by hand, needs allow:.
func TestGuardedHostsWithoutAddresses(t *testing.T) {
	for host, want := range map[string]int{
		"{to: s}": 1, "{to: s, allow: 10.0.0.0/24}": 0, "{to: s, addresses: slaac}": 0, "{to: s, addresses: 10.0.0.2/24}": 0, "{to: s, guard: ra}": 0,
	} {
		lab := parsed(t, "name: t\nrouters: {pe1: {as: 1}}\nsegments: {s: {guard: source}}\nhosts: {h: "+host+"}\n")
		if len(lab.Warnings) != want {
			t.Errorf("%s: warnings %v, want %d", host, lab.Warnings, want)
		}
	}
}

func TestPermits(t *testing.T) {
	p := netip.MustParsePrefix
	a := Attachment{
		Segment: "s", SLAAC: true, Addresses: []netip.Prefix{p("10.0.0.2/24")}, Advertised: []netip.Prefix{p("2001:db8:1::/64")},
		Guard: Guard{Source: true, Allow: []netip.Prefix{p("10.9.0.0/16")}},
	}
	for source, want := range map[string]bool{
		"10.0.0.2": true, "10.0.0.3": false, "10.9.1.1": true, "fe80::1": true, "169.254.0.1": false, "2001:db8:1::77": true, "2001:db8:2::1": false,
	} {
		if got := a.Permits(netip.MustParseAddr(source)); got != want {
			t.Errorf("%s is permitted: %t", source, got)
		}
	}
}
