package lab

import (
	"fmt"
	"strings"
	"testing"
)

// manyLANs returns a lab whose routers announce more than fits into one packet of the
// link.
func manyLANs(name string, mtu int) string {
	var lans []string
	for i := range 200 {
		lans = append(lans, fmt.Sprintf("10.%d.%d.1/24", 150+i/100, i%100))
	}
	return fmt.Sprintf(`name: %s
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], mtu: %d}]
vrfs: {red: {rts: "1:1"}}
hosts:
  red1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [%s]}
  red2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`, name, mtu, strings.Join(lans, ", "))
}

// BGP's packets fit the link, whatever its MTU, and after it changes.
func TestRealBGPOverNarrowLink(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-narrow", manyLANs("pwt-narrow", 600))
	l.up(t)
	for _, mtu := range []int{9000, 576, 1400} {
		l.edit(t, strings.Replace(manyLANs("pwt-narrow", mtu), "10.150.0.1/24, ", "", 1))
		l.edit(t, manyLANs("pwt-narrow", mtu))
		if n := len(table[map[string]any](t, l, "rib", "--router", "pe2")); n != 202 {
			t.Errorf("pe2 has %d routes at an MTU of %d", n, mtu)
		}
	}
}
