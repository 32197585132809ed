package topology

import (
	"net/netip"
	"slices"
	"testing"
)

const uplinked = `name: t
routers: {pe1: {as: 65001}}
vrfs: {red: {rts: "1:1"}}
segments:
  docker0: {uplink: masquerade, subnets: [172.20.0.0/16, "2002:ac14::/48"]}
  both: {uplink: routed, to: pe1, vrf: red, subnets: [10.1.0.0/24]}
  low: {uplink: routed, to: pe1, vrf: red, subnets: [10.2.0.0/24], gateway: 10.2.0.254}
hosts:
  h1: {to: docker0, addresses: [172.20.0.2/16, "2002:ac14::2/48"], publish: [8080:80, "[2001:db8::1]:53:53/udp"]}
  h2: {to: both, addresses: [10.1.0.9/24]}
  h3: {to: low, addresses: [10.2.0.9/24], routes: [{prefix: 10.9.0.0/16, via: pe1}, {prefix: 0.0.0.0/0, via: uplink}, 10.8.0.0/16]}
  h4: {to: pe1, vrf: red, addresses: [10.4.0.2/24]}
`

// The server has the first address of each subnet that no router has, and is the
// default router. What it forwards to is not of the lab.
func TestUplinks(t *testing.T) {
	top, err := Parse("lab.yaml", []byte(uplinked))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"[172.20.0.1/16 2002:ac14::1/48]", "[10.1.0.2/24]", "[10.2.0.1/24]"} {
		if got := prefixesOf(top.Segments[i].Uplink.Addresses); got != want {
			t.Errorf("segment %s: the server has %s, want %s", top.Segments[i].Name, got, want)
		}
	}
	for i, want := range []string{"172.20.0.1", "10.1.0.2"} {
		hops := top.Hosts[i].Attachments[0].NextHops
		if len(hops) == 0 || hops[0].Via.String() != want {
			t.Errorf("host %s: %v, want a default route to %s", top.Hosts[i].Name, hops, want)
		}
	}
	want := []NextHop{
		{netip.MustParsePrefix("10.9.0.0/16"), netip.MustParseAddr("10.2.0.254")},
		{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.2.0.1")},
		{netip.MustParsePrefix("10.8.0.0/16"), netip.MustParseAddr("10.2.0.1")},
	}
	if got := top.Hosts[2].Attachments[0].NextHops; !slices.Equal(got, want) {
		t.Errorf("routes of h3: %v, want %v", got, want)
	}
	for _, r := range top.Reaches() {
		if r.From == "h1" || r.To == "h1" || r.From == "h2" && r.To == "h4" {
			t.Errorf("%s reaches %s by way of the server", r.From, r.To)
		}
	}
	if got, want := top.Hosts[0].Publish[1].String(), "[2001:db8::1]:53:53/udp"; got != want {
		t.Errorf("published port %s, want %s", got, want)
	}
}

func prefixesOf(list []netip.Prefix) string {
	text := "["
	for i, p := range list {
		if i > 0 {
			text += " "
		}
		text += p.String()
	}
	return text + "]"
}

func TestPublishedOverlap(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"80:80", "80:81", true}, {"80:80", "80:80/udp", false}, {"80:80", "81:80", false},
		{"0.0.0.0:80:80", "[::]:80:80", false}, {"0.0.0.0:80:80", "192.0.2.1:80:80", true}, {"80:80", "[2001:db8::1]:80:80", true},
		{"192.0.2.1:80:80", "192.0.2.2:80:80", false},
	} {
		var a, b Published
		if parsePublished(&a, tt.a) != nil || parsePublished(&b, tt.b) != nil {
			t.Fatal(tt.a, tt.b)
		}
		if got := a.Overlaps(b); got != tt.want {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}
