package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// observe reads the addresses and the static routes of the tables main and
// local, once for all interfaces. Static routes are ours: users and routing
// daemons add theirs with another protocol.
func (c *configuration) observe() (err error) {
	c.addresses, err = dump(func() ([]netlink.Addr, error) {
		return c.nl.AddrList(nil, netlink.FAMILY_ALL)
	})
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	filter := &netlink.Route{Table: unix.RT_TABLE_UNSPEC, Protocol: unix.RTPROT_STATIC}
	c.routes, err = dump(func() ([]netlink.Route, error) {
		return c.nl.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PROTOCOL)
	})
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	c.routes = slices.DeleteFunc(c.routes, func(r netlink.Route) bool {
		return r.Table != unix.RT_TABLE_MAIN && r.Table != unix.RT_TABLE_LOCAL
	})
	return nil
}

// address is one address on one interface, comparable.
type address struct {
	index  int
	prefix netip.Prefix
}

func (c *configuration) haveAddresses() map[address]bool {
	have := map[address]bool{}
	for _, a := range c.addresses {
		have[address{a.LinkIndex, PrefixOf(a.IPNet)}] = true
	}
	return have
}

func (c *configuration) addAddresses() error {
	have := c.haveAddresses()
	for _, i := range c.Interfaces {
		l := c.seen[i.Name]
		for _, p := range i.Addresses {
			if have[address{l.Attrs().Index, p}] {
				continue
			}
			a := &netlink.Addr{IPNet: ipNet(p)}
			if p.Addr().Is6() && !i.DAD {
				a.Flags = unix.IFA_F_NODAD
			}
			if err := c.nl.AddrAdd(l, a); err != nil && !errors.Is(err, unix.EEXIST) {
				return fmt.Errorf("interface %s: add address %s: %w", i.Name, p, err)
			}
			c.changed = true
		}
	}
	return nil
}

// removeAddresses removes the static addresses that an interface should not
// have. Link-local and advertised addresses are the kernel's.
func (c *configuration) removeAddresses() error {
	wanted, dropped, names := map[address]bool{}, map[address]bool{}, map[int]string{}
	for _, i := range c.Interfaces {
		index := c.seen[i.Name].Attrs().Index
		names[index] = i.Name
		for _, p := range i.Addresses {
			wanted[address{index, p}] = true
		}
		for _, p := range i.Dropped {
			dropped[address{index, p}] = true
		}
		for _, p := range i.Learned {
			wanted[address{index, p}] = true
		}
	}
	for _, a := range c.addresses {
		p := PrefixOf(a.IPNet)
		name, ours := names[a.LinkIndex]
		if !ours || wanted[address{a.LinkIndex, p}] || p.Addr().IsLinkLocalUnicast() || a.Flags&unix.IFA_F_PERMANENT == 0 {
			continue
		}
		if c.Guests && !dropped[address{a.LinkIndex, p}] {
			continue
		}
		if err := c.nl.AddrDel(nil, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("interface %s: remove address %s: %w", name, p, err)
		}
		c.changed = true
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// PrefixOf returns the prefix that the kernel's interface has as an IPNet; the zero
// Prefix for nil.
func PrefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	addr, _ := netip.AddrFromSlice(n.IP)
	if addr.Is4In6() && len(n.Mask) == net.IPv4len {
		addr = addr.Unmap()
	}
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr, bits)
}
