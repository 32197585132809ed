package topology

import (
	"slices"
	"testing"
	"time"
)

// A host forms an address in each autonomous prefix of its wire or segment, and in no
// other; times that are not given follow from those that are.
func TestAdvertisedPrefixes(t *testing.T) {
	lab := parsed(t, base+`segments:
  lan: {to: pe1, vrf: red, ra: {managed: true, interval: 30, prefixes: ["2001:db8:1::/64", {prefix: "fd00:1::/64", autonomous: true, valid: 2h}]}}
hosts:
  a: {to: lan, addresses: [slaac]}
  b: {to: pe1, vrf: red, addresses: [slaac], ra: {lifetime: 0, prefixes: [{prefix: "2001:db8:2::/64", preferred: 0}, {prefix: "2001:db8:4000::/48", autonomous: false}, {prefix: "2001:db8:3::/64", valid: 60}]}}`)
	a, b := hostNamed(t, lab, "a").Attachments[0], hostNamed(t, lab, "b").Attachments[0]
	if got, want := a.Prefixes(), prefixes("fd00:1::/64"); !slices.Equal(got, want) {
		t.Errorf("a forms addresses in %v; want %v", got, want)
	}
	if got, want := b.Prefixes(), prefixes("2001:db8:2::/64", "2001:db8:3::/64"); !slices.Equal(got, want) {
		t.Errorf("b forms addresses in %v; want %v", got, want)
	}
	if got, want := lab.Segments[0].Subnets, prefixes("2001:db8:1::/64", "fd00:1::/64"); !slices.Equal(got, want) {
		t.Errorf("subnets of lan %v; want %v", got, want)
	}
	if got, want := b.Gateways, prefixes("2001:db8:2::1/64", "2001:db8:4000::1/48", "2001:db8:3::1/64"); !slices.Equal(got, want) {
		t.Errorf("gateways of b %v; want %v", got, want)
	}
	ra := lab.Segments[0].Routers[0].RA
	if p := ra.Prefixes; ra.Interval != 30*time.Second || ra.Lifetime != 30*time.Minute ||
		p[0].Valid != 720*time.Hour || p[0].Preferred != 168*time.Hour || p[1].Valid != 2*time.Hour || p[1].Preferred != 2*time.Hour {
		t.Errorf("times of lan: %+v", ra)
	}
	if ra := b.RA; ra.Interval != 20*time.Second || ra.Lifetime != 0 || ra.Prefixes[2].Preferred != time.Minute {
		t.Errorf("times of b: %+v", ra)
	}
}

// Where a host takes its addresses from what is delegated while the lab runs, the
// topology does not say whom it reaches.
func TestDelegatedPrefixesAreOpen(t *testing.T) {
	lab := parsed(t, base+`segments:
  wan: {subnets: ["2001:db8:1::/64"]}
  lan: {}
hosts:
  isp: {forward: true, attach: [{to: pe1, vrf: red, addresses: ["2001:db8:2::2/64"]}, {to: wan, addresses: ["2001:db8:1::1/64"], advertises: "2001:db8:1::/64"}]}
  gw: {forward: true, attach: [{to: wan, addresses: [slaac], delegated: {to: eth1}}, {to: lan, addresses: []}]}
  pc: {to: lan, addresses: [slaac]}`)
	reaches, open, _ := lab.Reachability()
	for _, r := range reaches {
		if r.From == "pc" || r.To == "pc" {
			t.Errorf("%+v", r)
		}
	}
	if !slices.ContainsFunc(open, func(r Reach) bool { return r.From == "pc" && r.To == "isp" }) {
		t.Errorf("open: %+v", open)
	}
	gw := hostNamed(t, lab, "gw")
	if !gw.Delegates("eth1") || gw.Delegates("eth0") || gw.Services[0].Name != ClientService || gw.Attachments[0].DHCP.Delegated.Length != 60 {
		t.Errorf("%+v", gw)
	}
}
