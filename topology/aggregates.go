package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// Aggregate is a route that an instance of a VRF has because of more specific ones
// (RFC 4271 section 9.2.2.2), or a default route that it originates.
type Aggregate struct {
	Prefix      netip.Prefix `json:"prefix"`
	SummaryOnly bool         `json:"summary_only,omitempty"` // the more specific ones are not announced
	ASSet       bool         `json:"as_set,omitempty"`       // the AS path keeps their ASes
	Always      bool         `json:"always,omitempty"`       // it needs none: a default route
}

// Covers reports whether a route is one of those that the aggregate is for.
func (a Aggregate) Covers(p netip.Prefix) bool {
	return p.Bits() > a.Prefix.Bits() && a.Prefix.Contains(p.Addr())
}

// Suppressed reports whether the routes of a VRF with these aggregates to a prefix are not
// announced.
func Suppressed(list []Aggregate, p netip.Prefix) bool {
	return slices.ContainsFunc(list, func(a Aggregate) bool { return a.SummaryOnly && a.Covers(p) })
}

type aggregateSettings struct {
	Prefix      value[network] `json:"prefix" jsonschema:"required" doc:"The prefix."`
	SummaryOnly value[bool]    `json:"summary-only" doc:"Whether the more specific routes are neither announced to other routers nor to hosts." default:"false"`
	ASSet       value[bool]    `json:"as-set" doc:"Whether the AS path keeps the ASes of the more specific routes, in a set where they differ, and their communities. Without, it is empty, and ATOMIC_AGGREGATE says that something is missing." default:"false"`
}

// rawAggregate is a prefix, or a mapping.
type rawAggregate struct {
	at pos
	aggregateSettings
}

func (a *rawAggregate) read(d *decoder, n *yaml.Node) {
	a.at = at(n)
	scalarOr(d, n, &a.Prefix, &a.aggregateSettings)
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawAggregate) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[aggregateSettings]())
}

func (b *vrfBuilder) checkAggregates(raw rawVRF, element string) {
	seen := make(map[netip.Prefix]bool)
	for _, a := range raw.Aggregates {
		p := netip.Prefix(a.Prefix.v)
		switch {
		case a.Prefix.missing():
			b.refuse(a.at, element, "an aggregate has no prefix", "add prefix: 10.0.0.0/8")
		case !a.Prefix.has:
		case seen[p]:
			b.refuse(a.Prefix.at, element, fmt.Sprintf("aggregate %s stands twice", p), "remove one")
		case p.IsSingleIP():
			b.refuse(a.Prefix.at, element, fmt.Sprintf("nothing is more specific than aggregate %s", p), "use a shorter prefix")
		case p.Bits() == 0:
			b.refuse(a.Prefix.at, element, fmt.Sprintf("aggregate %s is a default route", p), "use default-originate: true")
		}
		seen[p] = true
	}
}

// aggregates returns what a VRF makes on a router: default routes first.
func (b *vrfBuilder) aggregates(key vrfKey, raw rawVRF) []Aggregate {
	var out []Aggregate
	for _, everything := range []netip.Prefix{defaultRoute4, defaultRoute6} {
		if raw.DefaultOriginate.v && b.speaks(key, everything) {
			out = append(out, Aggregate{Prefix: everything, Always: true})
		}
	}
	for _, a := range raw.Aggregates {
		if a.Prefix.has {
			out = append(out, Aggregate{Prefix: netip.Prefix(a.Prefix.v), SummaryOnly: a.SummaryOnly.v, ASSet: a.ASSet.v})
		}
	}
	return out
}

// speaks reports whether an instance has subnets of the family of a prefix.
func (b *vrfBuilder) speaks(key vrfKey, family netip.Prefix) bool {
	return slices.ContainsFunc(b.lab.AtAllRouters(), func(a HostAttachment) bool {
		_, ok := addressOf(a.Gateways, family)
		return ok && a.Router == key.router && a.VRF == key.vrf
	})
}

// madeRoutes are the aggregates of each instance that have a more specific route, or need
// none.
type madeRoutes map[vrfKey][]Aggregate

// alwaysMade returns those that need none.
func (t *Topology) alwaysMade() madeRoutes {
	made := make(madeRoutes)
	for _, v := range t.VRFs {
		for _, a := range v.Aggregates {
			if a.Always {
				key := vrfKey{v.Router, v.Name}
				made[key] = append(made[key], a)
			}
		}
	}
	return made
}

// grow adds the aggregates of which routes are a part, and reports whether there were any.
// Aggregates may be a part of others.
func (m madeRoutes) grow(t *Topology, routes []ExpectedRoute) bool {
	possible := make(map[vrfKey][]Aggregate)
	for _, v := range t.VRFs {
		possible[vrfKey{v.Router, v.Name}] = v.Aggregates
	}
	grown := false
	for _, r := range routes {
		key := vrfKey{r.Router, r.VRF}
		for _, a := range possible[key] {
			if a.Covers(r.Prefix) && !slices.Contains(m[key], a) {
				m[key] = append(m[key], a)
				grown = true
			}
		}
	}
	return grown
}

// add adds the made routes to those that instances have and export.
func (m madeRoutes) add(instances map[vrfKey]VRF, local, exported map[vrfKey][]ExpectedRoute) {
	for key, list := range m {
		v := instances[key]
		for _, a := range list {
			r := ExpectedRoute{Router: key.router, VRF: key.vrf, Prefix: a.Prefix, Source: SourceAggregate,
				Origin: Origin{Router: key.router, VRF: key.vrf, RD: v.RD}}
			local[key] = append(local[key], r)
			exported[key] = append(exported[key], r)
		}
	}
	for key, v := range instances {
		if len(v.Aggregates) > 0 {
			exported[key] = slices.DeleteFunc(exported[key], func(r ExpectedRoute) bool { return Suppressed(v.Aggregates, r.Prefix) })
		}
	}
}
