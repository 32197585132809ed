package look

import (
	"net/netip"
	"testing"
)

// An address is routeless if neither the host's routes nor those of its VRF cover it; about
// a host of which that is not known, nothing is said.
func TestRouteless(t *testing.T) {
	prefix := netip.MustParsePrefix
	a := alike{named: map[string][]prefixes{
		"a": {prefixesOf([]netip.Prefix{prefix("10.1.0.2/24"), prefix("2001:db8:1::/64")}), prefixesOf([]netip.Prefix{prefix("10.2.0.0/16"), prefix("10.3.0.2/32")})},
		"b": {prefixesOf(nil), prefixesOf([]netip.Prefix{prefix("0.0.0.0/0")})},
	}}
	for _, c := range []struct {
		host, to string
		want     bool
	}{
		{"a", "10.1.0.7", false}, {"a", "10.2.9.9", false}, {"a", "10.3.0.2", false}, {"a", "2001:db8:1::9", false},
		{"a", "10.3.0.3", true}, {"a", "10.4.0.2", true}, {"a", "2001:db8:2::9", true},
		{"b", "10.4.0.2", false}, {"b", "2001:db8:2::9", true}, {"c", "10.4.0.2", false},
	} {
		if got := a.Routeless(c.host, netip.MustParseAddr(c.to)); got != c.want {
			t.Errorf("%s to %s: %t", c.host, c.to, got)
		}
	}
}
