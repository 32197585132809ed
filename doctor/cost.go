package doctor

import (
	"fmt"
	"math"
	"strings"

	"pseudowan/status"
)

// Size is how big a lab is, beyond its routers and hosts.
type Size struct {
	Commands   int    // commands and services that hosts run, and containers
	Containers int    // of these hosts, those of a daemon
	Routes     int    // in VRFs, all routers together, as far as the topology makes them
	Machines   uint64 // octets of memory of virtual machines
}

// What parts of a lab cost on a server with two cores (AMD EPYC, Linux 6.18, Open vSwitch
// 3.1): memory as proportional set size, which counts shared pages once, as bench/cost.sh
// measures it, and processor time until the lab has converged, after labs of 11 to 101
// routers (bench/RESULTS.md).
const (
	labMemory       = 40 << 20 // the keeper, and the programs that all routers share
	routerPSS       = 23 << 20
	bfdMemory       = 12 << 20  // of a router with BFD, beside
	hostMemory      = 600 << 10 // what its router knows of it; a namespace has no process
	containerMemory = 5 << 20   // the daemon's process that keeps it, and a small program
	routeMemory     = 4 << 10   // agent and Open vSwitch together

	routerProcesses = 3
	routerFiles     = 92 // descriptors of all its processes; each port takes one more
	keeperFiles     = 15

	routerSeconds    = 0.15
	hostSeconds      = 0.005
	containerSeconds = 0.25
	routeSeconds     = 0.0005
)

// Cost is what a lab will cost, about.
type Cost struct {
	Memory    uint64  // octets
	Processes int     // without those that hosts' programs start
	Files     int     // open ones
	Seconds   float64 // until it has converged, with this server's cores
}

// Cost estimates what a lab costs on a server with so many cores.
func (n Need) Cost(cores int) Cost {
	routers, s := len(n.Ports), n.Size
	seconds := routerSeconds*float64(routers) + hostSeconds*float64(n.Hosts) +
		containerSeconds*float64(s.Containers) + routeSeconds*float64(s.Routes)
	return Cost{
		Memory: labMemory + uint64(routers)*routerPSS + uint64(n.BFD.Routers)*bfdMemory + uint64(n.Hosts)*hostMemory + uint64(s.Containers)*containerMemory +
			uint64(s.Routes)*routeMemory + s.Machines + uint64(n.XDP)*xdpMemory,
		Processes: 1 + routerProcesses*routers + n.BFD.Routers + s.Commands,
		Files:     keeperFiles + routers*routerFiles + n.ports(),
		Seconds:   seconds / float64(max(1, cores)),
	}
}

// costs says what a lab will cost before it is started.
func costs(o Observed, n Need) []status.Finding {
	if n.Lab == "" || n.Runs || o.Cores == 0 {
		return nil
	}
	c := n.Cost(o.Cores)
	parts := []string{
		size(c.Memory) + " of memory", fmt.Sprintf("%d processes", c.Processes), count(c.Files, "open file"),
	}
	if entries := n.ARP.all() + n.ND.all(); entries > 0 {
		parts = append(parts, count(int(entries), "neighbour"))
	}
	detail := fmt.Sprintf("about %s; up in about %s with %s", strings.Join(parts, ", "), duration(c.Seconds), count(o.Cores, "core"))
	return []status.Finding{ok("cost", "%s: %s, %s, %s", detail,
		count(len(n.Ports), "router"), count(n.Hosts, "host"), count(n.Size.Routes, "VRF route"))}
}

// duration rounds seconds as an estimate deserves.
func duration(s float64) string {
	switch {
	case s < 10:
		return fmt.Sprintf("%.1f s", max(s, 0.1))
	case s < 120:
		return fmt.Sprintf("%.0f s", math.Round(s))
	}
	return fmt.Sprintf("%.0f min", math.Round(s/60))
}
