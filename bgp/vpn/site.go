package vpn

import "fmt"

// siteSubtype is the extended community sub-type "route origin" (RFC 4360
// section 5).
const siteSubtype = 0x03

// SiteOfOrigin is a site of origin (RFC 4364 section 7): an extended community
// for the site of a customer that a route comes from. Sites are comparable.
type SiteOfOrigin struct{ v value }

// ParseSiteOfOrigin reads a site of origin, in the spellings of ParseRD.
func ParseSiteOfOrigin(s string) (SiteOfOrigin, error) {
	v, err := parseValue(s)
	if err != nil {
		return SiteOfOrigin{}, fmt.Errorf("site of origin %q: %w", s, err)
	}
	return SiteOfOrigin{v}, nil
}

// SiteOfOriginFromBytes decodes an extended community. ok is false if the
// community is not a transitive site of origin.
func SiteOfOriginFromBytes(b [8]byte) (o SiteOfOrigin, ok bool) {
	if b[0] > byte(TypeAS4) || b[1] != siteSubtype {
		return SiteOfOrigin{}, false
	}
	v, err := valueFromOctets(Type(b[0]), [6]byte(b[2:]))
	return SiteOfOrigin{v}, err == nil
}

// SitesOf returns the sites of origin among communities.
func SitesOf(list []ExtendedCommunity) []SiteOfOrigin {
	var sites []SiteOfOrigin
	for _, c := range list {
		if o, ok := SiteOfOriginFromBytes(c); ok {
			sites = append(sites, o)
		}
	}
	return sites
}

// IsZero reports whether there is no site.
func (o SiteOfOrigin) IsZero() bool { return o == SiteOfOrigin{} }

// Bytes returns the eight octets of the extended community.
func (o SiteOfOrigin) Bytes() [8]byte {
	b := [8]byte{byte(o.v.kind), siteSubtype}
	octets := o.v.octets()
	copy(b[2:], octets[:])
	return b
}

// String returns the site in the form that ParseSiteOfOrigin reads.
func (o SiteOfOrigin) String() string { return o.v.String() }

// Compare orders sites by type, administrator and number.
func (o SiteOfOrigin) Compare(p SiteOfOrigin) int { return o.v.compare(p.v) }

// MarshalText implements encoding.TextMarshaler.
func (o SiteOfOrigin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *SiteOfOrigin) UnmarshalText(b []byte) (err error) {
	*o, err = ParseSiteOfOrigin(string(b))
	return err
}
