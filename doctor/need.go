package doctor

import "slices"

// Need is what a lab asks of a server. The zero Need is that of a lab
// without special needs.
type Need struct {
	Lab      string         // its name; empty: no lab in particular
	Ports    map[string]int // OpenFlow ports of each router
	Hosts    int
	LANs     bool     // hosts have networks behind them
	IPv6     bool     // routers or hosts have IPv6 addresses
	Segments bool     // more than two routers share a link
	Runtimes []string // what its hosts run in; empty: not chosen yet
	Images   []string // of the docker runtime, by name
	Builtin  string   // why hosts cannot be containers of the built-in image; empty: they can, or need not
	NICs     []string // of the server, which it is still to be lent
	Datapath string   // auto, netdev or system; empty: auto
	Runs     bool     // it is part of what the server's limits are used for
	ARP, ND  Entries  // of the kernel's neighbour tables, beyond those that it has where it runs

	// Programs of the server that hosts run, each with one of these hosts.
	Programs map[string]string
}

// Entries are entries of one of the kernel's neighbour tables, of IPv4 (ARP) or
// of IPv6 (ND). All namespaces share them.
type Entries struct {
	Routers uint64 // for BGP peers and next hops: without one of them a router does not converge
	Hosts   uint64 // for gateways
}

func (e Entries) all() uint64 { return e.Routers + e.Hosts }

func (n Need) ports() (all int) {
	for _, p := range n.Ports {
		all += p
	}
	return all
}

// largest returns the router with the most ports, of several the first by name.
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
	Wrong    []string // what does not run or is not there, one phrase each
	Changing bool     // another command works on it just now
	Files    []string // its directories
}

// leftover reports whether only files of a lab exist.
func (l Lab) leftover() bool {
	return l.Routers+l.Hosts == 0 && len(l.Wrong) == 0 && len(l.Files) > 0
}
