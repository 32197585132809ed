package topology

import (
	"net"
	"net/netip"
	"time"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Topology is a validated lab: everything in it has been checked, resolved and
// defaulted. Slices are in the order of the file unless a field says otherwise.
type Topology struct {
	Name        string `json:"name"`
	Source      string `json:"source"` // name of the file, for messages
	Description string `json:"description,omitempty"`
	NodePrefix  string `json:"prefix"`             // prefix of the names of containers
	Runtime     string `json:"runtime,omitempty"`  // of hosts that name none; "": depends on the server
	Datapath    string `json:"datapath,omitempty"` // "", "auto", "netdev" or "system"

	Routers  []Router      `json:"routers"`
	Core     *Core         `json:"core,omitempty"` // nil: next hops of VPN routes are on links
	Links    []Link        `json:"links"`
	Sessions []Session     `json:"sessions"` // one entry for each direction of each BGP session, derived from the links
	VRFs     []VRF         `json:"vrfs"`     // instances: one for each router and VRF in use on it
	Segments []Segment     `json:"segments,omitempty"`
	Hosts    []Host        `json:"hosts"`
	Outside  []Outside     `json:"outside,omitempty"`
	Expect   []Expectation `json:"expect,omitempty"`

	Policies []policy.Policy `json:"policies,omitempty"`

	// PrefixLists are those of the file. What they contain is in Policies.
	PrefixLists []PrefixList `json:"-"`

	// VRFNumbers are the numbers of VRFs in RDs that the file does not give, by name.
	VRFNumbers map[string]int `json:"-"`

	// Warnings are what the file may have but its author cannot have meant.
	Warnings Problems `json:"-"`
}

// PrefixList is a prefix list of the file.
type PrefixList struct {
	Name  string
	Users []string // the terms of policies and the prefix lists that name it
}

// Router is a PE or P router of ours.
type Router struct {
	Name   string         `json:"name"`
	AS     uint32         `json:"as"`
	ID     netip.Addr     `json:"id"` // BGP identifier, an IPv4 address
	Labels vpn.LabelRange `json:"labels"`

	Loopback6 netip.Addr `json:"loopback6,omitzero"` // in a core with IPv6; zero: none

	Stations []Station `json:"bmp,omitempty"` // that it tells of its sessions and tables
	MRT      *MRT      `json:"mrt,omitempty"` // files in which it records what peers send; nil: none

	Maintenance bool `json:"maintenance,omitempty"` // others use it as the last resort

	Tracking *Tracking `json:"uplink_tracking,omitempty"` // nil: its ports do not depend on the core
}

// Link is a wire between two routers, a LAN segment of several, or a NIC of
// the server lent to one router.
type Link struct {
	NIC  string    `json:"nic,omitempty"` // the server's interface; "": none
	MTU  int       `json:"mtu"`           // octets of payload in an Ethernet frame, labels included
	XDP  bool      `json:"xdp,omitempty"` // the routers' switches receive and send by AF_XDP
	Ends []LinkEnd `json:"ends"`

	Metric uint32 `json:"metric,omitempty"` // in label-switched paths; 0: they do not use the link

	InterAS InterAS `json:"inter_as,omitempty"` // what VPN routes do here; "": they end at the router that hears them
}

// LinkEnd is a router's interface on a link.
type LinkEnd struct {
	Router    string           `json:"router"`
	Interface string           `json:"interface"` // "eth1"; the BGP port is named after it
	Addresses []netip.Prefix   `json:"addresses"`
	MAC       net.HardwareAddr `json:"mac,omitempty"` // empty: derived

	VRF string       `json:"vrf,omitempty"` // that the link belongs to at this end; "": the provider's network
	BGP *CustomerBGP `json:"bgp,omitempty"` // with the router at the other end of a link that belongs to VRFs
}

// Awaited reports whether the session must be established before the lab has
// converged.
func (s *Session) Awaited() bool { return s.PeerRouter != "" && !s.Shutdown && !s.PeerShutdown }

// Peer is the address of the peer, or the prefix of those that may connect.
func (s *Session) Peer() string {
	if s.PeerPrefix.IsValid() {
		return s.PeerPrefix.String()
	}
	return s.PeerAddress.String()
}

// Is reports whether the peer with an address is one of the session's.
func (s *Session) Is(peer netip.Addr) bool {
	return s.PeerAddress == peer || s.PeerPrefix.IsValid() && s.PeerPrefix.Contains(peer)
}

// Session is one router's view of one BGP session.
type Session struct {
	Router       string     `json:"router"`
	Interface    string     `json:"interface"` // the router's interface on the link; LoopbackInterface between loopbacks
	LocalAddress netip.Addr `json:"local_address"`
	PeerAddress  netip.Addr `json:"peer_address"`
	PeerAS       uint32     `json:"peer_as"`

	// A session with whoever connects from a prefix has that in the place of the
	// peer's address, and a limit of such peers.
	PeerPrefix netip.Prefix `json:"peer_prefix,omitzero"`
	PeerLimit  int          `json:"peer_limit,omitempty"`

	// Via is the router on the link through which the peer is reached; zero: the peer
	// is on the link. LocalAddress may then be one that the router has for its sessions.
	Via netip.Addr `json:"via,omitzero"`

	PeerRouter string `json:"peer_router,omitempty"` // empty: a router outside the lab

	Client       bool `json:"client,omitempty"`        // the peer is our route reflector client (RFC 4456)
	Border       bool `json:"border,omitempty"`        // VPN routes of others pass between two ASes, with labels of their border routers
	PeerShutdown bool `json:"peer_shutdown,omitempty"` // the peer, a router of the lab, keeps the session down
	session.Settings
}

// Watched reports whether BFD watches the path to the peer.
func (s Session) Watched() bool {
	return s.BFD && !s.Shutdown && !s.PeerShutdown && !s.PeerPrefix.IsValid()
}

// VRF is an instance of a VRF on one router.
type VRF struct {
	Router string            `json:"router"`
	Name   string            `json:"name"`
	RD     vpn.RD            `json:"rd"`
	Import []vpn.RouteTarget `json:"import"` // sorted
	Export []vpn.RouteTarget `json:"export"` // sorted

	LabelMode             vpn.LabelMode `json:"label_mode"`
	RedistributeConnected Redistribute  `json:"redistribute_connected"`
	RedistributeStatic    bool          `json:"redistribute_static"`

	Limit      vpn.RouteLimit `json:"limit,omitzero"`
	Aggregates []Aggregate    `json:"aggregates,omitempty"` // default routes first

	// Names of the policies that routes pass into the VRF and out of it.
	ImportPolicy []string `json:"import_policy,omitempty"`
	ExportPolicy []string `json:"export_policy,omitempty"`
}

// Host is a customer end system; it is also the CE.
type Host struct {
	Name         string            `json:"name"`
	Runtime      string            `json:"runtime,omitempty"`      // "": the topology's
	Image        string            `json:"image,omitempty"`        // containers only; "" without Build: the built-in image
	Build        string            `json:"build,omitempty"`        // containers only: a Dockerfile or its directory, as in the file
	Devices      []string          `json:"devices,omitempty"`      // containers only
	Capabilities []string          `json:"capabilities,omitempty"` // containers only: beside the usual ones, without CAP_
	Mounts       []Mount           `json:"mounts,omitempty"`       // containers only
	Memory       int64             `json:"memory,omitempty"`       // containers only: octets; 0: no limit
	CPUs         float64           `json:"cpus,omitempty"`         // containers only; 0: no limit
	Machine      *Machine          `json:"machine,omitempty"`      // virtual machines only
	Command      []string          `json:"command,omitempty"`
	Env          map[string]string `json:"env,omitempty"`
	Files        map[string]string `json:"files,omitempty"` // content by absolute path
	Services     []Service         `json:"services,omitempty"`
	Keep         []string          `json:"keep,omitempty"`     // directories that are the host's own
	Packages     []string          `json:"packages,omitempty"` // of the distribution, that its commands need
	Forward      bool              `json:"forward,omitempty"`  // the host routes between its attachments
	Rewrites     bool              `json:"rewrites,omitempty"` // what passes the host is said by Expect alone
	Sysctls      map[string]string `json:"sysctls,omitempty"`  // kernel settings of the host by name, net. included
	Attachments  []Attachment      `json:"attach"`
	Publish      []Published       `json:"publish,omitempty"`
	LANs         []netip.Prefix    `json:"lans,omitempty"` // the host's address on eth(n), eth(n+1)… after its n attachments

	DUID string `json:"duid,omitempty"` // of the DHCP client; "": of its first MAC address

	// ContainerOnly is the first setting that needs a container; nil if there is
	// none.
	ContainerOnly *Setting `json:"-"`

	// BuildLine is the file's line of Build, for messages.
	BuildLine int `json:"-"`
}

// Mount is a path of the server mounted into a host.
type Mount struct {
	Source   string `json:"source"` // on the server, as in the file
	Target   string `json:"target"` // inside, absolute
	ReadOnly bool   `json:"read_only,omitempty"`
	Line     int    `json:"-"` // of the file, for messages
}

// Setting is a key of the file, for messages.
type Setting struct {
	Key  string
	Line int
}

// Attachment connects a host to a VRF of a router, or to a segment. What routers on
// the segment do is in Segment; Topology.AtRouters joins both.
type Attachment struct {
	Router    string           `json:"router,omitempty"`
	VRF       string           `json:"vrf,omitempty"`
	Segment   string           `json:"segment,omitempty"`
	Interface string           `json:"interface"`     // the host's: "eth0", …
	MAC       net.HardwareAddr `json:"mac,omitempty"` // the host's; empty: derived
	MTU       int              `json:"mtu"`
	Addresses []netip.Prefix   `json:"addresses"`       // the host's static addresses with their subnets
	SLAAC     bool             `json:"slaac,omitempty"` // the host autoconfigures IPv6 (RFC 4862)
	Gateways  []netip.Prefix   `json:"gateways"`        // the router's address in each subnet, with its length
	RA        *RA              `json:"ra,omitempty"`    // router advertisements that the router sends
	BGP       *CustomerBGP     `json:"bgp,omitempty"`   // the host speaks BGP with the router
	Routes    []netip.Prefix   `json:"routes"`          // the host's routes through this attachment's gateways
	Statics   []Static         `json:"statics"`         // the router's static routes to this host: LANs and announcements

	DAD     bool              `json:"dad,omitempty"`      // the host looks for duplicates of its addresses
	ProxyND []netip.Prefix    `json:"proxy_nd,omitempty"` // for which the host answers neighbour discovery
	Sysctls map[string]string `json:"sysctls,omitempty"`  // of the interface, by name, perhaps with ipv4. or ipv6.

	Guard Guard `json:"guard,omitzero"` // of the port on a segment

	SoO vpn.SiteOfOrigin `json:"soo,omitzero"` // the site that the host is at (RFC 4364 section 7); zero: none

	// On a segment only.
	DHCP       *DHCP          `json:"dhcp,omitempty"`       // what the host's DHCP client asks for; nil: nothing
	NextHops   []NextHop      `json:"next_hops,omitempty"`  // the host's routes
	Advertised []netip.Prefix `json:"advertised,omitempty"` // in which hosts with SLAAC form addresses
	Advertises []netip.Prefix `json:"advertises,omitempty"` // of these, by the host's own daemon
}

// Static is a static route in a VRF, behind a host.
type Static struct {
	Prefix  netip.Prefix `json:"prefix"`
	NextHop netip.Addr   `json:"next_hop"`
}

// RA is what a router advertises on an attachment (RFC 4861, RFC 8106).
type RA struct {
	Prefixes   []RAPrefix    `json:"prefixes"`
	Lifetime   time.Duration `json:"lifetime"` // of the router as default router; 0: it is none
	Interval   time.Duration `json:"interval"` // the longest between two advertisements
	RDNSS      []netip.Addr  `json:"rdnss,omitempty"`
	DNSSL      []string      `json:"dnssl,omitempty"`
	Managed    bool          `json:"managed,omitempty"`
	Other      bool          `json:"other,omitempty"`
	Preference string        `json:"preference,omitempty"` // "low", "medium", "high"
}

// RAPrefix is a prefix that a router advertises (RFC 4861 section 4.6.2).
type RAPrefix struct {
	Prefix     netip.Prefix  `json:"prefix"`
	Valid      time.Duration `json:"valid"`
	Preferred  time.Duration `json:"preferred"`
	Autonomous bool          `json:"autonomous,omitempty"` // hosts form addresses in it
	OnLink     bool          `json:"on_link,omitempty"`
}

// Outside is a site behind a NIC, at a router that is not of the lab.
type Outside struct {
	Name      string            `json:"name"`
	Router    string            `json:"router"`    // of the lab, with the NIC
	Interface string            `json:"interface"` // the router's, on the link with the NIC
	VRF       string            `json:"vrf"`       // of the lab, that the site is in
	Import    []vpn.RouteTarget `json:"import"`    // of the VRF as the site's router has it
	Export    []vpn.RouteTarget `json:"export"`
	Addresses []netip.Addr      `json:"addresses"` // that answer pings
}
