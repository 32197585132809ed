package bgp

import (
	"fmt"
	"net/netip"

	api "github.com/osrg/gobgp/v3/api"
	"google.golang.org/protobuf/proto"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// familyFor returns the family in which a speaker announces a route.
func familyFor(r Route, c carriage) vpn.Family { return c.family(vpn.FamilyOf(r.Prefix)) }

// plainNLRI reads the prefix of a route without RD and label.
func plainNLRI(p *api.Path) (netip.Prefix, error) {
	var n api.IPAddressPrefix
	if err := p.GetNlri().UnmarshalTo(&n); err != nil {
		return netip.Prefix{}, fmt.Errorf("NLRI: %w", err)
	}
	prefix, err := prefixOf(p, n.GetPrefix(), n.GetPrefixLen())
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("NLRI: %w", err)
	}
	return prefix, nil
}

func encodeCommunities(r Route) []proto.Message {
	var out []proto.Message
	if len(r.Communities) > 0 {
		a := &api.CommunitiesAttribute{}
		for _, c := range r.Communities {
			a.Communities = append(a.Communities, uint32(c))
		}
		out = append(out, a)
	}
	if large := r.marked(); len(large) > 0 {
		a := &api.LargeCommunitiesAttribute{}
		for _, c := range large {
			a.Communities = append(a.Communities, &api.LargeCommunity{GlobalAdmin: c[0], LocalData1: c[1], LocalData2: c[2]})
		}
		out = append(out, a)
	}
	return out
}

func decodeCommunities(a *api.CommunitiesAttribute) []Community {
	var out []Community
	for _, c := range a.GetCommunities() {
		out = append(out, Community(c))
	}
	return out
}

// decodeLargeCommunities reads large communities, among which are the marks of
// this router.
func decodeLargeCommunities(r *Route, a *api.LargeCommunitiesAttribute) {
	r.LargeCommunities = nil
	for _, c := range a.GetCommunities() {
		l := LargeCommunity{c.GetGlobalAdmin(), c.GetLocalData1(), c.GetLocalData2()}
		if weight, ok := gate.Weight(l); ok {
			r.Weight = weight
		} else if to, ok := audienceOf(l); ok {
			r.To = to
		} else if l != unreflectedMark {
			r.LargeCommunities = append(r.LargeCommunities, l)
		}
	}
}
