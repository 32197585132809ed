package bgp

import (
	"net/netip"
	"testing"

	"pseudowan/bgp/vpn"
)

// The engine is asked by the text of an RD only if it reads the text as the same RD.
func TestLookupOf(t *testing.T) {
	prefix := netip.MustParsePrefix("10.1.0.0/24")
	for _, c := range []struct {
		rd vpn.RD
		ok bool
	}{
		{mustRD("65000:1"), true},
		{mustRD("10.0.0.1:7"), true},
		{mustRD("4200000000:7"), true},
		{vpn.UnknownRD([8]byte{0, 7, 1, 2, 3, 4, 5, 6}), false},
	} {
		if l, ok := lookupOf(Destination{c.rd, prefix}); ok != c.ok || ok && (l.Prefix != prefix.String()) {
			t.Errorf("RD %s: %v, %t", c.rd, l, ok)
		}
	}
}
