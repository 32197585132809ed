package hosts

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// destination is the table and the prefix of a route of ours.
type destination struct {
	table  int
	prefix netip.Prefix
}

// hop is one next hop of a route.
type hop struct {
	via   netip.Addr
	index int
}

func compareHops(a, b hop) int {
	return cmp.Or(a.via.Compare(b.via), cmp.Compare(a.index, b.index))
}

// wantedRoutes returns the static routes, and for each LAN the route that makes
// all its addresses local: `ip route add local PREFIX dev LAN`.
func (c *configuration) wantedRoutes() map[destination][]hop {
	wanted := map[destination][]hop{}
	for _, r := range c.Routes {
		d := destination{unix.RT_TABLE_MAIN, r.Prefix.Masked()}
		h := hop{r.Via, c.seen[r.Interface].Attrs().Index}
		if !slices.Contains(wanted[d], h) {
			wanted[d] = append(wanted[d], h)
		}
	}
	for _, i := range c.Interfaces {
		for _, p := range i.Addresses {
			if i.LAN && !p.IsSingleIP() {
				wanted[destination{unix.RT_TABLE_LOCAL, p.Masked()}] = []hop{{index: c.seen[i.Name].Attrs().Index}}
			}
		}
	}
	for _, hops := range wanted {
		slices.SortFunc(hops, compareHops)
	}
	return wanted
}

func (c *configuration) haveRoutes() map[destination][]hop {
	have := map[destination][]hop{}
	for _, r := range c.routes {
		d := destinationOf(r)
		have[d] = append(have[d], hopsOf(r)...)
	}
	for _, hops := range have {
		slices.SortFunc(hops, compareHops)
	}
	return have
}

func (c *configuration) addRoutes() error {
	have := c.haveRoutes()
	for d, hops := range c.wantedRoutes() {
		if slices.Equal(have[d], hops) {
			continue
		}
		if err := c.nl.RouteReplace(d.route(hops)); err != nil {
			return fmt.Errorf("route %s: %w", d.prefix, err)
		}
		c.changed = true
	}
	return nil
}

func (c *configuration) removeRoutes() error {
	wanted := c.wantedRoutes()
	for _, r := range c.routes {
		d := destinationOf(r)
		if wanted[d] != nil {
			continue
		}
		if err := c.nl.RouteDel(&r); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("remove route %s: %w", d.prefix, err)
		}
		c.changed = true
	}
	return nil
}

func (d destination) route(hops []hop) *netlink.Route {
	r := &netlink.Route{Table: d.table, Dst: ipNet(d.prefix), Protocol: unix.RTPROT_STATIC}
	if d.table == unix.RT_TABLE_LOCAL {
		r.Type, r.Scope = unix.RTN_LOCAL, netlink.SCOPE_HOST
	}
	if len(hops) == 1 {
		r.LinkIndex, r.Gw = hops[0].index, ipOf(hops[0].via)
		if r.Gw == nil && r.Type != unix.RTN_LOCAL {
			r.Scope = netlink.SCOPE_LINK
		}
		return r
	}
	for _, h := range hops {
		r.MultiPath = append(r.MultiPath, &netlink.NexthopInfo{LinkIndex: h.index, Gw: ipOf(h.via)})
	}
	return r
}

// ipOf returns nil for the zero Addr.
func ipOf(a netip.Addr) net.IP {
	if !a.IsValid() {
		return nil
	}
	return a.AsSlice()
}

func destinationOf(r netlink.Route) destination {
	p := PrefixOf(r.Dst)
	if r.Dst == nil {
		any := netip.IPv6Unspecified()
		if r.Family == unix.AF_INET {
			any = netip.IPv4Unspecified()
		}
		p = netip.PrefixFrom(any, 0)
	}
	return destination{r.Table, p}
}

func hopsOf(r netlink.Route) []hop {
	if len(r.MultiPath) == 0 {
		return []hop{{addrOf(r.Gw), r.LinkIndex}}
	}
	var hops []hop
	for _, n := range r.MultiPath {
		hops = append(hops, hop{addrOf(n.Gw), n.LinkIndex})
	}
	return hops
}

// addrOf returns a gateway of either family, or the zero Addr if there is none.
func addrOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}
