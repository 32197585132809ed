package lab

import (
	"fmt"
	"testing"
	"time"

	"pseudowan/status"
)

// The PEs have sessions only with the reflector; their customers' packets do not
// pass it.
func TestRealRouteReflector(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "route-reflector", "pwt-rr")
	l.up(t)
	peers := map[string]int{}
	for _, p := range table[status.Peer](t, l, "peer") {
		peers[p.Router]++
	}
	if fmt.Sprint(peers) != "map[pe1:1 pe2:1 pe3:1 rr:3]" {
		t.Errorf("sessions: %v", peers)
	}
	wire := startCapture(t, l, "rr", "eth1", 1, "mpls")
	var all []reach
	for from := 1; from <= 3; from++ {
		for to := 1; to <= 3; to++ {
			if from == to {
				continue
			}
			all = append(all, both(fmt.Sprintf("red%d", from), to, true)...)
			if from != 2 {
				all = append(all, both(fmt.Sprintf("blue%d", from), to, to != 2)...)
			}
		}
	}
	checkReach(t, l, all)
	wire.mustBeEmpty(t)
}

const twoReflectors = `
name: pwt-rr2
defaults: {router: {as: 65000}}
routers: {rr1: {id: 10.0.0.8}, rr2: {id: 10.0.0.9}, pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}}
links:
- ends: {rr1:eth1: {bgp: {route-reflector: true}}, rr2:eth1: {bgp: {route-reflector: true}}, pe1:eth1: {}, pe2:eth1: {}}
  subnets: [192.168.0.0/28]
vrfs: {red: {rts: "65000:1"}}
hosts:
  red1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  red2: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
`

// With two reflectors, a route arrives twice and is one path; if a reflector dies,
// nothing is lost.
func TestRealTwoReflectors(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-rr2", twoReflectors)
	l.up(t)
	const pe2 = "192.168.0.4"
	eventually(t, 10*time.Second, func() error {
		got := routesOf(t, l, "pe1", "red", "10.2.0.0/24")
		if len(got) != 2 || got[0][:2+len(pe2)] != "* "+pe2 || got[1][:len(pe2)] != pe2 {
			return fmt.Errorf("paths %q; want two to %s, the first one taken", got, pe2)
		}
		return nil
	})
	to := []string{"10.2.0.2", "2001:db8:2::2"}
	outage := outageOf(t, l, "red1", to, func() { l.kill(t, "rr1") })
	t.Logf("one of two reflectors dies: %s without an answer", outage)
	if outage > 2*time.Second {
		t.Errorf("outage of %s although no packet passes a reflector", outage)
	}
	checkReach(t, l, append(both("red1", 2, true), both("red2", 1, true)...))
}
