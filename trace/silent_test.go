package trace

import (
	"net/netip"
	"testing"

	"pseudowan/topology"
)

// Who does not answer is named by its kind, and the remedy names a node that there is.
func TestSilent(t *testing.T) {
	top, err := topology.Parse("lab.yaml", []byte(`
name: t
routers: {asbr1: {as: 65001}, asbr2: {as: 65002}}
links: [{ends: ["asbr1:eth2", "asbr2:eth2"], subnets: [192.168.0.0/30], vrf: blue}]
vrfs: {blue: {rts: "65001:1"}}
hosts: {b1: {to: asbr1, vrf: blue, addresses: 10.1.0.2/24}}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := &Snapshot{Topology: top}
	for origin, want := range map[string][2]string{
		"b1":         {"host b1 does not answer ARP for 10.9.0.2", "check the host: pseudowan exec b1 -- ip address"},
		"asbr2:eth2": {"router asbr2 does not answer ARP for 10.9.0.2", "check the router: pseudowan show interface --router asbr2"},
	} {
		a := netip.MustParseAddr("10.9.0.2")
		if got := [2]string{s.silent(a, origin), s.silentRemedy(a, origin)}; got != want {
			t.Errorf("%s: %q, want %q", origin, got, want)
		}
	}
}
