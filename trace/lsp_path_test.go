package trace

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// A path is followed over all equal ways, ends at its loopback, where it leaves the lab and
// where it is broken, and goes around no circle.
func TestAlongLSP(t *testing.T) {
	label := func(n uint32) *uint32 { return &n }
	far := netip.MustParsePrefix("10.255.0.4/32")
	hop := func(router string) netip.Addr {
		return map[string]netip.Addr{"p1": netip.MustParseAddr("192.0.2.1"), "p2": netip.MustParseAddr("192.0.2.2"),
			"pe4": netip.MustParseAddr("192.0.2.4"), "far": netip.MustParseAddr("192.0.2.9")}[router]
	}
	at := func(a netip.Addr) string {
		for _, r := range []string{"p1", "p2", "pe4"} {
			if hop(r) == a {
				return r
			}
		}
		return ""
	}
	via := func(router, next string, out uint32) status.LSP {
		return status.LSP{Router: router, FEC: far, Owner: "pe4", OutLabel: label(out), NextHop: hop(next), Interface: "to-" + next}
	}
	spread := via("pe1", "p1", 16)
	spread.Equal = []status.Way{{NextHop: hop("p1"), Interface: "to-p1", OutLabel: 16}, {NextHop: hop("p2"), Interface: "to-p2", OutLabel: 17}}
	own := status.LSP{Router: "pe4", FEC: far, Owner: "pe4", InLabel: label(3)}
	for name, tt := range map[string]struct {
		lsps []status.LSP
		want string
		err  string
	}{
		"equal ways":   {[]status.LSP{spread, via("p1", "pe4", 3), via("p2", "pe4", 3), own}, "pe1>to-p1:16 pe1>to-p2:17 p1>to-pe4:3 p2>to-pe4:3", ""},
		"a circle":     {[]status.LSP{via("pe1", "p1", 16), via("p1", "p2", 17), via("p2", "p1", 18), own}, "pe1>to-p1:16 p1>to-p2:17 p2>to-p1:18", ""},
		"out of sight": {[]status.LSP{via("pe1", "far", 16), own}, "pe1>to-far:16", ""},
		"broken":       {[]status.LSP{via("pe1", "p1", 16), own}, "pe1>to-p1:16", "ends at p1"},
		"none":         {[]status.LSP{own}, "", "router pe1 has no label-switched path to the loopback of pe4"},
	} {
		hops, err := AlongLSP(tt.lsps, "pe1", "pe4", at)
		var got []string
		for _, h := range hops {
			got = append(got, fmt.Sprintf("%s>%s:%d", h.Router, h.Interface, h.Label))
		}
		if want := strings.Fields(tt.want); !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
		if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !errors.Is(err, status.ErrNotFound)) {
			t.Errorf("%s: error %v; want %q", name, err, tt.err)
		}
	}
}
