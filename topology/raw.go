package topology

import (
	"net"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// The raw types mirror the file key by key; the tags name the keys, and with
// the descriptions they also make the JSON Schema.

type rawTopology struct {
	At           pos                  `json:"-"`
	Name         value[string]        `json:"name" jsonschema:"required" jsonschema_description:"The lab's name."`
	Description  value[string]        `json:"description" jsonschema_description:"One line that says what the lab shows."`
	NodePrefix   value[string]        `json:"node-prefix" jsonschema_description:"Put before a node's name to name its container; pw-NAME- where it is not given."`
	Runtime      value[runtime]       `json:"runtime" jsonschema_description:"What hosts run in; chosen by what the server has where it is not given."`
	Datapath     value[datapath]      `json:"datapath" jsonschema_description:"The Open vSwitch datapath of the routers."`
	LabelMode    value[vpn.LabelMode] `json:"label-mode" jsonschema_description:"What shares an MPLS label: per-next-hop where it is not given."`
	Redistribute rawRedistribute      `json:"redistribute" jsonschema_description:"Which routes of a VRF become VPN routes: connected subnets and static routes where it is not given."`
	Defaults     rawDefaults          `json:"defaults" jsonschema_description:"Values for routers, hosts and sessions that do not give their own."`
	Routers      entries[rawRouter]   `json:"routers" jsonschema:"required" jsonschema_description:"The PE and P routers, by name."`
	Links        []rawLink            `json:"links" jsonschema_description:"Wires, LANs and NICs that join the routers. A BGP session follows from each."`
	VRFs         entries[rawVRF]      `json:"vrfs" jsonschema_description:"VRFs of the whole lab, by name. A router has an instance where a host is attached."`
	Hosts        entries[rawHost]     `json:"hosts" jsonschema_description:"Customer hosts, by name."`
	Series       []rawSeries          `json:"series" jsonschema_description:"Many hosts from a few lines."`
	Expect       []value[expectLine]  `json:"expect" jsonschema_description:"What must be true of the lab, beyond what follows from its route targets: a -> b, a -> b via c, a !-> b."`
}

type rawDefaults struct {
	Router struct {
		AS     value[asNumber]       `json:"as" jsonschema_description:"AS number, 1 to 4294967294 without the reserved 23456 and 65535."`
		Labels value[vpn.LabelRange] `json:"labels" jsonschema_description:"Labels that a router hands out."`
	} `json:"router"`
	Host struct {
		hostSettings
		MTU value[int] `json:"mtu" jsonschema_description:"MTU of the host's interfaces, 68 to 9216, at least 1280 with IPv6."`
	} `json:"host"`
	BGP bgpOptions `json:"bgp"`
}

type rawRouter struct {
	At     pos                   `json:"-"`
	AS     value[asNumber]       `json:"as" jsonschema_description:"AS number, 1 to 4294967294 without the reserved 23456 and 65535."`
	ID     value[netip.Addr]     `json:"id" jsonschema_description:"BGP identifier, a unicast IPv4 address; 10.255.0.N where it is not given."`
	Labels value[vpn.LabelRange] `json:"labels" jsonschema_description:"Labels that the router hands out; a block of its own, by its place in the file, where it is not given."`
}

type rawLink struct {
	At      pos              `json:"-"`
	NIC     value[string]    `json:"nic" jsonschema_description:"Interface of the server that is lent to the one router at its end."`
	MTU     value[int]       `json:"mtu" jsonschema_description:"Octets in a frame's payload, MPLS labels included, 256 to 9216, at least 1280 with IPv6; 1512 for wires, 1500 for a NIC."`
	Ends    rawEnds          `json:"ends" jsonschema:"required" jsonschema_description:"The ends ROUTER:INTERFACE, as a list, or as a mapping where an end has settings."`
	Subnets []value[network] `json:"subnets" jsonschema_description:"Subnets of the link; ends without an address get the first, second, … of each."`
	BGP     rawLinkBGP       `json:"bgp" jsonschema_description:"The session or sessions over the link: full-mesh, none, or settings for both directions."`
}

type rawEnd struct {
	At        pos                     `json:"-"`
	Address   value[netip.Prefix]     `json:"address" jsonschema_description:"Address with prefix length."`
	Addresses []value[netip.Prefix]   `json:"addresses" jsonschema_description:"Addresses with prefix lengths."`
	MAC       value[net.HardwareAddr] `json:"mac" jsonschema_description:"MAC address; derived where it is not given."`
	BGP       rawEndBGP               `json:"bgp" jsonschema_description:"This end's own settings of its sessions, or none."`
}

// bgpOptions is what can be adjusted of a session, at each of its levels.
type bgpOptions struct {
	MED          value[uint32]       `json:"med" jsonschema_description:"MED sent with every route."`
	LocalPref    value[uint32]       `json:"local-pref" jsonschema_description:"Local preference set on every route received."`
	HoldTime     value[lifetime]     `json:"hold-time" jsonschema_description:"Hold time: 0 or at least 3 s; 40 s where it is not given."`
	Keepalive    value[lifetime]     `json:"keepalive" jsonschema_description:"Keepalive interval; a third of the hold time where it is not given."`
	ConnectRetry value[lifetime]     `json:"connect-retry" jsonschema_description:"Time between attempts to connect; 2 s where it is not given."`
	Passive      value[bool]         `json:"passive" jsonschema_description:"Wait for the peer to connect."`
	Password     value[string]       `json:"password" jsonschema_description:"TCP-MD5 password (RFC 2385), at most 80 characters."`
	GTSM         value[bool]         `json:"gtsm" jsonschema_description:"TTL security (RFC 5082)."`
	Families     []value[vpn.Family] `json:"families" jsonschema_description:"Address families; vpnv4 and vpnv6 where they are not given."`
	MaxPrefixes  value[uint32]       `json:"max-prefixes" jsonschema_description:"Prefixes accepted from the peer; 0 for no limit."`
	NextHopSelf  value[bool]         `json:"next-hop-self" jsonschema_description:"Announce our own address as next hop; true where it is not given."`
}

type linkSettings struct {
	bgpOptions
	Peer value[netip.Addr] `json:"peer" jsonschema_description:"Address of the router behind the NIC."`
	AS   value[asNumber]   `json:"as" jsonschema_description:"AS number of the router behind the NIC, 1 to 4294967294 without 23456 and 65535."`
}

type endSettings struct {
	bgpOptions
	RouteReflector value[bool] `json:"route-reflector" jsonschema_description:"This router reflects routes between its iBGP peers on the link (RFC 4456); they need no sessions with each other."`
}

type rawVRF struct {
	At           pos                               `json:"-"`
	RD           value[vpn.RD]                     `json:"rd" jsonschema_description:"Route distinguisher; ROUTER-ID:N where it is not given."`
	RTs          oneOrMany[value[vpn.RouteTarget]] `json:"rts" jsonschema_description:"Route targets both imported and exported."`
	Import       oneOrMany[value[vpn.RouteTarget]] `json:"import" jsonschema_description:"Route targets imported."`
	Export       oneOrMany[value[vpn.RouteTarget]] `json:"export" jsonschema_description:"Route targets exported."`
	LabelMode    value[vpn.LabelMode]              `json:"label-mode" jsonschema_description:"What shares an MPLS label."`
	Redistribute rawRedistribute                   `json:"redistribute" jsonschema_description:"Which routes of this VRF become VPN routes."`
}

type rawRedistribute struct {
	Connected value[Redistribute] `json:"connected" jsonschema_description:"Connected networks: none, each learnt host as a /32 or /128, or the subnets."`
	Static    value[bool]         `json:"static" jsonschema_description:"Static routes: LANs and announcements."`
}

// hostSettings is what hosts, series and defaults have in common.
type hostSettings struct {
	Runtime value[runtime]         `json:"runtime" jsonschema_description:"What the host runs in."`
	Image   value[string]          `json:"image" jsonschema_description:"Container image (docker); the built-in one where it is not given."`
	Build   value[string]          `json:"build" jsonschema_description:"Directory with a Dockerfile, or a Dockerfile, that the image is built from (docker); relative to this file."`
	Mounts  []value[Mount]         `json:"mounts" jsonschema_description:"Paths of the server inside the host (docker), as ./dir:/dir or ./dir:/dir:ro; relative to this file."`
	Memory  value[memorySize]      `json:"memory" jsonschema_description:"Limit of memory (docker), as 256M or 1G."`
	CPUs    value[cpuCount]        `json:"cpus" jsonschema_description:"Limit of CPUs (docker), as 0.5 or 2."`
	Command []value[string]        `json:"command" jsonschema_description:"Program and arguments that the host runs."`
	Env     entries[value[string]] `json:"env" jsonschema_description:"Environment variables."`
	Files   entries[value[string]] `json:"files" jsonschema_description:"Files inside the host: absolute path and content, of 1 MiB at most. A netns host has files of its own in /run and /tmp alone."`
}

type rawHost struct {
	At pos `json:"-"`
	hostSettings
	rawAttachment
	Forward value[bool]              `json:"forward" jsonschema_description:"The host routes between its attachments."`
	Attach  oneOrMany[rawAttachment] `json:"attach" jsonschema_description:"Attachments to VRFs; a host with only one may give its keys directly."`
	LANs    []value[netip.Prefix]    `json:"lans" jsonschema_description:"Networks behind the host, one interface each, 4000 at most; the host has the first address."`
	LANsVia []value[string]          `json:"lans-via" jsonschema_description:"Interfaces of the attachments that carry the LANs; the first attachment where it is not given."`
}

type rawAttachment struct {
	At        pos                           `json:"-"`
	To        value[string]                 `json:"to" jsonschema_description:"The router."`
	VRF       value[string]                 `json:"vrf" jsonschema_description:"The VRF: one of vrfs:, or a new one where rd: is given."`
	RD        value[vpn.RD]                 `json:"rd" jsonschema_description:"Route distinguisher of the VRF on this router; a VRF not in vrfs: imports and exports it as route target."`
	Interface value[string]                 `json:"interface" jsonschema_description:"The host's interface; eth0, eth1, … where it is not given."`
	MAC       value[net.HardwareAddr]       `json:"mac" jsonschema_description:"The host's MAC address; derived where it is not given."`
	MTU       value[int]                    `json:"mtu" jsonschema_description:"MTU, 68 to 9216, at least 1280 with IPv6; 1500 where it is not given."`
	Addresses oneOrMany[value[hostAddress]] `json:"addresses" jsonschema_description:"The host's addresses with prefix lengths; slaac for IPv6 by router advertisements."`
	Gateway   oneOrMany[value[netip.Addr]]  `json:"gateway" jsonschema_description:"The router's address; the first of the subnet where it is not given."`
	RA        rawRA                         `json:"ra" jsonschema_description:"Router advertisements: a prefix, or settings."`
	Routes    []value[network]              `json:"routes" jsonschema_description:"The host's routes through this attachment; a default route where a host has only one."`
	BGP       rawCustomerBGP                `json:"bgp" jsonschema_description:"The host speaks BGP with the router: its AS number, or settings. It announces its LANs itself."`
	Announce  oneOrMany[rawAnnounce]        `json:"announce" jsonschema_description:"Further prefixes behind the host: static routes in the VRF."`
}

type raSettings struct {
	Prefix     value[network]      `json:"prefix" jsonschema:"required" jsonschema_description:"Advertised prefix."`
	Lifetime   value[lifetime]     `json:"lifetime" jsonschema_description:"Router lifetime; 1800 s where it is not given."`
	RDNSS      []value[netip.Addr] `json:"rdnss" jsonschema_description:"DNS servers (RFC 8106)."`
	DNSSL      []value[string]     `json:"dnssl" jsonschema_description:"DNS search list (RFC 8106)."`
	Managed    value[bool]         `json:"managed" jsonschema_description:"M flag: addresses by DHCPv6, and not by autoconfiguration from the prefix."`
	Other      value[bool]         `json:"other" jsonschema_description:"O flag: other settings by DHCPv6."`
	Preference value[preference]   `json:"preference" jsonschema_description:"Router preference (RFC 4191)."`
}

type announceSettings struct {
	Prefix  value[network]    `json:"prefix" jsonschema:"required" jsonschema_description:"The prefix."`
	NextHop value[netip.Addr] `json:"next-hop" jsonschema_description:"An address on a subnet of this attachment; the host's where it is not given."`
}

type rawSeries struct {
	At pos `json:"-"`
	hostSettings
	On    value[string]     `json:"on" jsonschema:"required" jsonschema_description:"The router that the hosts are attached to."`
	Name  value[string]     `json:"name" jsonschema:"required" jsonschema_description:"Name of each host; {i} counts the hosts of the series from 1 in the order of the file, {i:03} with leading zeros, {vrf} is the VRF, {on} the router."`
	RD    value[string]     `json:"rd" jsonschema_description:"Route distinguisher of each VRF, with the same placeholders."`
	Step  value[stepLength] `json:"step" jsonschema_description:"Distance from one VRF of a row to the next, for subnet and lan; without it every VRF of a row has the same prefixes."`
	Step6 value[stepLength] `json:"step6" jsonschema_description:"The same for subnet6 and lan6."`
	LANs  value[int]        `json:"lans" jsonschema_description:"LANs of each host and family; 4000 for a host at most, 30000 in a lab."`
	MTU   value[int]        `json:"mtu" jsonschema_description:"MTU of the hosts' interfaces, 68 to 9216, at least 1280 with IPv6."`
	Rows  []rawRow          `json:"rows" jsonschema:"required"`
}

type rawRow struct {
	At      pos                        `json:"-"`
	VRFs    oneOrMany[value[vrfNames]] `json:"vrfs" jsonschema:"required" jsonschema_description:"VRFs with one host each: names, or ranges as 101-103."`
	Subnet  value[network]             `json:"subnet" jsonschema_description:"IPv4 subnet of the first host; the host is its second address, the router its first."`
	Subnet6 value[network]             `json:"subnet6" jsonschema_description:"IPv6 subnet of the first host."`
	LAN     value[network]             `json:"lan" jsonschema_description:"First LAN of the first host; the others follow one after another."`
	LAN6    value[network]             `json:"lan6" jsonschema_description:"The same for IPv6."`
}
