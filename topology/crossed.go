package topology

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// crossedRoutes are the routes that VRFs have heard over links of VRFs (RFC 4364 section
// 10a), as they stand in the VRF. The host of such a route is the other end of the link.
type crossedRoutes map[localRoute]policy.Path

// add adds the routes to those that instances have and export.
func (c crossedRoutes) add(local, exported map[vrfKey][]ExpectedRoute) {
	for r, path := range c {
		one := ExpectedRoute{Router: r.router, VRF: r.vrf, Prefix: r.prefix, Source: SourceBGP,
			Origin: Origin{Router: r.router, VRF: r.vrf, RD: path.RD, Host: r.host}}
		local[r.vrfKey] = append(local[r.vrfKey], one)
		exported[r.vrfKey] = append(exported[r.vrfKey], one)
	}
}

// grow adds what the routers on links of VRFs tell each other of these routes, and reports
// whether there was anything new.
func (c crossedRoutes) grow(p *policed, routes []ExpectedRoute) bool {
	grown := false
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
				grown = c.tell(p, near.Attachment, far, r) || grown
			}
		}
	}
	return grown
}

// tell adds what the far end of a link hears of a route, if it takes it and has not heard it
// before.
func (c crossedRoutes) tell(p *policed, near Attachment, far HostAttachment, r ExpectedRoute) bool {
	heard := localRoute{vrfKey{far.Router, far.VRF}, far.Host, r.Prefix}
	carries := func(s CustomerSession) bool { return s.PeerAddress.Is4() == r.Prefix.Addr().Is4() }
	i := slices.IndexFunc(far.BGP.Sessions, carries)
	if _, known := c[heard]; known || i < 0 || far.BGP.Shutdown || slices.ContainsFunc(far.Gateways, func(g netip.Prefix) bool { return g.Masked() == r.Prefix }) {
		return false
	}
	path, ok := p.toldTo(&near, r)
	if !ok || path.ASPath.Contains(p.as[far.Router]) {
		return false
	}
	path.LocalPref, path.Weight = nil, 0
	chain := p.chain(far.BGP.ImportPolicy, 0)
	path, ok = p.evaluate(chain, path, vrfKey{far.Router, far.VRF}, "import policy of %s from router %s", far.Router, near.Router)
	if !ok || path.NextHop != far.BGP.Sessions[i].PeerAddress {
		return false
	}
	path.Family = vpn.FamilyOf(r.Prefix)
	for _, v := range p.VRFs {
		if v.Router == far.Router && v.Name == far.VRF {
			path.RD = v.RD
		}
	}
	c[heard] = path
	return true
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
