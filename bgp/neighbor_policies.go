package bgp

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
)

// routePolicies are what a session does with routes. Nil takes them as they are.
type routePolicies struct {
	in, out *policy.Chain
	nextHop netip.Addr // LocalIPv6
	paths   int        // AddPathPaths
}

func (n Neighbor) policies() routePolicies {
	return routePolicies{n.importChain(), n.Export, n.LocalIPv6, int(n.AddPathPaths)}
}

// importChain is the import policy. The session's local preference is what its
// policies find, and may change.
func (n Neighbor) importChain() *policy.Chain {
	if n.Import == nil || n.LocalPref == nil {
		return n.Import
	}
	first := policy.Policy{Name: "local-pref", Terms: []policy.Term{{Set: policy.Set{LocalPref: n.LocalPref}, Then: policy.Next}}}
	return &policy.Chain{AS: n.Import.AS, Policies: append([]policy.Policy{first}, n.Import.Policies...)}
}

// Draining returns an export policy that marks routes as those of a router that will soon
// forward no more, so that peers take others while it still does (RFC 8326 section 4.1); to a
// peer of the AS, they have the lowest local preference. What the policy does comes after
// that. as is that of the chain.
func Draining(export *policy.Chain, as uint32, internal bool) *policy.Chain {
	set := policy.Set{Communities: policy.Edit[Community, policy.CommunityPattern]{Add: []Community{GracefulShutdown}}}
	if internal {
		set.LocalPref = new(uint32)
	}
	out := &policy.Chain{AS: as, Policies: []policy.Policy{{Name: "graceful-shutdown", Terms: []policy.Term{{Set: set, Then: policy.Next}}}}}
	if export != nil {
		out.Policies = append(out.Policies, export.Policies...)
	}
	return out
}

// Shunned returns a route as it counts: one of an external peer that will soon forward no
// more, and about which nothing else was decided, is the last resort (RFC 8326 section 4.2).
func (r Route) Shunned() Route {
	if !r.IBGP && r.LocalPref == nil && slices.Contains(r.Communities, GracefulShutdown) {
		r.LocalPref = new(uint32)
	}
	return r
}

// enginePref is the local preference that the engine has to set; nil: none.
func (n Neighbor) enginePref() *uint32 {
	if n.Import != nil {
		return nil
	}
	return n.LocalPref
}
