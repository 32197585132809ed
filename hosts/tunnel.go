package hosts

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TunnelPort is the UDP port of VXLAN (RFC 7348 section 5).
const TunnelPort = 4789

// Tunnel is a VXLAN device (RFC 7348) that is a port of a segment, and leads to the
// segment's parts elsewhere. Its UDP packets pass through the network namespace of the
// calling process.
type Tunnel struct {
	Namespace string // path, of the segment
	Bridge    string // of the segment
	Name      string // of the device, at most 15 bytes
	Alias     string // the full name
	VNI       uint32
	Local     netip.Addr // source of its packets
	MTU       int
}

// EnsureTunnel makes the device and plugs it in, or keeps it. It learns no addresses:
// until AimTunnel it sends nothing. A device of ours with another VNI or source is
// replaced. It reports whether anything was not as wanted.
func EnsureTunnel(t Tunnel) (changed bool, err error) {
	if err := errors.Join(checkLinkName(t.Name), checkAlias(linkAlias(t.Alias))); err != nil {
		return false, err
	}
	in, err := openInside(t.Namespace)
	if err != nil {
		return false, err
	}
	defer in.close()
	if err := t.ensure(in); err != nil {
		return in.changed, fmt.Errorf("tunnel %s: %w", t.Alias, err)
	}
	return in.changed, nil
}

func (t Tunnel) ensure(in *inside) error {
	links, err := in.links()
	if err != nil {
		return err
	}
	device := links[t.Name]
	if device != nil && !t.is(device) {
		if !t.ours(device) {
			return foreignLink(t.Namespace, t.Name)
		}
		if err := in.nl.LinkDel(device); err != nil && !isNoDevice(err) {
			return fmt.Errorf("replace it: %w", err)
		}
		device = nil
	}
	if device == nil {
		if device, err = t.make(in); err != nil {
			return err
		}
	}
	if err := in.attributes(device, linkAlias(t.Alias), nil, t.MTU); err != nil {
		return err
	}
	bridge := links[t.Bridge]
	if bridge == nil {
		return fmt.Errorf("bridge %s has gone", t.Bridge)
	}
	if device.Attrs().MasterIndex != bridge.Attrs().Index {
		if err := in.nl.LinkSetMaster(device, bridge); err != nil {
			return fmt.Errorf("plug it into %s: %w", t.Bridge, err)
		}
		in.changed = true
	}
	return in.setUp(device)
}

// is reports whether a device is as wanted, in what cannot be changed later.
func (t Tunnel) is(l netlink.Link) bool {
	v, ok := l.(*netlink.Vxlan)
	return ok && uint32(v.VxlanId) == t.VNI && addrOf(v.SrcAddr) == t.Local && v.Port == TunnelPort && !v.Learning
}

// ours reports whether a device may be replaced: it has our mark, or the VNI of a device
// whose maker was killed before the mark.
func (t Tunnel) ours(l netlink.Link) bool {
	v, ok := l.(*netlink.Vxlan)
	return ok && (markedLink(l.Attrs().Alias) || uint32(v.VxlanId) == t.VNI && l.Attrs().Alias == "")
}

// make makes the device, with its UDP socket in the namespace of the calling process.
func (t Tunnel) make(in *inside) (netlink.Link, error) {
	home, err := openInside("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.Namespace = t.Name, t.MTU, netlink.NsFd(in.file.Fd())
	err = home.nl.LinkAdd(&netlink.Vxlan{LinkAttrs: attrs, VxlanId: int(t.VNI), SrcAddr: t.Local.AsSlice(), Port: TunnelPort, UDPCSum: true})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, fmt.Errorf("this kernel has no VXLAN (the module vxlan): %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("make it: %w", err)
	}
	in.changed = true
	// Packets that the device has merged are too long for the router's ports.
	if err := in.receiveOffloadsOff(t.Name); err != nil {
		return nil, err
	}
	return in.nl.LinkByName(t.Name)
}

// RemoveOtherTunnels removes the tunnels of ours in the namespace at path, except those
// with the names to keep.
func RemoveOtherTunnels(path string, keep map[string]bool) error {
	return removeOthers(path, tunnelKind, keep)
}

// HasTunnels reports whether a namespace has tunnels of ours; not if it cannot be entered.
func HasTunnels(n Namespace) bool {
	in, err := openInside(n.Path())
	if err != nil {
		return false
	}
	defer in.close()
	links, _ := in.links()
	for _, l := range links {
		if l.Type() == tunnelKind && markedLink(l.Attrs().Alias) {
			return true
		}
	}
	return false
}

// tunnelKind is the kernel's word for a VXLAN device.
const tunnelKind = "vxlan"

// Underlay is the network that carries tunnels.
type Underlay struct {
	Address netip.Addr // of the calling process's network
	MTU     int
}

// FindUnderlay finds the network of the calling process's default route.
func FindUnderlay() (Underlay, error) {
	in, err := openInside("/proc/thread-self/ns/net")
	if err != nil {
		return Underlay{}, err
	}
	defer in.close()
	routes, err := in.nl.RouteGet(anywhere.AsSlice())
	if err == nil && len(routes) == 0 {
		err = unix.ENETUNREACH
	}
	if err != nil {
		return Underlay{}, fmt.Errorf("the network between the sites is that of the default route: %w", err)
	}
	l, err := in.nl.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return Underlay{}, fmt.Errorf("the network between the sites: %w", err)
	}
	return Underlay{Address: addrOf(routes[0].Src), MTU: l.Attrs().MTU}, nil
}

// anywhere is an address to which only a default route leads (RFC 5737).
var anywhere = netip.MustParseAddr("192.0.2.1")
