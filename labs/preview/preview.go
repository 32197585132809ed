package preview

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Of compares what a lab is for with what another version of it is for; before is nil for
// a lab that is new.
func Of(before, after *topology.Topology) status.Preview {
	if before == nil {
		before = &topology.Topology{}
	}
	p := status.Preview{Lab: after.Name, Reach: []status.ReachChange{}, Routes: []status.RouteChange{}, Unaffected: []string{}}
	old, now := reached(before), reached(after)
	p.Reach = append(changes(old, now, after, true), changes(now, old, before, false)...)
	p.Routes = append(routes(announced(before), announced(after), true), routes(announced(after), announced(before), false)...)
	p.Unaffected = unaffected(before, after, p)
	return p
}

// pair is one host and another.
type pair struct{ from, to string }

// reached lists the addresses of the second host that the first reaches, sorted.
func reached(t *topology.Topology) map[pair][]netip.Addr {
	all := map[pair][]netip.Addr{}
	for _, r := range t.Reaches() {
		at := pair{r.From, r.To}
		all[at] = append(all[at], r.Destination)
	}
	for at := range all {
		slices.SortFunc(all[at], netip.Addr.Compare)
	}
	return all
}

// changes lists what is in now and not in old; t is the topology of now.
func changes(old, now map[pair][]netip.Addr, t *topology.Topology, gained bool) (out []status.ReachChange) {
	for at, addresses := range now {
		before, had := old[at]
		fresh := slices.DeleteFunc(slices.Clone(addresses), func(a netip.Addr) bool { return slices.Contains(before, a) })
		switch {
		case len(fresh) == 0:
			continue
		case !had:
			fresh = []netip.Addr{}
		}
		out = append(out, status.ReachChange{VRF: vrfsOf(t, at.from), From: at.from, To: at.to, Addresses: fresh, Gained: gained})
	}
	slices.SortFunc(out, func(a, b status.ReachChange) int {
		return cmp.Or(topology.CompareNames(a.VRF, b.VRF), topology.CompareNames(a.From, b.From), topology.CompareNames(a.To, b.To))
	})
	return out
}

// vrfsOf names the VRFs of a host.
func vrfsOf(t *topology.Topology, host string) string {
	var all []string
	for _, h := range t.Hosts {
		if h.Name != host {
			continue
		}
		for _, a := range t.AtRouters(h) {
			if a.VRF != "" && !slices.Contains(all, a.VRF) {
				all = append(all, a.VRF)
			}
		}
	}
	return strings.Join(all, ",")
}

// route is one that a router announces.
type route struct {
	router, vrf string
	prefix      netip.Prefix
}

// announced are the routes that other routers import.
func announced(t *topology.Topology) map[route]bool {
	all := map[route]bool{}
	for _, r := range t.Intent().Routes {
		if r.Source == topology.SourceBGP && r.Origin.Router != r.Router {
			all[route{r.Origin.Router, r.Origin.VRF, r.Prefix}] = true
		}
	}
	return all
}

func routes(old, now map[route]bool, announced bool) (out []status.RouteChange) {
	for r := range now {
		if !old[r] {
			out = append(out, status.RouteChange{Router: r.router, VRF: r.vrf, Prefix: r.prefix, Announced: announced})
		}
	}
	slices.SortFunc(out, func(a, b status.RouteChange) int {
		return cmp.Or(topology.CompareNames(a.Router, b.Router), topology.CompareNames(a.VRF, b.VRF), a.Prefix.Compare(b.Prefix))
	})
	return out
}

// unaffected are the VRFs in both that have the same instances, the same hosts and the same
// routes, and whose hosts reach what they did.
func unaffected(before, after *topology.Topology, p status.Preview) []string {
	out := []string{}
	for _, v := range after.VRFs {
		is := func(r status.ReachChange) bool { return slices.Contains(strings.Split(r.VRF, ","), v.Name) }
		if !slices.Contains(out, v.Name) && !slices.ContainsFunc(p.Reach, is) && reflect.DeepEqual(within(before, v.Name), within(after, v.Name)) {
			out = append(out, v.Name)
		}
	}
	slices.SortFunc(out, topology.CompareNames)
	return out
}

// vrf is all that a topology says of one.
type vrf struct {
	instances   []topology.VRF
	routes      map[topology.ExpectedRoute]bool
	attachments map[string][]topology.Attachment // by host
}

func within(t *topology.Topology, name string) vrf {
	all := vrf{routes: map[topology.ExpectedRoute]bool{}, attachments: map[string][]topology.Attachment{}}
	for _, v := range t.VRFs {
		if v.Name == name {
			all.instances = append(all.instances, v)
		}
	}
	for _, r := range t.Intent().Routes {
		if r.VRF == name {
			all.routes[r] = true
		}
	}
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			if a.VRF == name {
				all.attachments[h.Name] = append(all.attachments[h.Name], a)
			}
		}
	}
	return all
}
