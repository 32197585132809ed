package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Explain returns why a prefix is in a VRF or is not. vrf is the name or RD of the
// VRF; ok is false if the router has none.
func (s *Snapshot) Explain(router, vrf string, prefix netip.Prefix) (e status.Explanation, ok bool) {
	v, ok := s.vrf(router, vrf)
	if !ok {
		return e, false
	}
	prefix = prefix.Masked()
	e = status.Explanation{
		Router: router, VRF: v.VRF, RD: v.RD, Prefix: prefix, Import: v.Import,
		Paths: []status.ExplainedPath{}, Origins: []status.ExplainedRoute{}, Longer: []netip.Prefix{},
	}
	for _, r := range v.Routes {
		if r.Prefix == prefix {
			e.Paths = append(e.Paths, s.path(router, r))
		}
	}
	for _, o := range originsOf(s.Topology, prefix) {
		e.Origins = append(e.Origins, s.route(router, v, o))
	}
	s.used(&e, v)
	s.conclude(&e)
	return e, true
}

// used finds the route that packets to the prefix take.
func (s *Snapshot) used(e *status.Explanation, v status.VRF) {
	bits := -1
	take := func(p netip.Prefix) {
		if p.Bits() <= e.Prefix.Bits() && p.Contains(e.Prefix.Addr()) && p.Bits() > bits {
			bits, e.Used = p.Bits(), p
		}
		if p.Bits() > e.Prefix.Bits() && e.Prefix.Contains(p.Addr()) && !slices.Contains(e.Longer, p) {
			e.Longer = append(e.Longer, p)
		}
	}
	for _, r := range v.Routes {
		if r.Best {
			take(r.Prefix)
		}
	}
	for _, i := range s.ports(v.Router, v.VRF) {
		for _, g := range i.Addresses {
			take(g.Masked())
		}
	}
	switch {
	case !e.Used.IsValid():
	case e.Used == e.Prefix:
		e.UsedFor = status.MatchExact
	default:
		e.UsedFor = status.MatchShorter
	}
	slices.SortFunc(e.Longer, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
}

// path explains a path in the VRF.
func (s *Snapshot) path(router string, r status.Route) status.ExplainedPath {
	p := status.ExplainedPath{NextHop: r.NextHop, Label: r.Label, Source: r.Source, Best: r.Best, Reason: r.Reason}
	switch {
	case r.Best && r.Source == status.SourceBGP && s.isRemote(router, r.NextHop):
		p.Meaning = s.nextHop(router, r.NextHop)
	case r.Best:
		p.Meaning = status.MeaningUsed
	case r.Unusable != "":
		p.Meaning = "not usable: " + r.Unusable
	case r.Reason == status.ReasonUnreachable:
		p.Meaning = s.unusable(router, r.NextHop)
	case r.Reason == status.ReasonFull:
		p.Meaning = "refused: the VRF has as many routes as max-routes allows"
	case r.Reason == status.ReasonLabel:
		p.Meaning = fmt.Sprintf("not usable: label %s is reserved (RFC 3032 section 2.1)", number(r.Label))
	default:
		p.Meaning = "not used: another path is better by " + r.Reason
	}
	p.ChangedBy = append(s.changedBy(router, r), r.ChangedBy...)
	return p
}

// changedBy returns the terms of the session's import policy that changed a path.
func (s *Snapshot) changedBy(router string, r status.Route) []string {
	for _, o := range s.Received {
		if o.Router == router && o.Prefix == r.Prefix && o.NextHop == r.NextHop && o.Rejected == "" && r.Source == status.SourceBGP {
			return slices.Clone(o.ChangedBy)
		}
	}
	return []string{}
}

// unused returns what a peer has announced of a prefix and the router does not
// use; nil if there is no such route.
func (s *Snapshot) unused(e *status.Explanation) *status.SessionRoute {
	for i, r := range s.Received {
		wanted := r.VRF == e.VRF || r.VRF == "" && len(common(r.Targets, e.Import)) > 0
		if r.Router == e.Router && r.Prefix == e.Prefix && r.Rejected != "" && wanted {
			return &s.Received[i]
		}
	}
	return nil
}

// nextHop returns the meaning of a best path: whether packets reach its next hop.
func (s *Snapshot) nextHop(router string, a netip.Addr) string {
	for _, n := range s.Neighbors {
		if n.Router == router && n.VRF == "" && n.Address == a {
			if n.MAC != "" {
				return status.MeaningUsed
			}
			return fmt.Sprintf("waits: next hop %s does not answer on %s (%s)", a, n.Interface, n.State)
		}
	}
	return status.MeaningUsed
}

// unusable returns why a next hop cannot be used.
func (s *Snapshot) unusable(router string, a netip.Addr) string {
	if b := s.lostByBFD(router, a); b != nil {
		return fmt.Sprintf("not usable: BFD has lost next hop %s: %s", a, b.Diagnostic)
	}
	for _, i := range s.core(router) {
		if contains(i.Addresses, a) && i.Oper != status.InterfaceUp {
			return fmt.Sprintf("not usable: next hop %s is on %s, which %s", a, i.Name, down(i))
		}
		if contains(i.Addresses, a) {
			return fmt.Sprintf("not usable: next hop %s is not resolved on %s", a, i.Name)
		}
	}
	if len(s.LSPs) > 0 {
		return "not usable: " + s.noPath(router, a)
	}
	return fmt.Sprintf("not usable: next hop %s is on no link of router %s", a, router)
}

// conclude sums up the explanation in one line.
func (s *Snapshot) conclude(e *status.Explanation) {
	best := slices.IndexFunc(e.Paths, func(p status.ExplainedPath) bool { return p.Best })
	switch {
	case best >= 0:
		e.Present = e.Paths[best].Meaning == status.MeaningUsed
		e.Verdict = s.presence(e, e.Paths[best])
		return
	case e.UsedFor == status.MatchExact:
		e.Present = true
		e.Verdict = "it is a connected subnet of the router in this VRF"
		return
	case len(e.Paths) > 0:
		e.Verdict = "it is in the VRF, but no path is usable: " + e.Paths[0].Meaning
		e.Remedy = "pseudowan show peer --router " + e.Router
		if s.lostByBFD(e.Router, e.Paths[0].NextHop) != nil {
			e.Remedy = "pseudowan show bfd --router " + e.Router
		}
		if e.Paths[0].Reason == status.ReasonPolicy {
			e.Remedy = "change the import policy of the VRF, where the route is wanted"
		}
		if e.Paths[0].Reason == status.ReasonFull {
			e.Remedy = "raise max-routes of the VRF, or let others announce fewer routes"
		}
	case s.unused(e) != nil:
		r := s.unused(e)
		e.Verdict = fmt.Sprintf("peer %s announces it, and it is not used: %s", r.RemoteAddress, r.Rejected)
		e.Remedy = fmt.Sprintf("pseudowan show neighbor %s received --router %s", r.RemoteAddress, e.Router)
	case s.aggregates(e):
		e.Verdict = "the VRF aggregates it, but has no more specific route"
		e.Remedy = "pseudowan show vrf --router " + e.Router + " --vrf " + e.VRF
	case len(e.Origins) == 0:
		e.Verdict = "no host of the lab has or announces it, and no peer sent it"
		e.Remedy = "give a host an address in it, or a LAN (lans:), or let one announce it (announce:)"
	default:
		o := closest(e)
		e.Verdict, e.Remedy = o.Verdict, o.Remedy
		if o.Prefix != e.Prefix {
			e.Verdict = fmt.Sprintf("no host of the lab has or announces exactly this prefix; %s of host %s: %s", o.Prefix, o.Host, o.Verdict)
		}
	}
	if e.Used.IsValid() {
		e.Verdict += fmt.Sprintf("; packets to it take the shorter route %s", e.Used)
	}
}

// aggregates reports whether the VRF has an aggregate of the prefix, perhaps without parts.
func (s *Snapshot) aggregates(e *status.Explanation) bool {
	return slices.ContainsFunc(s.Topology.VRFs, func(v topology.VRF) bool {
		is := func(a topology.Aggregate) bool { return a.Prefix == e.Prefix }
		return v.Router == e.Router && v.Name == e.VRF && slices.ContainsFunc(v.Aggregates, is)
	})
}

func (s *Snapshot) presence(e *status.Explanation, p status.ExplainedPath) string {
	text := fmt.Sprintf("it is there: %s, next hop %s", p.Source, p.NextHop)
	if p.Label != nil && p.Source == status.SourceBGP {
		text += fmt.Sprintf(", label %d", *p.Label)
	}
	switch {
	case p.Meaning != status.MeaningUsed:
		text += "; it " + p.Meaning
	case len(e.Paths) > 1:
		text += fmt.Sprintf("; the best of %d paths by %s", len(e.Paths), p.Reason)
	}
	if why := s.unwatched(e.Router, p.NextHop); why != "" {
		text += "; " + why
	}
	if len(p.ChangedBy) > 0 {
		text += "; changed by " + strings.Join(p.ChangedBy, " and ")
	}
	if n := len(e.Longer); n > 0 {
		text += fmt.Sprintf("; more specific routes override parts of it: %s", e.Longer[0])
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return text
}

// closest returns the origin whose route got furthest: one that has arrived, else one
// that the VRF would import, else the first.
func closest(e *status.Explanation) status.ExplainedRoute {
	for _, near := range []func(status.ExplainedRoute) bool{
		func(o status.ExplainedRoute) bool { return o.Arrived },
		func(o status.ExplainedRoute) bool { return len(common(o.Export, e.Import)) > 0 },
	} {
		if i := slices.IndexFunc(e.Origins, near); i >= 0 {
			return e.Origins[i]
		}
	}
	return e.Origins[0]
}
