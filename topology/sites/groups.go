package sites

import (
	"slices"

	"pseudowan/topology"
)

// groups are the nodes and segments that cannot be apart: each points to another of its
// group, and one of them to itself.
type groups map[string]string

// groupsOf joins what shares a wire of a host or of VRFs, or a segment of hosts.
func groupsOf(t *topology.Topology) groups {
	g := groups{}
	for _, s := range t.Segments {
		for _, a := range s.Attachments() {
			g.join("segment "+s.Name, "router "+a.Router)
		}
	}
	for _, l := range t.Links {
		if l.InterAS == topology.OptionA {
			g.join("router "+l.Ends[0].Router, "router "+l.Ends[1].Router)
		}
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.Segment != "" {
				g.join("host "+h.Name, "segment "+a.Segment)
			} else {
				g.join("host "+h.Name, "router "+a.Router)
			}
		}
	}
	return g
}

func (g groups) find(x string) string {
	for g[x] != "" && g[x] != x {
		x = g[x]
	}
	return x
}

func (g groups) join(x, y string) { g[g.find(x)] = g.find(y) }

func (g groups) same(x, y string) bool { return g.find(x) == g.find(y) }

// routers returns the routers of each group, in the order of the file.
func (g groups) routers(t *topology.Topology) (out [][]string) {
	for _, r := range t.Routers {
		i := slices.IndexFunc(out, func(of []string) bool { return g.same("router "+of[0], "router "+r.Name) })
		if i < 0 {
			out = append(out, []string{r.Name})
			continue
		}
		out[i] = append(out[i], r.Name)
	}
	return out
}

// routed reports whether a host is in the group of a router. Hosts on segments without
// one can be anywhere.
func (g groups) routed(t *topology.Topology, h topology.Host) bool {
	return slices.ContainsFunc(t.Routers, func(r topology.Router) bool { return g.same("router "+r.Name, "host "+h.Name) })
}
