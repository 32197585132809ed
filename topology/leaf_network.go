package topology

import (
	"fmt"
	"net"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// parseNetwork reads the scalars of networking.
func parseNetwork(dst any, s string) *fault {
	var err error
	var remedy string
	switch p := dst.(type) {
	case *netip.Addr:
		return parseAddr(p, s)
	case *netip.Prefix:
		return parsePrefix(p, s)
	case *network:
		var q netip.Prefix
		if f := parsePrefix(&q, s); f != nil {
			return f
		}
		if q != q.Masked() {
			return &fault{fmt.Sprintf("prefix %s has host bits set", q), fmt.Sprintf("write %s", q.Masked())}
		}
		*p = network(q)
	case *hostAddress:
		if p.slaac = s == "slaac"; !p.slaac {
			return parsePrefix(&p.prefix, s)
		}
	case *net.HardwareAddr:
		return parseMAC(p, s)
	case *vpn.RD:
		*p, err = vpn.ParseRD(s)
		remedy = "write it as 65001:101 or 10.0.0.1:7"
	case *vpn.RouteTarget:
		*p, err = vpn.ParseRouteTarget(s)
		remedy = "write it as 65001:101 or 10.0.0.1:7"
	case *vpn.LabelRange:
		*p, err = vpn.ParseLabelRange(s)
		remedy = fmt.Sprintf("use labels from %d to %d, as 1000-1999", vpn.LabelFirstUnreserved, vpn.LabelMax)
	default:
		panic(fmt.Sprintf("topology: no reader for %T", dst))
	}
	if err != nil {
		return &fault{err.Error(), remedy}
	}
	return nil
}

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

func parseMAC(p *net.HardwareAddr, s string) *fault {
	mac, err := net.ParseMAC(s)
	switch {
	case err != nil || len(mac) != 6:
		return &fault{fmt.Sprintf("%q is not a MAC address", s), `write it as "00:00:00:01:01:01", in quotes`}
	case mac[0]&1 != 0:
		return &fault{fmt.Sprintf("MAC address %s is a multicast address", mac), "clear the lowest bit of its first octet"}
	case mac.String() == "00:00:00:00:00:00":
		return &fault{"MAC address is all zeros", "leave it away to have one derived"}
	}
	*p = mac
	return nil
}
