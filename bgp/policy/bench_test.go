package policy

import (
	"fmt"
	"net/netip"
	"testing"

	"pseudowan/bgp/vpn"
)

// BenchmarkChain passes a path through 100 policies of three terms, of which two
// match nothing.
func BenchmarkChain(b *testing.B) {
	var c Chain
	for i := range 100 {
		var list PrefixList
		for k := range 20 {
			r, err := ParsePrefixRange(fmt.Sprintf("172.%d.%d.0/24 le 32", 16+i%16, k))
			if err != nil {
				b.Fatal(err)
			}
			list = append(list, r)
		}
		communities, err := ParseCommunities(fmt.Sprintf("65001:%d", i))
		if err != nil {
			b.Fatal(err)
		}
		pattern, err := ParseASPathPattern(fmt.Sprintf("_%d_", 64512+i))
		if err != nil {
			b.Fatal(err)
		}
		med, pref := uint32(i), uint32(i)
		c.Policies = append(c.Policies, Policy{Name: fmt.Sprintf("p%d", i), Terms: []Term{
			{Match: Match{Prefixes: list}, Then: Reject},
			{Match: Match{Communities: []Communities{communities}, ASPath: []ASPathPattern{pattern}}, Set: Set{LocalPref: &pref}, Then: Next},
			{Set: Set{MED: &med, Communities: Edit[vpn.Community, CommunityPattern]{Add: []vpn.Community{65001<<16 | 7}}}, Then: Next},
		}})
	}
	p := Path{Family: vpn.VPNv4, Prefix: netip.MustParsePrefix("20.1.2.0/24"), ASPath: vpn.Sequence(65001), Communities: []vpn.Community{1, 2, 3}}
	b.ReportAllocs()
	for b.Loop() {
		if _, v := c.Evaluate(p); v.Rejected {
			b.Fatal(v)
		}
	}
}
