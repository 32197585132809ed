package status

// SessionState is the state of a BGP session (RFC 4271 section 8.2.2), in lower
// case.
type SessionState string

// The states of BGP sessions in which something happens. A session is idle
// otherwise.
const (
	SessionConnect     SessionState = "connect"
	SessionActive      SessionState = "active"
	SessionOpenSent    SessionState = "opensent"
	SessionOpenConfirm SessionState = "openconfirm"
	SessionEstablished SessionState = "established"
)

// InterfaceState is the administrative or the operational state of an interface
// (RFC 2863).
type InterfaceState string

// The states of interfaces. Absent is an administrative state only.
const (
	InterfaceUp     InterfaceState = "up"
	InterfaceDown   InterfaceState = "down"
	InterfaceAbsent InterfaceState = "absent"
)

// NeighborState is the state of a neighbour (RFC 4861 section 7.3.2), in lower
// case.
type NeighborState string

// The states of neighbours whose address is known or being resolved.
const (
	NeighborIncomplete NeighborState = "incomplete"
	NeighborReachable  NeighborState = "reachable"
	NeighborStale      NeighborState = "stale"
	NeighborDelay      NeighborState = "delay"
	NeighborProbe      NeighborState = "probe"
)

// RouteSource is where a route comes from.
type RouteSource string

// The sources of routes. Only the forwarding of a packet has SourceNeighbor (the
// address is that of a neighbour) and SourceLabel (the label alone decides).
const (
	SourceConnected RouteSource = "connected"
	SourceStatic    RouteSource = "static"
	SourceBGP       RouteSource = "bgp"
	SourceNeighbor  RouteSource = "neighbor"
	SourceLabel     RouteSource = "label"
)

// Origin is the ORIGIN attribute of a path (RFC 4271 section 5.1.1).
type Origin string

// The origins of paths.
const (
	OriginIGP        Origin = "igp"
	OriginEGP        Origin = "egp"
	OriginIncomplete Origin = "incomplete"
)

// The reasons for which a path cannot be used. Reasons are words of the route
// decision; these are the ones that are compared.
const (
	ReasonUnreachable = "Unreachable Next Hop"
	ReasonLabel       = "Unusable Label"
)

// MeaningUsed is the meaning of a path that packets take.
const MeaningUsed = "used"

// Direction tells labelled packets that arrive from packets that leave under a
// label.
type Direction string

// The directions of labels and flows.
const (
	DirectionIn  Direction = "in"
	DirectionOut Direction = "out"
)

// The address families that sessions between routers carry.
const (
	FamilyVPNv4 = "vpnv4"
	FamilyVPNv6 = "vpnv6"
)

// RouteMatch is how a route fits the prefix that was asked for.
type RouteMatch string

// MatchExact is a route to the prefix itself, MatchShorter one that contains it.
const (
	MatchExact   RouteMatch = "exact"
	MatchShorter RouteMatch = "shorter"
)
