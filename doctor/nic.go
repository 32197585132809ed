package doctor

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
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
		Up:       attrs.Flags&net.FlagUp == 0 || attrs.OperState != netlink.OperDown && attrs.OperState != netlink.OperLowerLayerDown,
		Down:     attrs.Flags&net.FlagUp == 0,
		Manager:  manager("/run", attrs.Index),
		Wireless: exists("/sys/class/net/"+attrs.Name+"/phy80211") || exists("/sys/class/net/"+attrs.Name+"/wireless"),
		Ethernet: attrs.EncapType == "ether", MTU: attrs.MTU, Lab: labOnSegment(nl, l),
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
	through := withUppers(nl, attrs.Index)
	n.Default = carriesDefault(nl, through)
	if s, ok := ownSSHSession("/proc", os.Getpid()); ok && carriesSession(nl, through, s) {
		n.SSH = s.client
	}
	return n
}

// labOnSegment returns the lab that has a NIC as a port of a segment, under this name
// or a former one.
func labOnSegment(nl *netlink.Handle, nic netlink.Link) string {
	links, _ := nl.LinkList()
	for _, l := range links {
		words := strings.Fields(l.Attrs().Alias)
		if len(words) == 5 && words[0] == "pseudowan" && words[4] == "nic="+nic.Attrs().Name {
			return strings.TrimPrefix(words[1], "lab=")
		}
	}
	filters, _ := nl.FilterList(nic, netlink.HANDLE_MIN_INGRESS) // none without hooks for them
	for _, f := range filters {
		b, ok := f.(*netlink.BpfFilter)
		if !ok {
			continue
		}
		if words := strings.Fields(b.Name); len(words) > 1 && words[0] == "pseudowan" {
			return strings.TrimPrefix(words[1], "lab=")
		}
	}
	return ""
}

// withUppers returns the indexes of an interface and of those that are made of it,
// such as VLANs.
func withUppers(nl *netlink.Handle, index int) map[int]bool {
	found := map[int]bool{index: true}
	links, _ := nl.LinkList()
	for range links { // as deep as they can be stacked
		for _, l := range links {
			if a := l.Attrs(); found[a.ParentIndex] && a.NetNsID < 0 && l.Type() != "veth" { // whose parent is its peer
				found[a.Index] = true
			}
		}
	}
	return found
}

// carriesDefault reports whether a default route goes through one of the interfaces.
func carriesDefault(nl *netlink.Handle, through map[int]bool) bool {
	routes, _ := nl.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	for _, r := range routes {
		if p, ok := prefixOf(r.Dst); r.Dst != nil && (!ok || p.Bits() > 0) || r.Type != unix.RTN_UNICAST {
			continue
		}
		if through[r.LinkIndex] || slices.ContainsFunc(r.MultiPath, func(hop *netlink.NexthopInfo) bool { return through[hop.LinkIndex] }) {
			return true
		}
	}
	return false
}

// carriesSession reports whether an SSH session comes in through one of the
// interfaces: its address is there, or the way back to the client.
func carriesSession(nl *netlink.Handle, through map[int]bool, s sshSession) bool {
	addresses, _ := nl.AddrList(nil, netlink.FAMILY_ALL)
	for _, a := range addresses {
		if p, ok := prefixOf(a.IPNet); ok && p.Addr() == s.server.WithZone("") && through[a.LinkIndex] {
			return true
		}
	}
	routes, err := nl.RouteGet(s.client.AsSlice())
	return err == nil && slices.ContainsFunc(routes, func(r netlink.Route) bool { return through[r.LinkIndex] })
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
