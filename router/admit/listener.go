package admit

import (
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// listeners returns the sessions over a link and, if label-switched paths use it, those
// between loopbacks: packets of their routes come with labels of paths, or after the last
// of these is popped.
func listeners(cfg config.Router, link config.Core) (list []listener) {
	path := slices.ContainsFunc(cfg.Sessions, func(s topology.Session) bool {
		return s.Interface == link.Name && slices.ContainsFunc(s.Families, func(f vpn.Family) bool { return f == f.Labeled() })
	})
	for _, s := range cfg.Sessions {
		if s.Interface != link.Name && (!path || s.Interface != config.LoopbackInterface) {
			continue
		}
		l := listener{families: s.Families, export: cfg.Export(s.ExportPolicy), local: s.LocalAddress, as: cfg.AS, external: s.PeerAS != cfg.AS, border: s.Border, peer: s.PeerAS}
		if s.LocalAS != 0 {
			l.as = s.LocalAS
		}
		list = append(list, l)
	}
	return list
}

// defaultLocalPref is that of routes without one within an AS.
const defaultLocalPref = 100

// hears reports whether the peer is told of a route. Well-known communities and export
// policies decide that in the same way as at the session.
func (l listener) hears(n name, r bgp.Route) bool {
	family := vpn.FamilyOf(n.Prefix)
	if n.labeled {
		family = family.Labeled()
	}
	switch {
	case r.To == bgp.ToAll:
	case !l.border && (l.external || r.To == bgp.ToEdge), l.border && r.ASPath.Contains(l.peer): // it would only come back
		return false
	}
	restricted := slices.ContainsFunc(r.Communities, func(c bgp.Community) bool {
		return c == bgp.NoAdvertise || l.external && (c == bgp.NoExport || c == bgp.NoExportSubconfed)
	})
	if !slices.Contains(l.families, family) || restricted {
		return false
	}
	_, verdict := l.sees(r).Apply(l.export)
	return !verdict.Rejected
}

// sees returns a route with the attributes that the session gives it before its policy.
func (l listener) sees(r bgp.Route) bgp.Route {
	if r.NextHop == (netip.Addr{}) {
		r.NextHop = l.local
	}
	switch preference := uint32(defaultLocalPref); {
	case l.external:
		r.ASPath, r.LocalPref = r.ASPath.Prepend(l.as), nil
	case r.LocalPref == nil:
		r.LocalPref = &preference
	}
	return r
}
