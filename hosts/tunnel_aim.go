package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Remote says where a tunnel sends frames.
type Remote struct {
	MAC     net.HardwareAddr // their destination; nil: everything that no other remote has
	Address netip.Addr
}

// ErrNoTunnel says that there is no such tunnel, or not yet.
var ErrNoTunnel = errors.New("no such tunnel")

// AimTunnel makes remotes the only places to which the tunnel with a name in the
// namespace at path sends. A frame for an unknown station, or for all, goes to each
// remote without a MAC. It reports whether anything has changed.
func AimTunnel(path, name string, remotes []Remote) (changed bool, err error) {
	if !isNamespaceFile(path) {
		return false, ErrNoTunnel
	}
	in, err := openInside(path)
	if err != nil {
		return false, err
	}
	defer in.close()
	l, err := in.nl.LinkByName(name)
	if isNoDevice(err) {
		return false, ErrNoTunnel
	}
	if err != nil {
		return false, fmt.Errorf("tunnel %s: %w", name, err)
	}
	if err := in.aim(l, remotes); err != nil {
		return in.changed, fmt.Errorf("tunnel %s: %w", name, err)
	}
	return in.changed, nil
}

// everything is the MAC of what has no entry of its own.
var everything = make(net.HardwareAddr, 6)

func (in *inside) aim(l netlink.Link, remotes []Remote) error {
	list, err := dump(func() ([]netlink.Neigh, error) { return in.nl.NeighList(l.Attrs().Index, unix.AF_BRIDGE) })
	if err != nil {
		return fmt.Errorf("list its destinations: %w", err)
	}
	have := slices.DeleteFunc(list, func(n netlink.Neigh) bool { return n.Flags&netlink.NTF_SELF == 0 || n.IP == nil })
	for _, r := range remotes {
		mac := r.MAC
		if mac == nil {
			mac = everything
		}
		is := func(n netlink.Neigh) bool { return bytes.Equal(n.HardwareAddr, mac) && addrOf(n.IP) == r.Address }
		if i := slices.IndexFunc(have, is); i >= 0 {
			have = slices.Delete(have, i, i+1)
			continue
		}
		set := in.nl.NeighSet // in the place of another address
		if r.MAC == nil {
			set = in.nl.NeighAppend
		}
		entry := entryOf(l, mac, r.Address)
		if err := set(&entry); err != nil {
			return fmt.Errorf("send %s to %s: %w", mac, r.Address, err)
		}
		in.changed = true
		have = slices.DeleteFunc(have, func(n netlink.Neigh) bool { return r.MAC != nil && bytes.Equal(n.HardwareAddr, mac) })
	}
	for _, n := range have {
		entry := entryOf(l, n.HardwareAddr, addrOf(n.IP))
		if err := in.nl.NeighDel(&entry); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("no longer send %s to %s: %w", n.HardwareAddr, n.IP, err)
		}
		in.changed = true
	}
	return nil
}

func entryOf(l netlink.Link, mac net.HardwareAddr, a netip.Addr) netlink.Neigh {
	return netlink.Neigh{
		LinkIndex: l.Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
		State: netlink.NUD_PERMANENT, HardwareAddr: mac, IP: a.AsSlice(),
	}
}
