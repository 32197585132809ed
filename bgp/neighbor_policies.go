package bgp

import (
	"net/netip"

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

// enginePref is the local preference that the engine has to set; nil: none.
func (n Neighbor) enginePref() *uint32 {
	if n.Import != nil {
		return nil
	}
	return n.LocalPref
}
