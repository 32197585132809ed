package bgp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Route is one path to one prefix of a VPN, as a speaker sends and receives it.
// Routes are immutable once published: receivers may keep them, and must not
// modify what their slices and pointers refer to.
type Route struct {
	RD      vpn.RD
	Prefix  netip.Prefix
	PathID  uint32            // RFC 7911 identifier given by the peer; 0 without add-path
	NextHop netip.Addr        // unspecified or zero on a route of ours: each peer gets the session's local address
	Label   vpn.Label         // the label that the next hop expects
	Targets []vpn.RouteTarget // in the order of the attribute

	Origin           Origin
	ASPath           ASPath
	Communities      []Community             // RFC 1997
	LargeCommunities []LargeCommunity        // RFC 8092
	Extended         []vpn.ExtendedCommunity // RFC 4360, those that are no route targets, in the order of the attribute
	Passed           []Attribute             // that this router only passes on, by type
	MED              *uint32                 // nil: attribute absent
	AIGP             *uint64                 // accumulated metric (RFC 7311); nil: attribute absent
	LocalPref        *uint32                 // nil: attribute absent, taken as defaultLocalPref
	Weight           uint32                  // that the import policy has given it; it counts on this router alone
	To               Audience                // of a route of ours: which peers are told

	// The source of a received route; zero on routes that originate here.

	Peer         netip.Addr   // address of the peer; zero: ours
	PeerAS       uint32       // AS of the peer
	PeerID       netip.Addr   // BGP identifier of the peer; a higher one if only OriginatorID may count
	IBGP         bool         // the peer is in our AS
	OriginatorID netip.Addr   // RFC 4456; zero if the route was not reflected
	ClusterList  []netip.Addr // RFC 4456, nearest reflector first
	Stale        bool         // kept during a restart of the peer (RFC 4724)
	Unusable     string       // why the path cannot be used; "": it can
}

// lastResort reports whether the route is kept although the peer of some router has
// been away for long (RFC 9494).
func (r Route) lastResort() bool { return slices.Contains(r.Communities, vpn.LLGRStale) }

// defaultLocalPref is the degree of preference of a route without a LOCAL_PREF
// attribute.
const defaultLocalPref = 100

// Key identifies a path in a speaker's table: a second route with the same key
// replaces the first.
type Key struct {
	RD     vpn.RD
	Prefix netip.Prefix
	Peer   netip.Addr // zero: ours
	PathID uint32
}

// Key returns the key of the route.
func (r Route) Key() Key {
	return Key{RD: r.RD, Prefix: r.Prefix, Peer: r.Peer, PathID: r.PathID}
}

// compare orders keys by prefix, RD, peer and path identifier.
func (k Key) compare(o Key) int {
	return cmp.Or(
		comparePrefix(k.Prefix, o.Prefix),
		k.RD.Compare(o.RD),
		k.Peer.Compare(o.Peer),
		cmp.Compare(k.PathID, o.PathID),
	)
}

// Equal reports whether two routes agree in every field.
func (r Route) Equal(o Route) bool {
	return r.Key() == o.Key() &&
		r.NextHop == o.NextHop && r.Label == o.Label && slices.Equal(r.Targets, o.Targets) &&
		r.Origin == o.Origin && r.ASPath.Equal(o.ASPath) &&
		slices.Equal(r.Communities, o.Communities) && slices.Equal(r.LargeCommunities, o.LargeCommunities) &&
		slices.Equal(r.Extended, o.Extended) && slices.Equal(r.Passed, o.Passed) &&
		equalOptional(r.MED, o.MED) && equalOptional(r.AIGP, o.AIGP) && equalOptional(r.LocalPref, o.LocalPref) && r.Weight == o.Weight &&
		r.PeerAS == o.PeerAS && r.PeerID == o.PeerID && r.IBGP == o.IBGP &&
		r.OriginatorID == o.OriginatorID && slices.Equal(r.ClusterList, o.ClusterList) &&
		r.Stale == o.Stale && r.Unusable == o.Unusable && r.To == o.To
}

// validate returns why the route cannot be announced by a speaker.
func (r Route) validate(kind carriage) error {
	switch {
	case kind == carriesPlain && (r.RD != vpn.RD{} || r.Label != 0 || len(r.Targets) > 0):
		return fmt.Errorf("route %s: a plain route has no RD, label or targets", r.Prefix)
	case kind == carriesLabeled && (r.RD != vpn.RD{} || len(r.Targets) > 0):
		return fmt.Errorf("route %s: a labelled route has no RD or targets", r.Prefix)
	case !r.Prefix.IsValid():
		return fmt.Errorf("route of RD %s: no prefix", r.RD)
	case r.Prefix != r.Prefix.Masked():
		return fmt.Errorf("route %s: bits are set after the prefix length; want %s", r.Prefix, r.Prefix.Masked())
	case r.Prefix.Addr().Is4In6():
		return fmt.Errorf("route %s: an IPv4-mapped IPv6 prefix is not a VPN prefix; write it as IPv4", r.Prefix)
	case r.Label > vpn.LabelMax:
		return fmt.Errorf("route %s: label %d does not fit into 20 bits", r.Prefix, r.Label)
	}
	return nil
}

// comparePrefix orders IPv4 before IPv6, then by address, shorter first.
func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

func equalOptional[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
