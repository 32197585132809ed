package show

import (
	"cmp"
	"slices"

	"github.com/maruel/natural"

	"pseudowan/status"
)

// sorted returns a sorted copy of rows.
func sorted[T any](rows []T, compare func(a, b T) int) []T {
	c := slices.Clone(rows)
	slices.SortStableFunc(c, compare)
	return c
}

// byName orders names naturally: pe2 before pe10, 65001:9 before 65001:101.
func byName(a, b string) int {
	switch {
	case a == b:
		return 0
	case natural.Less(a, b):
		return -1
	case natural.Less(b, a):
		return 1
	}
	return cmp.Compare(a, b)
}

func byPeer(a, b status.Peer) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		a.RemoteAddress.Compare(b.RemoteAddress),
		a.LocalAddress.Compare(b.LocalAddress),
		byName(a.VRF, b.VRF),
	)
}

func byInterface(a, b status.Interface) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		cmp.Compare(a.Port, b.Port),
		byName(a.Name, b.Name),
	)
}

func byNeighbor(a, b status.Neighbor) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		cmp.Compare(a.Port, b.Port),
		a.Address.Compare(b.Address),
		cmp.Compare(a.MAC, b.MAC),
	)
}

func byVRF(a, b status.VRF) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		byName(a.VRF, b.VRF),
		byName(a.RD, b.RD),
	)
}

func byRoute(a, b status.Route) int {
	return cmp.Or(
		a.Prefix.Compare(b.Prefix),
		trueFirst(a.Best, b.Best),
		a.NextHop.Compare(b.NextHop),
		byPresence(a.Label, b.Label),
		cmp.Compare(a.Source, b.Source),
	)
}

func byBinding(a, b status.MPLS) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		byName(a.VRF, b.VRF),
		byName(a.RD, b.RD),
		a.Prefix.Compare(b.Prefix),
		cmp.Compare(a.Direction, b.Direction),
		a.NextHop.Compare(b.NextHop),
		cmp.Compare(a.Label, b.Label),
	)
}

func byActiveRoute(a, b status.ActiveRoute) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		byName(a.VRF, b.VRF),
		byName(a.RD, b.RD),
		a.Prefix.Compare(b.Prefix),
		a.NextHop.Compare(b.NextHop),
		byPresence(a.Label, b.Label),
	)
}

// byFlow puts incoming labels before routes.
func byFlow(a, b status.Flow) int {
	c := cmp.Or(
		byName(a.Router, b.Router),
		cmp.Compare(a.Direction, b.Direction),
	)
	if c == 0 && a.Direction == status.DirectionIn {
		c = byPresence(a.Label, b.Label)
	}
	return cmp.Or(
		c,
		byName(a.VRF, b.VRF),
		a.Prefix.Compare(b.Prefix),
		a.NextHop.Compare(b.NextHop),
		byPresence(a.Label, b.Label),
	)
}

func byPort(a, b status.Port) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		cmp.Compare(a.Port, b.Port),
		byName(a.Name, b.Name),
	)
}

func byRIB(a, b status.RIB) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		cmp.Compare(a.Family, b.Family),
		byName(a.RD, b.RD),
		a.Prefix.Compare(b.Prefix),
		trueFirst(a.Best, b.Best),
		a.NextHop.Compare(b.NextHop),
		cmp.Compare(a.Label, b.Label),
	)
}

// byNode puts a lab's routers before its hosts.
func byNode(a, b status.Node) int {
	return cmp.Or(
		byName(a.Lab, b.Lab),
		trueFirst(a.Kind == status.Router, b.Kind == status.Router),
		byName(a.Node, b.Node),
	)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// byPresence orders by value, with nil last.
func byPresence(a, b *uint32) int {
	if a == nil || b == nil {
		return trueFirst(a != nil, b != nil)
	}
	return cmp.Compare(*a, *b)
}
