package show

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pseudowan/status"
)

// Peers prints the BGP sessions.
func Peers(o Output, rows []status.Peer) error {
	rows = sorted(rows, byPeer)
	presentLists(rows)
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), text("occurTime"),
			state("status", status.SessionEstablished,
				status.SessionConnect, status.SessionActive, status.SessionOpenSent, status.SessionOpenConfirm),
			text("myPeer"), text("remotePeer"), number("asNumber"), number("myAs"), text("families"),
			number("received"), number("accepted"), number("advertised"), text("vrf"), text("routerId"), optional("why"),
		}}
		for _, r := range rows {
			g.add(r.Router, o.moment(r.Since), string(r.State),
				address(r.LocalAddress), address(r.RemoteAddress), decimal(r.RemoteAS), decimal(r.LocalAS), list(r.Families),
				decimal(r.Received), decimal(r.Accepted), decimal(r.Advertised), r.VRF, address(r.RouterID), why(r))
		}
		return g.String()
	})
}

// why returns what keeps a session down, or soon will.
func why(p status.Peer) string {
	if p.Reason != "" {
		return p.Reason
	}
	return p.Warning
}

// Interfaces prints the ports of the routers with their addresses.
func Interfaces(o Output, rows []status.Interface) error {
	rows = sorted(rows, byInterface)
	for i := range rows {
		rows[i].Addresses = present(rows[i].Addresses)
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), number("portNo"), text("IpAddress"), text("MacAddress"), text("RouteDist"),
			text("name"), text("vrf"), text("host"), state("admin", status.InterfaceUp), state("oper", status.InterfaceUp), text("fault"), text("type"),
		}}
		for _, r := range rows {
			g.add(r.Router, decimal(r.Port), list(r.Addresses), r.MAC, r.RD,
				r.Name, r.VRF, r.Host, string(r.Admin), string(r.Oper), r.Fault, string(r.Type))
		}
		return g.String()
	})
}

// Neighbors prints the IPv4 (ARP) and IPv6 (ND) neighbours.
func Neighbors(o Output, rows []status.Neighbor) error {
	rows = sorted(rows, byNeighbor)
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), number("portNo"), text("MacAddress"), text("IpAddress"),
			text("interface"), text("vrf"), state("state", status.NeighborReachable,
				status.NeighborIncomplete, status.NeighborStale, status.NeighborDelay, status.NeighborProbe),
		}}
		for _, r := range rows {
			g.add(r.Router, decimal(r.Port), r.MAC, address(r.Address),
				r.Interface, r.VRF, string(r.State))
		}
		return g.String()
	})
}

// MPLS prints the label bindings.
func MPLS(o Output, rows []status.MPLS) error { return EachMPLS(o, all(sorted(rows, byBinding))) }

// EachMPLS is MPLS for rows that come in order.
func EachMPLS(o Output, rows status.Rows[status.MPLS]) error {
	whole := func(yield func([]status.MPLS) error) error {
		return rows(func(block []status.MPLS) error {
			block = sorted(block, byBinding)
			for i := range block {
				block[i].Stack = present(block[i].Stack)
			}
			return yield(block)
		})
	}
	return emitRows(o, whole, func() document[status.MPLS] {
		return tabular(tableDocument[status.MPLS]{w: o.W, size: one[status.MPLS], begin: func(first []status.MPLS) (string, *grid) {
			g := &grid{columns: []column{
				text("router"), text("routeDist"), text("prefix"), text("nexthop"), number("label"),
				text("direction"), text("vrf"),
			}}
			// Rows after the window may have what those in it lack.
			if len(first) >= window || slices.ContainsFunc(first, func(r status.MPLS) bool { return len(r.Stack) > 1 }) {
				g.columns = append(g.columns, text("stack"))
			}
			return "", g
		}, fill: func(g *grid, rows []status.MPLS, _ *status.MPLS) {
			for _, r := range rows {
				cells := []string{r.Router, r.RD, prefix(r.Prefix), address(r.NextHop), decimal(r.Label), string(r.Direction), r.VRF, stack(r.Stack)}
				g.add(cells[:len(g.columns)]...)
			}
		}})
	}, listed[status.MPLS](o))
}

// ActiveRoutes prints the routes by which routers forward.
func ActiveRoutes(o Output, rows []status.ActiveRoute) error {
	return EachActiveRoute(o, all(sorted(rows, byActiveRoute)))
}

// EachActiveRoute is ActiveRoutes for rows that come in order.
func EachActiveRoute(o Output, rows status.Rows[status.ActiveRoute]) error {
	return emitRows(o, eachSorted(rows, byActiveRoute), func() document[status.ActiveRoute] {
		return tabular(tableDocument[status.ActiveRoute]{w: o.W, size: one[status.ActiveRoute], begin: func([]status.ActiveRoute) (string, *grid) {
			return "", &grid{columns: []column{
				text("router"), text("vrf"), text("prefix"), text("nexthop"), number("label"), text("source"), text("routeDist"),
			}}
		}, fill: func(g *grid, rows []status.ActiveRoute, _ *status.ActiveRoute) {
			for _, r := range rows {
				g.add(r.Router, r.VRF, prefix(r.Prefix), address(r.NextHop), pointed(r.Label), string(r.Source), r.RD)
			}
		}})
	}, listed[status.ActiveRoute](o))
}

// Flows prints the counters of routes and incoming labels.
func Flows(o Output, rows []status.Flow) error { return EachFlow(o, all(sorted(rows, byFlow))) }

// EachFlow is Flows for rows that come in order.
func EachFlow(o Output, rows status.Rows[status.Flow]) error {
	return emitRows(o, eachSorted(rows, byFlow), func() document[status.Flow] {
		return tabular(tableDocument[status.Flow]{w: o.W, size: one[status.Flow], begin: func([]status.Flow) (string, *grid) {
			return "", &grid{columns: []column{
				text("router"), text("destination(label)"), number("packets"), number("bytes"),
				text("direction"), text("vrf"), text("routeDist"), text("nexthop"),
			}}
		}, fill: func(g *grid, rows []status.Flow, _ *status.Flow) {
			for _, r := range rows {
				g.add(r.Router, destination(r), decimal(r.Packets), decimal(r.Bytes),
					string(r.Direction), r.VRF, r.RD, address(r.NextHop))
			}
		}})
	}, listed[status.Flow](o))
}

// destination returns what a flow matches: a prefix, a label in parentheses, or
// both if a route pushes a label or a label stands for one prefix. A label that another
// takes the place of is followed by that.
func destination(f status.Flow) string {
	if f.Label == nil {
		return prefix(f.Prefix)
	}
	if f.Swap != nil {
		return fmt.Sprintf("%s(%d>%d)", prefix(f.Prefix), *f.Label, *f.Swap)
	}
	return fmt.Sprintf("%s(%d)", prefix(f.Prefix), *f.Label)
}

// Ports prints the counters of the routers' ports.
func Ports(o Output, rows []status.Port) error {
	rows = sorted(rows, byPort)
	return emit(o, rows, func() string {
		g := grid{columns: []column{
			text("router"), number("portNo"),
			number("rxPackets"), number("rxBytes"), number("rxErrors"),
			number("txPackets"), number("txBytes"), number("txErrors"),
			number("punts"), number("puntsDropped"), number("puntsIgnored"), text("name"),
		}}
		for _, r := range rows {
			g.add(r.Router, decimal(r.Port),
				decimal(r.RxPackets), decimal(r.RxBytes), decimal(r.RxErrors),
				decimal(r.TxPackets), decimal(r.TxBytes), decimal(r.TxErrors),
				decimal(r.Punted), decimal(r.PuntsDropped), decimal(r.PuntsIgnored),
				r.Name)
		}
		return g.String()
	})
}

// Nodes prints the routers and hosts of the labs.
func Nodes(o Output, rows []status.Node) error {
	rows = sorted(rows, byNode)
	for i := range rows {
		rows[i].Addresses = present(rows[i].Addresses)
		rows[i].LastLines = present(rows[i].LastLines)
		rows[i].Faults = present(rows[i].Faults)
		rows[i].Published = present(rows[i].Published)
		rows[i].Services = present(rows[i].Services)
		for k, s := range rows[i].Services {
			rows[i].Services[k].LastLines = present(s.LastLines)
		}
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("lab"), text("node"), text("kind"), text("runtime"), state("state", string(status.NodeRunning)),
			{head: "services", paint: whole}, text("vrf"), text("addresses"), text("netns"), number("pid"), text("datapath"), text("faults"),
		}}
		publishes := slices.ContainsFunc(rows, func(r status.Node) bool { return len(r.Published) > 0 })
		if publishes {
			g.columns = append(g.columns, text("ports"))
		}
		for _, r := range rows {
			pid := ""
			if r.PID != 0 {
				pid = decimal(r.PID)
			}
			cells := []string{r.Lab, r.Node, string(r.Kind), r.Runtime, string(r.State), servicesUp(r.Services), r.VRF, few(r.Addresses), r.NetNS, pid, r.Datapath, list(r.Faults)}
			if publishes {
				cells = append(cells, few(r.Published))
			}
			g.add(cells...)
		}
		return g.String()
	})
}

// servicesUp counts the services that are up, and all of them.
func servicesUp(all []status.Service) string {
	if len(all) == 0 {
		return ""
	}
	up := 0
	for _, s := range all {
		if s.Up() {
			up++
		}
	}
	return fmt.Sprintf("%d/%d", up, len(all))
}

// whole colours a part of a number: green if it is the whole.
func whole(s string) ink {
	switch up, all, ok := strings.Cut(s, "/"); {
	case !ok:
		return ""
	case up == all:
		return green
	}
	return red
}

// present replaces nil by an empty list, which is [] in JSON, not null.
func present[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// moment formats a time to the second, in the zone of o.
func (o Output) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("2006/01/02 15:04:05")
}

// address formats a; nothing for the zero address.
func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// prefix formats p; nothing for the zero prefix.
func prefix(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func decimal[T int | uint32 | uint64](n T) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

func pointed(n *uint32) string {
	if n == nil {
		return ""
	}
	return strconv.FormatUint(uint64(*n), 10)
}

// few lists the first items and counts the rest: ten LANs of a host would make
// the table wider than any screen.
func few(items []string) string {
	const shown = 2
	if len(items) <= shown {
		return list(items)
	}
	return fmt.Sprintf("%s,+%d", list(items[:shown]), len(items)-shown)
}

func list[T any](items []T) string {
	words := make([]string, len(items))
	for i, it := range items {
		words[i] = fmt.Sprint(it)
	}
	return strings.Join(words, ",")
}
