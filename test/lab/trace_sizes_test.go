package lab

import (
	"strings"
	"testing"
)

// narrow has routes that check sizes in every case: a core link and an access port
// with a smaller MTU than what can arrive, by a label of a VRF, by a label of a
// next hop, and from one VRF of a router into another.
const narrow = `
name: pwt-vfysizes
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], mtu: 3000}]
vrfs:
  red:   {rts: "65000:1"}
  green: {rts: "65000:2", import: ["65000:1"], export: ["65000:1"]}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], mtu: 9000}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], lans: [172.16.2.1/24], mtu: 1400}
  h3: {to: pe1, vrf: green, addresses: [10.3.0.2/24], lans: [172.16.3.1/24], mtu: 1400}
`

// A trace follows a route that checks sizes to its end, whatever Open vSwitch says
// about the packet before the check.
func TestRealTraceWhereSizesAreChecked(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-vfysizes", narrow)
	l.up(t)
	for _, c := range []struct{ from, to, nodes string }{
		{"h1", "10.2.0.2", "h1 pe1 pe2 h2"},
		{"h1", "2001:db8:2::2", "h1 pe1 pe2 h2"},
		{"h1", "172.16.2.1", "h1 pe1 pe2 h2"},
		{"h1", "10.3.0.2", "h1 pe1 h3"},
		{"h1", "172.16.3.1", "h1 pe1 h3"},
		{"h2", "10.1.0.2", "h2 pe2 pe1 h1"},
		{"h2", "172.16.3.1", "h2 pe2 pe1 h3"},
	} {
		code, trace := traced(t, l, c.from, c.to)
		if code != 0 || len(trace.Disagreements) > 0 || nodesOf(trace) != c.nodes || trace.Answered != trace.Delivered {
			t.Errorf("%s to %s: exit code %d, path %s, answered by %q, %q", c.from, c.to, code, nodesOf(trace), trace.Answered, trace.Disagreements)
		}
		for _, h := range trace.Hops {
			if h.Switch != nil && strings.Contains(strings.Join(h.Switch.Passed, " "), "controller") {
				t.Errorf("%s to %s: shows the path of a packet that is too large: %q", c.from, c.to, h.Switch.Passed)
			}
		}
	}
	mustVerify(t, l)
	// The router reports packets that are too large, whatever label leads to the
	// narrow link.
	for _, to := range []string{"10.2.0.2", "172.16.2.1", "10.3.0.2"} {
		if r := l.exec("h1", "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "2000", to); !strings.Contains(r.stdout, "mtu = 1400") {
			t.Errorf("a packet that is too large for the path to %s: exit code %d\n%s%s", to, r.code, r.stdout, r.stderr)
		}
	}
}
