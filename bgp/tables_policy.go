package bgp

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// PolicyPath is what policies see of a VPN route.
func (r Route) PolicyPath() policy.Path {
	p := policy.Path{
		Family: vpn.FamilyOf(r.Prefix), RD: r.RD, Prefix: r.Prefix, NextHop: r.NextHop, Origin: r.Origin, ASPath: r.ASPath,
		MED: r.MED, LocalPref: r.LocalPref, Communities: r.Communities, Large: r.LargeCommunities, Weight: r.Weight,
	}
	for _, t := range r.Targets {
		p.Extended = append(p.Extended, t.Bytes())
	}
	p.Extended = append(p.Extended, r.Extended...)
	return p
}

// Apply returns the route as a chain makes it; nil leaves it as it is. A rejected
// route is returned as it came.
func (r Route) Apply(c *policy.Chain) (Route, policy.Verdict) {
	if c == nil {
		return r, policy.Verdict{}
	}
	p, v := c.Evaluate(r.PolicyPath())
	if len(v.Changed) == 0 {
		return r, v
	}
	r.NextHop, r.ASPath, r.MED, r.LocalPref, r.Weight = p.NextHop, p.ASPath, p.MED, p.LocalPref, p.Weight
	r.Communities, r.LargeCommunities = p.Communities, p.Large
	r.Targets, r.Extended = nil, nil
	for _, c := range p.Extended {
		if t, ok := vpn.RouteTargetFromBytes(c); ok {
			r.Targets = append(r.Targets, t)
		} else {
			r.Extended = append(r.Extended, c)
		}
	}
	return r, v
}

// leaving is a path of a VRF as other VRFs of the router get it; nil where it
// stays. Where packets go is not the policy's to say, and no weight leaves.
func (p *path) leaving(v *vrfTable) *path {
	if v.summarizes(p.Route.Prefix) {
		return nil
	}
	if p.private || v.ExportPolicy == nil {
		return p
	}
	r, verdict := p.Route.Apply(v.ExportPolicy)
	if verdict.Rejected {
		return nil
	}
	q := *p
	q.Route, q.out = r, nil
	q.Route.NextHop, q.Route.Weight = p.Route.NextHop, p.Route.Weight
	return &q
}

// exported is a path as the VRFs see it that import it; nil where none does.
func (p *path) exported() *path {
	if p.VRF == "" {
		return p
	}
	return p.out
}

// standing is a path as it stands in a VRF: as it is in its own, as the import
// policy makes it in others.
func (t *Tables) standing(v *vrfTable, p *path) *path {
	if p.VRF != "" && p.VRF == v.Name {
		return p
	}
	from := p.exported()
	if v.ImportPolicy == nil {
		return from
	}
	if in := v.mapped[from]; in != nil {
		return in
	}
	in := &path{Path: from.Path, inner: from.inner}
	route, verdict := from.Route.Apply(v.ImportPolicy)
	in.Route, in.Policy = route, &verdict
	if from.inner != nil && !equalOptional(in.Route.LocalPref, from.Route.LocalPref) { // the policy's counts
		inner := *from.inner
		inner.LocalPref, in.inner = in.Route.LocalPref, &inner
	}
	switch {
	case in.Policy.Rejected:
		in.Route.Unusable = "rejected by " + in.Policy.By.String()
	case from.VRF != "":
		in.Route.NextHop = from.Route.NextHop
	case in.Route.NextHop != from.Route.NextHop:
		t.follow(in.Route.NextHop, +1)
	}
	in.reach = t.reachIn(from, in)
	v.mapped[from] = in
	return in
}

// reachIn is the reach of what an import policy has made of a path.
func (t *Tables) reachIn(from, in *path) reach {
	to := from.reach
	if from.VRF == "" {
		to = t.reach(in.Route)
	}
	if in.Policy.Rejected {
		to.fault = reasonPolicy
	}
	return to
}

// unmap forgets what the import policy of a VRF has made of a path.
func (t *Tables) unmap(v *vrfTable, from *path) {
	in := v.mapped[from]
	if in == nil {
		return
	}
	if in.Route.NextHop != from.Route.NextHop {
		t.follow(in.Route.NextHop, -1)
	}
	delete(v.mapped, from)
}

// unmapAll forgets a table.
func (t *Tables) unmapAll(v *vrfTable) {
	for from := range v.mapped {
		t.unmap(v, from)
	}
}

// judgeAgain looks again at what import policies have made of received routes:
// whether a next hop can be used, or how far it is, has changed.
func (b *batch) judgeAgain() {
	for _, v := range b.tables.vrfs {
		for from, in := range v.mapped {
			if reach := b.tables.reachIn(from, in); reach != in.reach {
				in.reach = reach
				b.note(v, v.prefixes[in.Route.Prefix], in)
			}
		}
	}
}

// summarizes reports whether an aggregate stands for the routes to a prefix.
func (v *VRF) summarizes(p netip.Prefix) bool {
	return slices.ContainsFunc(v.Summaries, func(s netip.Prefix) bool { return p.Bits() > s.Bits() && s.Contains(p.Addr()) })
}

// sameExports reports whether local routes leave a VRF as before.
func (v *VRF) sameExports(o *VRF) bool {
	return v.RD == o.RD && slices.Equal(v.Export, o.Export) && slices.Equal(v.Summaries, o.Summaries) && sameChain(v.ExportPolicy, o.ExportPolicy)
}

func sameChain(a, b *policy.Chain) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
