package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ReachableTime is how long the kernel usually trusts a neighbour that has answered. It
// then notices within a few seconds, instead of up to a minute, that one in use is gone.
const ReachableTime = 2 * time.Second

// ConfigureLink gives an interface exactly these addresses, apart from link-local
// ones, and sets it up. The kernel asks a neighbour in use again when it has been silent
// for the time reachable (RFC 4861 section 6.3.2). It returns the interface's index.
func ConfigureLink(name string, addresses []netip.Prefix, reachable time.Duration) (index int, err error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	if err := errors.Join(enableIPv6(name, addresses), probeNeighbors(name, reachable)); err != nil {
		return 0, err
	}
	have, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return 0, fmt.Errorf("addresses of %s: %w", name, err)
	}
	want := map[netip.Prefix]bool{}
	for _, p := range addresses {
		want[p] = true
	}
	// The first address of a subnet takes the later ones with it.
	for _, a := range have {
		p := prefixOf(a.IPNet)
		if want[p] || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if err := netlink.AddrDel(link, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return 0, fmt.Errorf("address %s of %s: %w", p, name, err)
		}
	}
	for _, p := range addresses {
		addr := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrReplace(link, addr); err != nil {
			return 0, fmt.Errorf("address %s on %s: %w", p, name, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return 0, fmt.Errorf("set %s up: %w", name, err)
	}
	return link.Attrs().Index, nil
}

// ConfigureQuietLink is ConfigureLink for an interface that never asks for MACs.
func ConfigureQuietLink(name string, addresses []netip.Prefix) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := netlink.LinkSetARPOff(link); err != nil {
		return fmt.Errorf("interface %s: no ARP: %w", name, err)
	}
	_, err = ConfigureLink(name, addresses, ReachableTime)
	return err
}

// ConfigureOutlet is ConfigureQuietLink for an interface through which everything is
// reached.
func ConfigureOutlet(name string, addresses []netip.Addr) error {
	prefixes := make([]netip.Prefix, len(addresses))
	for i, a := range addresses {
		prefixes[i] = netip.PrefixFrom(a, a.BitLen())
	}
	if err := ConfigureQuietLink(name, prefixes); err != nil {
		return err
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	for _, everywhere := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		if !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return a.Is4() == everywhere.Addr().Is4() }) {
			continue
		}
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet(everywhere), Scope: netlink.SCOPE_LINK}
		if everywhere.Addr().Is6() {
			route.Scope = netlink.SCOPE_UNIVERSE
		}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route to %s through %s: %w", everywhere, name, err)
		}
	}
	return nil
}

// enableIPv6 enables IPv6 if the link has IPv6 addresses: interfaces of a router's
// namespace start without it.
func enableIPv6(name string, addresses []netip.Prefix) error {
	value := "1"
	for _, p := range addresses {
		if p.Addr().Is6() {
			value = "0"
		}
	}
	for file, v := range map[string]string{"disable_ipv6": value, "accept_ra": "0"} {
		path := filepath.Join("/proc/sys/net/ipv6/conf", name, file)
		if err := os.WriteFile(path, []byte(v), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("interface %s: %w", name, err)
		}
	}
	return nil
}

// probeNeighbors sets when the kernel asks a neighbour again, and how soon it gives up.
func probeNeighbors(name string, reachable time.Duration) error {
	for _, family := range []string{"ipv4", "ipv6"} {
		for file, v := range map[string]string{
			"base_reachable_time_ms": strconv.FormatInt(reachable.Milliseconds(), 10), "delay_first_probe_time": "1", "retrans_time_ms": "500",
		} {
			path := filepath.Join("/proc/sys/net", family, "neigh", name, file)
			if err := os.WriteFile(path, []byte(v), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("interface %s: %w", name, err)
			}
		}
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones)
}
