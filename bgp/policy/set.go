package policy

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Set is what a term changes of the paths that it takes. What is nil or zero
// stays.
type Set struct {
	MED         *uint32                                    `json:"med,omitempty"`
	LocalPref   *uint32                                    `json:"local_pref,omitempty"`
	Weight      *uint32                                    `json:"weight,omitempty"`
	NextHop     netip.Addr                                 `json:"next_hop,omitzero"`
	Prepend     Prepend                                    `json:"prepend,omitzero"`
	Communities Edit[vpn.Community, CommunityPattern]      `json:"communities,omitzero"`
	Large       Edit[vpn.LargeCommunity, CommunityPattern] `json:"large_communities,omitzero"`
	RTs         Edit[vpn.RouteTarget, vpn.RouteTarget]     `json:"rts,omitzero"`
	SoO         Edit[vpn.SiteOfOrigin, vpn.SiteOfOrigin]   `json:"soo,omitzero"`
}

// Prepend lengthens an AS path: by the AS of the chain so many times, or by the
// given ASes.
type Prepend struct {
	Times int      `json:"times,omitempty"`
	AS    []uint32 `json:"as,omitempty"` // nearest first
}

// Edit changes the communities of one kind: some are deleted, then some added.
// What is added and there already stays where it is.
type Edit[V, P any] struct {
	Replace []V `json:"replace,omitzero"` // nil: not all of them are replaced
	Delete  []P `json:"delete,omitempty"`
	Add     []V `json:"add,omitempty"`
}

// SetsTargets reports whether a policy of the chain may change route targets.
func (c *Chain) SetsTargets() bool {
	return c != nil && slices.ContainsFunc(c.Policies, func(p Policy) bool {
		return slices.ContainsFunc(p.Terms, func(t Term) bool { return !t.Set.RTs.empty() })
	})
}

func (e *Edit[V, P]) empty() bool { return e.Replace == nil && len(e.Delete)+len(e.Add) == 0 }

// edit returns the list as the edit makes it; itself if that is the same.
func edit[V comparable, P any](e *Edit[V, P], list []V, takes func(P, V) bool) []V {
	if e.Replace == nil && len(e.Delete) == 0 && containsAll(list, e.Add) {
		return list
	}
	var out []V
	if e.Replace == nil {
		for _, v := range list {
			if !slices.ContainsFunc(e.Delete, func(p P) bool { return takes(p, v) }) {
				out = append(out, v)
			}
		}
	}
	for _, add := range [][]V{e.Replace, e.Add} {
		for _, v := range add {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

func containsAll[V comparable](list, all []V) bool {
	for _, v := range all {
		if !slices.Contains(list, v) {
			return false
		}
	}
	return true
}

// apply changes the path, and reports whether anything is other than before.
func (s *Set) apply(p *candidate, as uint32) bool {
	changed := setNumber(&p.MED, s.MED)
	changed = setNumber(&p.LocalPref, s.LocalPref) || changed
	if s.Weight != nil && *s.Weight != p.Weight {
		p.Weight, changed = *s.Weight, true
	}
	if s.NextHop.IsValid() && s.NextHop != p.NextHop {
		p.NextHop, changed = s.NextHop, true
	}
	if head := s.Prepend.head(p.ASPath, as); len(head) > 0 {
		p.ASPath, p.printed, changed = p.ASPath.Prepend(head...), nil, true
	}
	if !s.Communities.empty() {
		changed = replace(&p.Communities, edit(&s.Communities, p.Communities, CommunityPattern.takes)) || changed
	}
	if !s.Large.empty() {
		changed = replace(&p.Large, edit(&s.Large, p.Large, CommunityPattern.takesLarge)) || changed
	}
	return s.applyExtended(p) || changed
}

func (s *Set) applyExtended(p *candidate) bool {
	list := p.Extended
	if !s.RTs.empty() {
		list = editKind(&s.RTs, list, vpn.RouteTargetFromBytes)
	}
	if !s.SoO.empty() {
		list = editKind(&s.SoO, list, vpn.SiteOfOriginFromBytes)
	}
	return replace(&p.Extended, list)
}

// extended is a kind of extended communities.
type extended interface {
	comparable
	Bytes() [8]byte
}

// editKind edits the extended communities of one kind. The others come first.
func editKind[V extended](e *Edit[V, V], list []vpn.ExtendedCommunity, parse func([8]byte) (V, bool)) []vpn.ExtendedCommunity {
	var others []vpn.ExtendedCommunity
	var before []V
	for _, c := range list {
		if v, ok := parse(c); ok {
			before = append(before, v)
		} else {
			others = append(others, c)
		}
	}
	after := edit(e, before, func(a, b V) bool { return a == b })
	if slices.Equal(before, after) {
		return list
	}
	for _, v := range after {
		others = append(others, v.Bytes())
	}
	return others
}

// head is what an AS path is lengthened by.
func (p *Prepend) head(path vpn.ASPath, as uint32) []uint32 {
	if len(p.AS) > 0 || p.Times == 0 {
		return p.AS
	}
	if as == 0 {
		if as = path.Neighbor(); as == 0 {
			return nil // it has not left our AS: nobody stands first
		}
	}
	return slices.Repeat([]uint32{as}, p.Times)
}

func setNumber(field **uint32, to *uint32) bool {
	if to == nil || *field != nil && **field == *to {
		return false
	}
	*field = to
	return true
}

func replace[T comparable](field *[]T, by []T) bool {
	if slices.Equal(*field, by) {
		return false
	}
	*field = by
	return true
}
