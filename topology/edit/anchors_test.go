package edit

import (
	"strings"
	"testing"
)

// What a change of one host would change of others, too, is refused, and so is what it
// cannot see.
func TestAnchors(t *testing.T) {
	const begin = `name: rt
x-at: &at {vrf: red, to: pe1}
x-known: &known {announce: [10.20.0.0/16]}
x-rt: &rt {rts: "1:1", max-routes: 7}
routers: {pe1: {as: 1}, pe2: {as: 1}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {<<: *rt}}
hosts:
`
	route := Edit{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.1.0.2")}
	gone := Edit{Op: RouteDel, Name: "red", Prefix: prefix("10.20.0.0/16"), Router: "pe1"}
	attach := Edit{Op: HostAttach, Name: "h1", Settings: map[string]any{"to": "pe2", "vrf": "red", "addresses": "10.9.0.2/24"}}
	for _, c := range []struct {
		hosts string
		edit  Edit
		want  string // "": it works
	}{
		{"  h1: &x {to: pe1, vrf: red, addresses: 10.1.0.2/24}\n  h2: {<<: *x, to: pe2, addresses: 10.2.0.2/24}", route, "host h1 has an anchor (&x)"},
		{"  h1: &x {to: pe1, vrf: red, addresses: 10.1.0.2/24}\n  h2: {<<: *x, to: pe2, addresses: 10.2.0.2/24}", attach, "host h1 has an anchor (&x)"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, announce: &a [10.20.0.0/16]}\n  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: *a}", route, "announce: of host h1 has an anchor (&a)"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, announce: &a [10.20.0.0/16]}\n  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: *a}", gone, "announce: of host h1 has an anchor (&a)"},
		{"  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: &a [10.20.0.0/16]}\n  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, announce: *a}", gone, "announce: of host h1 is an alias (*a)"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, <<: *known}", route, "has its announce from another mapping"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, <<: *known}", gone, "has its announce from another mapping"},
		{"  h1: {attach: &l [{to: pe1, vrf: red, addresses: 10.1.0.2/24}]}", attach, "attach: of host h1 has an anchor (&l)"},
		{"  h1: {attach: [&o {to: pe1, vrf: red, addresses: 10.1.0.2/24}]}", attach, "an attachment of host h1 has an anchor (&o)"},
		{"  h1: {attach: [&o {to: pe1, vrf: red, addresses: 10.1.0.2/24, interface: e}]}", route, "an attachment of host h1 has an anchor (&o)"},
		{"  h1: {<<: *at, addresses: 10.1.0.2/24}", attach, "from another mapping"},
		{"  h1: {<<: *at, addresses: 10.1.0.2/24}", route, ""},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, announce: [*p]}", gone, ""},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}", Edit{Op: VRFSet, Name: "red", Settings: map[string]any{"max-routes": nil}}, "VRF red has its max-routes from another mapping"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}", Edit{Op: VRFSet, Name: "red", Settings: map[string]any{"rd": nil}}, "VRF red has no rd"},
		{"  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}", Edit{Op: VRFSet, Name: "red", Settings: map[string]any{"max-routes": 9}}, ""},
	} {
		text := strings.Replace(begin, "x-at:", "x-p: &p 10.20.0.0/16\nx-at:", 1) + c.hosts + "\n"
		_, err := Apply(parsed(t, text), []byte(text), []Edit{c.edit})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s with\n%s: %v, want %q", c.edit, c.hosts, err, c.want)
		}
	}
	const series = "name: rt\nx-v: &v {red: {rts: \"1:1\"}}\nrouters: {pe1: {as: 1}}\nvrfs: {<<: *v}\nhosts: {h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}}\n"
	_, err := Apply(parsed(t, series), []byte(series), []Edit{{Op: VRFSet, Name: "red", Settings: map[string]any{"max-routes": 9}}})
	if err == nil || !strings.Contains(err.Error(), "vrfs: has its red from another mapping") {
		t.Errorf("a VRF of another mapping: %v", err)
	}
}
