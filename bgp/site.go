package bgp

import (
	"slices"

	"pseudowan/bgp/vpn"
)

// At returns the route as one of a site (RFC 4364 section 7): with the site of origin
// among its extended communities, beside those that it has. The zero site changes
// nothing.
func (r Route) At(site vpn.SiteOfOrigin) Route {
	if !site.IsZero() && !r.IsOf(site) {
		r.Extended = append(slices.Clip(r.Extended), site.Bytes())
	}
	return r
}

// IsOf reports whether the route comes from a site, which must not get it back.
func (r Route) IsOf(site vpn.SiteOfOrigin) bool {
	return !site.IsZero() && slices.Contains(r.Extended, site.Bytes())
}
