package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A host may advertise a prefix before it has an address in it: the default route of
// others on the segment leads to it all the same.
func TestAdvertisersWithoutAddress(t *testing.T) {
	lab := parsed(t, `
name: delegated
routers: {pe1: {as: 65000}}
vrfs: {v: {rts: "65000:1"}}
segments: {lan: {}}
hosts:
  router:
    forward: true
    attach:
    - {to: pe1, vrf: v, addresses: ["2001:db8:1::2/64"], announce: "2001:db8:5::/64", routes: ["::/0"]}
    - {to: lan, addresses: [10.5.0.1/24], advertises: "2001:db8:5::/64"}
  vm:  {to: lan, addresses: [slaac, "2001:db8:5::5/64"]}
  far: {to: pe1, vrf: v, addresses: ["2001:db8:9::2/64"]}
`)
	var got []string
	for _, r := range lab.Reaches() {
		if r.From == "vm" {
			got = append(got, r.To+" "+r.Destination.String()+" "+strings.Join(r.Via, ","))
		}
	}
	if want := []string{"far 2001:db8:9::2 router"}; !slices.Equal(got, want) {
		t.Errorf("vm reaches %q, want %q", got, want)
	}
}

// A host that rewrites packets leaves undecided what passes it and what it sends or
// receives, and nothing else: who cannot get there, does not.
func TestHostsThatRewriteDecide(t *testing.T) {
	const text = `
name: nat
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {in: {rts: "65000:1"}, out: {rts: "65000:2"}, other: {rts: "65000:3"}}
segments: {lan: {subnets: [10.9.0.0/24]}}
hosts:
  box:
    forward: true
    rewrites: true
    attach:
    - {to: pe1, vrf: out, addresses: [10.1.0.2/24], routes: [0.0.0.0/0]}
    - {to: pe1, vrf: in, addresses: [10.2.0.2/24], announce: 0.0.0.0/0, routes: [10.3.0.0/16]}
    - {to: lan, addresses: [10.9.0.1/24]}
  inner:  {to: pe2, vrf: in, addresses: [10.3.0.2/24]}
  server: {to: pe2, vrf: out, addresses: [10.4.0.2/24]}
  beside: {to: pe1, vrf: out, addresses: [10.5.0.2/24]}
  else:   {to: pe1, vrf: other, addresses: [10.6.0.2/24]}
  vm:     {to: lan, addresses: [10.9.0.2/24], routes: [{prefix: 0.0.0.0/0, via: 10.9.0.254}]}
  vm2:    {to: lan, addresses: [10.9.0.3/24], routes: [{prefix: 0.0.0.0/0, via: box}]}
`
	lab := parsed(t, text)
	said := func(list []Reach) (out []string) {
		for _, r := range list {
			out = append(out, fmt.Sprintf("%s %s %s %s", r.From, r.To, r.Destination, strings.Join(r.Via, ",")))
		}
		slices.Sort(out)
		return out
	}
	reaches, open, _ := lab.Reachability()
	if got, want := said(reaches), []string{
		"beside server 10.4.0.2 ", "server beside 10.5.0.2 ", "vm vm2 10.9.0.3 ", "vm2 vm 10.9.0.2 ",
	}; !slices.Equal(got, want) {
		t.Errorf("reached:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got := said(open)
	for pair, want := range map[string]bool{
		"inner server 10.4.0.2 box": true, "server inner 10.3.0.2 ": false, // no route there, whatever the box does
		"inner box 10.1.0.2 box": true, "box inner 10.3.0.2 box": true, "server box 10.1.0.2 box": true,
		"vm server 10.4.0.2 box": true, "vm2 server 10.4.0.2 box": true, // the first by an address that nobody has
	} {
		if slices.Contains(got, pair) != want {
			t.Errorf("%q undecided: %t, want %t", pair, !want, want)
		}
	}
	for _, pair := range got {
		if strings.Contains(pair, "else") || strings.HasPrefix(pair, "server inner") || strings.HasPrefix(pair, "server vm") {
			t.Errorf("%q is undecided", pair)
		}
	}
	if _, none, _ := parsed(t, strings.Replace(text, "    rewrites: true\n", "", 1)).Reachability(); len(none) > 0 {
		t.Errorf("nobody rewrites, and undecided are %v", said(none))
	}
}
