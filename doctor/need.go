package doctor

import (
	"net/netip"
	"slices"
)

// Need is what a lab needs from a server. The zero Need has no special needs.
type Need struct {
	Lab        string         // its name; "": no lab in particular
	Ports      map[string]int // OpenFlow ports of each router
	XDP        int            // of these, those of type afxdp
	Hosts      int
	Size       Size
	LANs       bool         // hosts have networks behind them
	IPv6       bool         // routers or hosts have IPv6 addresses
	Segments   bool         // more than two routers share a link
	Runtimes   []string     // of its hosts; empty if not chosen yet
	Images     []string     // of the docker runtime, by name
	Builtin    string       // why hosts cannot use the built-in image; "" if they can, or need not
	NICs       []string     // of the server, still to be lent
	Uplinks    []Uplink     // segments on which the server is a router
	OnSegments []SegmentNIC // NICs of the server that are to be ports of segments
	Publish    []Published  // ports of the server that lead to hosts
	Taken      []Port       // those that other labs publish
	Force      bool         // lend also those that the server itself needs
	Datapath   string       // auto, netdev or system; "": auto
	Runs       bool         // it runs already, so that the used part of the limits includes it
	ARP, ND    Entries      // of the kernel's neighbour tables, in addition to those of a running lab

	// Exempt counts the entries of running labs that do not count for the limit of the
	// tables; nil: there are none.
	Exempt func() (arp, nd uint64)

	BFD BFD // of its routers

	Accelerator string // what would run virtual machines: kvm or tcg; "": there are none

	// Programs of the server that hosts run, each with one such host.
	Programs map[string]string

	// Packages of the distribution that hosts need, each with one such host.
	Packages map[string]string
	Guard    string // the one among them that port guards need; "" if there are none
}

// Uplink is a segment on which the server is a router.
type Uplink struct {
	Segment string
	Subnets []netip.Prefix
}

// SegmentNIC is a NIC of the server that is to be a port of a segment.
type SegmentNIC struct {
	NIC, Segment string
	MTU          int // of the segment
}

// Published is a port of the server that leads to a host.
type Published struct {
	Port
	Text string // as in the file
	Host string
}

// Entries are entries of one of the kernel's neighbour tables, of IPv4 (ARP) or
// of IPv6 (ND). All namespaces share them.
type Entries struct {
	Routers uint64 // for BGP peers and next hops; without any of them, a router does not converge
	Hosts   uint64 // for gateways
}

func (e Entries) all() uint64 { return e.Routers + e.Hosts }

func (n Need) ports() (all int) {
	for _, p := range n.Ports {
		all += p
	}
	return all
}

// largest returns the router with the most ports; of several, the first by name.
func (n Need) largest() (router string, ports int) {
	for name, p := range n.Ports {
		if p > ports || p == ports && name < router {
			router, ports = name, p
		}
	}
	return router, ports
}

func (n Need) runtime(name string) bool { return slices.Contains(n.Runtimes, name) }

// Lab is what a server has of one lab.
type Lab struct {
	Name     string
	Routers  int
	Hosts    int
	Wrong    []string // what does not run or exist, one phrase each
	Changing bool     // another command is working on it
	Files    []string // its directories
}

// leftover reports whether only files of a lab exist.
func (l Lab) leftover() bool {
	return l.Routers+l.Hosts == 0 && len(l.Wrong) == 0 && len(l.Files) > 0
}

// allNICs lists the NICs that a lab names.
func (n Need) allNICs() []string {
	names := slices.Clone(n.NICs)
	for _, s := range n.OnSegments {
		names = append(names, s.NIC)
	}
	return names
}
