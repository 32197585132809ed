package hosts

import (
	"cmp"
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// restoreNIC restores a NIC on the server from its record. Every part is tried;
// the mark goes last, and stays if a part has failed.
func (in *inside) restoreNIC(r nicRecord) error {
	links, err := in.links()
	if err != nil {
		return err
	}
	nic := links[r.Name]
	if nic == nil {
		return fmt.Errorf("no interface %s", r.Name)
	}
	mac, err := net.ParseMAC(r.MAC)
	errs := []error{err, in.attributes(nic, nic.Attrs().Alias, mac, r.MTU), in.offloadsOn(r.Name, r.Offloads)}
	if r.Up {
		errs = append(errs, in.setUp(nic))
	}
	for _, a := range r.Addresses {
		errs = append(errs, in.restoreAddress(nic, a))
	}
	for _, route := range r.Routes {
		errs = append(errs, in.restoreRoute(nic, route))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return in.nl.LinkSetAlias(nic, r.Alias)
}

func (in *inside) restoreAddress(nic netlink.Link, a nicAddress) error {
	err := in.nl.AddrReplace(nic, &netlink.Addr{
		IPNet: ipNet(a.Prefix), Flags: a.Flags, Scope: a.Scope, Label: a.Label, Broadcast: ipOf(a.Broadcast),
		ValidLft: a.Valid, PreferedLft: a.Preferred,
	})
	if err != nil {
		return fmt.Errorf("address %s: %w", a.Prefix, err)
	}
	return nil
}

func (in *inside) restoreRoute(nic netlink.Link, r nicRoute) error {
	route := &netlink.Route{
		LinkIndex: nic.Attrs().Index, Dst: ipNet(r.Prefix), Gw: ipOf(r.Via), Src: ipOf(r.Source),
		Priority: r.Metric, Table: cmp.Or(r.Table, unix.RT_TABLE_MAIN), Protocol: netlink.RouteProtocol(r.Protocol),
		Scope: netlink.Scope(r.Scope), Type: r.Type,
	}
	if err := in.nl.RouteReplace(route); err != nil {
		return fmt.Errorf("route %s: %w", r.Prefix, err)
	}
	return nil
}

// offloadsOn turns features back on after offloadsOff.
func (in *inside) offloadsOn(name string, features []string) error {
	if len(features) == 0 {
		return nil
	}
	on := map[string]bool{}
	for _, f := range features {
		on[f] = true
	}
	if err := in.eth.Change(name, on); err != nil {
		return fmt.Errorf("turn offloads on: %w", err)
	}
	return nil
}
