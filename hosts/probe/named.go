package probe

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Named are the destinations that a host's routing tells apart.
type Named struct {
	Prefixes []netip.Prefix // of its routes, in all tables, and of its policy rules; without those of length 0
	Spread   bool           // a route has several next hops, and the kernel chooses by the addresses
}

// Named lists the destinations that a host's routing tells apart: packets to all others
// leave by the same route.
func (h Host) Named() (n Named, err error) {
	err = h.within(func(nl *netlink.Handle) error {
		all := &netlink.Route{Table: unix.RT_TABLE_UNSPEC}
		for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
			routes, err := dump(func() ([]netlink.Route, error) {
				return nl.RouteListFiltered(family, all, netlink.RT_FILTER_TABLE)
			})
			if err != nil {
				return err
			}
			for _, r := range routes {
				n.Spread = n.Spread || len(r.MultiPath) > 1
				n.add(r.Dst)
			}
			rules, err := dump(func() ([]netlink.Rule, error) { return nl.RuleList(family) })
			if err != nil {
				return err
			}
			for _, r := range rules {
				n.add(r.Dst)
			}
		}
		return nil
	})
	return n, err
}

func (n *Named) add(to *net.IPNet) {
	if to == nil {
		return
	}
	a, ok := netip.AddrFromSlice(to.IP)
	ones, _ := to.Mask.Size()
	if ok && ones > 0 {
		n.Prefixes = append(n.Prefixes, netip.PrefixFrom(a.Unmap(), ones).Masked())
	}
}
