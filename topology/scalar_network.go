package topology

import (
	"fmt"
	"net"
	"net/netip"

	"pseudowan/bgp/vpn"
)

func parseAddr(p *netip.Addr, s string) *fault {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return &fault{fmt.Sprintf("%q is not an IP address", s), "write it as 10.1.0.1 or 2001:db8::1"}
	}
	*p = a
	return nil
}

func parsePrefix(p *netip.Prefix, s string) *fault {
	q, err := netip.ParsePrefix(s)
	if err != nil || q.Addr().Is4In6() {
		return &fault{fmt.Sprintf("%q is not an address with a prefix length", s), "write it as 10.1.0.2/24 or 2001:db8::2/64"}
	}
	*p = q
	return nil
}

func parseNetwork(p *network, s string) *fault {
	var q netip.Prefix
	if f := parsePrefix(&q, s); f != nil {
		return f
	}
	if q != q.Masked() {
		return &fault{fmt.Sprintf("prefix %s has host bits set", q), fmt.Sprintf("write %s", q.Masked())}
	}
	*p = network(q)
	return nil
}

func parseHostAddress(p *hostAddress, s string) *fault {
	switch s {
	case fromSLAAC, fromDHCP, fromDHCP6, fromStateless:
		p.from = s
		return nil
	}
	return parsePrefix(&p.prefix, s)
}

func parseMAC(p *net.HardwareAddr, s string) *fault {
	mac, err := net.ParseMAC(s)
	switch {
	case err != nil || len(mac) != 6:
		return &fault{fmt.Sprintf("%q is not a MAC address", s), `write it as "00:00:00:01:01:01", in quotes`}
	case mac[0]&1 != 0:
		return &fault{fmt.Sprintf("MAC address %s is a multicast address", mac), "clear the lowest bit of its first octet"}
	case mac.String() == "00:00:00:00:00:00":
		return &fault{"MAC address is all zeros", "remove it to have one derived"}
	}
	*p = mac
	return nil
}

const adminRemedy = "write it as 65001:101 or 10.0.0.1:7"

func parseRD(p *vpn.RD, s string) *fault {
	return parseWith(p, s, vpn.ParseRD, adminRemedy)
}

func parseTarget(p *vpn.RouteTarget, s string) *fault {
	return parseWith(p, s, vpn.ParseRouteTarget, adminRemedy)
}

func parseLabels(p *vpn.LabelRange, s string) *fault {
	return parseWith(p, s, vpn.ParseLabelRange, fmt.Sprintf("use labels from %d to %d, as in 1000-1999", vpn.LabelFirstUnreserved, vpn.LabelMax))
}

func parseWith[T any](p *T, s string, parse func(string) (T, error), remedy string) *fault {
	v, err := parse(s)
	if err != nil {
		return &fault{err.Error(), remedy}
	}
	*p = v
	return nil
}
