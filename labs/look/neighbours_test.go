package look

import (
	"fmt"
	"strings"
	"testing"

	"pseudowan/doctor"
	"pseudowan/labs/labstest"
	"pseudowan/topology"
)

// coreLAN returns a lab of n routers on one LAN, with a host of both families at
// the first and the last of them. first has the settings of the first router's end.
func coreLAN(n int, subnets, first string) string {
	mesh := ""
	if first == "{}" {
		mesh = ", bgp: full-mesh"
	}
	var routers, ends []string
	for i := range n {
		routers = append(routers, fmt.Sprintf("r%d: {}", i))
		ends = append(ends, fmt.Sprintf("r%d:eth1: %s", i, first))
		first = "{}"
	}
	return fmt.Sprintf(`
name: pwt-lan
defaults: {router: {as: 65000}}
routers: {%s}
links: [{ends: {%s}, subnets: [%s]%s}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: r0, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: r%d, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], lans: [10.20.0.0/24]}
`, strings.Join(routers, ", "), strings.Join(ends, ", "), subnets, mesh, n-1)
}

func TestNeighboursOf(t *testing.T) {
	hosts := doctor.Entries{Hosts: 2} // two gateways of each family
	for name, c := range map[string]struct {
		text    string
		arp, nd doctor.Entries
	}{
		"a LAN of 40":          {coreLAN(40, "192.168.0.0/24", "{}"), hosts, hosts},
		"of both families":     {coreLAN(5, `192.168.0.0/24, "2001:db8::/64"`, "{}"), hosts, hosts},
		"with route reflector": {coreLAN(5, "192.168.0.0/24", "{bgp: {route-reflector: true}}"), hosts, hosts},
		"with a foreign peer": {strings.Replace(coreLAN(2, "192.168.0.0/24", "{}"), "links: [",
			"links: [{nic: eth1, ends: [r0:nic], subnets: [192.168.9.0/30], bgp: {peer: 192.168.9.2, as: 65002}}, ", 1),
			doctor.Entries{Routers: 1, Hosts: 2}, hosts},
	} {
		top, err := topology.Parse("lan.yaml", []byte(c.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p := labstest.Plan(t, top)
		if arp, nd := neighboursOf(p); arp != c.arp || nd != c.nd {
			t.Errorf("%s: ARP %+v, ND %+v; want %+v, %+v", name, arp, nd, c.arp, c.nd)
		}
	}
}

// A running lab already has its entries; only those that an edit adds are needed.
func TestNeighboursBeyond(t *testing.T) {
	now := doctor.Entries{Routers: 30, Hosts: 2}
	if got, want := beyond(now, doctor.Entries{Routers: 20, Hosts: 5}), (doctor.Entries{Routers: 10}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
