package bgp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// The attributes of a route that ATTR_SET carries.
const (
	attributeOrigin      = 1
	attributeASPath      = 2
	attributeMED         = 4
	attributeLocalPref   = 5
	attributeCommunities = 8
	attributeOriginator  = 9
	attributeClusterList = 10
	attributeExtended    = 16
	attributeLarge       = 32
)

// IntoSet returns a route of an internal session with a customer as other PE routers are told
// of it: ATTR_SET has its attributes, which are the business of the customer's AS alone (RFC
// 6368 section 5). Route targets and sites of origin stay outside. by is the BGP identifier
// of the router, which reflects the route.
func (r Route) IntoSet(by netip.Addr) Route {
	out := r
	out.ASPath, out.MED, out.LocalPref, out.Communities, out.LargeCommunities = nil, nil, nil, nil, nil
	out.OriginatorID, out.ClusterList, out.Extended, out.Passed = netip.Addr{}, nil, nil, nil
	r = r.reflected(by)
	var inner []vpn.ExtendedCommunity
	for _, c := range r.Extended {
		if _, site := vpn.SiteOfOriginFromBytes(c); site {
			out.Extended = append(out.Extended, c)
		} else {
			inner = append(inner, c)
		}
	}
	r.Extended = inner
	value := binary.BigEndian.AppendUint32(nil, r.PeerAS)
	out.Passed = []Attribute{{Type: attributeSet, Flags: optional | transitive, Value: string(r.appendSet(value))}}
	return out
}

// reflected returns a route of an internal peer as a reflector passes it on (RFC 4456
// section 8).
func (r Route) reflected(by netip.Addr) Route {
	if !r.OriginatorID.IsValid() {
		r.OriginatorID = r.PeerID
	}
	r.ClusterList = append([]netip.Addr{by}, r.ClusterList...)
	return r
}

// appendSet encodes attributes for ATTR_SET.
func (r Route) appendSet(b []byte) []byte {
	add := func(flags, kind uint8, v []byte) {
		if len(v) > 255 {
			b = binary.BigEndian.AppendUint16(append(b, flags|0x10, kind), uint16(len(v)))
		} else {
			b = append(b, flags, kind, uint8(len(v)))
		}
		b = append(b, v...)
	}
	number := func(flags, kind uint8, n *uint32) {
		if n != nil {
			add(flags, kind, binary.BigEndian.AppendUint32(nil, *n))
		}
	}
	some := func(flags, kind uint8, v []byte) {
		if len(v) > 0 {
			add(flags, kind, v)
		}
	}
	add(transitive, attributeOrigin, []byte{uint8(r.Origin)})
	add(transitive, attributeASPath, appendPath(nil, r.ASPath))
	number(optional, attributeMED, r.MED)
	number(transitive, attributeLocalPref, r.LocalPref)
	for _, p := range r.Passed {
		if p.Type < attributeCommunities {
			add(p.Flags, p.Type, []byte(p.Value))
		}
	}
	var communities, large, extended, clusters []byte
	for _, c := range r.Communities {
		communities = binary.BigEndian.AppendUint32(communities, uint32(c))
	}
	for _, c := range r.LargeCommunities {
		for _, n := range c {
			large = binary.BigEndian.AppendUint32(large, n)
		}
	}
	for _, c := range r.Extended {
		extended = append(extended, c[:]...)
	}
	for _, c := range r.ClusterList {
		clusters = append(clusters, c.AsSlice()...)
	}
	some(optional|transitive, attributeCommunities, communities)
	if r.OriginatorID.IsValid() {
		add(optional, attributeOriginator, r.OriginatorID.AsSlice())
	}
	some(optional, attributeClusterList, clusters)
	some(optional|transitive, attributeExtended, extended)
	some(optional|transitive, attributeLarge, large)
	for _, p := range r.Passed {
		if p.Type >= attributeCommunities && p.Type != attributeSet {
			add(p.Flags, p.Type, []byte(p.Value))
		}
	}
	return b
}

func appendPath(b []byte, path ASPath) []byte {
	for _, s := range path {
		for as := range slices.Chunk(s.AS, 255) {
			b = append(b, uint8(s.Kind), uint8(len(as)))
			for _, n := range as {
				b = binary.BigEndian.AppendUint32(b, n)
			}
		}
	}
	return b
}

// FromSet returns the customer's attributes of a route with ATTR_SET, and the customer's AS;
// ok is false if it has none. Route targets and sites of origin are those of the route.
func (r Route) FromSet() (inner Route, as uint32, ok bool, err error) {
	i := slices.IndexFunc(r.Passed, func(a Attribute) bool { return a.Type == attributeSet })
	if i < 0 {
		return r, 0, false, nil
	}
	value := []byte(r.Passed[i].Value)
	inner = Route{RD: r.RD, Prefix: r.Prefix, PathID: r.PathID, NextHop: r.NextHop, Label: r.Label, Targets: r.Targets, Weight: r.Weight,
		Peer: r.Peer, PeerAS: r.PeerAS, PeerID: r.PeerID, IBGP: r.IBGP, Stale: r.Stale, Unusable: r.Unusable}
	if len(value) < 4 {
		return r, 0, true, errors.New("it has no AS")
	}
	as, value = binary.BigEndian.Uint32(value), value[4:]
	seen := make(map[uint8]bool)
	for len(value) > 0 {
		a, rest, err := cutSet(value)
		switch {
		case err != nil:
			return r, as, true, err
		case seen[a.Type]:
			return r, as, true, fmt.Errorf("attribute %d stands twice", a.Type)
		}
		if seen[a.Type], value = true, rest; !inner.takeSet(a) {
			return r, as, true, fmt.Errorf("attribute %d has %d octets, or a wrong value", a.Type, len(a.Value))
		}
	}
	if !seen[attributeOrigin] || !seen[attributeASPath] {
		return r, as, true, errors.New("it has no ORIGIN or no AS_PATH")
	}
	for _, c := range r.Extended {
		if !slices.Contains(inner.Extended, c) {
			inner.Extended = append(inner.Extended, c)
		}
	}
	return inner, as, true, nil
}

// cutSet cuts an attribute off.
func cutSet(b []byte) (a Attribute, rest []byte, err error) {
	short := errors.New("an attribute is cut off")
	if len(b) < 3 {
		return a, nil, short
	}
	n, head := int(b[2]), 3
	if b[0]&0x10 != 0 {
		if len(b) < 4 {
			return a, nil, short
		}
		n, head = int(binary.BigEndian.Uint16(b[2:])), 4
	}
	if len(b) < head+n {
		return a, nil, short
	}
	return Attribute{Type: b[1], Flags: b[0] &^ 0x1f, Value: string(b[head : head+n])}, b[head+n:], nil
}

// takeSet decodes an attribute of ATTR_SET, and reports whether it could.
func (r *Route) takeSet(a Attribute) bool {
	v := []byte(a.Value)
	addr := func(v []byte) netip.Addr { return netip.AddrFrom4([4]byte(v)) }
	switch a.Type {
	case attributeOrigin:
		if len(v) != 1 || v[0] > uint8(OriginIncomplete) {
			return false
		}
		r.Origin = Origin(v[0])
	case attributeASPath:
		return r.takePath(v)
	case attributeMED, attributeLocalPref:
		if len(v) != 4 {
			return false
		}
		n := binary.BigEndian.Uint32(v)
		if a.Type == attributeMED {
			r.MED = &n
		} else {
			r.LocalPref = &n
		}
	case attributeCommunities:
		return each(v, 4, func(v []byte) { r.Communities = append(r.Communities, Community(binary.BigEndian.Uint32(v))) })
	case attributeOriginator:
		if len(v) != 4 {
			return false
		}
		r.OriginatorID = addr(v)
	case attributeClusterList:
		return each(v, 4, func(v []byte) { r.ClusterList = append(r.ClusterList, addr(v)) })
	case attributeExtended:
		return each(v, 8, func(v []byte) {
			if c := vpn.ExtendedCommunity(v); !isTarget(c) { // they are the provider's
				r.Extended = append(r.Extended, c)
			}
		})
	case attributeLarge:
		return each(v, 12, func(v []byte) {
			r.LargeCommunities = append(r.LargeCommunities, LargeCommunity{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), binary.BigEndian.Uint32(v[8:])})
		})
	case 3, 14, 15, attributeSet: // NEXT_HOP, MP_REACH_NLRI, MP_UNREACH_NLRI: not allowed inside
		return false
	case attributeAggregator:
		if len(v) != 8 || binary.BigEndian.Uint32(v) == 0 { // RFC 7607
			return false
		}
		r.Passed = append(r.Passed, a)
	case attributeAtomicAggregate:
		if len(v) != 0 {
			return false
		}
		r.Passed = append(r.Passed, a)
	case 17, 18, 40: // AS4_PATH, AS4_AGGREGATOR: there are 4-octet numbers inside; Prefix-SID ends here (RFC 8669 section 6)
	default:
		if a.Flags&optional == 0 {
			return false // well-known, and unknown
		}
		if a.Flags&transitive != 0 {
			r.Passed = append(r.Passed, a)
		}
	}
	return true
}

func isTarget(c vpn.ExtendedCommunity) bool {
	_, is := vpn.RouteTargetFromBytes(c)
	return is
}

func each(v []byte, n int, take func([]byte)) bool {
	if len(v)%n != 0 {
		return false
	}
	for ; len(v) > 0; v = v[n:] {
		take(v[:n])
	}
	return true
}

// takePath decodes an AS_PATH. There are no confederations, and no AS 0 (RFC 7607).
func (r *Route) takePath(v []byte) bool {
	for len(v) > 0 {
		if len(v) < 2 || v[0] < 1 || v[0] > uint8(ASSequence) || v[1] == 0 || len(v) < 2+4*int(v[1]) {
			return false
		}
		s := ASSegment{Kind: SegmentKind(v[0]), AS: make([]uint32, v[1])}
		v = v[2:]
		for i := range s.AS {
			s.AS[i], v = binary.BigEndian.Uint32(v), v[4:]
			if s.AS[i] == 0 {
				return false
			}
		}
		r.ASPath = append(r.ASPath, s)
	}
	return true
}

// WithoutSet returns a customer's route without what only PE routers tell each other.
func (r Route) WithoutSet() Route {
	r.Passed = slices.DeleteFunc(slices.Clone(r.Passed), func(a Attribute) bool { return a.Type == attributeSet })
	return r
}

// Customer is a customer's AS as a CE sees it.
type Customer struct {
	AS       uint32     // of the CE
	Internal bool       // the session with it is internal
	Provider uint32     // the router's own AS
	Router   netip.Addr // its BGP identifier
}

// Tell returns a best path as the CE is told of it, without next hop (RFC 6368 section 6).
// ok is false if communities keep it from there (RFC 1997). Between sites of one AS with
// internal sessions, attributes stay as they are; everywhere else, the AS of a site with an
// internal session stands in the path like that of any other.
func (c Customer) Tell(p *Path) (_ Route, ok bool) {
	r, as := p.Route, uint32(0)
	switch inner, from, has, err := r.FromSet(); {
	case err != nil:
		return Route{}, false
	case has:
		r, as = inner, from
	case p.Customer() && r.IBGP:
		r, as = r.reflected(c.Router), r.PeerAS
	}
	within := c.Internal && as == c.AS
	for _, one := range r.Communities {
		if one == NoAdvertise || !within && (one == NoExport || one == NoExportSubconfed) {
			return Route{}, false
		}
	}
	if within {
		return r.WithoutSet(), true
	}
	r = r.AcrossAS()
	r.LocalPref, r.MED, r.OriginatorID, r.ClusterList = nil, nil, netip.Addr{}, nil
	if as != 0 && as != c.Provider {
		r.ASPath = r.ASPath.Prepend(as)
	}
	if c.Internal && c.AS != c.Provider { // whoever is outside of that AS sees the provider's (its own speaker adds none)
		r.ASPath = r.ASPath.Prepend(c.Provider)
	}
	return r, true
}
