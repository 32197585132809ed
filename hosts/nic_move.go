package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ReturnNICs returns the NICs in a router's namespace to the server (the
// network namespace of the calling process) as they were. Call it before
// Delete, which would destroy virtual ones. A NIC that cannot be returned
// stays, and the error says which and why.
func ReturnNICs(ns Namespace, stateDir string) error { return ReturnOtherNICs(ns, stateDir, nil) }

// ReturnOtherNICs is ReturnNICs for all NICs but those that keep maps to their
// interface of the router. It also removes what joined a NIC to the router.
func ReturnOtherNICs(ns Namespace, stateDir string, keep map[string]string) error {
	if !isNamespaceFile(ns.Path()) {
		return nil
	}
	router, err := openInside(ns.Path())
	if err != nil {
		return err
	}
	defer router.close()
	links, err := router.links()
	if err != nil {
		return err
	}
	var errs []error
	for name, l := range links {
		record, ok := parseNICAlias(l.Attrs().Alias)
		if !ok {
			continue
		}
		if intf, keeps := keep[record.Name]; keeps && (name == intf || name == NICName(intf)) {
			continue
		}
		if err := router.giveBack(l, loadNIC(stateDir, record)); err != nil {
			errs = append(errs, fmt.Errorf("return NIC %s from router %s: %w", record.Name, ns.Mark.Node, err))
			continue
		}
		errs = append(errs, forgetNIC(stateDir, record.Name), router.dropNICBridge(links, name))
	}
	return errors.Join(errs...)
}

// dropNICBridge removes the bridge and the wire that joined a NIC to its
// router.
func (in *inside) dropNICBridge(links map[string]netlink.Link, nic string) error {
	intf, bridged := strings.CutPrefix(nic, NICName(""))
	if !bridged {
		return nil
	}
	for _, name := range []string{NICWireName(intf), bridgeName(intf)} {
		l := links[name]
		if l == nil || !markedLink(l.Attrs().Alias) {
			continue
		}
		if err := in.nl.LinkDel(l); err != nil && !isNoDevice(err) {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}

func (in *inside) giveBack(nic netlink.Link, record nicRecord) error {
	home, err := openInside("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.close()
	// A port of a kernel datapath, whose daemon may have been killed, has a
	// master as well: it releases the NIC only when that moves.
	if nic.Attrs().MasterIndex != 0 {
		if err := in.nl.LinkSetNoMaster(nic); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
			return fmt.Errorf("take it out of its bridge: %w", err)
		}
	}
	if err := in.moveLink(nic, home, record.Name); err != nil {
		return err
	}
	return home.restoreNIC(record)
}

// moveLink moves an interface and renames it in one step.
func (in *inside) moveLink(l netlink.Link, to *inside, name string) error {
	there, err := to.links()
	if err != nil {
		return err
	}
	if there[name] != nil {
		return fmt.Errorf("the name %s is taken there; rename that interface and try again: %w", name, unix.EEXIST)
	}
	err = in.onThread(func() error {
		req := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
		msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
		msg.Index = int32(l.Attrs().Index)
		msg.Change = unix.IFF_UP // down, as renaming requires
		req.AddData(msg)
		req.AddData(nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(to.file.Fd()))))
		req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
		_, err := req.Execute(unix.NETLINK_ROUTE, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("move it: %w", err)
	}
	return nil
}

// receiveOffloads reports whether a feature merges packets on receipt, which a
// router must not do.
func receiveOffloads(feature string) bool {
	return feature == "rx-gro" || feature == "rx-gro-hw" || feature == "rx-lro"
}

func (in *inside) receiveOffloadsOff(name string) error {
	return in.offloadsOff(name, receiveOffloads)
}

// recordNIC reads the state of a NIC. The record in the alias of a NIC whose
// lending was cut short is not an alias to restore.
func (in *inside) recordNIC(nic netlink.Link) (nicRecord, error) {
	a := nic.Attrs()
	r := nicRecord{
		Name: a.Name, MAC: a.HardwareAddr.String(), MTU: a.MTU, Up: a.Flags&net.FlagUp != 0, Alias: a.Alias,
	}
	if strings.HasPrefix(a.Alias, nicPrefix) {
		r.Alias = ""
	}
	features, err := in.eth.FeaturesWithState(a.Name)
	if err != nil {
		return nicRecord{}, fmt.Errorf("read offloads: %w", err)
	}
	for name, state := range features {
		if receiveOffloads(name) && canTurnOff(state) {
			r.Offloads = append(r.Offloads, name)
		}
	}
	if r.Addresses, err = in.recordAddresses(nic); err != nil {
		return nicRecord{}, err
	}
	routes, err := in.routesThrough(nic)
	if err != nil {
		return nicRecord{}, err
	}
	for _, route := range routes {
		r.Routes = append(r.Routes, recordRoute(route))
	}
	return r, nil
}

// recordAddresses omits the addresses that the kernel makes on its own.
func (in *inside) recordAddresses(nic netlink.Link) ([]nicAddress, error) {
	list, err := dump(func() ([]netlink.Addr, error) { return in.nl.AddrList(nic, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	var found []nicAddress
	for _, a := range list {
		p := PrefixOf(a.IPNet)
		byItself := p.Addr().Is6() && (p.Addr().IsLinkLocalUnicast() || a.Flags&unix.IFA_F_PERMANENT == 0)
		if byItself {
			continue
		}
		const keep = unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_NODAD | unix.IFA_F_HOMEADDRESS
		broadcast := addrOf(a.Broadcast)
		if !broadcast.IsValid() {
			broadcast = netip.IPv4Unspecified()
		}
		found = append(found, nicAddress{
			Prefix: p, Flags: a.Flags & keep, Scope: a.Scope, Label: a.Label, Broadcast: broadcast,
			Valid: finite(a.ValidLft), Preferred: finite(a.PreferedLft),
		})
	}
	return found, nil
}

// finite maps "forever" to 0, by which callers of netlink express it.
func finite(seconds int) int {
	if uint32(seconds) == ^uint32(0) {
		return 0
	}
	return seconds
}

// routesThrough lists the routes that would be lost with the NIC.
func (in *inside) routesThrough(nic netlink.Link) ([]netlink.Route, error) {
	filter := &netlink.Route{Table: unix.RT_TABLE_UNSPEC, LinkIndex: nic.Attrs().Index}
	list, err := dump(func() ([]netlink.Route, error) {
		return in.nl.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_OIF)
	})
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	var found []netlink.Route
	for _, r := range list {
		if r.Table == unix.RT_TABLE_LOCAL || r.Protocol == unix.RTPROT_KERNEL || r.Protocol == unix.RTPROT_RA {
			continue
		}
		found = append(found, r)
	}
	return found, nil
}

func recordRoute(r netlink.Route) nicRoute {
	return nicRoute{
		Prefix: destinationOf(r).prefix, Via: addrOf(r.Gw), Source: addrOf(r.Src), Metric: r.Priority,
		Table: r.Table, Protocol: int(r.Protocol), Scope: int(r.Scope), Type: r.Type,
	}
}
