package kernel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// LinkEvent is a change of an interface of the namespace.
type LinkEvent struct {
	Name    string
	Admin   bool // administratively up
	Carrier bool
	Gone    bool
	Group   uint32 // that the interface is in (ip link)
}

// NeighborEvent is a change of the kernel's neighbour table. A nil MAC means
// that the neighbour cannot be reached.
type NeighborEvent struct {
	Link  int // ifindex
	Addr  netip.Addr
	MAC   net.HardwareAddr
	State string // as RFC 4861 names it
}

// Watch is a subscription to changes of links and neighbours.
type Watch struct {
	Links     chan netlink.LinkUpdate // closed when the subscription ends
	Neighbors chan netlink.NeighUpdate
	Trouble   chan error // messages that could not be read; others follow
}

// backlog is how many octets of messages may wait to be read. More of them end the
// subscription. A message takes about a thousand: with the kernel's default, a hundred
// neighbours of a router that does not get a processor for a while were too many.
const backlog = 8 << 20

// Subscribe watches the namespace in which the process runs. What exists is
// reported first.
func Subscribe(ctx context.Context) (*Watch, error) {
	w := &Watch{
		Links:     make(chan netlink.LinkUpdate, 64),
		Neighbors: make(chan netlink.NeighUpdate, 64),
		Trouble:   make(chan error, 2),
	}
	// Requests of another program in this namespace can bring a message that is not
	// for us, which is no reason to end.
	fail := func(err error) {
		select {
		case w.Trouble <- err:
		default:
		}
	}
	force := mayForce()
	err := netlink.LinkSubscribeWithOptions(w.Links, ctx.Done(), netlink.LinkSubscribeOptions{
		ListExisting: true, ErrorCallback: fail, ReceiveBufferSize: backlog, ReceiveBufferForceSize: force,
	})
	if err != nil {
		return nil, fmt.Errorf("watch links: %w", err)
	}
	err = netlink.NeighSubscribeWithOptions(w.Neighbors, ctx.Done(), netlink.NeighSubscribeOptions{
		ListExisting: true, ErrorCallback: fail, ReceiveBufferSize: backlog, ReceiveBufferForceSize: force,
	})
	if err != nil {
		return nil, fmt.Errorf("watch neighbours: %w", err)
	}
	return w, nil
}

// mayForce reports whether a socket may have a larger buffer than net.core.rmem_max allows.
// Root may in the initial user namespace alone: in a container with one of its own, there is
// the largest that it gets.
func mayForce() bool {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return true // whoever subscribes is told
	}
	defer unix.Close(fd)
	return !errors.Is(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, backlog), unix.EPERM)
}

// Link reads a change of an interface.
func Link(u netlink.LinkUpdate) LinkEvent {
	e := LinkEvent{Name: u.Attrs().Name, Gone: u.Header.Type == unix.RTM_DELLINK, Group: u.Attrs().Group}
	e.Admin = !e.Gone && u.IfInfomsg.Flags&unix.IFF_UP != 0
	e.Carrier = !e.Gone && u.IfInfomsg.Flags&unix.IFF_LOWER_UP != 0
	return e
}

// Look returns an interface as it is now.
func Look(name string) (LinkEvent, error) {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return LinkEvent{}, fmt.Errorf("interface %s: %w", name, err)
	}
	a := l.Attrs()
	return LinkEvent{Name: name, Admin: a.RawFlags&unix.IFF_UP != 0, Carrier: a.RawFlags&unix.IFF_LOWER_UP != 0, Group: a.Group}, nil
}

// Neighbor reads a change of a neighbour; ok is false for one without an IP
// address.
func Neighbor(u netlink.NeighUpdate) (e NeighborEvent, ok bool) {
	addr, ok := netip.AddrFromSlice(u.IP)
	if !ok {
		return NeighborEvent{}, false
	}
	e = NeighborEvent{Link: u.LinkIndex, Addr: addr.Unmap(), State: neighborState(u.State)}
	usable := u.State & (unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE | unix.NUD_PERMANENT)
	if u.Type != unix.RTM_DELNEIGH && usable != 0 && len(u.HardwareAddr) == 6 {
		e.MAC = u.HardwareAddr
	}
	return e, true
}

// Failed is the state of a neighbour that has not answered.
const Failed = "failed"

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
		return Failed
	}
	return "incomplete"
}
