package plan

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/topology"
)

const stationsLab = `name: t
defaults: {router: {as: 65000}}
routers:
  pe1: {bmp: [{to: "10.9.0.2:5000", vrf: red}, {to: "[2001:db8:9::2]:1", vrf: red}, {to: 10.9.0.3, vrf: red}, 192.168.0.2]}
  pe2: {}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "1:1"}}
hosts:
  r1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  r2: {to: pe2, vrf: red, addresses: 10.9.0.2/24}
`

// Stations in a VRF share one outlet with a namespace of its own, whose number stays
// when hosts come; those on links need none.
func TestOutlets(t *testing.T) {
	p := planOf(t, []byte(stationsLab))
	c := p.Routers[0].Config
	if len(c.Stations) != 4 || len(c.Outlets) != 1 || len(p.Routers[1].Config.Outlets) != 0 {
		t.Fatalf("%d stations, outlets %+v", len(c.Stations), c.Outlets)
	}
	o := c.Outlets[0]
	if want := []netip.Addr{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("2001:db8:1::1")}; o.VRF != "red" || !slices.Equal(o.Addresses, want) {
		t.Errorf("outlet %+v", o)
	}
	if !slices.Contains(p.Routers[0].PortNamespaces(), o.Namespace) || p.Marks()[o.Namespace].Node != "pe1" {
		t.Errorf("namespace %s is in %v", o.Namespace, p.Marks())
	}
	i := slices.IndexFunc(p.Wires, func(w Wire) bool { return w.A.Interface == o.Name })
	if i < 0 || p.Wires[i].B.MAC != o.MAC || p.Wires[i].B.Interface != o.Interface || p.Wires[i].A.MTU != outletMTU || p.Wires[i].B.MTU != outletMTU {
		t.Errorf("wires %+v", p.Wires)
	}
	lab, err := topology.Parse("t.yaml", []byte(stationsLab+"  r0: {to: pe1, vrf: red, addresses: 10.5.0.2/24}\n"))
	if err != nil {
		t.Fatal(err)
	}
	next, err := New(lab, p.Allocations, "netns")
	if err != nil {
		t.Fatal(err)
	}
	if got := next.Routers[0].Config.Outlets[0]; got.Port != o.Port || got.Namespace != o.Namespace {
		t.Errorf("outlet %+v has become %+v", o, got)
	}
}
