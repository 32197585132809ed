package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// route explains how far a route of the lab gets on its way into a VRF.
func (s *Snapshot) route(router string, v status.VRF, o origin) status.ExplainedRoute {
	e := status.ExplainedRoute{
		Router: o.Router, VRF: o.VRF, RD: o.RD.String(), Host: o.Host, Prefix: o.prefix, Source: o.source, Export: []string{},
	}
	exporter, found := s.vrf(o.Router, o.VRF)
	if found {
		e.RD, e.Export = exporter.RD, exporter.Export
	}
	if o.Router == router && o.VRF == v.VRF {
		e.Arrived = true
		e.Verdict, e.Remedy = s.own(o)
		return e
	}
	if topology.Suppressed(o.instance.Aggregates, o.prefix) {
		e.Verdict, e.Remedy = fmt.Sprintf("not announced: an aggregate of VRF %s of %s stands for it (summary-only)", o.VRF, o.Router), "remove summary-only, where the route is wanted"
		return e
	}
	if e.Verdict, e.Remedy = s.announced(o); e.Verdict != "" {
		return e
	}
	if why := s.rejected(router, v.VRF, o); why != "" {
		e.Verdict, e.Remedy = why, "change the policy, where the route is wanted"
		return e
	}
	if len(common(exporter.Export, v.Import)) == 0 && !s.meant(router, v.VRF, o) {
		e.Verdict, e.Remedy = s.noTarget(v, exporter)
		return e
	}
	if o.Router == router {
		e.Arrived = true
		e.Verdict = "imported from VRF " + o.VRF + " of this router"
		return e
	}
	e.Verdict, e.Remedy, e.Arrived = s.transported(router, v, exporter, o.prefix)
	return e
}

// rejected says which policies keep a route of the lab from a VRF; "" if none
// does.
func (s *Snapshot) rejected(router, vrf string, o origin) string {
	var words []string
	for _, r := range s.Topology.Rejections(o.Origin, o.prefix, router, vrf) {
		if w := fmt.Sprintf("rejected by %s (%s)", r.By, r.Where); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, ", ")
}

// meant reports whether a policy changes the targets of a route so that a VRF
// imports it.
func (s *Snapshot) meant(router, vrf string, o origin) bool {
	return len(s.Topology.Policies) > 0 && slices.ContainsFunc(s.Topology.Intent().Routes, func(r topology.ExpectedRoute) bool {
		return r.Router == router && r.VRF == vrf && r.Prefix == o.prefix && r.Origin == o.Origin
	})
}

// own explains a route of the VRF's own hosts.
func (s *Snapshot) own(o origin) (verdict, remedy string) {
	if why, remedy := s.portDown(o); why != "" {
		return why, remedy
	}
	if !o.neighbor.IsValid() {
		return s.named(o.Host) + " is attached here", ""
	}
	if _, up := s.neighbor(o.Router, o.VRF, o.neighbor); !up {
		return s.silent(o.neighbor, o.Host), s.silentRemedy(o.neighbor, o.Host)
	}
	return s.named(o.Host) + " has it", ""
}

// noTarget explains that two VRFs share no route target, and names those whose route
// targets depart from the topology.
func (s *Snapshot) noTarget(importer, exporter status.VRF) (verdict, remedy string) {
	verdict = fmt.Sprintf("no route target in common: VRF %s of %s exports %s, VRF %s of %s imports %s",
		exporter.VRF, exporter.Router, listed(exporter.Export), importer.VRF, importer.Router, listed(importer.Import))
	var departs []string
	for _, v := range []status.VRF{exporter, importer} {
		if d := s.deviation(v.Router, v.VRF); d != "" {
			departs = append(departs, d)
		}
	}
	if len(departs) > 0 {
		return verdict + "; " + strings.Join(departs, "; "), "run `pseudowan up` with the topology file"
	}
	if len(exporter.Export) == 0 {
		return verdict, fmt.Sprintf("give VRF %s an export target that VRF %s imports", exporter.VRF, importer.VRF)
	}
	return verdict, fmt.Sprintf("add %s to import: of VRF %s, if that is intended", exporter.Export[0], importer.VRF)
}

// deviation returns how a running VRF's route targets differ from the
// topology's; "" if they do not.
func (s *Snapshot) deviation(router, vrf string) string {
	v, ok := s.vrf(router, vrf)
	i := slices.IndexFunc(s.Topology.VRFs, func(w topology.VRF) bool { return w.Router == router && w.Name == v.VRF })
	if !ok || i < 0 {
		return ""
	}
	meant := s.Topology.VRFs[i]
	var parts []string
	for _, side := range []struct {
		verb     string
		has, say []string
	}{{"imports", v.Import, texts(meant.Import)}, {"exports", v.Export, texts(meant.Export)}} {
		if len(without(side.say, side.has))+len(without(side.has, side.say)) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (topology: %s)", side.verb, listed(side.has), listed(side.say)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("VRF %s of %s %s", v.VRF, router, strings.Join(parts, " and "))
}

// transported explains how far a route with a common target got from one router to
// another.
func (s *Snapshot) transported(router string, v, from status.VRF, prefix netip.Prefix) (verdict, remedy string, arrived bool) {
	for _, r := range s.RIB {
		if r.Router != router || r.RD != from.RD || r.Prefix != prefix {
			continue
		}
		if len(common(r.Targets, v.Import)) == 0 {
			return fmt.Sprintf("received with route targets %s, none of which VRF %s imports (it imports %s)",
				listed(r.Targets), v.VRF, listed(v.Import)), "", false
		}
		return "received and imported", "", true
	}
	family, direct := status.FamilyVPNv4, false
	if prefix.Addr().Is6() {
		family = status.FamilyVPNv6
	}
	for _, p := range s.Peers {
		if p.Router != router || p.VRF != "" || s.routerAt(p.RemoteAddress) != from.Router {
			continue
		}
		direct = true
		switch {
		case p.State != status.SessionEstablished:
			verdict = fmt.Sprintf("not received: the BGP session of %s with %s (%s) is %s", router, from.Router, p.RemoteAddress, p.State)
			remedy = "pseudowan show peer"
		case len(p.Families) > 0 && !slices.Contains(p.Families, family):
			verdict = fmt.Sprintf("not received: the BGP session of %s with %s does not carry %s", router, from.Router, family)
			remedy = "enable both families in bgp: of the link"
		case p.Received > p.Accepted:
			verdict = fmt.Sprintf("not accepted: of %d prefixes from %s, %d were filtered", p.Received, from.Router, p.Received-p.Accepted)
		default:
			return fmt.Sprintf("not received, though the BGP session of %s with %s is established", router, from.Router), "pseudowan show rib --router " + from.Router, false
		}
	}
	if direct {
		return verdict, remedy, false
	}
	return s.indirect(router, from)
}

// indirect explains a route from a router with which there is no session.
func (s *Snapshot) indirect(router string, from status.VRF) (verdict, remedy string, arrived bool) {
	for _, p := range s.Peers {
		if p.Router == router && p.VRF == "" && p.State != status.SessionEstablished {
			return fmt.Sprintf("not received: the BGP session of %s with %s is %s, and it has none with %s itself",
				router, p.RemoteAddress, p.State, from.Router), "pseudowan show peer", false
		}
	}
	return fmt.Sprintf("not received: %s has no BGP session with %s, and no route reflector passes on its routes", router, from.Router),
		"add a link with a session between them, bgp: full-mesh, or a route reflector", false
}

func texts[T interface{ String() string }](list []T) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.String()
	}
	return out
}

// without returns the items of a that are not in b.
func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
