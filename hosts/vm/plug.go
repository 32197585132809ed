package vm

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// plug gives each NIC of the machine a tap, and a bridge with the host's interface of
// that name whenever there is one: wires come and go. It returns the taps, which last
// as long as somebody has them open.
func plug(nics []hosts.MachineNIC) ([]*os.File, error) {
	// The kernel of the server has no part in what the machine says.
	for _, which := range []string{"default", "all"} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0o644)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	changes := make(chan netlink.LinkUpdate, 64)
	if err := netlink.LinkSubscribe(changes, nil); err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	var taps []*os.File
	bridges := map[string]int{} // index of the bridge, by the host's interface
	for i, n := range nics {
		tap, bridge, err := outlet(i, n.MTU)
		if err != nil {
			return nil, fmt.Errorf("interface %s: %w", n.Interface, err)
		}
		taps = append(taps, tap)
		bridges[n.Interface] = bridge
		if l, err := netlink.LinkByName(n.Interface); err == nil {
			if err := join(l, bridge); err != nil {
				return nil, err
			}
		}
	}
	go func() {
		for c := range changes {
			if bridge, ours := bridges[c.Attrs().Name]; ours && c.Header.Type == unix.RTM_NEWLINK && c.Attrs().MasterIndex != bridge {
				if err := join(c.Link, bridge); err != nil {
					fmt.Fprintln(os.Stderr, "pseudowan:", err)
				}
			}
		}
	}()
	return taps, nil
}

// join makes an interface a port of a bridge.
func join(l netlink.Link, bridge int) error {
	err := netlink.LinkSetMasterByIndex(l, bridge)
	if err == nil {
		err = netlink.LinkSetUp(l)
	}
	if err != nil && !errors.Is(err, unix.ENODEV) { // it has just gone
		return fmt.Errorf("bridge %s: %w", l.Attrs().Name, err)
	}
	return nil
}

// outlet makes the i-th tap and its bridge.
func outlet(i, mtu int) (tap *os.File, bridge int, err error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = fmt.Sprintf("pwbridge%d", i)
	silent := false
	b := &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &silent}
	if err := netlink.LinkAdd(b); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, 0, fmt.Errorf("bridge: %w", err)
	}
	made, err := netlink.LinkByName(attrs.Name)
	if err != nil {
		return nil, 0, err
	}
	if tap, err = openTap(fmt.Sprintf("pwtap%d", i)); err != nil {
		return nil, 0, fmt.Errorf("tap: %w", err)
	}
	port, err := netlink.LinkByName(fmt.Sprintf("pwtap%d", i))
	if err != nil {
		return nil, 0, err
	}
	err = errors.Join(netlink.LinkSetMTU(port, mtu), join(port, made.Attrs().Index), netlink.LinkSetUp(made))
	return tap, made.Attrs().Index, err
}

// openTap makes a tap without offloads: frames have their checksums, as those that a
// router's switch reads must have.
func openTap(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}
