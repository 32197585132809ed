package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Network is the complete network configuration of a customer's host.
type Network struct {
	Interfaces []Interface
	Routes     []Route
	Forward    bool // the host routes between its interfaces, both families
	Guests     bool // addresses stay that programs of the host have given to its interfaces, as with VRRP

	// Sysctls are kernel settings of the namespace by name, such as
	// net.ipv4.tcp_syncookies. Those named in Unset get the value that new namespaces
	// have.
	Sysctls map[string]string
	Unset   []string
}

// Interface is one interface of a host: the end of a wire, which exists
// already, or a LAN behind the host, which is made. An empty MAC and an MTU of
// 0 leave the interface's own.
type Interface struct {
	Name      string
	MAC       net.HardwareAddr
	MTU       int
	Addresses []netip.Prefix // each the host's address with its subnet's length
	SLAAC     bool           // accept IPv6 addresses and routes from router advertisements (RFC 4862)
	Learned   []netip.Prefix // with SLAAC: the addresses that it forms from advertised prefixes; none: unknown
	Hears     bool           // accept routes, but form no addresses
	LAN       bool           // every address of its subnets answers
	DAD       bool           // look for duplicates of IPv6 addresses before using them

	// Sysctls are kernel settings of the interface by name: of both families that have
	// it, or with "ipv4." or "ipv6." before the name of that one. Those named in Unset
	// get the value that new interfaces have.
	Sysctls map[string]string
	Unset   []string

	// ProxyND are prefixes for whose addresses the host answers neighbour discovery
	// on the interface, Unproxied those for which it no longer does.
	ProxyND, Unproxied []netip.Prefix

	// Dropped are addresses that the interface no longer has. Without Guests of the
	// network, it has no others than Addresses anyway.
	Dropped []netip.Prefix
}

// Route is a static route. Several routes to one prefix share the load. Without
// Via the prefix is on-link.
type Route struct {
	Prefix    netip.Prefix
	Via       netip.Addr
	Interface string
}

func (n Network) check() error {
	var errs []error
	seen := map[string]bool{}
	for _, i := range n.Interfaces {
		if err := i.check(); err != nil {
			errs = append(errs, err)
		}
		if seen[i.Name] {
			errs = append(errs, fmt.Errorf("interface %s: given twice", i.Name))
		}
		seen[i.Name] = true
	}
	for _, r := range n.Routes {
		switch {
		case !r.Prefix.IsValid():
			errs = append(errs, fmt.Errorf("route through %s: no prefix", r.Interface))
		case !seen[r.Interface]:
			errs = append(errs, fmt.Errorf("route %s: no interface %q", r.Prefix, r.Interface))
		case r.Via.IsValid() && r.Via.Is4() != r.Prefix.Addr().Is4():
			errs = append(errs, fmt.Errorf("route %s: next hop %s is of the other family", r.Prefix, r.Via))
		}
	}
	return errors.Join(errs...)
}

func (i Interface) check() error {
	if err := checkLinkName(i.Name); err != nil {
		return err
	}
	if len(i.MAC) != 0 && len(i.MAC) != 6 {
		return fmt.Errorf("interface %s: MAC %s is not 6 octets", i.Name, i.MAC)
	}
	if i.LAN && i.SLAAC {
		return fmt.Errorf("interface %s: nobody advertises on a LAN behind the host", i.Name)
	}
	for _, a := range i.Addresses {
		if !a.IsValid() || a.Addr().Is4In6() || a.Addr().Zone() != "" {
			return fmt.Errorf("interface %s: address %s is not usable", i.Name, a)
		}
	}
	return nil
}
