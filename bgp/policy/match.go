package policy

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Match is what a term demands of a path. A nil list demands nothing, of others
// one item has to fit: an empty one takes no path.
type Match struct {
	Prefixes    PrefixList              `json:"prefixes,omitzero"`
	Families    []vpn.Family            `json:"families,omitzero"`
	Communities []Communities           `json:"communities,omitzero"`
	Large       []LargeCommunities      `json:"large_communities,omitzero"`
	RTs         []vpn.RouteTarget       `json:"rts,omitzero"`
	SoO         []vpn.SiteOfOrigin      `json:"soo,omitzero"`
	Extended    []vpn.ExtendedCommunity `json:"extended,omitzero"`
	ASPath      []ASPathPattern         `json:"as_path,omitzero"`
	NextHop     []netip.Prefix          `json:"next_hop,omitzero"` // the prefixes that it may lie in
	RD          []vpn.RD                `json:"rd,omitzero"`
	MED         []Range                 `json:"med,omitzero"` // a path without MED has 0
}

// Everything reports whether the match takes every path.
func (m *Match) Everything() bool {
	return m.Prefixes == nil && m.Families == nil && m.Communities == nil && m.Large == nil && m.RTs == nil && m.SoO == nil &&
		m.Extended == nil && m.ASPath == nil && m.NextHop == nil && m.RD == nil && m.MED == nil
}

func (m *Match) takes(p *candidate) bool {
	has := func(c vpn.ExtendedCommunity) bool { return slices.Contains(p.Extended, c) }
	return (m.Prefixes == nil || m.Prefixes.Takes(p.Prefix)) &&
		(m.Families == nil || slices.Contains(m.Families, p.Family)) &&
		some(m.RD, func(rd vpn.RD) bool { return rd == p.RD && p.Family != p.Family.Plain() }) &&
		some(m.NextHop, func(in netip.Prefix) bool { return in.Contains(p.NextHop.Unmap()) }) &&
		some(m.MED, func(r Range) bool { return r.contains(p.MED) }) &&
		some(m.RTs, func(t vpn.RouteTarget) bool { return has(t.Bytes()) }) &&
		some(m.SoO, func(o vpn.SiteOfOrigin) bool { return has(o.Bytes()) }) &&
		some(m.Extended, has) &&
		some(m.Communities, func(c Communities) bool { return c.takes(p.Communities) }) &&
		some(m.Large, func(c LargeCommunities) bool { return c.takes(p.Large) }) &&
		some(m.ASPath, func(a ASPathPattern) bool { return a.Takes(p.asPath()) })
}

// some reports whether an item of the list fits, or none is demanded.
func some[T any](list []T, fits func(T) bool) bool {
	return list == nil || slices.ContainsFunc(list, fits)
}
