package hosts

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AwaitAddresses returns when the network namespace at path has the addresses and can
// use them, or after a limit: routers or other hosts may not advertise their prefixes.
func AwaitAddresses(ctx context.Context, path string, addresses []netip.Addr, limit time.Duration) {
	if len(addresses) == 0 {
		return
	}
	in, err := openInside(path)
	if err != nil {
		return // it has gone
	}
	defer in.close()
	deadline := time.Now().Add(limit)
	for !in.has(addresses) && time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(detectionPoll):
		}
	}
}

// has reports whether the namespace has addresses that can be used.
func (in *inside) has(addresses []netip.Addr) bool {
	found, err := dump(func() ([]netlink.Addr, error) { return in.nl.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(addresses, func(want netip.Addr) bool {
		return !slices.ContainsFunc(found, func(a netlink.Addr) bool {
			return PrefixOf(a.IPNet).Addr() == want && a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) == 0
		})
	})
}
