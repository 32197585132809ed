package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Packet is a packet at a host.
type Packet struct {
	Source      netip.Addr // zero: the host chooses
	Destination netip.Addr
	Arrives     string // the interface that it arrives on; "": the host sends it
}

// Route is what a host does with a packet.
type Route struct {
	Interface string
	Source    netip.Addr
	Local     bool       // the packet is for the host itself
	Refused   string     // why the host does not forward or accept it; "" if it does
	NextHop   netip.Addr // on the link: a gateway, or the destination
	MAC       string     // of the next hop, as the host knows it; "" if it does not
	Silent    bool       // the next hop does not answer ARP or ND
	OwnMAC    string     // of the interface that the packet arrives on
}

// Route asks a host's kernel what it does with a packet. The error is about the
// question; a refusal by the kernel is in the Route.
func (h Host) Route(p Packet) (r Route, err error) {
	err = h.within(func(nl *netlink.Handle) error {
		r, err = route(nl, p)
		return err
	})
	return r, err
}

func route(nl *netlink.Handle, p Packet) (r Route, err error) {
	var o netlink.RouteGetOptions
	if p.Source.IsValid() {
		o.SrcAddr = p.Source.AsSlice()
	}
	if p.Arrives != "" {
		link, err := nl.LinkByName(p.Arrives)
		if err != nil {
			return r, fmt.Errorf("interface %s: %w", p.Arrives, err)
		}
		o.IifIndex, r.OwnMAC = link.Attrs().Index, link.Attrs().HardwareAddr.String()
	}
	found, err := nl.RouteGetWithOptions(p.Destination.AsSlice(), &o)
	if err == nil && len(found) == 0 {
		err = unix.ENETUNREACH
	}
	if err == nil {
		err = refusals[found[0].Type]
	}
	if errno := unix.Errno(0); errors.As(err, &errno) {
		r.Refused = words(nl, errno, p)
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Local = found[0].Type == unix.RTN_LOCAL
	if !r.Local && p.Arrives != "" && p.Destination.Is6() && !forwardsIPv6() {
		r.Refused = doesNotForward // ip6_forward checks it after the route
		return r, nil
	}
	r.Source = p.Source
	if a, ok := netip.AddrFromSlice(found[0].Src); ok {
		r.Source = a.Unmap()
	}
	return r, r.onLink(nl, found[0], p.Destination)
}

// refusals are the types of IPv6 routes without a next hop, which the kernel
// reports without an error.
var refusals = map[int]error{
	unix.RTN_BLACKHOLE: unix.EINVAL, unix.RTN_UNREACHABLE: unix.EHOSTUNREACH, unix.RTN_PROHIBIT: unix.EACCES,
}

const doesNotForward = "the address is not its own, and it does not forward"

// words explains the kernel's refusal of a packet.
func words(nl *netlink.Handle, errno unix.Errno, p Packet) string {
	switch {
	case (errno == unix.EXDEV || errno == unix.EINVAL) && p.Arrives != "" && filtersSource(nl, p):
		return fmt.Sprintf("its reverse path filter (rp_filter) drops packets from %s on %s", p.Source, p.Arrives)
	case errno == unix.EHOSTUNREACH && p.Arrives != "" && p.Destination.Is4() && !forwardsIPv4(p.Arrives):
		return doesNotForward
	case errno == unix.EINVAL:
		return "its routing table discards it (a blackhole route, or an impossible source)"
	}
	return errno.Error()
}

// filtersSource reports whether the reverse path filter (RFC 3704) drops a
// packet: in strict mode if the way back is by another interface, in loose mode
// if there is none. The kernel gives the same error for any source that it
// rejects.
func filtersSource(nl *netlink.Handle, p Packet) bool {
	mode := max(number("ipv4/conf/all/rp_filter"), number("ipv4/conf/"+p.Arrives+"/rp_filter"))
	if mode == 0 || !p.Source.Is4() {
		return false
	}
	back, err := nl.RouteGet(p.Source.AsSlice())
	if err != nil || len(back) == 0 {
		return true
	}
	link, err := nl.LinkByIndex(back[0].LinkIndex)
	return mode == 1 && (err != nil || link.Attrs().Name != p.Arrives)
}

func forwardsIPv4(iface string) bool { return number("ipv4/conf/"+iface+"/forwarding") == 1 }
func forwardsIPv6() bool             { return number("ipv6/conf/all/forwarding") == 1 }

// number reads a sysctl of the thread's namespace, or returns 0 if there is
// none.
func number(name string) int {
	text, err := os.ReadFile("/proc/sys/net/" + name)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

// onLink finds the next hop of a packet on the link, and its MAC.
func (r *Route) onLink(nl *netlink.Handle, found netlink.Route, to netip.Addr) error {
	link, err := nl.LinkByIndex(found.LinkIndex)
	if err != nil {
		return err
	}
	r.Interface, r.NextHop = link.Attrs().Name, to
	if r.Local {
		return nil // nobody is asked for its MAC
	}
	gateway := found.Gw
	if via, ok := found.Via.(*netlink.Via); ok && gateway == nil { // an IPv6 gateway of an IPv4 route
		gateway = via.Addr
	}
	if a, ok := netip.AddrFromSlice(gateway); ok {
		r.NextHop = a.Unmap()
	}
	family := netlink.FAMILY_V6
	if r.NextHop.Is4() {
		family = netlink.FAMILY_V4
	}
	neighbours, err := dump(func() ([]netlink.Neigh, error) { return nl.NeighList(found.LinkIndex, family) })
	if err != nil {
		return err
	}
	for _, n := range neighbours {
		if !n.IP.Equal(net.IP(r.NextHop.AsSlice())) {
			continue
		}
		r.Silent = n.State&(unix.NUD_FAILED|unix.NUD_INCOMPLETE) != 0
		if !r.Silent {
			r.MAC = n.HardwareAddr.String()
		}
	}
	return nil
}
