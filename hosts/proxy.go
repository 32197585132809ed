package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// proxyND makes an entry for each address that an interface answers for on behalf of
// others, and removes those that it no longer answers for. Entries that users have
// made stay.
func (c *configuration) proxyND() error {
	for _, i := range c.Interfaces {
		if len(i.ProxyND)+len(i.Unproxied) == 0 {
			continue
		}
		index := c.seen[i.Name].Attrs().Index
		have, err := c.proxied(index)
		if err != nil {
			return fmt.Errorf("interface %s: list proxy entries: %w", i.Name, err)
		}
		wanted := map[netip.Addr]bool{}
		for _, a := range addressesIn(i.ProxyND) {
			wanted[a] = true
			if have[a] {
				continue
			}
			if err := c.nl.NeighAdd(proxyEntry(index, a)); err != nil && !errors.Is(err, unix.EEXIST) {
				return fmt.Errorf("interface %s: proxy for %s: %w", i.Name, a, err)
			}
			c.changed = true
		}
		for _, a := range addressesIn(i.Unproxied) {
			if wanted[a] || !have[a] {
				continue
			}
			if err := c.nl.NeighDel(proxyEntry(index, a)); err != nil && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("interface %s: no longer proxy for %s: %w", i.Name, a, err)
			}
			c.changed = true
		}
	}
	return nil
}

func (c *configuration) proxied(index int) (map[netip.Addr]bool, error) {
	list, err := dump(func() ([]netlink.Neigh, error) { return c.nl.NeighProxyList(index, unix.AF_INET6) })
	have := map[netip.Addr]bool{}
	for _, n := range list {
		a, _ := netip.AddrFromSlice(n.IP)
		have[a] = true
	}
	return have, err
}

func proxyEntry(index int, a netip.Addr) *netlink.Neigh {
	return &netlink.Neigh{LinkIndex: index, Family: unix.AF_INET6, Flags: unix.NTF_PROXY, IP: net.IP(a.AsSlice())}
}

// addressesIn lists the addresses of prefixes.
func addressesIn(prefixes []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for _, p := range prefixes {
		for a := p.Masked().Addr(); p.Contains(a); a = a.Next() {
			out = append(out, a)
		}
	}
	return out
}
