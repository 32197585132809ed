package bgp

import "net/netip"

// martians are the blocks of addresses that no packet between sites has
// (RFC 6890): nothing is routed to them.
var martians = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"),
	netip.MustParsePrefix("::/128"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}

// Martian says why nothing is routed to a prefix; "" if it may be.
func Martian(p netip.Prefix) string {
	if p.Addr().Is4In6() {
		return "its prefix is of IPv4-mapped addresses"
	}
	for _, m := range martians {
		if m.Bits() <= p.Bits() && m.Contains(p.Addr()) {
			return "its prefix is not of unicast addresses that are routed (RFC 6890)"
		}
	}
	return ""
}
