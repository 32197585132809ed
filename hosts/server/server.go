package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Uplink is the server on a segment of a lab. The server is the network namespace of
// the calling process.
type Uplink struct {
	Lab, Segment string
	Namespace    string // the path of the bridge's
	Bridge       string
	Port         string // of the bridge
	Interface    string // the server's
	MAC          net.HardwareAddr
	MTU          int
	NIC          string // of the server, that is a port of the segment; "": the server is a router there
	Routed       bool   // packets keep their addresses
	Addresses    []netip.Prefix
	Publish      []Published
	Stations     []net.HardwareAddr // on the segment, as far as they are known
}

// Published is a port of the server that leads to a host.
type Published struct {
	Address  netip.Addr // of the server; zero or unspecified: all
	Port, To uint16
	Protocol string       // tcp or udp
	Targets  []netip.Addr // of the host, one of each family
}

// Prefix begins the names of the server's ends of uplinks, for rules of a firewall.
const Prefix = "pwu-"

// here is the server's namespace.
const here = "/proc/thread-self/ns/net"

// mark is the full name of an interface of the server for a segment.
func (u Uplink) mark() string {
	text := "lab=" + u.Lab + " segment=" + u.Segment + " end=server"
	if u.NIC != "" {
		text += " nic=" + u.NIC
	}
	return text
}

// marked returns the lab and the segment of an interface of ours; ok is false for
// every other.
func marked(alias string) (lab, segment string, ok bool) {
	words := strings.Split(alias, " ")
	if len(words) < 4 || words[0] != "pseudowan" || words[3] != "end=server" {
		return "", "", false
	}
	lab, hasLab := strings.CutPrefix(words[1], "lab=")
	segment, hasSegment := strings.CutPrefix(words[2], "segment=")
	return lab, segment, hasLab && hasSegment
}

// Ensure makes the server's side of a lab as given, or keeps it, and removes the
// rest. It returns the segments whose part was not as given. Callers serialise it
// across labs.
func Ensure(ctx context.Context, lab string, uplinks []Uplink) (changed []string, err error) {
	routers := slices.DeleteFunc(slices.Clone(uplinks), func(u Uplink) bool { return u.NIC != "" })
	if len(routers) == 0 {
		if err := removeTable(lab); err != nil {
			return nil, err
		}
	}
	if err := removeOthers(lab, uplinks); err != nil {
		return nil, err
	}
	for _, u := range uplinks {
		differs, err := u.ensure(ctx)
		if err != nil {
			return changed, fmt.Errorf("segment %s: %w", u.Segment, err)
		}
		if differs {
			changed = append(changed, u.Segment)
		}
	}
	if len(routers) == 0 {
		return changed, dropForwarding(lab)
	}
	closed, err := planForwarding()
	if err != nil {
		return changed, err
	}
	differs, err := ensureTable(lab, routers, closed)
	if err != nil {
		return changed, err
	}
	if differs {
		changed = append(changed, routers[0].Segment)
	}
	if err := turnOn(closed); err != nil {
		return changed, err
	}
	slices.Sort(changed)
	return slices.Compact(changed), nil
}

// Release removes the server's ends of a lab's segments that are not given, so that
// their NICs can be used otherwise.
func Release(lab string, keep []Uplink) error { return removeOthers(lab, keep) }

// Remove removes the server's side of a lab. It is no error if there is none.
func Remove(lab string) error {
	// While the interfaces are there, a table that cannot be removed is not forgotten.
	if err := removeTable(lab); err != nil {
		return err
	}
	return errors.Join(removeOthers(lab, nil), dropForwarding(lab))
}

// Left lists what the server still has of a lab.
func Left(lab string) ([]string, error) {
	var out []string
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list the server's interfaces: %w", err)
	}
	for _, l := range links {
		if of, _, ok := marked(l.Attrs().Alias); ok && of == lab {
			out = append(out, "interface "+l.Attrs().Name+" of the server")
		}
	}
	ours, _, err := tableOf(lab)
	if err != nil && !errors.Is(err, hosts.ErrNoNft) {
		return nil, err
	}
	if ours {
		out = append(out, "nftables table "+tableName(lab))
	}
	r := loadRecord()
	for _, was := range r.NICs {
		if was.Lab == lab {
			out = append(out, "programs at NIC "+was.name()+" of the server")
		}
	}
	if _, err := os.Stat(recordFile); err == nil && !uplinkOfOthers(links, lab) && (len(r.Was) > 0 || len(r.NICs) == 0) {
		out = append(out, "forwarding by the server")
	}
	return out, nil
}

// uplinkOfOthers reports whether another lab has an uplink.
func uplinkOfOthers(links []netlink.Link, lab string) bool {
	return slices.ContainsFunc(links, func(l netlink.Link) bool {
		of, _, ours := marked(l.Attrs().Alias)
		return ours && of != lab && strings.HasPrefix(l.Attrs().Name, Prefix)
	})
}

// ensure makes the server's end of a segment and plugs it into the bridge.
func (u Uplink) ensure(ctx context.Context) (changed bool, err error) {
	mtu, err := u.mtu()
	if err != nil {
		return false, err
	}
	wire := hosts.Wire{
		A: hosts.WireEnd{Namespace: u.Namespace, Name: u.Port, Alias: u.Lab + ":" + u.Segment + " server", MTU: u.MTU, NoOffload: true},
		B: hosts.WireEnd{Namespace: here, Name: u.Interface, Alias: u.mark(), MAC: u.MAC, MTU: mtu, NoOffload: true},
	}
	repaired, err := hosts.EnsureWires(ctx, []hosts.Wire{wire})
	if err != nil {
		return false, err
	}
	end, err := netlink.LinkByName(u.Interface)
	if err != nil {
		return false, fmt.Errorf("interface %s: %w", u.Interface, err)
	}
	plugged, err := u.plug(end)
	if err != nil {
		return false, err
	}
	changed = len(repaired) > 0 || plugged
	if u.NIC != "" {
		joined, err := u.join(end)
		return changed || joined, err
	}
	if err := u.forgetLearned(end); err != nil {
		return changed, err
	}
	readdressed, err := u.address(end)
	return changed || readdressed, err
}

// settings of the server's end: hosts of the segment have no say in what the server
// knows of the network. Turning IPv6 forwarding on has more to it: turnOnIPv6.
func (u Uplink) settings() []setting {
	on := func(family, key, value string) setting {
		return setting{Path: family + "/conf/" + u.Interface + "/" + key, Value: value}
	}
	out := []setting{
		on("ipv6", "accept_ra", "0"), on("ipv6", "autoconf", "0"), on("ipv6", "accept_redirects", "0"),
		on("ipv6", "accept_dad", "0"), on("ipv4", "accept_redirects", "0"),
	}
	if u.NIC != "" { // a port has no addresses
		return append(out, on("ipv6", "disable_ipv6", "1"))
	}
	return append(out, on("ipv4", "forwarding", "1"))
}

// plug makes the port one of the bridge, once the server's end has its settings. A
// new end gets its link-local address again: nobody on the segment can dispute it.
func (u Uplink) plug(end netlink.Link) (changed bool, err error) {
	if err := apply(u.settings()); err != nil {
		return false, err
	}
	file, err := netns.GetFromPath(u.Namespace)
	if err != nil {
		return false, err
	}
	defer file.Close()
	nl, err := netlink.NewHandleAt(file, unix.NETLINK_ROUTE)
	if err != nil {
		return false, err
	}
	defer nl.Close()
	bridge, err := nl.LinkByName(u.Bridge)
	if err != nil {
		return false, fmt.Errorf("bridge %s: %w", u.Bridge, err)
	}
	port, err := nl.LinkByName(u.Port)
	if err != nil {
		return false, fmt.Errorf("port %s: %w", u.Port, err)
	}
	if port.Attrs().MasterIndex == bridge.Attrs().Index {
		return false, nil
	}
	if err := errors.Join(netlink.LinkSetDown(end), netlink.LinkSetUp(end)); err != nil {
		return false, fmt.Errorf("interface %s: %w", u.Interface, err)
	}
	return true, nl.LinkSetMaster(port, bridge)
}

// address gives the server its addresses on a segment, and takes others.
func (u Uplink) address(end netlink.Link) (changed bool, err error) {
	have, err := netlink.AddrList(end, netlink.FAMILY_ALL)
	if err != nil {
		return false, err
	}
	there := map[netip.Prefix]bool{}
	for _, a := range have {
		p := hosts.PrefixOf(a.IPNet)
		if p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if there[p] = slices.Contains(u.Addresses, p); there[p] {
			continue
		}
		if err := netlink.AddrDel(end, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return changed, fmt.Errorf("remove address %s: %w", p, err)
		}
		changed = true
	}
	for _, p := range u.Addresses {
		if there[p] {
			continue
		}
		flags := 0
		if p.Addr().Is6() {
			flags = unix.IFA_F_NODAD
		}
		a := &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}, Flags: flags}
		if err := netlink.AddrReplace(end, a); err != nil {
			return changed, fmt.Errorf("address %s of the server: %w", p, err)
		}
		changed = true
	}
	return changed, nil
}

// removeOthers removes the server's ends of a lab's segments that are not given.
func removeOthers(lab string, keep []Uplink) error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("list the server's interfaces: %w", err)
	}
	errs := []error{leaveNICs(lab, keep)}
	for _, l := range links {
		of, segment, ok := marked(l.Attrs().Alias)
		if !ok || of != lab {
			continue
		}
		stays := func(u Uplink) bool { return u.Interface == l.Attrs().Name && u.Segment == segment }
		if slices.ContainsFunc(keep, stays) {
			continue
		}
		if err := netlink.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, fmt.Errorf("remove interface %s of the server: %w", l.Attrs().Name, err))
		}
	}
	return errors.Join(errs...)
}
