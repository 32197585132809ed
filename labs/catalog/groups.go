package catalog

import "slices"

// group is a set of ready labs about the same.
type group struct {
	name string
	labs []string
}

// groups are those of the ready labs, in their order. Labs that are in none are in the
// last one.
var groups = []group{
	{"provider", []string{"core", "dual-stack", "extranet", "hub-spoke", "inter-as-a", "inter-as-b", "inter-as-c", "ipv6-core", "l3vpn-dual-stack", "l3vpn-inter-dc", "pseudo-wan", "pseudo-wan-eth1", "route-reflector", "simple-router"}},
	{"BGP and policies", []string{"bmp-collector", "ce-bgp", "policies"}},
	{"IPv6 networks of customers", nil},
}

// groupOf returns the name of a ready lab's group.
func groupOf(lab string) string {
	for _, g := range groups {
		if slices.Contains(g.labs, lab) {
			return g.name
		}
	}
	return groups[len(groups)-1].name
}

// ByGroup compares ready labs by the order of their groups.
func ByGroup(a, b Lab) int { return order(a.Group) - order(b.Group) }

// order returns the place of a group.
func order(name string) int {
	return slices.IndexFunc(groups, func(g group) bool { return g.name == name })
}
