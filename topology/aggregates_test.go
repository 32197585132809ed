package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const aggregateLab = `
name: agg
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs:
  hub: {import: "65000:1", export: "65000:2"%s}
  spoke: {import: "65000:2", export: "65000:1"}
hosts:
  a: {to: pe1, vrf: hub, addresses: 10.1.0.2/24, lans: [172.16.1.1/24]}
  s: {to: pe2, vrf: spoke, addresses: 10.2.0.2/24, bgp: 65100, lans: [172.20.2.1/24], routes: []}
`

func TestAggregatesOfTheIntent(t *testing.T) {
	for keys, want := range map[string]string{
		``:                            "10.1.0.0/24 172.16.1.0/24",
		`, aggregates: 172.16.0.0/12`: "10.1.0.0/24 172.16.0.0/12 172.16.1.0/24",
		`, aggregates: {prefix: 172.16.0.0/12, summary-only: true}`:                              "10.1.0.0/24 172.16.0.0/12",
		`, aggregates: 192.0.2.0/24`:                                                             "10.1.0.0/24 172.16.1.0/24",
		`, aggregates: [172.16.0.0/16, {prefix: 172.0.0.0/8, summary-only: true, as-set: true}]`: "10.1.0.0/24 172.0.0.0/8",
		`, default-originate: true`:                                                              "0.0.0.0/0 10.1.0.0/24 172.16.1.0/24",
	} {
		lab, err := Parse("lab.yaml", fmt.Appendf(nil, aggregateLab, keys))
		if err != nil {
			t.Errorf("%s: %v", keys, err)
			continue
		}
		var got []string
		for _, r := range lab.Intent().Routes {
			if r.VRF == "spoke" && r.Origin.VRF == "hub" {
				got = append(got, r.Prefix.String())
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: the spoke has %q, want %q", keys, got, want)
		}
		if !slices.ContainsFunc(lab.Reaches(), func(r Reach) bool { return r.From == "s" && r.Destination.String() == "172.16.1.1" }) {
			t.Errorf("%s: s does not reach the LAN of a", keys)
		}
	}
}

func TestAggregateRefusals(t *testing.T) {
	for keys, want := range map[string]string{
		`, aggregates: 10.0.0.1/8`:                         "host bits",
		`, aggregates: [10.0.0.0/8, {prefix: 10.0.0.0/8}]`: ":6: vrf hub: aggregate 10.0.0.0/8 stands twice; remove one",
		`, aggregates: 10.0.0.1/32`:                        ":6: vrf hub: nothing is more specific than aggregate 10.0.0.1/32; use a shorter prefix",
		`, aggregates: ["::/0"]`:                           "aggregate ::/0 is a default route; use default-originate: true",
		`, aggregates: {summary-only: true}`:               ":6: vrf hub: an aggregate has no prefix",
	} {
		if _, err := Parse("lab.yaml", fmt.Appendf(nil, aggregateLab, keys)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", keys, err, want)
		}
	}
}
