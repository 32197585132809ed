package topology

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
)

// Intent is what must be true of the lab's VRFs once it has converged. It follows
// from the topology alone. Of customers' BGP routes it includes the LANs of hosts.
// It does not include routes of routers outside the lab, or autoconfigured
// addresses of hosts.
type Intent struct {
	Imports []Import        `json:"imports"` // in the order of Topology.VRFs
	Routes  []ExpectedRoute `json:"routes"`  // in the order of Topology.VRFs, then by prefix

	first map[localRoute]Origin // of the routes that have come over links of VRFs
}

// FirstOrigin returns where a route of the intent enters the lab. That differs from its
// origin if it has come over links of VRFs.
func (i Intent) FirstOrigin(r ExpectedRoute) Origin {
	if o, crossed := i.first[r.local()]; crossed {
		return o
	}
	return r.Origin
}

// Import is a VRF instance that imports what another one exports: they share a
// route target and, between routers, sessions carry the routes.
type Import struct {
	Router     string `json:"router"`
	VRF        string `json:"vrf"`
	FromRouter string `json:"from_router"`
	FromVRF    string `json:"from_vrf"`
}

// The sources of an expected route. That of an imported route is "bgp", even from
// another VRF of the same router.
const (
	SourceConnected = "connected"
	SourceStatic    = "static"
	SourceBGP       = "bgp"
	SourceAggregate = "aggregate"
)

// ExpectedRoute is a route that a VRF instance must have. Several to one prefix are
// alternatives, the preferred source first.
type ExpectedRoute struct {
	Router string       `json:"router"`
	VRF    string       `json:"vrf"`
	Prefix netip.Prefix `json:"prefix"`
	Source string       `json:"source"`
	Origin Origin       `json:"origin"`
}

// Origin is where a route enters the VPN. Its router is the next hop.
type Origin struct {
	Router string `json:"router"`
	VRF    string `json:"vrf"`
	RD     vpn.RD `json:"rd"`
	Host   string `json:"host"` // or the segment, of its subnets, or the other end of a link of VRFs, as asbr2:eth2; "": the router itself has made the route, as an aggregate
}

// Intent computes the lab's intent.
func (t *Topology) Intent() Intent {
	if t.decides() {
		_, out := t.policedIntent()
		return out
	}
	local, exported := t.ownRoutes(nil, nil)
	reach := map[vpn.Family]map[[2]string]bool{vpn.VPNv4: t.carried(vpn.VPNv4), vpn.VPNv6: t.carried(vpn.VPNv6)}
	exporters := make(map[vpn.RouteTarget][]int)
	for i, v := range t.VRFs {
		for _, target := range v.Export {
			exporters[target] = append(exporters[target], i)
		}
	}
	var out Intent
	for i, v := range t.VRFs {
		routes := slices.Clone(local[vrfKey{v.Router, v.Name}])
		for _, j := range sources(v, i, exporters) {
			from := t.VRFs[j]
			arrives := func(f vpn.Family) bool {
				return from.Router == v.Router || reach[f][[2]string{from.Router, v.Router}]
			}
			if arrives(vpn.VPNv4) || arrives(vpn.VPNv6) {
				out.Imports = append(out.Imports, Import{v.Router, v.Name, from.Router, from.Name})
			}
			for _, route := range exported[vrfKey{from.Router, from.Name}] {
				if arrives(vpn.FamilyOf(route.Prefix)) {
					route.Router, route.VRF, route.Source = v.Router, v.Name, SourceBGP
					routes = append(routes, route)
				}
			}
		}
		slices.SortStableFunc(routes, compareRoutes)
		out.Routes = append(out.Routes, slices.Compact(routes)...)
	}
	return out
}

// decides reports whether policies, sites of origin or aggregates keep routes from where
// route targets would take them, or links of VRFs take them further.
func (t *Topology) decides() bool {
	return len(t.Policies) > 0 || t.linksVRFs() || slices.ContainsFunc(t.VRFs, func(v VRF) bool { return len(v.Aggregates) > 0 }) || slices.ContainsFunc(t.Hosts, func(h Host) bool {
		return slices.ContainsFunc(h.Attachments, func(a Attachment) bool { return !a.SoO.IsZero() })
	})
}

// sources returns the other instances with an export target that v imports, in
// order.
func sources(v VRF, self int, exporters map[vpn.RouteTarget][]int) []int {
	var out []int
	for _, target := range v.Import {
		for _, j := range exporters[target] {
			if j != self {
				out = append(out, j)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ownRoutes returns the routes that each instance has from its own attachments, and
// those that it exports.
func (t *Topology) ownRoutes(made madeRoutes, crossed crossedRoutes) (local, exported map[vrfKey][]ExpectedRoute) {
	local, exported = make(map[vrfKey][]ExpectedRoute), make(map[vrfKey][]ExpectedRoute)
	instance := make(map[vrfKey]VRF, len(t.VRFs))
	for _, v := range t.VRFs {
		instance[vrfKey{v.Router, v.Name}] = v
	}
	for _, a := range t.AtAllRouters() {
		key := vrfKey{a.Router, a.VRF}
		v := instance[key]
		origin := Origin{Router: a.Router, VRF: a.VRF, RD: v.RD, Host: a.Host}
		route := func(p netip.Prefix, source string) ExpectedRoute {
			return ExpectedRoute{Router: a.Router, VRF: a.VRF, Prefix: p, Source: source, Origin: origin}
		}
		for _, g := range a.Connected() {
			local[key] = append(local[key], route(g.Masked(), SourceConnected))
		}
		for _, p := range v.RedistributeConnected.Prefixes(a.Addresses, a.Connected()) {
			exported[key] = append(exported[key], route(p, SourceConnected))
		}
		for _, s := range a.Statics {
			local[key] = append(local[key], route(s.Prefix, SourceStatic))
			if v.RedistributeStatic {
				exported[key] = append(exported[key], route(s.Prefix, SourceStatic))
			}
		}
		for _, p := range a.networks() {
			local[key] = append(local[key], route(p, SourceBGP))
			exported[key] = append(exported[key], route(p, SourceBGP))
		}
	}
	crossed.add(local, exported)
	made.add(instance, local, exported)
	return local, exported
}

// compareRoutes orders the routes of one instance by prefix, then by a router's
// preference.
func compareRoutes(a, b ExpectedRoute) int {
	elsewhere := func(r ExpectedRoute) int {
		if r.Router == r.Origin.Router {
			return 0
		}
		return 1
	}
	return cmp.Or(
		a.Prefix.Addr().Compare(b.Prefix.Addr()), a.Prefix.Bits()-b.Prefix.Bits(),
		comparePreference(a, b), elsewhere(a)-elsewhere(b),
		CompareNames(a.Origin.Router, b.Origin.Router), CompareNames(a.Origin.VRF, b.Origin.VRF),
		strings.Compare(a.Origin.Host, b.Origin.Host))
}

// comparePreference orders by source. An aggregate stands between the routes of the
// router's own hosts and those of other routers.
func comparePreference(a, b ExpectedRoute) int {
	own := func(r ExpectedRoute) bool { return r.Router == r.Origin.Router && r.Origin.Host != "" }
	switch {
	case a.Source == SourceAggregate && b.Source == SourceBGP && own(b), b.Source == SourceAggregate && a.Source == SourceBGP && !own(a):
		return +1
	case a.Source == SourceAggregate && b.Source == SourceBGP, b.Source == SourceAggregate && a.Source == SourceBGP:
		return -1
	}
	order := []string{SourceConnected, SourceStatic, SourceBGP, SourceAggregate}
	return slices.Index(order, a.Source) - slices.Index(order, b.Source)
}
