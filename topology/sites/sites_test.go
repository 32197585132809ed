package sites

import (
	"reflect"
	"strings"
	"testing"

	"pseudowan/topology"
)

func parse(t *testing.T, text string) *topology.Topology {
	t.Helper()
	top, err := topology.Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return top
}

const four = `name: four
routers:
  pe1: {as: 65001, id: 10.10.10.1, labels: 1000-1999}
  P_2: {as: 65001, id: 10.10.10.2, labels: 2000-2999}
  pe3: {as: 65001, id: 10.10.10.3, labels: 3000-3999}
  pe4: {as: 65001, id: 10.10.10.4, labels: 4000-4999}
links:
- ends: {pe1:eth1: {address: 192.168.0.1/30}, P_2:eth1: {address: 192.168.0.2/30}}
vrfs: {red: {rd: "65001:101", rts: "65001:101"}}
segments:
  lan: {subnets: [10.3.0.0/24], attach: [{to: pe3, vrf: red}, {to: pe4, vrf: red}]}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  h3: {attach: [{to: lan, addresses: [10.3.0.9/24]}]}
`

func TestDivide(t *testing.T) {
	together := Site{Name: "pe3", Routers: []string{"pe3", "pe4"}, Hosts: []string{"h3"}}
	for _, c := range []struct {
		perSite int
		want    []Site
	}{
		{1, []Site{{"pe1", []string{"pe1"}, []string{"h1"}}, {"p-2", []string{"P_2"}, nil}, together}},
		{2, []Site{{"pe1", []string{"pe1", "P_2"}, []string{"h1"}}, together}},
		{9, []Site{{"pe1", []string{"pe1", "P_2", "pe3", "pe4"}, []string{"h1", "h3"}}}},
	} {
		got, err := Divide(parse(t, four), c.perSite)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d routers a site: %v, %v; want %v", c.perSite, got, err, c.want)
		}
	}
}

// What cannot be in a pod is refused, with a remedy.
func TestDivideRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a NIC":      {"- ends: {pe1:eth1: {address: 192.168.0.1/30}, P_2:eth1: {address: 192.168.0.2/30}}", "- {nic: eth7, ends: {pe1:eth1: {address: 192.168.0.1/30}}, bgp: {peer: 192.168.0.2, as: 65009}}", "nic eth7"},
		"an image":   {"  h1: {", "  h1: {image: frr, ", "needs a container"},
		"docker":     {"  h1: {", "  h1: {runtime: docker, ", "its runtime is docker"},
		"two names":  {"  P_2:", "  PE1:", "would be called pe1"},
		"the server": {"lan: {", "lan: {nic: eth7, ", "segment lan"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(four, c.old, c.new, 1)
			if name == "two names" {
				text = strings.ReplaceAll(text, "P_2", "PE1")
			}
			_, err := Divide(parse(t, text), 1)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := Divide(parse(t, four), 0); err == nil {
		t.Error("no router a site is accepted")
	}
}
