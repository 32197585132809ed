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

// StationState is the state of the connection to a BMP station.
type StationState string

// The states of a station.
const (
	StationConnecting StationState = "connecting"
	StationSending    StationState = "sending"
	StationUp         StationState = "up"
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

// The sources of routes. SourceNeighbor (the address is a neighbour's) and
// SourceLabel (the label alone decides) occur only in the forwarding of a packet.
const (
	SourceConnected RouteSource = "connected"
	SourceStatic    RouteSource = "static"
	SourceBGP       RouteSource = "bgp"
	SourceAggregate RouteSource = "aggregate"
	SourceNeighbor  RouteSource = "neighbor"
	SourceLabel     RouteSource = "label"
	SourceLSP       RouteSource = "lsp"
)

// RouteView is a way to look at the routes of a BGP session.
type RouteView string

// The views of a session's routes.
const (
	RoutesReceived   RouteView = "received"
	RoutesAccepted   RouteView = "accepted"
	RoutesAdvertised RouteView = "advertised"
)

// Origin is the ORIGIN attribute of a path (RFC 4271 section 5.1.1).
type Origin string

// The origins of paths.
const (
	OriginIGP        Origin = "igp"
	OriginEGP        Origin = "egp"
	OriginIncomplete Origin = "incomplete"
)

// Reasons why a path cannot be used. Reasons are words of the route decision; these
// are the ones that are compared.
const (
	ReasonUnreachable = "Unreachable Next Hop"
	ReasonLabel       = "Unusable Label"
	ReasonPolicy      = "Import Policy"
	ReasonFull        = "Maximum Routes"
)

// MeaningUsed is the meaning of a path that packets take.
const MeaningUsed = "used"

// Direction distinguishes labelled packets that arrive from packets that leave with a
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

// RouteMatch is how a route matches the requested prefix.
type RouteMatch string

// MatchExact is a route to the prefix itself, MatchShorter one that contains it.
const (
	MatchExact   RouteMatch = "exact"
	MatchShorter RouteMatch = "shorter"
)
