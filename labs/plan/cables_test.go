package plan

import (
	"strings"
	"testing"

	"pseudowan/topology"
)

const cabled = `
name: t
routers: {pe1: {as: 65000}, pe2: {as: 65000}, pe3: {as: 65000}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {ends: [pe1:eth2, pe2:eth2, pe3:eth2], subnets: [192.168.1.0/24]}
- {nic: enp7s0, ends: [pe3:eth3], subnets: [192.168.2.0/30], bgp: none}
vrfs: {red: {rts: "1:1"}}
segments:
  home: {to: pe1, vrf: red, subnets: [10.1.0.0/24]}
  wire: {}
hosts:
  a: {attach: [{to: home, addresses: [10.1.0.2/24]}, {to: wire, addresses: [10.2.0.1/24]}]}
  b: {to: wire, interface: e-1, addresses: [10.2.0.2/24]}
  c: {to: pe2, vrf: red, addresses: [10.3.0.2/24]}
`

// Each name of a link stands for what connects there: which interface is set down,
// and which ones send into it. A host keeps its interface up where it can.
func TestCables(t *testing.T) {
	top, err := topology.Parse("t.yaml", []byte(cabled))
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, top, Allocations{})
	for _, c := range []struct{ name, want string }{
		{"pe1:eth1", "pe1:eth1 -- pe2:eth1 down pe1:eth1 impair pe1:eth1 pe2:eth1"},
		{"pe2:eth1", "pe2:eth1 -- pe1:eth1 down pe2:eth1 impair pe2:eth1 pe1:eth1"},
		{"pe3:eth2", "pe3:eth2 down :lan1p3 impair :lan1p3 pe3:eth2"},
		{"pe3:eth3", "pe3:eth3 down pe3:eth3 impair"},
		{"wire", "a:eth1 -- b:e-1 down a:eth1 impair a:eth1 b:e-1"},
		{"b:e-1", "b:e-1 -- a:eth1 down b:e-1 impair b:e-1 a:eth1"},
		{"c:eth0", "c:eth0 -- pe2:eth5 down pe2:eth5 impair c:eth0 pe2:eth5"},
		{"a:eth0", "a:eth0 down :p-* impair :p-* a:eth0"},
		{"home", "pe1:eth5 down :p-* impair :p-*; a:eth0 down :p-* impair :p-*"},
	} {
		list, err := p.Cables(c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, x := range list {
			line := x.String() + " down " + written(x.Down) + " impair"
			for _, e := range x.Impair {
				line += " " + written(e)
			}
			got = append(got, line)
		}
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%s is %s; want %s", c.name, all, c.want)
		}
	}
	for name, want := range map[string]string{
		"a:eth7":   "a has a:eth1, a:eth0",
		"x:eth0":   "no node is named x",
		"nowhere":  "write a segment, or a link by one of its ends",
		"pe1":      "pe1 has pe1:eth1",
		"":         "has no segment",
		":lan1p3":  "no link :lan1p3",
		"home:":    "no link home:",
		"pe1:eth9": "pe1 has pe1:eth1",
	} {
		if list, err := p.Cables(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, %v; want an error with %q", name, list, err, want)
		}
	}
}

// written names an end, and the port of a bridge, whose name is derived, in short.
func written(e End) string {
	if strings.HasPrefix(e.Interface, "p-") {
		return e.Node + ":p-*"
	}
	return e.Node + ":" + e.Interface
}
