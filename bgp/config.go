package bgp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"pseudowan/bgp/monitor"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// tcpPort is the TCP port of BGP.
const tcpPort = 179

// Config is the configuration of a speaker.
type Config struct {
	AS       uint32
	RouterID netip.Addr // BGP identifier: an IPv4 address
	Name     string     // that peers are told, which show it beside the address; "": none

	// ListenAddresses are the addresses to which peers may connect. They need
	// not be configured on an interface yet. There is no wildcard: without an
	// address, the speaker only dials.
	ListenAddresses []netip.Addr

	// Plain makes it a speaker towards customers, which exchanges plain IPv4
	// and IPv6 routes: RD, label and targets of routes are unused, and stay zero.
	Plain bool

	// Labeled makes it a speaker of labelled routes without RD (RFC 8277), which leads to
	// next hops: RD and targets of routes are unused, and stay zero. It tells its peers
	// its own routes alone: what it has heard, its user announces again with a label of
	// its own. To each internal peer it is a route reflector, so that the path is told on.
	Labeled bool

	// Inside runs a function on a thread in the network namespace of the
	// speaker's TCP connections; nil: the process's own.
	Inside func(f func() error) error

	// Restarting means that a predecessor of the speaker was killed while the
	// router kept forwarding. Peers are informed (RFC 4724 section 4.1), and
	// receive no routes before Restarted.
	Restarting bool

	// APISocket is the path of the unix socket for the gobgp command; "": none.
	// A stale socket is replaced.
	APISocket string

	// Monitor hears of the sessions; nil: nobody does. VRF is that of their peers.
	Monitor *monitor.Hub
	VRF     string

	Log *slog.Logger // nil discards
}

func (c Config) inside() func(f func() error) error {
	if c.Inside == nil {
		return func(f func() error) error { return f() }
	}
	return c.Inside
}

func (c Config) validate() error {
	if c.AS == 0 {
		return errors.New("bgp: the speaker needs an AS number")
	}
	if !c.RouterID.Is4() || c.RouterID.IsUnspecified() {
		return fmt.Errorf("bgp: router ID %s: want an IPv4 address", c.RouterID)
	}
	for _, a := range c.ListenAddresses {
		if !a.IsValid() || a.IsUnspecified() {
			return fmt.Errorf("bgp: listen address %s: want an address of this router; a wildcard is not supported", a)
		}
	}
	return nil
}

// Neighbor is the wanted configuration of one session.
type Neighbor struct {
	Address      netip.Addr // of the peer
	LocalAddress netip.Addr // ours; zero: the kernel chooses
	Interface    string     // of a link-local peer
	AS           uint32     // of the peer; the local AS makes the session internal
	Client       bool       // the peer is our route reflector client (RFC 4456)
	Border       bool       // the peer is external, and told routes of others that are announced in our name (see Audience)

	// Range stands in the place of Address for peers that connect from a prefix;
	// there may be Limit of them at a time.
	Range netip.Prefix
	Limit int

	session.Settings

	// Import and Export are applied to the routes from and to the peer; nil takes
	// them as they are.
	Import, Export *policy.Chain

	// LocalIPv6 is the next hop of VPNv6 routes of ours, in the place of an IPv4
	// LocalAddress; zero: that address, IPv4-mapped (RFC 4659 section 3.2.1).
	LocalIPv6 netip.Addr

	ofReflector bool // the peer is internal, and this router is a reflector
}

// normal returns the neighbor with zones and sorted families.
func (n Neighbor) normal() Neighbor {
	if n.Interface != "" && n.Address.IsLinkLocalUnicast() && n.Address.Is6() {
		n.Address = n.Address.WithZone(n.Interface)
		if n.LocalAddress.Is6() && n.LocalAddress.IsLinkLocalUnicast() {
			n.LocalAddress = n.LocalAddress.WithZone(n.Interface)
		}
	}
	n.Families = slices.Sorted(slices.Values(n.Families))
	n.Settings = n.Settings.Normal()
	return n
}

func (n Neighbor) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("bgp: neighbor %s: %w", n.Address, fmt.Errorf(format, args...))
	}
	switch {
	case !n.Address.IsValid() || n.Address.IsUnspecified() || n.Address.IsMulticast() || n.Address.Is4In6():
		return fail("not the address of a peer")
	case n.Address.Is6() && n.Address.IsLinkLocalUnicast() && n.Address.Zone() == "":
		return fail("a link-local peer needs an interface")
	case n.LocalAddress.IsValid() && n.LocalAddress.Is4() != n.Address.Is4():
		return fail("local address %s has the other IP version", n.LocalAddress)
	case n.LocalIPv6.IsValid() && (!n.LocalIPv6.Is6() || n.LocalIPv6.Is4In6() || n.LocalIPv6.IsUnspecified() || n.LocalIPv6.IsLinkLocalUnicast()):
		return fail("next hop %s is no global IPv6 address", n.LocalIPv6)
	case n.LocalAS != 0 && n.LocalAS == n.AS:
		return fail("local-as %d is the peer's own AS", n.LocalAS)
	case n.AS == 0:
		return fail("no AS number")
	case len(n.Families) == 0:
		return fail("no address family")
	case len(slices.Compact(slices.Clone(n.Families))) != len(n.Families):
		return fail("an address family is listed twice")
	}
	for _, f := range n.Families {
		if f.Plain() != vpn.IPv4 && f.Plain() != vpn.IPv6 {
			return fail("unknown address family %q", f)
		}
	}
	if err := n.Settings.Check(); err != nil {
		return fail("%w", err)
	}
	return nil
}

// checkNeighbors returns the neighbours with defaults, by address without zone.
func checkNeighbors(list []Neighbor) (map[netip.Addr]Neighbor, error) {
	wanted := make(map[netip.Addr]Neighbor, len(list))
	for _, n := range list {
		n = n.normal()
		if err := n.validate(); err != nil {
			return nil, err
		}
		id := n.Address.WithZone("")
		if other, ok := wanted[id]; ok {
			return nil, fmt.Errorf("bgp: neighbors %s and %s have the same address; change one of them",
				other.Address, n.Address)
		}
		wanted[id] = n
	}
	return wanted, nil
}

// carriage is what kind of routes a speaker exchanges.
type carriage int

const (
	carriesVPN carriage = iota
	carriesPlain
	carriesLabeled
)

func (c Config) carries() carriage {
	switch {
	case c.Plain:
		return carriesPlain
	case c.Labeled:
		return carriesLabeled
	}
	return carriesVPN
}

// family returns the family of the kind with the IP version of f.
func (c carriage) family(f vpn.Family) vpn.Family {
	switch c {
	case carriesPlain:
		return f.Plain()
	case carriesLabeled:
		return f.Labeled()
	}
	if f.Plain() == vpn.IPv4 {
		return vpn.VPNv4
	}
	return vpn.VPNv6
}

// carriesAll returns an error if a neighbour has a family that the speaker does
// not carry.
func (c Config) carriesAll(neighbors map[netip.Addr]Neighbor) error {
	for _, n := range neighbors {
		for _, f := range n.Families {
			if c.carries().family(f) != f {
				return fmt.Errorf("bgp: neighbor %s: this speaker does not carry %s", n.Address, f)
			}
		}
	}
	return nil
}
