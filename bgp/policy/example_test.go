package policy_test

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// A transit's routes to our customers are preferred, and all others of it
// refused.
func Example() {
	var chain policy.Chain
	if err := json.Unmarshal([]byte(`{"policies": [{"name": "from-transit", "terms": [
		{"match": {"prefixes": ["10.0.0.0/8 le 24", "except 10.9.0.0/16 le 24"], "as_path": ["^65002_"]}, "set": {"local_pref": 200, "communities": {"add": ["65001:7"]}}},
		{"then": "reject"}]}]}`), &chain); err != nil {
		fmt.Println(err)
	}
	for _, p := range []policy.Path{
		{Family: vpn.VPNv4, Prefix: netip.MustParsePrefix("10.1.0.0/16"), ASPath: vpn.Sequence(65002, 65100)},
		{Family: vpn.VPNv4, Prefix: netip.MustParsePrefix("10.9.0.0/16"), ASPath: vpn.Sequence(65002, 65100)},
		{Family: vpn.VPNv4, Prefix: netip.MustParsePrefix("10.1.0.0/16"), ASPath: vpn.Sequence(65020)},
	} {
		out, verdict := chain.Evaluate(p)
		if verdict.Rejected {
			fmt.Printf("%s by %s: rejected by %s\n", p.Prefix, p.ASPath, verdict.By)
			continue
		}
		fmt.Printf("%s by %s: local preference %d, communities %s, by %s\n", p.Prefix, p.ASPath, *out.LocalPref, out.Communities, verdict.By)
	}
	// Output:
	// 10.1.0.0/16 by 65002 65100: local preference 200, communities [65001:7], by policy from-transit, term 1
	// 10.9.0.0/16 by 65002 65100: rejected by policy from-transit, term 2
	// 10.1.0.0/16 by 65020: rejected by policy from-transit, term 2
}
