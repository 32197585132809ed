package trace

import (
	"context"
	"net/netip"
	"slices"

	"pseudowan/status"
	"pseudowan/topology"
)

// Snapshot holds the tables of a lab's routers, read at about the same time, and the
// intended topology.
type Snapshot struct {
	Topology   *topology.Topology
	Stations   []Station // the interfaces of hosts on segments
	VRFs       []status.VRF
	Interfaces []status.Interface
	Neighbors  []status.Neighbor
	Flows      []status.Flow // incoming labels; those that are not here are asked for
	LSPs       []status.LSP
	BFD        []status.BFD
	Peers      []status.Peer
	RIB        []status.RIB
	Received   []status.SessionRoute // what the peers of a router to be explained have announced
}

// Station is the interface of a host on a segment.
type Station struct{ Segment, Host, Interface, MAC string }

// Packet is a packet at a port of a router.
type Packet struct {
	Port        uint32
	Label       *uint32  // nil if unlabelled
	Under       []uint32 // labels under it, the outermost first
	Source      netip.Addr
	Destination netip.Addr
	TTL         uint8
}

// Fate is what a router's Open vSwitch does with a packet.
type Fate struct {
	status.Forwarding        // without To, which this package finds
	Port              uint32 // by which the packet leaves; 0 if it does not
	DstMAC            string
	Dropped           bool     // the packet goes nowhere, not even to the slow path
	Copies            []string // where else it is sent
}

// HostPacket is a packet at a host.
type HostPacket struct {
	Source      netip.Addr // zero if the host chooses it
	Destination netip.Addr
	Arrives     string // the interface that it arrives on; "" if the host sends it
}

// HostRoute is what a host does with a packet.
type HostRoute struct {
	Interface string // on which it leaves
	Source    netip.Addr
	Local     bool       // the host itself is the destination
	Refused   string     // why the host drops it; "" if it does not
	NextHop   netip.Addr // on the link
	MAC       string     // of the next hop, as the host knows it; "" if it does not
	Silent    bool       // the next hop does not answer ARP or neighbour discovery
	OwnMAC    string     // of the interface that it arrives on; "" if unknown
}

// HostRules is what a host may do to packets besides routing them.
type HostRules struct {
	Translates bool // it may translate addresses (NAT)
	Filters    bool // it may drop them
}

// Asker finds out what the tables do not show.
type Asker interface {
	// Fate asks a router's Open vSwitch; nothing is sent.
	Fate(ctx context.Context, router string, p Packet) (Fate, error)
	// Route asks a host's kernel. After an error, what the host does is unknown.
	Route(ctx context.Context, host string, p HostPacket) (HostRoute, error)
	// Label asks a router what it has assigned a label for; nothing if it has not.
	Label(ctx context.Context, router string, label uint32) ([]status.Flow, error)
	// Rules looks for rules of a host's packet filter.
	Rules(ctx context.Context, host string) (HostRules, error)
}

// vrf finds a VRF of a router by its name or its RD.
func (s *Snapshot) vrf(router, vrf string) (status.VRF, bool) {
	for _, name := range []bool{true, false} {
		for _, v := range s.VRFs {
			if v.Router == router && (name && v.VRF == vrf || !name && v.RD == vrf) {
				return v, true
			}
		}
	}
	return status.VRF{}, false
}

// ports returns the access ports of a VRF.
func (s *Snapshot) ports(router, vrf string) []status.Interface {
	var out []status.Interface
	for _, i := range s.Interfaces {
		if i.Router == router && i.VRF == vrf && vrf != "" {
			out = append(out, i)
		}
	}
	return out
}

// port finds a port of a router.
func (s *Snapshot) port(router string, number uint32) (status.Interface, bool) {
	for _, i := range s.Interfaces {
		if i.Router == router && i.Port == number {
			return i, true
		}
	}
	return status.Interface{}, false
}

// down returns why an interface is not up.
func down(i status.Interface) string {
	switch {
	case i.Admin == status.InterfaceAbsent:
		return "does not exist"
	case i.Tracked():
		return "is down: " + i.Router + " is cut off from the core (uplink-tracking)"
	case i.Admin == status.InterfaceDown:
		return "is administratively down"
	}
	return "has no carrier"
}

// core returns the wires of a router to other routers. Each has a second port with
// the same addresses, which packets do not pass.
func (s *Snapshot) core(router string) []status.Interface {
	var out []status.Interface
	for _, i := range s.Interfaces {
		if i.Router != router || i.VRF != "" {
			continue
		}
		if !slices.ContainsFunc(out, func(o status.Interface) bool { return o.MAC == i.MAC && o.Port < i.Port }) {
			out = append(out, i)
		}
	}
	return out
}

// routers lists the names of the routers.
func (s *Snapshot) routers() []string {
	var out []string
	for _, i := range s.Interfaces {
		if !slices.Contains(out, i.Router) {
			out = append(out, i.Router)
		}
	}
	return out
}

// routerAt returns the router that has an address on a link between routers.
func (s *Snapshot) routerAt(a netip.Addr) string {
	for _, r := range s.routers() {
		for _, i := range s.core(r) {
			if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
				return r
			}
		}
	}
	return ""
}

// label returns what a router assigned a label for.
func (s *Snapshot) label(router string, label uint32) (status.Flow, bool) {
	for _, f := range s.Flows {
		if f.Router == router && f.Direction == status.DirectionIn && f.Label != nil && *f.Label == label {
			return f, true
		}
	}
	return status.Flow{}, false
}

// neighbor returns the neighbour that has an address in a VRF and answers.
func (s *Snapshot) neighbor(router, vrf string, a netip.Addr) (status.Neighbor, bool) {
	for _, n := range s.Neighbors {
		if n.Router == router && n.VRF == vrf && n.Address == a && n.MAC != "" {
			return n, true
		}
	}
	return status.Neighbor{}, false
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
