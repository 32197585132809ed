package lab

import "testing"

// A router that leaves a LAN moves the addresses of those after it: each gets the one
// that another had, in the same subnet.
func TestRealShiftedAddresses(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-shift", `name: pwt-shift
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}, pe3: {}}
links: [{ends: [pe1:core, pe2:core, pe3:core], subnets: [192.168.0.0/28, "2001:db8::/64"]}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  r2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  r3: {to: pe3, vrf: red, addresses: 10.3.0.2/24}
`)
	l.up(t)
	l.editUntil(t, func() error { return nil }, "pe1:core, ", "") // up waits for the sessions
	checkReach(t, l, []reach{{"r2", "10.3.0.2", true}})
}
