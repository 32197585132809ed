package hosts

import (
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// restartStaleIPv6 restarts IPv6 on interfaces with an outdated address:
// derived from another MAC, or from a prefix that is no longer advertised. The
// kernel keeps such an address, and need not prefer the right one.
func (c *configuration) restartStaleIPv6() error {
	restarted := false
	for _, i := range c.Interfaces {
		l := c.seen[i.Name]
		if !c.outlived(l.Attrs().Index, l.Attrs().HardwareAddr, i) {
			continue
		}
		if err := c.onThread(func() error { return restartIPv6(i.Name) }); err != nil {
			return err
		}
		restarted = true
	}
	if !restarted {
		return nil
	}
	return c.observe()
}

// outlived reports whether an interface has an autoconfigured address that it
// would not get now.
func (c *configuration) outlived(index int, mac net.HardwareAddr, i Interface) bool {
	if len(i.MAC) != 0 {
		mac = i.MAC
	}
	linkLocals, right := 0, false
	for _, a := range c.addresses {
		p := PrefixOf(a.IPNet)
		switch {
		case a.LinkIndex != index || !p.Addr().Is6():
		case p.Addr().IsLinkLocalUnicast():
			linkLocals++
			right = right || p.Addr() == EUI64(netip.MustParsePrefix("fe80::/64"), mac)
		case len(i.Learned) > 0 && advertised(p, a.Flags) && !slices.Contains(i.Learned, p):
			return true
		}
	}
	return len(mac) == 6 && linkLocals > 0 && !right
}

// advertised reports whether an address comes from an advertised prefix. A
// DHCPv6 client's is a /128.
func advertised(p netip.Prefix, flags int) bool {
	return flags&(unix.IFA_F_PERMANENT|unix.IFA_F_TEMPORARY) == 0 && p.Bits() == slaacBits
}

// slaacBits is the length of the prefixes that Ethernet hosts form addresses
// from (RFC 2464).
const slaacBits = 64

// EUI64 returns the address in a /64 whose interface identifier is the modified
// EUI-64 of a MAC (RFC 4291 appendix A).
func EUI64(prefix netip.Prefix, mac net.HardwareAddr) netip.Addr {
	if len(mac) != 6 {
		return netip.Addr{}
	}
	b := prefix.Masked().Addr().As16()
	copy(b[8:], []byte{mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]})
	return netip.AddrFrom16(b)
}
