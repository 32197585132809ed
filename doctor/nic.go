package doctor

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	networkd       = "systemd-networkd"
	networkManager = "NetworkManager"
)

func observeNICs(names []string) map[string]NIC {
	if len(names) == 0 {
		return nil
	}
	nics := map[string]NIC{}
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil
	}
	defer nl.Close()
	for _, name := range names {
		if l, err := nl.LinkByName(name); err == nil {
			nics[name] = observeNIC(nl, l)
		}
	}
	return nics
}

func observeNIC(nl *netlink.Handle, l netlink.Link) NIC {
	attrs := l.Attrs()
	n := NIC{
		Present: true, Kind: l.Type(),
		// A NIC that is administratively down does not report its carrier.
		Up:      attrs.Flags&net.FlagUp == 0 || attrs.OperState != netlink.OperDown && attrs.OperState != netlink.OperLowerLayerDown,
		Manager: manager("/run", attrs.Index),
	}
	if master, err := nl.LinkByIndex(attrs.MasterIndex); attrs.MasterIndex != 0 && err == nil {
		n.Master = master.Attrs().Name
	}
	addresses, _ := nl.AddrList(l, netlink.FAMILY_ALL)
	for _, a := range addresses {
		if p, ok := prefixOf(a.IPNet); ok && !p.Addr().IsLinkLocalUnicast() {
			n.Addresses = append(n.Addresses, p)
		}
	}
	routes, _ := nl.RouteList(l, netlink.FAMILY_ALL)
	for _, r := range routes {
		p, ok := prefixOf(r.Dst)
		n.Default = n.Default || r.Dst == nil || ok && p.Bits() == 0
	}
	return n
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	length, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), length), ok
}

// manager returns the network manager that configures the interface with an index,
// according to the managers' state files in run.
func manager(run string, index int) string {
	file := strconv.Itoa(index)
	if text, err := os.ReadFile(filepath.Join(run, "NetworkManager/devices", file)); err == nil && hasLine(text, "managed=true") {
		return networkManager
	}
	text, err := os.ReadFile(filepath.Join(run, "systemd/netif/links", file))
	if err == nil && !hasLine(text, "ADMIN_STATE=unmanaged") {
		return networkd
	}
	return ""
}

func hasLine(text []byte, line string) bool {
	for l := range strings.Lines(string(text)) {
		if strings.TrimSpace(l) == line {
			return true
		}
	}
	return false
}
