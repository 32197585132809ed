package kernel

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Route is a route of the router itself, for its sessions.
type Route struct {
	To     netip.Prefix
	Via    netip.Addr
	Source netip.Addr
}

// ConfigureRoutes gives an interface exactly these routes, apart from those that the
// kernel has made. Of routes to the same prefix the first counts.
func ConfigureRoutes(index int, routes []Route) error {
	wanted := map[netip.Prefix]bool{}
	for _, r := range routes {
		if wanted[r.To] {
			continue
		}
		wanted[r.To] = true
		route := &netlink.Route{
			LinkIndex: index, Dst: ipNet(r.To), Gw: net.IP(r.Via.AsSlice()), Src: net.IP(r.Source.AsSlice()), Protocol: unix.RTPROT_STATIC,
		}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route to %s via %s: %w", r.To, r.Via, err)
		}
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		have, err := netlink.RouteListFiltered(family, &netlink.Route{LinkIndex: index, Protocol: unix.RTPROT_STATIC}, netlink.RT_FILTER_OIF|netlink.RT_FILTER_PROTOCOL)
		if err != nil {
			return fmt.Errorf("routes of interface %d: %w", index, err)
		}
		for _, r := range have {
			if r.Dst != nil && wanted[prefixOf(r.Dst)] {
				continue
			}
			if err := netlink.RouteDel(&r); err != nil {
				return fmt.Errorf("route to %s: %w", r.Dst, err)
			}
		}
	}
	return nil
}
