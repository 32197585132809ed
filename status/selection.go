package status

import (
	"fmt"
	"net/netip"
	"net/url"
)

// Selection selects rows of the tables of routes. Its zero value selects all.
type Selection struct {
	VRF    string       // by name or RD
	Prefix netip.Prefix // the zero Prefix: all
	Longer bool         // also what is inside Prefix
	// Shorter selects also what contains Prefix: with it, the routes that packets to Prefix
	// may take. VRFs without any are listed, too.
	Shorter bool
}

// InVRF reports whether rows of a VRF are selected.
func (s Selection) InVRF(name, rd string) bool { return s.VRF == "" || s.VRF == name || s.VRF == rd }

// Has reports whether rows of a prefix are selected.
func (s Selection) Has(p netip.Prefix) bool {
	switch {
	case !s.Prefix.IsValid() || s.Prefix == p:
		return true
	case !p.IsValid():
		return false
	}
	return s.Longer && p.Bits() > s.Prefix.Bits() && s.Prefix.Contains(p.Addr()) ||
		s.Shorter && p.Bits() < s.Prefix.Bits() && p.Contains(s.Prefix.Addr())
}

// Exact lists the selected prefixes, the longest first, if no table is needed to know
// them; nil if one is.
func (s Selection) Exact() []netip.Prefix {
	switch {
	case !s.Prefix.IsValid() || s.Longer:
		return nil
	case !s.Shorter:
		return []netip.Prefix{s.Prefix}
	}
	var list []netip.Prefix
	for bits := s.Prefix.Bits(); bits >= 0; bits-- {
		list = append(list, netip.PrefixFrom(s.Prefix.Addr(), bits).Masked())
	}
	return list
}

// Query writes the selection for a URL.
func (s Selection) Query() url.Values {
	q := url.Values{}
	if s.VRF != "" {
		q.Set("vrf", s.VRF)
	}
	if s.Prefix.IsValid() {
		q.Set("prefix", s.Prefix.String())
	}
	if s.Longer {
		q.Set("longer", "1")
	}
	if s.Shorter {
		q.Set("shorter", "1")
	}
	return q
}

// ReadSelection reads what Query has written.
func ReadSelection(q url.Values) (Selection, error) {
	s := Selection{VRF: q.Get("vrf"), Longer: q.Get("longer") != "", Shorter: q.Get("shorter") != ""}
	if text := q.Get("prefix"); text != "" {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return s, fmt.Errorf("prefix: %w", err)
		}
		s.Prefix = p.Masked()
	}
	return s, nil
}

// Rows passes on the rows of a table in blocks, in the order in which they are shown. It
// ends with the error of yield. Another error is ErrIncomplete if rows are missing in the
// middle, else whole routers are missing.
type Rows[T any] func(yield func([]T) error) error
