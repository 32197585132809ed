package capture

import (
	"net/netip"
)

// Point is an interface where frames are captured.
type Point struct {
	Node, Interface string
	VRF             string // of an access port, or of a host's interface; "" between routers
	About           string // what is there, in words
}

// String names the point as users do.
func (p Point) String() string { return p.Node + ":" + p.Interface }

// Binding is what a router has assigned a label for.
type Binding struct {
	Router, VRF, RD string
	Prefix          netip.Prefix // zero if the label serves several
}

// Names are what numbers and addresses in frames stand for.
type Names struct {
	Bindings map[string]map[uint32]Binding    // by the router that has assigned the label
	Routers  map[string]string                // by MAC addresses on links between routers
	Hosts    map[string]map[netip.Addr]string // by VRF
	RDs      map[string][]string              // names of VRFs by RD
}

// binding returns what a label stands for, in a frame to a MAC address.
func (n Names) binding(mac string, label uint32) (Binding, bool) {
	b, ok := n.Bindings[n.Routers[mac]][label]
	return b, ok
}

// host returns who has an address in a VRF; "" if nobody is known.
func (n Names) host(vrf string, a netip.Addr) string { return n.Hosts[vrf][a] }
