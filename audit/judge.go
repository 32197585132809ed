package audit

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/status"
)

// Tables are those of a lab's routers, read at about the same time.
type Tables struct {
	Nodes      []status.Node
	Interfaces []status.Interface
	Neighbors  []status.Neighbor
	RIB        []status.RIB
	MPLS       []status.MPLS
	LSPs       []status.LSP
	Stations   []Station
}

// Station is an address of a host at a router.
type Station struct {
	Host, Router, VRF string
	LAN               string // of hosts, that it is on; "" for a wire
	Address           netip.Addr
	MAC               string
}

// Judge returns what contradicts itself in the tables.
func Judge(t Tables) []status.Deviation {
	all := processes(t.Nodes)
	all = append(all, interfaces(t.Interfaces)...)
	all = append(all, labels(t)...)
	all = append(all, paths(t)...)
	all = append(all, imports(t)...)
	return append(all, neighbors(t)...)
}

// processes lists the nodes that are not as they should be.
func processes(nodes []status.Node) (all []status.Deviation) {
	for _, n := range nodes {
		if n.State != status.NodeRunning {
			all = append(all, status.Deviation{Node: n.Node, Check: status.CheckProcess, Object: string(n.Kind), Detail: string(n.State)})
		}
		for _, s := range n.Services {
			if !s.Up() {
				all = append(all, status.Deviation{Node: n.Node, Check: status.CheckProcess, Object: "service " + s.Name, Detail: string(s.State)})
			}
		}
	}
	return all
}

// interfaces lists those of routers that are not up.
func interfaces(rows []status.Interface) (all []status.Deviation) {
	for _, i := range rows {
		d := status.Deviation{Node: i.Router, Check: status.CheckPort, Object: i.Name}
		switch {
		case i.Admin == status.InterfaceAbsent:
			d.Detail = "has no interface"
		case i.Admin == status.InterfaceDown:
			d.Detail = "is set down"
		case i.Oper == status.InterfaceDown:
			d.Detail = "has no carrier"
		default:
			continue
		}
		if i.Fault != "" {
			d.Detail += " (" + i.Fault + ")"
		}
		all = append(all, d)
	}
	return all
}

// owners returns the routers that have an address on a link, with the MAC address there.
func owners(t Tables) map[netip.Addr]status.Interface {
	all := map[netip.Addr]status.Interface{}
	for _, i := range t.Interfaces {
		if i.VRF != "" {
			continue
		}
		for _, a := range i.Addresses {
			all[a.Addr()] = i
		}
	}
	return all
}

// route names a route of a router, as it announces it.
type route struct {
	router, rd string
	prefix     netip.Prefix
}

// labels compares the labels that routers have been told with those that the next hops
// have assigned.
func labels(t Tables) (all []status.Deviation) {
	of := owners(t)
	for _, p := range t.LSPs {
		if !p.NextHop.IsValid() { // the router's own loopback
			of[p.FEC.Addr()] = status.Interface{Router: p.Router}
		}
	}
	assigned, answers := map[route]uint32{}, map[string]bool{}
	for _, i := range t.Interfaces {
		answers[i.Router] = true
	}
	for _, m := range t.MPLS {
		if m.Direction == status.DirectionIn {
			assigned[route{m.Router, m.RD, m.Prefix}] = m.Label
		}
	}
	for _, r := range t.RIB { // what a border router tells on is in no VRF of its own
		if own := (route{r.Router, r.RD, r.Prefix}); !r.Peer.IsValid() && assigned[own] == 0 {
			assigned[own] = r.Label
		}
	}
	for _, r := range t.RIB {
		egress := of[r.NextHop].Router
		if !r.Peer.IsValid() || r.Stale || r.Unusable != "" || egress == "" || egress == r.Router || !answers[egress] {
			continue
		}
		label, ok := assigned[route{egress, r.RD, r.Prefix}]
		d := status.Deviation{Node: r.Router, Check: status.CheckLabel, Object: r.RD + " " + r.Prefix.String()}
		switch {
		case !ok:
			d.Detail = fmt.Sprintf("stale: router %s (%s) does not announce this route, which has its label %d", egress, r.NextHop, r.Label)
		case label != r.Label:
			d.Detail = fmt.Sprintf("stale: the label is %d, and router %s (%s) has assigned %d", r.Label, egress, r.NextHop, label)
		default:
			continue
		}
		all = append(all, d)
	}
	return all
}

// imports compares the labels that VRFs push with the speakers' tables.
func imports(t Tables) (all []status.Deviation) {
	type path struct {
		router  string
		prefix  netip.Prefix
		nextHop netip.Addr
		label   uint32
	}
	known := map[path]bool{}
	for _, r := range t.RIB {
		known[path{r.Router, r.Prefix, r.NextHop, r.Label}] = true
	}
	for _, m := range t.MPLS {
		if m.Direction == status.DirectionOut && !known[path{m.Router, m.Prefix, m.NextHop, m.Label}] {
			all = append(all, status.Deviation{
				Node: m.Router, Check: status.CheckVRF, Object: "VRF " + m.VRF + " " + m.Prefix.String(),
				Detail: fmt.Sprintf("stale: the speaker has no route to it by %s with label %d", m.NextHop, m.Label),
			})
		}
	}
	return all
}

// neighbors compares the MAC addresses that routers know with those that neighbours have.
func neighbors(t Tables) (all []status.Deviation) {
	of := owners(t)
	type place struct {
		router, vrf string
		address     netip.Addr
	}
	hosts := map[place][]Station{}
	for _, s := range t.Stations {
		at := place{s.Router, s.VRF, s.Address}
		hosts[at] = append(hosts[at], s)
	}
	for _, n := range t.Neighbors {
		if n.MAC == "" {
			continue
		}
		d := status.Deviation{Node: n.Router, Check: status.CheckNeighbor, Object: n.Address.String() + " on " + n.Interface}
		if owner, ok := of[n.Address]; n.VRF == "" && ok && owner.Router != n.Router && owner.MAC != n.MAC {
			d.Detail = fmt.Sprintf("is known by the MAC address %s, but router %s has %s", n.MAC, owner.Router, owner.MAC)
			all = append(all, d)
		}
		// With several hosts of one address, such as those of VRRP, any may have it.
		if known := hosts[place{n.Router, n.VRF, n.Address}]; len(known) == 1 && known[0].MAC != n.MAC && !beside(t, known[0], n.MAC) {
			d.Detail = fmt.Sprintf("is known by the MAC address %s, but host %s has %s", n.MAC, known[0].Host, known[0].MAC)
			all = append(all, d)
		}
	}
	return all
}

// beside reports whether a MAC address is that of another interface of a host on the same
// LAN: Linux answers there for all of the host's addresses.
func beside(t Tables, s Station, mac string) bool {
	return s.LAN != "" && slices.ContainsFunc(t.Stations, func(o Station) bool { return o.Host == s.Host && o.LAN == s.LAN && o.MAC == mac })
}

// Both returns what two looks have found: what is only changing is in one of them.
func Both(a, b []status.Deviation) []status.Deviation {
	seen := map[status.Deviation]bool{}
	for _, d := range b {
		seen[d] = true
	}
	out := []status.Deviation{}
	for _, d := range a {
		if seen[d] {
			out = append(out, d)
			delete(seen, d)
		}
	}
	return out
}
