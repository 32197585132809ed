package look

import (
	"fmt"
	"net/netip"
	"testing"

	"pseudowan/hosts/probe"
	"pseudowan/topology"
)

// Of each advertised prefix a host is expected to have an address: those that it has
// formed, and the usual one in a prefix that it has not heard of yet.
func TestAddressesFormedSoFar(t *testing.T) {
	a := topology.Attachment{
		Segment: "lan", Interface: "eth0", SLAAC: true, MAC: []byte{0, 0x16, 0x3e, 1, 0xe0, 0xa3},
		Advertised: []netip.Prefix{netip.MustParsePrefix("fd00::/64"), netip.MustParsePrefix("2001:db8:5::/64")},
	}
	have := []probe.Address{
		{Interface: "eth0", Prefix: netip.MustParsePrefix("fd00::77/64")},
		{Interface: "eth1", Prefix: netip.MustParsePrefix("2001:db8:5::99/64")},
	}
	for _, tt := range []struct {
		have []probe.Address
		want string
	}{
		{nil, "[fd00::216:3eff:fe01:e0a3/64 2001:db8:5:0:216:3eff:fe01:e0a3/64]"},
		{have, "[fd00::77/64 2001:db8:5:0:216:3eff:fe01:e0a3/64]"},
	} {
		if got := fmt.Sprint(addressesOn("lab", "h", a, tt.have)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.have, got, tt.want)
		}
	}
}
