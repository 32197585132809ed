package topology

import (
	"fmt"
	"math/big"
	"net/netip"
)

// advance returns the address n steps of 2^(width-bits) after a, where width is 32
// or 128: the n-th next subnet of that length. ok is false if the address space
// ends before.
func advance(a netip.Addr, bits, n int) (_ netip.Addr, ok bool) {
	width := a.BitLen()
	sum := new(big.Int).SetBytes(a.AsSlice())
	step := new(big.Int).Lsh(big.NewInt(int64(n)), uint(width-bits))
	sum.Add(sum, step)
	if sum.BitLen() > width {
		return netip.Addr{}, false
	}
	next, ok := netip.AddrFromSlice(sum.FillBytes(make([]byte, width/8)))
	return next, ok
}

// pointToPoint reports whether a subnet has two addresses, both usable (RFC
// 3021, RFC 6164).
func pointToPoint(p netip.Prefix) bool { return p.Bits() == p.Addr().BitLen()-1 }

// usable returns the n-th usable address of a subnet, from 0, with the subnet's
// length. ok is false if the subnet has no such address.
func usable(subnet netip.Prefix, n int) (_ netip.Prefix, ok bool) {
	skip := 1
	if pointToPoint(subnet) || subnet.IsSingleIP() {
		skip = 0
	}
	a, ok := advance(subnet.Masked().Addr(), subnet.Addr().BitLen(), n+skip)
	p := netip.PrefixFrom(a, subnet.Bits())
	if !ok || !subnet.Contains(a) || badHost(p) != "" {
		return netip.Prefix{}, false
	}
	return p, true
}

// badHost returns why an interface cannot have an address in its subnet; "" if it
// can.
func badHost(p netip.Prefix) string {
	a := p.Addr()
	if why := badUnicast(a); why != "" {
		return why
	}
	if pointToPoint(p) || p.IsSingleIP() {
		return ""
	}
	if a == p.Masked().Addr() {
		if a.Is4() {
			return "is the network address of its subnet"
		}
		return "is the subnet-router anycast address of its subnet"
	}
	if a.Is4() {
		if next, ok := advance(a, 32, 1); !ok || !p.Contains(next) {
			return "is the broadcast address of its subnet"
		}
	}
	return ""
}

var (
	thisNetwork4 = netip.MustParsePrefix("0.0.0.0/8")
	reserved4    = netip.MustParsePrefix("240.0.0.0/4")
)

// badUnicast returns why no interface can have an address; "" if one can.
func badUnicast(a netip.Addr) string {
	switch {
	case a.IsUnspecified() || a.Is4() && thisNetwork4.Contains(a):
		return "is not an interface's address"
	case a.IsLoopback():
		return "is a loopback address"
	case a.IsMulticast():
		return "is a multicast address"
	case a.IsLinkLocalUnicast():
		return "is a link-local address, which every interface has anyway"
	case a.Is4() && reserved4.Contains(a):
		return "is a reserved address (RFC 1112)"
	}
	return ""
}

// checkSubnet refuses a prefix that no interface can be in, and reports whether it
// is valid.
func (r *report) checkSubnet(at pos, element string, p netip.Prefix) bool {
	if why := badUnicast(p.Addr()); why != "" {
		r.refuse(at, element, fmt.Sprintf("%s %s", p, why), "use a unicast prefix such as 10.1.0.0/24")
		return false
	}
	return true
}

// checkHostAddress refuses an address that an interface cannot have.
func (r *report) checkHostAddress(at pos, element string, p netip.Prefix) bool {
	why := badHost(p)
	if why == "" {
		return true
	}
	remedy := "use a unicast address"
	if example, ok := usable(p.Masked(), 1); ok {
		remedy = fmt.Sprintf("use another one, such as %s", example)
	}
	r.refuse(at, element, fmt.Sprintf("%s %s", p, why), remedy)
	return false
}

// The smallest MTUs for IPv4, BGP on a link, and IPv6. BGP's first message and TCP's
// smallest segment, with all options, need some 160 octets.
const (
	leastMTU    = 68
	leastMTUBGP = 256
	leastMTU6   = 1280
)

// checkMTU refuses an MTU of a host that is out of bounds.
func (r *report) checkMTU(mtu value[int], element string, ipv6 bool) {
	r.checkLeastMTU(mtu, element, ipv6, leastMTU, "RFC 791")
}

// checkLinkMTU refuses an MTU of a link that is out of bounds.
func (r *report) checkLinkMTU(mtu value[int], element string, ipv6 bool) {
	if mtu.v < leastMTU {
		r.checkMTU(mtu, element, ipv6)
		return
	}
	r.checkLeastMTU(mtu, element, ipv6, leastMTUBGP, "BGP needs that")
}

func (r *report) checkLeastMTU(mtu value[int], element string, ipv6 bool, least int, rule string) {
	if ipv6 {
		least, rule = leastMTU6, "RFC 8200"
	}
	if mtu.has && (mtu.v < least || mtu.v > maxMTU) {
		r.refuse(mtu.at, element, fmt.Sprintf("MTU %d is not from %d (%s) to %d", mtu.v, least, rule, maxMTU), "use 1500")
	}
}

// hasIPv6 reports whether any of the addresses is an IPv6 address.
func hasIPv6(addresses []netip.Prefix) bool {
	for _, a := range addresses {
		if a.Addr().Is6() {
			return true
		}
	}
	return false
}
