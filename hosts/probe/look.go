package probe

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Address is an address on an interface of a host.
type Address struct {
	Interface string
	Prefix    netip.Prefix
}

// Addresses lists the addresses that a host has now, those of lo and
// link-local ones left out.
func (h Host) Addresses() (list []Address, err error) {
	err = h.within(func(nl *netlink.Handle) error {
		links, err := nl.LinkList()
		if err != nil {
			return err
		}
		for _, l := range links {
			addresses, err := nl.AddrList(l, netlink.FAMILY_ALL)
			if err != nil {
				return err
			}
			for _, a := range addresses {
				addr, ok := netip.AddrFromSlice(a.IP)
				ones, _ := a.Mask.Size()
				if addr = addr.Unmap(); !ok || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
					continue
				}
				list = append(list, Address{Interface: l.Attrs().Name, Prefix: netip.PrefixFrom(addr, ones)})
			}
		}
		return nil
	})
	return list, err
}

// Route is how a host sends to an address.
type Route struct {
	Interface string
	Source    netip.Addr
	Gateway   netip.Addr // zero: on the link
	Local     bool       // the address is the host's own
}

// Route asks a host's kernel how it sends to an address. The error is the
// kernel's where it would not.
func (h Host) Route(to netip.Addr) (r Route, err error) {
	err = h.within(func(nl *netlink.Handle) error {
		found, err := nl.RouteGet(to.AsSlice())
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("no route to %s", to)
		}
		first := found[0]
		r.Source, _ = netip.AddrFromSlice(first.Src)
		r.Gateway, _ = netip.AddrFromSlice(first.Gw)
		r.Source, r.Gateway = r.Source.Unmap(), r.Gateway.Unmap()
		const local = 2 // RTN_LOCAL
		r.Local = first.Type == local
		link, err := nl.LinkByIndex(first.LinkIndex)
		if err != nil {
			return err
		}
		r.Interface = link.Attrs().Name
		return nil
	})
	return r, err
}

// within opens netlink in the host.
func (h Host) within(f func(*netlink.Handle) error) error {
	err := hosts.Within(h.NetNS, func() error {
		nl, err := netlink.NewHandle(unix.NETLINK_ROUTE) // a kernel may lack the other families
		if err != nil {
			return err
		}
		defer nl.Close()
		return f(nl)
	})
	if err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	return nil
}
