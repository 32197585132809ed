package probe

import (
	"errors"
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

// Addresses lists the current addresses of a host, except those of lo and
// link-local ones.
func (h Host) Addresses() (list []Address, err error) {
	err = h.within(func(nl *netlink.Handle) error {
		links, err := dump(nl.LinkList)
		if err != nil {
			return err
		}
		for _, l := range links {
			addresses, err := dump(func() ([]netlink.Addr, error) { return nl.AddrList(l, netlink.FAMILY_ALL) })
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

// within runs f with a netlink socket in the host.
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

// dump repeats a netlink dump that a concurrent change has interrupted.
func dump[T any](list func() ([]T, error)) (got []T, err error) {
	const attempts = 20
	for range attempts {
		if got, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return got, err
}
