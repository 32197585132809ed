package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// IntroduceNeighbors tells the kernel the MACs of the neighbours on a link, and has it
// forget others that were introduced before. It treats them like learned ones: it asks
// them from time to time, and follows another MAC that answers. But they do not count
// for the limit of its neighbour table (gc_thresh3), which is one number for all
// namespaces, and nobody has to ask for them first.
func IntroduceNeighbors(link int, neighbors map[netip.Addr]net.HardwareAddr) error {
	there, err := introduced(link)
	if err != nil {
		return err
	}
	for addr := range there { // also those that no longer answer
		if neighbors[addr] != nil {
			continue
		}
		err := netlink.NeighDel(&netlink.Neigh{LinkIndex: link, IP: addr.AsSlice(), Family: familyOf(addr)})
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("neighbor %s: %w", addr, err)
		}
	}
	for addr, mac := range neighbors {
		if bytes.Equal(there[addr], mac) {
			continue
		}
		err := netlink.NeighSet(&netlink.Neigh{
			LinkIndex: link, IP: addr.AsSlice(), HardwareAddr: mac, Family: familyOf(addr),
			State: unix.NUD_STALE, Flags: unix.NTF_EXT_LEARNED,
		})
		if err != nil {
			return fmt.Errorf("neighbor %s: %w", addr, err)
		}
	}
	return nil
}

// introduced returns the MACs that the kernel uses for introduced neighbours, nil for
// those that do not answer.
func introduced(link int) (map[netip.Addr]net.HardwareAddr, error) {
	list, err := netlink.NeighList(link, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	const usable = unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE
	there := make(map[netip.Addr]net.HardwareAddr, len(list))
	for _, n := range list {
		addr, ok := netip.AddrFromSlice(n.IP)
		if !ok || n.Flags&unix.NTF_EXT_LEARNED == 0 {
			continue
		}
		there[addr.Unmap()] = nil
		if n.State&usable != 0 {
			there[addr.Unmap()] = n.HardwareAddr
		}
	}
	return there, nil
}

// Solicit makes the kernel treat a neighbour as in use: it resolves an unknown one,
// and asks again for one that has been silent for a while. An introduced neighbour
// stays one.
func Solicit(link int, addr netip.Addr, introduced bool) error {
	n := &netlink.Neigh{LinkIndex: link, IP: addr.AsSlice(), State: unix.NUD_NONE, Flags: unix.NTF_USE, Family: familyOf(addr)}
	if introduced {
		n.Flags |= unix.NTF_EXT_LEARNED
	}
	return netlink.NeighSet(n)
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
