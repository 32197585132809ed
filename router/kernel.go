package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// linkEvent is a change of an interface of the namespace.
type linkEvent struct {
	name string
	up   bool // the carrier; false also for an interface that has gone
}

// coreNeighborEvent is a change of the kernel's neighbour table on a BGP
// port. A nil mac means that the neighbour cannot be reached.
type coreNeighborEvent struct {
	link  int // ifindex
	addr  netip.Addr
	mac   net.HardwareAddr
	state string
}

// kernel is what the agent needs of the namespace's own network stack: the
// carriers of the wires, and the neighbours on the links between routers,
// which the kernel resolves because BGP's TCP lives there.
type kernel struct {
	links     chan netlink.LinkUpdate
	neighbors chan netlink.NeighUpdate
	trouble   chan error // messages that could not be read; others follow
}

// watchKernel subscribes to the namespace that the process runs in. What
// exists already is reported first.
func watchKernel(ctx context.Context) (*kernel, error) {
	k := &kernel{
		links:     make(chan netlink.LinkUpdate, 64),
		neighbors: make(chan netlink.NeighUpdate, 64),
		trouble:   make(chan error, 2),
	}
	// Another program's subscription in this namespace can bring a message that
	// is none of ours, which is no reason to end.
	fail := func(err error) {
		select {
		case k.trouble <- err:
		default:
		}
	}
	err := netlink.LinkSubscribeWithOptions(k.links, ctx.Done(), netlink.LinkSubscribeOptions{ListExisting: true, ErrorCallback: fail})
	if err != nil {
		return nil, fmt.Errorf("watch links: %w", err)
	}
	err = netlink.NeighSubscribeWithOptions(k.neighbors, ctx.Done(), netlink.NeighSubscribeOptions{ListExisting: true, ErrorCallback: fail})
	if err != nil {
		return nil, fmt.Errorf("watch neighbours: %w", err)
	}
	return k, nil
}

func linkEventOf(u netlink.LinkUpdate) linkEvent {
	gone := u.Header.Type == unix.RTM_DELLINK
	return linkEvent{name: u.Attrs().Name, up: !gone && u.IfInfomsg.Flags&unix.IFF_LOWER_UP != 0}
}

func neighborEventOf(u netlink.NeighUpdate) (coreNeighborEvent, bool) {
	addr, ok := netip.AddrFromSlice(u.IP)
	if !ok {
		return coreNeighborEvent{}, false
	}
	e := coreNeighborEvent{link: u.LinkIndex, addr: addr.Unmap(), state: neighborState(u.State)}
	usable := u.State & (unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE | unix.NUD_PERMANENT)
	if u.Type != unix.RTM_DELNEIGH && usable != 0 && len(u.HardwareAddr) == 6 {
		e.mac = u.HardwareAddr
	}
	return e, true
}

// neighborFailed is the state of a neighbour that did not answer.
const neighborFailed = "failed"

// neighborState names a kernel neighbour state as RFC 4861 does.
func neighborState(state int) string {
	switch {
	case state&unix.NUD_REACHABLE != 0:
		return "reachable"
	case state&unix.NUD_STALE != 0:
		return "stale"
	case state&unix.NUD_DELAY != 0:
		return "delay"
	case state&unix.NUD_PROBE != 0:
		return "probe"
	case state&unix.NUD_PERMANENT != 0:
		return "permanent"
	case state&unix.NUD_FAILED != 0:
		return neighborFailed
	}
	return "incomplete"
}

// configureLink gives a BGP port its addresses, exactly, and sets it up.
// It returns the interface's index.
func configureLink(c Core) (int, error) {
	link, err := netlink.LinkByName(c.BGPName)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", c.BGPName, err)
	}
	if err := errors.Join(enableIPv6(c), probeNeighbors(c)); err != nil {
		return 0, err
	}
	have, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return 0, fmt.Errorf("addresses of %s: %w", c.BGPName, err)
	}
	want := map[netip.Prefix]bool{}
	for _, p := range c.Addresses {
		want[p] = true
		addr := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrReplace(link, addr); err != nil {
			return 0, fmt.Errorf("address %s on %s: %w", p, c.BGPName, err)
		}
	}
	for _, a := range have {
		p := prefixOf(a.IPNet)
		if want[p] || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if err := netlink.AddrDel(link, &a); err != nil {
			return 0, fmt.Errorf("address %s of %s: %w", p, c.BGPName, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return 0, fmt.Errorf("set %s up: %w", c.BGPName, err)
	}
	return link.Attrs().Index, nil
}

// enableIPv6 turns IPv6 on where the link has IPv6 addresses: interfaces of
// a router's namespace start without it.
func enableIPv6(c Core) error {
	value := "1"
	for _, p := range c.Addresses {
		if p.Addr().Is6() {
			value = "0"
		}
	}
	for file, v := range map[string]string{"disable_ipv6": value, "accept_ra": "0"} {
		path := filepath.Join("/proc/sys/net/ipv6/conf", c.BGPName, file)
		if err := os.WriteFile(path, []byte(v), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("interface %s: %w", c.BGPName, err)
		}
	}
	return nil
}

// probeNeighbors has the kernel notice within a few seconds that a neighbour
// in use is gone. By default it would take up to a minute.
func probeNeighbors(c Core) error {
	for _, family := range []string{"ipv4", "ipv6"} {
		for file, v := range map[string]string{
			"base_reachable_time_ms": "2000", "delay_first_probe_time": "1", "retrans_time_ms": "500",
		} {
			path := filepath.Join("/proc/sys/net", family, "neigh", c.BGPName, file)
			if err := os.WriteFile(path, []byte(v), 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("interface %s: %w", c.BGPName, err)
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

// solicitCore has the kernel treat a neighbour on a BGP port as in use: it
// resolves one that it does not know, and asks again for one that has not been
// heard of for a while.
func solicitCore(link int, addr netip.Addr) error {
	return netlink.NeighSet(&netlink.Neigh{
		LinkIndex: link, IP: addr.AsSlice(), State: unix.NUD_NONE, Flags: unix.NTF_USE, Family: familyOf(addr),
	})
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
