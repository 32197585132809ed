package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// chain returns policies by name; as is the AS that they prepend.
func (t *Topology) chain(names []string, as uint32) policy.Chain {
	return policy.Chain{AS: as, Policies: policy.Named(t.Policies, names)}
}

// policed follows the routes of a lab with policies: what VRFs export, what
// sessions let pass, and what VRFs import.
type policed struct {
	*Topology
	as       map[string]uint32
	sessions map[vpn.Family]map[string][]sessionPair
	instance map[string][]int            // the VRFs of each router, by number
	custom   map[localRoute]*CustomerBGP // sessions that bring the networks of hosts
	hops     map[localRoute]netip.Addr   // next hops on access ports; a connected route has none
	sites    map[localRoute]vpn.SiteOfOrigin
	crossed  crossedRoutes // so far
	reached  func(router string, nextHop netip.Addr) bool
	paths    map[ExpectedRoute]policy.Path // of the routes of an intent
	chains   map[chainKey]policy.Chain     // that were needed so far

	rejected []Rejection // so far
}

// chainKey is a list of names of the topology, by its place, and the AS.
type chainKey struct {
	names *string
	n     int
	as    uint32
}

// chain is that of the topology, which every route needs again.
func (p *policed) chain(names []string, as uint32) policy.Chain {
	if len(names) == 0 {
		return policy.Chain{AS: as}
	}
	k := chainKey{&names[0], len(names), as}
	c, ok := p.chains[k]
	if !ok {
		c = p.Topology.chain(names, as)
		p.chains[k] = c
	}
	return c
}

// Rejection is a policy that keeps a route from going on.
type Rejection struct {
	Where string // "import policy of pe1 from pe2 (eth1)"
	By    policy.Step

	router string
	vrf    string // "": a session of the router
}

// evaluate notes where a chain rejects a path.
func (p *policed) evaluate(c policy.Chain, path policy.Path, at vrfKey, where string, args ...any) (policy.Path, bool) {
	path, verdict := c.Evaluate(path)
	if verdict.Rejected {
		p.rejected = append(p.rejected, Rejection{fmt.Sprintf(where, args...), verdict.By, at.router, at.vrf})
	}
	return path, !verdict.Rejected
}

// Rejections returns the policies that keep a route of a VRF from another one;
// nil where it gets there, or where no policy is to blame.
func (t *Topology) Rejections(from Origin, prefix netip.Prefix, router, vrf string) []Rejection {
	if len(t.Policies) == 0 {
		return nil
	}
	p := t.newPoliced(nil)
	_, exported := p.ownRoutes(nil, nil)
	for _, v := range p.VRFs {
		if v.Router != from.Router || v.Name != from.VRF {
			continue
		}
		for _, r := range exported[vrfKey{from.Router, from.VRF}] {
			if r.Prefix != prefix || r.Origin.Host != from.Host {
				continue
			}
			ranked := make([][]rankedRoute, len(p.VRFs))
			p.follow(v, r, ranked, make(map[Import]bool))
			for i, to := range p.VRFs {
				if to.Router == router && to.Name == vrf && len(ranked[i]) > 0 {
					return nil
				}
			}
		}
	}
	here := func(r Rejection) bool {
		at := vrfKey{r.router, r.vrf}
		return at == vrfKey{from.Router, from.VRF} || at == vrfKey{router, vrf} || at == vrfKey{router, ""}
	}
	if slices.ContainsFunc(p.rejected, here) {
		return slices.DeleteFunc(p.rejected, func(r Rejection) bool { return !here(r) })
	}
	return slices.DeleteFunc(p.rejected, func(r Rejection) bool { return r.vrf != "" }) // on the way to it
}

// localRoute is a route of a VRF to a host.
type localRoute struct {
	vrfKey
	host   string
	prefix netip.Prefix
}

func (r ExpectedRoute) local() localRoute {
	return localRoute{vrfKey{r.Origin.Router, r.Origin.VRF}, r.Origin.Host, r.Prefix}
}

// pathAt is a path of a route at a router of the lab.
type pathAt struct {
	policy.Path
	router  string
	how     learnedFrom
	nextHop netip.Addr // as it is where no policy sets another one
	hops    int
}

// rankedRoute is an expected route with what a router prefers it by.
type rankedRoute struct {
	ExpectedRoute
	path policy.Path
}

func (t *Topology) newPoliced(crossed crossedRoutes) *policed {
	p := &policed{
		Topology: t, crossed: crossed, as: t.systems(), reached: t.reaches(), instance: make(map[string][]int), custom: make(map[localRoute]*CustomerBGP),
		hops: make(map[localRoute]netip.Addr), sites: make(map[localRoute]vpn.SiteOfOrigin), paths: make(map[ExpectedRoute]policy.Path), chains: make(map[chainKey]policy.Chain),
		sessions: map[vpn.Family]map[string][]sessionPair{vpn.VPNv4: t.sessionsFor(vpn.VPNv4), vpn.VPNv6: t.sessionsFor(vpn.VPNv6)},
	}
	for i, v := range t.VRFs {
		p.instance[v.Router] = append(p.instance[v.Router], i)
	}
	for _, a := range t.AtAllRouters() {
		at := vrfKey{a.Router, a.VRF}
		p.atSite(a)
		for _, s := range a.Statics {
			p.hops[localRoute{at, a.Host, s.Prefix}] = s.NextHop
		}
		for _, network := range a.networks() {
			r := localRoute{at, a.Host, network}
			p.custom[r] = a.BGP
			for _, s := range a.BGP.Sessions {
				if s.PeerAddress.Is4() == network.Addr().Is4() {
					p.hops[r] = s.PeerAddress
				}
			}
		}
	}
	for r, route := range crossed {
		p.hops[r] = route.NextHop
	}
	return p
}

// policedIntent is Intent where more than route targets decide, with the paths of its
// routes. Aggregates may be a part of others, and links of VRFs lead from one to the next, so
// that it takes several rounds to know them. Local preferences can keep routers on links of
// VRFs from ever settling on one of several states (RFC 4264); of such a lab the intent has
// the routes of all.
func (t *Topology) policedIntent() (*policed, Intent) {
	made, crossed := t.alwaysMade(), make(crossedRoutes)
	for round := 0; ; round++ {
		p := t.newPoliced(crossed)
		out := p.intent(made)
		heard := p.heard(out.Routes)
		if round > 2*len(t.VRFs) {
			heard.keep(crossed)
		}
		if !made.grow(t, out.Routes) && heard.equal(crossed) {
			return p, out
		}
		crossed = heard
	}
}

// intent is Intent with the given aggregates.
func (p *policed) intent(made madeRoutes) Intent {
	local, exported := p.ownRoutes(made, p.crossed)
	ranked := make([][]rankedRoute, len(p.VRFs))
	imports := make(map[Import]bool)
	for i, v := range p.VRFs {
		for _, r := range local[vrfKey{v.Router, v.Name}] {
			if path, ok := p.entered(v, r); ok {
				ranked[i] = append(ranked[i], rankedRoute{r, path})
			}
		}
	}
	for _, from := range p.VRFs {
		for _, r := range exported[vrfKey{from.Router, from.Name}] {
			p.follow(from, r, ranked, imports)
		}
	}
	out := Intent{first: p.crossed.origins()}
	for i, v := range p.VRFs {
		for _, from := range p.VRFs {
			if one := (Import{v.Router, v.Name, from.Router, from.Name}); imports[one] {
				out.Imports = append(out.Imports, one)
			}
		}
		slices.SortStableFunc(ranked[i], compareRanked)
		seen := make(map[ExpectedRoute]bool)
		for _, r := range ranked[i] {
			if !seen[r.ExpectedRoute] {
				seen[r.ExpectedRoute] = true
				p.paths[r.ExpectedRoute] = r.path
				out.Routes = append(out.Routes, r.ExpectedRoute)
			}
		}
	}
	return out
}

// entered returns a route as it stands in its own VRF; false where a policy of
// the session with its host rejects it.
func (p *policed) entered(v VRF, r ExpectedRoute) (policy.Path, bool) {
	hop := p.hops[r.local()]
	path := policy.Path{Family: vpn.FamilyOf(r.Prefix), RD: v.RD, Prefix: r.Prefix, NextHop: hop, Origin: vpn.OriginIncomplete}
	ce := p.custom[r.local()]
	if told, ok := p.crossed[r.local()]; ok {
		told.RD = v.RD
		return told.Path, true
	}
	if r.Source != SourceBGP || ce == nil {
		return p.ofSite(path, r), true
	}
	path.Family, path.Origin, path.ASPath, path.RD = path.Family.Plain(), vpn.OriginIGP, ce.path(), vpn.RD{}
	chain := p.chain(ce.ImportPolicy, 0)
	path, ok := p.evaluate(chain, path, vrfKey{v.Router, v.Name}, "import policy of %s from host %s", v.Router, r.Origin.Host)
	path.Family, path.RD = vpn.FamilyOf(r.Prefix), v.RD
	return p.ofSite(path, r), ok && path.NextHop == hop
}

// follow takes a route of a VRF to all VRFs that import it.
func (p *policed) follow(from VRF, r ExpectedRoute, ranked [][]rankedRoute, imports map[Import]bool) {
	path, ok := p.entered(from, r)
	if !ok {
		return
	}
	for _, t := range from.Export {
		path.Extended = append(path.Extended, t.Bytes())
	}
	chain := p.chain(from.ExportPolicy, p.as[from.Router])
	path, ok = p.evaluate(chain, path, vrfKey{from.Router, from.Name}, "export policy of VRF %s of %s", from.Name, from.Router)
	if !ok || path.NextHop != p.hops[r.local()] {
		return
	}
	path.Weight = 0
	away := path
	away.NextHop = netip.Addr{}
	for _, at := range append(p.spread(from.Router, away), pathAt{Path: path, router: from.Router}) {
		for _, i := range p.instance[at.router] {
			v := p.VRFs[i]
			if v.Router == from.Router && v.Name == from.Name || !imported(v, at.Path) {
				continue
			}
			chain := p.chain(v.ImportPolicy, 0)
			in, ok := p.evaluate(chain, at.Path, vrfKey{v.Router, v.Name}, "import policy of VRF %s of %s", v.Name, v.Router)
			if !ok || in.NextHop != at.NextHop {
				continue
			}
			imports[Import{v.Router, v.Name, from.Router, from.Name}] = true
			r.Router, r.VRF, r.Source = v.Router, v.Name, SourceBGP
			ranked[i] = append(ranked[i], rankedRoute{r, in})
		}
	}
}

// imported reports whether a VRF imports a route target of a path.
func imported(v VRF, p policy.Path) bool {
	return slices.ContainsFunc(v.Import, func(t vpn.RouteTarget) bool { return slices.Contains(p.Extended, t.Bytes()) })
}

// spread follows a path from session to session, and returns where it can be
// used.
func (p *policed) spread(origin string, path policy.Path) []pathAt {
	sessions := p.sessions[path.Family]
	seen := make(map[string]bool)
	var queue, out []pathAt
	tell := func(s sessionPair, at pathAt) {
		next, ok := p.told(s, at)
		if key := fmt.Sprint(next.router, next.how, next.nextHop, next.Path); ok && next.router != origin && !seen[key] {
			seen[key] = true
			queue = append(queue, next)
		}
	}
	for _, s := range sessions[origin] {
		tell(s, pathAt{Path: path, router: origin, nextHop: s.near.LocalAddress})
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at.NextHop == at.nextHop && p.reached(at.router, at.nextHop) { // who answers at another one, nobody knows
			out = append(out, at)
		}
		for _, s := range sessions[at.router] {
			internal := p.as[s.near.Router] == p.as[s.far.Router]
			hop, tells := passes(s, internal, at.how, at.nextHop)
			if !tells || at.hops > len(p.Routers) {
				continue
			}
			on := at
			if hop != at.nextHop { // with the router's own label
				on.Path.NextHop, on.nextHop = hop, hop
			}
			tell(s, on)
		}
	}
	return out
}

// told returns a path as the far end of a session takes it; false where a
// policy, a community or the AS path keeps it from there.
func (p *policed) told(s sessionPair, at pathAt) (pathAt, bool) {
	near, far := p.as[s.near.Router], p.as[s.far.Router]
	internal := near == far
	if slices.Contains(at.Communities, vpn.NoAdvertise) || !internal && (slices.Contains(at.Communities, vpn.NoExport) || slices.Contains(at.Communities, vpn.NoExportSubconfed)) {
		return at, false
	}
	path := at.Path
	if !path.NextHop.IsValid() {
		path.NextHop = at.nextHop
	}
	if !internal {
		path.ASPath, path.LocalPref = path.ASPath.Prepend(near), nil
	}
	out, in := p.chain(s.near.ExportPolicy, near), p.chain(s.far.ImportPolicy, 0)
	path, ok := p.evaluate(out, path, vrfKey{s.far.Router, ""}, "export policy of %s to %s (%s)", s.near.Router, s.far.Router, s.near.Interface)
	if !ok {
		return at, false
	}
	path.Weight = 0
	if !internal {
		path.LocalPref = nil
		if path.ASPath.Contains(far) {
			return at, false
		}
	}
	if path, ok = p.evaluate(in, path, vrfKey{s.far.Router, ""}, "import policy of %s from %s (%s)", s.far.Router, s.near.Router, s.far.Interface); !ok {
		return at, false
	}
	next := pathAt{Path: path, router: s.far.Router, how: fromPeer, nextHop: at.nextHop, hops: at.hops + 1}
	switch {
	case !internal:
		next.how = howAcross(s)
	case s.far.Client:
		next.how = fromClient
	}
	return next, true
}

// compareRanked orders the routes of one instance: by prefix, then as a router
// prefers them.
func compareRanked(a, b rankedRoute) int {
	pref := func(r rankedRoute) uint32 {
		if r.path.LocalPref == nil {
			return 100
		}
		return *r.path.LocalPref
	}
	return cmp.Or(
		a.Prefix.Addr().Compare(b.Prefix.Addr()), a.Prefix.Bits()-b.Prefix.Bits(),
		comparePreference(a.ExpectedRoute, b.ExpectedRoute),
		cmp.Compare(b.path.Weight, a.path.Weight), cmp.Compare(pref(b), pref(a)),
		cmp.Compare(a.path.ASPath.Len(), b.path.ASPath.Len()),
		compareRoutes(a.ExpectedRoute, b.ExpectedRoute))
}
