package status

import "net/netip"

// Trace is the path of a packet according to three sources: the routers' tables,
// their Open vSwitch, and real packets.
type Trace struct {
	From          string     `json:"from"` // the host that sends
	Source        netip.Addr `json:"source"`
	Destination   netip.Addr `json:"destination"`
	Hops          []Hop      `json:"hops"`    // as Open vSwitch forwards
	Outcome       string     `json:"outcome"` // where the packet ends and why
	Delivered     string     `json:"delivered"`
	Real          []RealHop  `json:"real"`          // who answered packets of growing TTL
	Answered      string     `json:"answered"`      // the host that answered the real packet; "" if none did
	Disagreements []string   `json:"disagreements"` // between the three; empty if they agree
	CannotTell    []string   `json:"cannot_tell"`   // what may or may not be a disagreement, with the reason
}

// Hop is one node that the packet passes.
type Hop struct {
	Node   string      `json:"node"`
	Kind   NodeKind    `json:"kind"`   // router or host
	Tables *Forwarding `json:"tables"` // what BGP and the VRF tables say; null for a host
	Switch *Forwarding `json:"switch"` // what Open vSwitch does; null for a host
}

// Forwarding is what a router does with a packet, from one source.
type Forwarding struct {
	VRF     string       `json:"vrf"`
	RD      string       `json:"rd"`
	Prefix  netip.Prefix `json:"prefix"` // the route; the zero Prefix if the label alone decides
	Source  RouteSource  `json:"source"` // of the route: connected, static, bgp or neighbor
	NextHop netip.Addr   `json:"next_hop"`
	Popped  *uint32      `json:"popped"`
	Pushed  *uint32      `json:"pushed"`
	Stack   []uint32     `json:"stack"`  // in a lab with core, all labels with which the packet leaves, the outermost first
	Out     string       `json:"out"`    // the interface on which the packet leaves; "" if it does not
	To      string       `json:"to"`     // the node behind it
	Stops   string       `json:"stops"`  // why the packet goes no further; "" if it does
	Passed  []string     `json:"passed"` // the flows that it matched, table by table; only of Open vSwitch
}

// RealHop is the answer to a real packet with a limited TTL.
type RealHop struct {
	TTL     int        `json:"ttl"`
	Address netip.Addr `json:"address"` // zero if nobody answered
	Node    string     `json:"node"`
	Refusal string     `json:"refusal"` // why it goes no further, as the node reports; "" if its TTL expired
	Millis  float64    `json:"ms"`
	Arrived []string   `json:"arrived"` // hosts that received the packet
}

// Explanation says why a prefix is in a VRF or is not.
type Explanation struct {
	Router  string           `json:"router"`
	VRF     string           `json:"vrf"`
	RD      string           `json:"rd"`
	Prefix  netip.Prefix     `json:"prefix"`
	Present bool             `json:"present"` // a usable route for exactly this prefix
	Verdict string           `json:"verdict"`
	Remedy  string           `json:"remedy"`
	Import  []string         `json:"import"` // what the VRF imports
	Paths   []ExplainedPath  `json:"paths"`
	Origins []ExplainedRoute `json:"origins"`  // the routes of the lab that bring the prefix
	Used    netip.Prefix     `json:"used"`     // the route that packets to the prefix take; zero if none
	Longer  []netip.Prefix   `json:"longer"`   // more specific routes, which override parts of the prefix
	UsedFor RouteMatch       `json:"used_for"` // what Used is: exact, shorter
}

// ExplainedPath is a path to the prefix in the VRF.
type ExplainedPath struct {
	NextHop netip.Addr  `json:"next_hop"`
	Label   *uint32     `json:"label"`
	Source  RouteSource `json:"source"`
	Best    bool        `json:"best"`
	Reason  string      `json:"reason"`
	Meaning string      `json:"meaning"`

	ChangedBy []string `json:"changed_by"` // terms of the import policies of the session and the VRF that changed it
}

// ExplainedRoute is a route of a VRF of the lab that might be imported.
type ExplainedRoute struct {
	Router  string       `json:"router"`
	VRF     string       `json:"vrf"`
	RD      string       `json:"rd"`
	Host    string       `json:"host"`
	Prefix  netip.Prefix `json:"prefix"`
	Source  RouteSource  `json:"source"`
	Export  []string     `json:"export"`
	Verdict string       `json:"verdict"`
	Remedy  string       `json:"remedy"`
	Arrived bool         `json:"arrived"`
}
