package status

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Peer is one BGP session of one router.
type Peer struct {
	Router        string       `json:"router"`
	LocalAddress  netip.Addr   `json:"local_address"`
	LocalAS       uint32       `json:"local_as"`
	RemoteAddress netip.Addr   `json:"remote_address"`
	RemoteAS      uint32       `json:"remote_as"`
	State         SessionState `json:"state"` // RFC 4271 section 8.2.2, lower case: idle, connect, active, opensent, openconfirm, established
	Since         time.Time    `json:"since"` // when the state was entered
	Families      []string     `json:"families"`
	Received      int          `json:"received"`   // prefixes received from the peer
	Accepted      int          `json:"accepted"`   // of these, the ones that passed the import policy
	Advertised    int          `json:"advertised"` // prefixes sent to the peer
	VRF           string       `json:"vrf"`        // of a session with a customer; "" between routers

	RouterID          netip.Addr `json:"router_id"`                // BGP identifier of the router
	RemoteRouterID    netip.Addr `json:"remote_router_id"`         // of the peer, as last received; "" before
	Reason            string     `json:"reason"`                   // why the session is not established; "" if it is, or if unknown
	LastError         string     `json:"last_error"`               // why the last session ended, or the last attempt to connect failed; "" before the first
	LastErrorAt       *time.Time `json:"last_error_at"`            // null before the first
	LastEnd           string     `json:"last_end"`                 // why the last established session ended, with the peer's words if it has said any; "" before the first
	LastEndAt         *time.Time `json:"last_end_at"`              // null before the first
	Warning           string     `json:"warning"`                  // a limit of the session is near; "" if none is
	MaxPrefixes       uint32     `json:"max_prefixes"`             // more received prefixes end the session; 0 for no limit
	Description       string     `json:"description"`              // of the topology file; "" without
	Dynamic           string     `json:"dynamic"`                  // the prefix from which the peer has connected; "" if it is configured itself
	Shutdown          bool       `json:"shutdown"`                 // the topology file keeps the session down
	Capabilities      []string   `json:"capabilities"`             // what both ends are capable of beside the families, in words; empty while the session is not established
	TargetsReceived   []string   `json:"route_targets_received"`   // that the peer asks for by route target constraint (RFC 4684), or "all"; empty without
	TargetsAdvertised []string   `json:"route_targets_advertised"` // that it is asked for
	Malformed         Malformed  `json:"malformed"`                // what the peer has sent that was not as it should be
	HoldTime          int        `json:"hold_time"`                // negotiated, in seconds; 0 for none, or if the session is not established
	Via               netip.Addr `json:"via"`                      // the router on the link through which the peer is reached; "" if it is on the link
	Restart           Restart    `json:"graceful_restart"`         // what both ends keep of each other's routes when the session ends; nothing while it is not established
	Settings          []Setting  `json:"settings"`                 // of the session, in the order of the file's reference

	SoO string `json:"soo"` // the site of origin of a customer, whose routes it is not told (RFC 4364 section 7); "" without
}

// Setting is one setting of a session.
type Setting struct {
	Key   string `json:"key"`   // as in the topology file
	Value string `json:"value"` // in words; "" for none. Passwords are not shown
	Given bool   `json:"given"` // it is not the default
}

// Restart is what both ends of an established session keep of each other's routes when
// it ends.
type Restart struct {
	Notifications bool            `json:"notifications"` // also after a NOTIFICATION (RFC 8538)
	Restarted     bool            `json:"restarted"`     // the peer said in its OPEN that it had restarted
	TakesStale    bool            `json:"takes_stale"`   // the peer is told of routes that are kept as the last resort (RFC 9494)
	Families      []FamilyRestart `json:"families"`
}

// FamilyRestart is for how many seconds routes of a family are kept.
type FamilyRestart struct {
	Family        string `json:"family"`
	Keeps         int    `json:"keeps"`           // the router those of the peer (RFC 4724)
	KeepsLong     int    `json:"keeps_long"`      // after that, as the last resort (RFC 9494)
	PeerKeeps     int    `json:"peer_keeps"`      // the peer is asked for this
	PeerKeepsLong int    `json:"peer_keeps_long"` // and this
}

// Malformed counts what a peer has sent that was not as it should be, since the
// session was configured.
type Malformed struct {
	Headers    uint64     `json:"headers"`              // sessions that ended for a message header (RFC 4271 section 6.1)
	Opens      uint64     `json:"opens"`                // for an OPEN (RFC 4271 section 6.2)
	Updates    uint64     `json:"updates"`              // for an UPDATE (RFC 4271 section 6.3, RFC 7606)
	Unexpected uint64     `json:"unexpected"`           // for a message that did not belong there (RFC 6608)
	Withdrawn  uint64     `json:"treated_as_withdrawn"` // UPDATEs whose routes were taken as withdrawn (RFC 7606)
	Discarded  uint64     `json:"attributes_discarded"` // attributes that were removed (RFC 7606)
	Families   uint64     `json:"families_ignored"`     // UPDATEs with routes of a family that is not negotiated
	Last       string     `json:"last"`                 // what the last was, in words; "" before the first
	LastAt     *time.Time `json:"last_at"`              // null before the first
}

// Station is one BMP station of one router (RFC 7854).
type Station struct {
	Router       string       `json:"router"`
	Address      netip.Addr   `json:"address"`
	Port         int          `json:"port"`          // of TCP
	VRF          string       `json:"vrf"`           // through which it is reached; "" for none
	State        StationState `json:"state"`         // connecting; sending: it gets the tables; up: it gets what happens
	Since        time.Time    `json:"since"`         // when the state was entered
	LocalAddress netip.Addr   `json:"local_address"` // of the router; "" if unknown
	Routes       []string     `json:"routes"`        // tables that it is told of: adj-rib-in-pre, adj-rib-in-post, adj-rib-out-pre, adj-rib-out-post, loc-rib
	Statistics   float64      `json:"statistics"`    // seconds between two reports of counters; 0 for none
	Connections  int          `json:"connections"`   // since it was configured
	Messages     uint64       `json:"messages"`      // sent since then
	Octets       uint64       `json:"octets"`        // of these
	Queued       int          `json:"queued"`        // octets that wait for it
	Dropped      uint64       `json:"dropped"`       // messages that it was too slow to get
	Overruns     uint64       `json:"overruns"`      // connections that were given up for that, and begun anew with all tables
	LastError    string       `json:"last_error"`    // why the last connection ended, or none came about; "" before the first
	LastErrorAt  *time.Time   `json:"last_error_at"` // null before the first
}

// MRT is what one router records in files (RFC 6396).
type MRT struct {
	Router    string  `json:"router"`
	Directory string  `json:"directory"`
	Updates   bool    `json:"updates"`    // messages of peers are recorded
	Tables    float64 `json:"tables"`     // seconds between two dumps of the tables; 0 for none
	Rotate    float64 `json:"rotate"`     // seconds after which a file of messages is followed by another
	Keep      int     `json:"keep"`       // files of each kind
	Records   uint64  `json:"records"`    // written since the router was configured so
	Octets    uint64  `json:"octets"`     // of these
	Dropped   uint64  `json:"dropped"`    // records that could not be written, or that the disk was too slow for
	LastFile  string  `json:"last_file"`  // name of the last file; "" before the first
	LastError string  `json:"last_error"` // why nothing can be written; "" if it can
}

// SessionRoute is one route of one BGP session, on its way in or out.
type SessionRoute struct {
	Router        string       `json:"router"`
	VRF           string       `json:"vrf"` // of a session with a customer; "" between routers
	RemoteAddress netip.Addr   `json:"remote_address"`
	View          RouteView    `json:"view"` // received: before the import policy; accepted: after it; advertised: after the export policy
	Family        string       `json:"family"`
	RD            string       `json:"rd"` // "" with a customer
	Prefix        netip.Prefix `json:"prefix"`
	PathID        *uint32      `json:"path_id"` // path identifier (RFC 7911); null without
	NextHop       netip.Addr   `json:"next_hop"`
	Label         *uint32      `json:"label"` // null with a customer
	ASPath        string       `json:"as_path"`
	Origin        Origin       `json:"origin"` // igp, egp or incomplete
	MED           *uint32      `json:"med"`
	LocalPref     *uint32      `json:"local_pref"`
	Weight        uint32       `json:"weight"` // that the import policy has given an accepted route
	Targets       []string     `json:"targets"`
	Communities   []string     `json:"communities"`
	Large         []string     `json:"large_communities"`
	Extended      []string     `json:"extended_communities"` // without route targets
	Rejected      string       `json:"rejected"`             // why a received route is not used; "" if it is
	ChangedBy     []string     `json:"changed_by"`           // the terms of the import policy that change a received route
}

// Interface is one port of one router.
type Interface struct {
	Router    string         `json:"router"`
	Port      uint32         `json:"port"` // OpenFlow port number
	Name      string         `json:"name"`
	Addresses []netip.Prefix `json:"addresses"`
	MAC       string         `json:"mac"`
	Type      PortType       `json:"type"` // system; internal, if Open vSwitch has made it; or afxdp: packets pass by AF_XDP, unseen by capture
	VRF       string         `json:"vrf"`
	RD        string         `json:"rd"`
	Host      string         `json:"host"`  // the customer host behind the port, if any
	Admin     InterfaceState `json:"admin"` // up, down, or absent if there is no such interface
	Oper      InterfaceState `json:"oper"`  // up or down: the carrier, up to the NIC behind it
	Fault     string         `json:"fault"` // what pseudowan link has done to the link, and uplink-tracking if the router keeps it down; "" for nothing
}

// FaultTracking is the fault of a port that its router keeps down because it is cut off from
// the core.
const FaultTracking = "uplink-tracking"

// Tracked reports whether the port is down because its router is cut off from the core.
func (i Interface) Tracked() bool { return slices.Contains(strings.Split(i.Fault, ","), FaultTracking) }

// PortType is how a switch receives and sends packets at a port.
type PortType string

// The types of ports, as in a topology, beside the switch's own.
const (
	PortSystem   PortType = "system"
	PortAFXDP    PortType = "afxdp"
	PortInternal PortType = "internal"
)

// Neighbor is one row of the ARP table or its IPv6 counterpart (RFC 826, RFC 4861).
type Neighbor struct {
	Router    string        `json:"router"`
	Port      uint32        `json:"port"`
	Interface string        `json:"interface"`
	VRF       string        `json:"vrf"`
	Address   netip.Addr    `json:"address"`
	MAC       string        `json:"mac"`
	State     NeighborState `json:"state"` // RFC 4861 section 7.3.2, lower case: incomplete, reachable, stale, delay, probe, failed
}

// VRF is one VRF of one router with its routes.
type VRF struct {
	Router string   `json:"router"`
	VRF    string   `json:"vrf"`
	RD     string   `json:"rd"`
	Import []string `json:"import"`
	Export []string `json:"export"`
	Routes []Route  `json:"routes"`

	MaxRoutes uint32 `json:"max_routes"` // limit of prefixes with a usable path; 0: none
	Held      int    `json:"held"`       // number of such prefixes
	Refused   int    `json:"refused"`    // prefixes for which there is no room

	Punted       uint64 `json:"punted"`        // packets from other routers for the slow path
	PuntsDropped uint64 `json:"punts_dropped"` // of these, those above its rate limit
}

// Route is one path to a prefix in a VRF.
type Route struct {
	Prefix    netip.Prefix `json:"prefix"`
	NextHop   netip.Addr   `json:"next_hop"` // 0.0.0.0 or :: for connected and aggregate
	Label     *uint32      `json:"label"`    // for bgp the label to push, else the announced one; null if there is none
	Source    RouteSource  `json:"source"`   // connected, static, bgp or aggregate
	Best      bool         `json:"best"`
	Backup    bool         `json:"backup"` // packets take it at once if the next hop of the best one fails
	Reason    string       `json:"reason"` // why it is or is not best
	MED       *uint32      `json:"med"`
	LocalPref *uint32      `json:"local_pref"`
	Weight    uint32       `json:"weight"` // that an import policy of this router has given it
	ASPath    string       `json:"as_path"`
	Origin    Origin       `json:"origin"`     // igp, egp or incomplete
	Unusable  string       `json:"unusable"`   // what makes the path unusable for any router, or which import policy of the VRF rejects it; "" if nothing
	ChangedBy []string     `json:"changed_by"` // terms of the import policies of the VRF that changed it
	SoO       []string     `json:"soo"`        // the sites of origin that it carries (RFC 4364 section 7)
}

// ActiveRoute is a route by which a router forwards: the best path of a VRF to a prefix, or
// outside VRFs, in a lab with core, the path to another loopback.
type ActiveRoute struct {
	Router  string       `json:"router"`
	VRF     string       `json:"vrf"` // "" outside VRFs
	RD      string       `json:"rd"`
	Prefix  netip.Prefix `json:"prefix"`
	NextHop netip.Addr   `json:"next_hop"` // 0.0.0.0 or :: for connected and aggregate
	Label   *uint32      `json:"label"`    // that packets get; null for none
	Source  RouteSource  `json:"source"`   // connected, static, bgp or aggregate; lsp outside VRFs
}

// MPLS is one label binding: a label that the router assigned (in), or one to push
// (out).
type MPLS struct {
	Router    string       `json:"router"`
	VRF       string       `json:"vrf"`
	RD        string       `json:"rd"`
	Prefix    netip.Prefix `json:"prefix"`
	NextHop   netip.Addr   `json:"next_hop"`
	Label     uint32       `json:"label"`
	Direction Direction    `json:"direction"` // in or out
	Stack     []uint32     `json:"stack"`     // with which packets leave, the outermost first, the label last; empty for a label that arrives
}

// Flow is the counters of one route or of one incoming label.
type Flow struct {
	Router    string       `json:"router"`
	VRF       string       `json:"vrf"`
	RD        string       `json:"rd"`
	Direction Direction    `json:"direction"` // in: labelled packets arriving; out: customers' packets
	Prefix    netip.Prefix `json:"prefix"`    // the zero Prefix ("") for an incoming label that serves several
	Label     *uint32      `json:"label"`
	NextHop   netip.Addr   `json:"next_hop"`
	Packets   uint64       `json:"packets"`
	Bytes     uint64       `json:"bytes"`

	Swap *uint32 `json:"swap"` // null for most; the label with which the packets go on: that of a route that a border router tells on
}

// Port is the counters of one port of one router.
type Port struct {
	Router    string `json:"router"`
	Port      uint32 `json:"port"`
	Name      string `json:"name"`
	RxPackets uint64 `json:"rx_packets"`
	RxBytes   uint64 `json:"rx_bytes"`
	RxErrors  uint64 `json:"rx_errors"`
	TxPackets uint64 `json:"tx_packets"`
	TxBytes   uint64 `json:"tx_bytes"`
	TxErrors  uint64 `json:"tx_errors"`

	Punted       uint64 `json:"punted"`        // packets for the slow path; on a core port, only those of no VRF
	PuntsDropped uint64 `json:"punts_dropped"` // of these, those above its rate limit
	PuntsIgnored uint64 `json:"punts_ignored"` // of the punted packets, those without an answer: damaged, not for the router, or beyond the ICMP error rate
}

// RIB is one path of a speaker's VPN table, before import into VRFs.
type RIB struct {
	Router    string       `json:"router"`
	Family    string       `json:"family"` // vpnv4 or vpnv6
	RD        string       `json:"rd"`
	Prefix    netip.Prefix `json:"prefix"`
	NextHop   netip.Addr   `json:"next_hop"`
	Label     uint32       `json:"label"`
	Targets   []string     `json:"targets"`
	Best      bool         `json:"best"`
	ASPath    string       `json:"as_path"`
	Origin    Origin       `json:"origin"`
	MED       *uint32      `json:"med"`
	LocalPref *uint32      `json:"local_pref"`
	Unusable  string       `json:"unusable"` // what makes the path unusable for any router; "" if nothing

	Peer        netip.Addr `json:"peer"`   // that has announced it; "" for the router's own
	Weight      uint32     `json:"weight"` // that an import policy of this router has given it
	Stale       bool       `json:"stale"`  // kept while its peer restarts (RFC 4724)
	Communities []string   `json:"communities"`
	Large       []string   `json:"large_communities"`
	Extended    []string   `json:"extended_communities"` // without route targets
}

// Node is one router or host of a lab, as `pseudowan ps` lists it.
type Node struct {
	Lab       string    `json:"lab"`
	Node      string    `json:"node"`
	Kind      NodeKind  `json:"kind"`    // router or host
	Runtime   string    `json:"runtime"` // netns or docker
	State     NodeState `json:"state"`   // running, or what is wrong
	VRF       string    `json:"vrf"`     // of a host; several are joined by commas
	Addresses []string  `json:"addresses"`
	NetNS     string    `json:"netns"`    // the namespace's path
	PID       int       `json:"pid"`      // the agent or the container's first process; 0 if there is none
	Datapath  string    `json:"datapath"` // of a router: netdev or system; "" if its agent does not answer

	CommandState CommandState `json:"command_state"` // of a host's own command, or its container's first process: running, ended or unknown; "" if it has none
	ExitCode     *int         `json:"exit_code"`     // of an ended command, or 128 plus the signal that ended it; null if unknown
	LastLines    []string     `json:"last_lines"`    // the last output of an ended command
	Faults       []string     `json:"faults"`        // what pseudowan link or uplink-tracking has done to its links, with the interfaces

	Published []string  `json:"published"` // ports of the server that lead to a host, as 0.0.0.0:8080->80/tcp
	Services  []Service `json:"services"`  // of a host
}

// Service is a program that a host runs, beside its own command.
type Service struct {
	Name      string       `json:"name"`
	State     ServiceState `json:"state"`      // ready, done (one that runs once), starting, restarting or ended
	PID       int          `json:"pid"`        // its first process; 0 if there is none
	ExitCode  *int         `json:"exit_code"`  // of its last end, or 128 plus the signal that ended it; null if it has not ended
	Restarts  int          `json:"restarts"`   // by its policy, since it was started
	LastLines []string     `json:"last_lines"` // the last output of one that is not up
}
