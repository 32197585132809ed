package bgp

import (
	"fmt"
	"testing"

	"pseudowan/bgp/vpn"
)

// reflected is two reflectors of the same clients, with lower identifiers than
// theirs, and two non-client peers of the first.
type reflected struct {
	reflectors, clients, others [2]*node
	sessions                    []Neighbor // of the first reflector
}

func startReflected(t *testing.T) (r reflected) {
	for i := range 2 {
		r.reflectors[i] = startNode(t, 65001, "", fmt.Sprintf("10.0.0.%d", 1+i))
		r.clients[i] = startNode(t, 65001, "", fmt.Sprintf("10.0.0.%d", 5+i))
		r.others[i] = startNode(t, 65001, "", fmt.Sprintf("10.0.0.%d", 8+i))
	}
	for i, at := range r.reflectors {
		list := []Neighbor{at.to(r.reflectors[1-i])}
		for _, c := range r.clients {
			n := at.to(c)
			n.Client = true
			list = append(list, n)
		}
		if i == 0 {
			list = append(list, at.to(r.others[0]), at.to(r.others[1]))
			r.sessions = list
		}
		at.set(list...)
		r.clients[i].set(r.clients[i].to(r.reflectors[0]), r.clients[i].to(r.reflectors[1]))
		r.others[i].set(r.others[i].to(r.reflectors[0]))
	}
	return r
}

// waitLabel waits until every path of a route has the label at all nodes, and the
// given nodes have one.
func (r reflected) waitLabel(route Route, label vpn.Label, knows ...*node) {
	for _, nodes := range [][2]*node{r.reflectors, r.clients, r.others} {
		for _, n := range nodes {
			n.wait(fmt.Sprintf("only label %d for %s", label, route.Prefix), func() bool {
				for k, p := range n.routes {
					if k.Prefix == route.Prefix && k.RD == route.RD && p.Label != label {
						return false
					}
				}
				return true
			})
		}
	}
	for _, n := range knows {
		n.wait(fmt.Sprintf("a path of %s", route.Prefix), func() bool { return n.paths(route) > 0 })
	}
}

// paths counts the paths of a route; n.mu is held.
func (n *node) paths(route Route) (paths int) {
	for k := range n.routes {
		if k.Prefix == route.Prefix && k.RD == route.RD {
			paths++
		}
	}
	return paths
}

// Two reflectors of the same clients keep no path that its client has replaced or
// withdrawn, whichever way it arrived first.
func TestRealTwoReflectors(t *testing.T) {
	r := startReflected(t)
	sent := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	everybody := []*node{r.reflectors[0], r.reflectors[1], r.clients[1], r.others[0], r.others[1]}
	for label := vpn.Label(1000); label < 1010; label++ {
		sent.Label = label
		r.clients[0].announce(sent)
		r.waitLabel(sent, label, everybody...)
	}
	got := r.others[0].waitRoute(sent.from(r.reflectors[0]), anyRoute)
	if got.OriginatorID.String() != "10.0.0.5" || len(got.ClusterList) == 0 || got.ClusterList[0] != r.reflectors[0].addr {
		t.Errorf("reflected to a non-client peer: %+v", got)
	}
	r.clients[0].withdraw(sent)
	for _, n := range everybody {
		n.wait("no path", func() bool { return n.paths(sent) == 0 })
	}
}

// A reflector sends routes of a non-client peer only to its clients, without the
// engine's mark. It withdraws a client's path from the other non-client peers when
// that of a non-client peer is better.
func TestRealReflectorWithOthers(t *testing.T) {
	r := startReflected(t)
	sent := vpnRoute("65001:1", "10.1.0.0/24", "65001:1", 1000)
	first, second := r.reflectors[0], r.reflectors[1]
	r.clients[0].announce(sent)
	r.others[1].waitRoute(sent.from(first), anyRoute)
	better := sent
	better.Label = 2000
	preferred := uint32(200)
	for i := range r.sessions {
		if r.sessions[i].Address == r.others[0].addr {
			r.sessions[i].LocalPref = &preferred
		}
	}
	first.set(r.sessions...)
	r.others[0].announce(better)
	for _, c := range r.clients {
		c.waitRoute(better.from(first), func(p Route) bool {
			return p.Label == 2000 && len(p.LargeCommunities) == 0 && p.OriginatorID.String() == "10.0.0.8"
		})
	}
	r.others[1].waitGone(sent.from(first))
	second.waitGone(sent.from(first))
}
