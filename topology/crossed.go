package topology

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// crossedRoutes are the routes that VRFs have heard over links of VRFs (RFC 4364 section
// 10a), as they stand in the VRF. The host of such a route is the other end of the link.
type crossedRoutes map[localRoute]crossedRoute

// crossedRoute is one of them, with where it entered the lab.
type crossedRoute struct {
	policy.Path
	first Origin
}

// origins returns where the routes entered the lab.
func (c crossedRoutes) origins() map[localRoute]Origin {
	out := make(map[localRoute]Origin, len(c))
	for r, route := range c {
		out[r] = route.first
	}
	return out
}

// add adds the routes to those that instances have and export.
func (c crossedRoutes) add(local, exported map[vrfKey][]ExpectedRoute) {
	for r, route := range c {
		one := ExpectedRoute{Router: r.router, VRF: r.vrf, Prefix: r.prefix, Source: SourceBGP,
			Origin: Origin{Router: r.router, VRF: r.vrf, RD: route.RD, Host: r.host}}
		local[r.vrfKey] = append(local[r.vrfKey], one)
		exported[r.vrfKey] = append(exported[r.vrfKey], one)
	}
}

// keep takes routes back as they were before.
func (c crossedRoutes) keep(before crossedRoutes) { maps.Copy(c, before) }

// equal reports whether two sets are the same.
func (c crossedRoutes) equal(o crossedRoutes) bool {
	return maps.EqualFunc(c, o, func(a, b crossedRoute) bool { return a.first == b.first && reflect.DeepEqual(a.Path, b.Path) })
}

// heard returns what the routers on links of VRFs tell each other of these routes.
func (p *policed) heard(routes []ExpectedRoute) crossedRoutes {
	out := make(crossedRoutes)
	best := make(map[vrfKey][]ExpectedRoute)
	for _, r := range routes {
		key := vrfKey{r.Router, r.VRF}
		if n := len(best[key]); n == 0 || best[key][n-1].Prefix != r.Prefix {
			best[key] = append(best[key], r)
		}
	}
	for _, l := range p.Links {
		for i := range l.Ends {
			near, ok := l.AtVRF(i)
			if !ok || near.BGP.Shutdown {
				continue
			}
			far, _ := l.AtVRF(1 - i)
			for _, r := range best[vrfKey{near.Router, near.VRF}] {
				out.tell(p, near, far, r)
			}
		}
	}
	return out
}

// tell adds what the far end of a link hears of a route, if it takes it.
func (c crossedRoutes) tell(p *policed, near, far HostAttachment, r ExpectedRoute) {
	heard := localRoute{vrfKey{far.Router, far.VRF}, far.Host, r.Prefix}
	carries := func(s CustomerSession) bool { return s.PeerAddress.Is4() == r.Prefix.Addr().Is4() }
	i := slices.IndexFunc(far.BGP.Sessions, carries)
	if i < 0 || far.BGP.Shutdown || r.local() == (localRoute{vrfKey{near.Router, near.VRF}, near.Host, r.Prefix}) || slices.ContainsFunc(far.Gateways, func(g netip.Prefix) bool { return g.Masked() == r.Prefix }) {
		return
	}
	path, ok := p.toldTo(&near.Attachment, r)
	if !ok || path.ASPath.Count(p.as[far.Router]) > int(far.BGP.AllowOwnAS) {
		return
	}
	path.LocalPref, path.Weight = nil, 0
	chain := p.chain(far.BGP.ImportPolicy, 0)
	path, ok = p.evaluate(chain, path, vrfKey{far.Router, far.VRF}, "import policy of %s from router %s", far.Router, near.Router)
	if !ok || path.NextHop != far.BGP.Sessions[i].PeerAddress {
		return
	}
	path.Family = vpn.FamilyOf(r.Prefix)
	for _, v := range p.VRFs {
		if v.Router == far.Router && v.Name == far.VRF {
			path.RD = v.RD
		}
	}
	first := r.Origin
	if before, crossed := p.crossed[r.local()]; crossed {
		first = before.first
	}
	c[heard] = crossedRoute{path, first}
}

// tells reports whether a router tells a host that speaks BGP of a route.
func (p *policed) tells(a *Attachment, r ExpectedRoute) bool {
	_, ok := p.toldTo(a, r)
	return ok
}

// toldTo returns a route as a router tells it to a host that speaks BGP; false if it does not.
func (p *policed) toldTo(a *Attachment, r ExpectedRoute) (policy.Path, bool) {
	path, known := p.paths[r]
	switch {
	case p.suppressed(a, r.Prefix):
		return path, false
	case !known:
		return path, true
	case !a.SoO.IsZero() && slices.Contains(path.Extended, a.SoO.Bytes()):
		return path, false // of its own site
	}
	for _, kept := range []vpn.Community{vpn.NoExport, vpn.NoExportSubconfed, vpn.NoAdvertise} {
		if slices.Contains(path.Communities, kept) {
			return path, false
		}
	}
	path.Family, path.RD, path.MED = path.Family.Plain(), vpn.RD{}, nil
	path.ASPath = path.ASPath.Prepend(p.as[a.Router])
	path.Extended = slices.DeleteFunc(slices.Clone(path.Extended), func(c vpn.ExtendedCommunity) bool {
		_, target := vpn.RouteTargetFromBytes(c)
		return target
	})
	for _, s := range a.BGP.Sessions {
		if s.LocalAddress.Is4() == r.Prefix.Addr().Is4() {
			path.NextHop = s.LocalAddress
		}
	}
	chain := p.chain(a.BGP.ExportPolicy, p.as[a.Router])
	path, verdict := chain.Evaluate(path)
	return path, !verdict.Rejected
}

// crossed returns what VRFs have heard over links of VRFs.
func (t *Topology) crossed() crossedRoutes {
	if !t.linksVRFs() {
		return nil
	}
	p, _ := t.policedIntent()
	return p.crossed
}

// linksVRFs reports whether there are links of VRFs.
func (t *Topology) linksVRFs() bool {
	return slices.ContainsFunc(t.Links, func(l Link) bool { return l.InterAS == OptionA })
}
