package bgp

import (
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

// What stays inside of an AS does not cross its border, and a customer makes no
// ATTR_SET (RFC 4360 section 2, RFC 6368 section 5).
func TestAcrossAS(t *testing.T) {
	r := Route{
		Extended: []vpn.ExtendedCommunity{{0x40, 4, 1}, {0, 3, 1}, {0x43, 0, 2}},
		Passed:   []Attribute{{6, 0x40, ""}, {128, 0xc0, "x"}},
	}
	got := r.AcrossAS()
	if len(got.Extended) != 1 || got.Extended[0][1] != 3 || len(got.Passed) != 1 || got.Passed[0].Type != 6 {
		t.Errorf("%+v", got)
	}
	if len(r.Extended) != 3 || len(r.Passed) != 2 {
		t.Errorf("the route itself has changed: %+v", r)
	}
}

// A route that no message can hold is not announced, and not left as it was.
func TestRoutesThatDoNotFit(t *testing.T) {
	r := vpnRoute("65001:101", "10.1.0.0/16", "65001:101", 16)
	r.Passed = []Attribute{{200, 0xe0, strings.Repeat("x", 3800)}}
	if !r.fits() {
		t.Error("3800 octets do not fit")
	}
	r.Passed[0].Value += strings.Repeat("x", 40)
	r.Communities = make([]Community, 10)
	if r.fits() {
		t.Error("3880 octets fit")
	}
}
