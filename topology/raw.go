package topology

import (
	"net"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// The raw types mirror the file key by key. Their tags have the names of the keys
// and, for the JSON Schema, their descriptions (doc), their defaults (default) and
// the allowed numbers (jsonschema).

type rawTopology struct {
	At           pos                         `json:"-"`
	Name         value[string]               `json:"name" jsonschema:"required" doc:"Name of the lab: at most 32 letters, digits, dots, dashes and underscores."`
	Description  value[string]               `json:"description" doc:"What the lab shows, in one line."`
	NodePrefix   value[string]               `json:"node-prefix" doc:"Prefix of the names of the hosts' containers." default:"pw-NAME-"`
	Runtime      value[runtime]              `json:"runtime" doc:"Runtime of the hosts." default:"docker if a daemon answers, else netns"`
	Datapath     value[datapath]             `json:"datapath" doc:"Open vSwitch datapath of the routers: in user space (netdev) or in the kernel (system)." default:"auto: system if the kernel has it, else netdev"`
	LabelMode    value[vpn.LabelMode]        `json:"label-mode" doc:"Which routes of a VRF share an MPLS label: those with the same next hop (per-ce is the same), all, or none. Packets with the label of a next hop, or of a prefix behind one, go straight to it; with others, the VRF looks up their destination." default:"per-next-hop"`
	Redistribute rawRedistribute             `json:"redistribute" doc:"Which routes of a VRF become VPN routes."`
	Defaults     rawDefaults                 `json:"defaults" doc:"Values for routers, hosts and BGP sessions without their own."`
	Routers      entries[rawRouter]          `json:"routers" jsonschema:"required" doc:"PE and P routers, by name."`
	Core         rawCore                     `json:"core" doc:"Transport of the routers' own network: labelled unicast (RFC 8277), or settings. VPN routes then go from loopback to loopback, which are the routers' ids or IPv6 addresses, over P routers, which are routers without hosts. Over links within an AS the routers exchange labels for their loopbacks." default:"none: next hops of VPN routes are on a link"`
	Links        []rawLink                   `json:"links" doc:"Wires, LANs and NICs that connect the routers. Routers on a link have BGP sessions with each other."`
	PrefixLists  entries[[]value[listEntry]] `json:"prefix-lists" doc:"Prefix lists, by name. An entry is a prefix such as 10.0.0.0/8, which means only itself; ge and le after it extend it to more specific prefixes of at least or at most a length, except before it excludes them, and a name includes another list. Of the entries that cover a prefix the longest decides."`
	Policies     entries[[]rawTerm]          `json:"policies" doc:"Policies, by name: lists of terms. The first term that matches a route and does not end with next decides; without one the route is accepted. Sessions and VRFs use them as import-policy and export-policy."`
	VRFs         entries[rawVRF]             `json:"vrfs" doc:"VRFs of the lab, by name. A router has an instance of those that its hosts are attached to."`
	Segments     entries[rawSegment]         `json:"segments" doc:"LANs of hosts and wires between two hosts, by name, with or without routers on them. A segment of two hosts alone is a wire: when one end is down, so is the other."`
	Hosts        entries[rawHost]            `json:"hosts" doc:"Customer hosts, by name."`
	Series       []rawSeries                 `json:"series" doc:"Many hosts from a few lines: one for each VRF of some rows, or, with count or range, copies of one host."`
	Outside      entries[rawOutside]         `json:"outside" doc:"Sites behind a link with a NIC, by name, for expect and verify: what the router behind the NIC connects."`
	Expect       []value[expectLine]         `json:"expect" doc:"What must hold in addition to what the route targets imply: a -> b, a -> b via c, d, or a !-> b of hosts; a -> b tcp 80 or a !-> b tcp 80 of a TCP port, and a -> b tcp 80 as ADDRESS of the source that b sees; a -> ADDRESS or a !-> ADDRESS, also with a port or with via, whoever answers there, and a -> ADDRESS tcp 80 at b, if need be with as ADDRESS before at, of the host where the connection ends; a has ADDRESS of an interface."`
}

type rawOutside struct {
	At        pos                          `json:"-"`
	Via       value[string]                `json:"via" doc:"The link behind which the site is: its end, as pe1:eth1, or its NIC." default:"the only link with a NIC"`
	VRF       value[string]                `json:"vrf" jsonschema:"required" doc:"VRF of the lab that the site is in: the router behind the NIC has a VRF with its route targets."`
	Addresses oneOrMany[value[netip.Addr]] `json:"addresses" jsonschema:"required" doc:"Addresses at the site that answer pings."`
}

type rawDefaults struct {
	Router struct {
		AS     value[asNumber]       `json:"as" jsonschema:"minimum=1,maximum=4294967294" doc:"AS number. 23456 and 65535 are reserved."`
		Labels value[vpn.LabelRange] `json:"labels" doc:"Range of MPLS labels that a router allocates from, such as 1000-1999."`
		BMP    oneOrMany[rawStation] `json:"bmp" doc:"Stations that the router tells of its BGP sessions and tables (BMP, RFC 7854): addresses, or mappings. At most 16." default:"none"`
		MRT    rawMRT                `json:"mrt" doc:"Files in which the router records what its peers send (MRT, RFC 6396): a directory, or settings." default:"none"`

		Tracking rawTracking `json:"uplink-tracking" doc:"As of a router; those without hosts have nothing to take down." default:"false"`
	} `json:"router" doc:"Values for routers."`
	Host struct {
		hostSettings
		MTU value[int] `json:"mtu" jsonschema:"minimum=68,maximum=9216" doc:"MTU of the hosts' interfaces, at least 1280 with IPv6." default:"1500"`
	} `json:"host" doc:"Values for hosts and series."`
	BGP sessionDefaults `json:"bgp" doc:"Values for BGP sessions between routers."`
}

type rawRouter struct {
	At        pos                   `json:"-"`
	AS        value[asNumber]       `json:"as" jsonschema:"minimum=1,maximum=4294967294" doc:"AS number. 23456 and 65535 are reserved." default:"that of defaults"`
	ID        value[netip.Addr]     `json:"id" doc:"BGP identifier: a unicast IPv4 address." default:"10.255.0.N, where N counts routers without one"`
	Loopback6 value[netip.Addr]     `json:"loopback6" doc:"Address of its IPv6 loopback, in a core with IPv6. The IPv4 one is its id." default:"fd00:: with the id in the last 32 bits"`
	Labels    value[vpn.LabelRange] `json:"labels" doc:"Range of MPLS labels that the router allocates from, such as 1000-1999." default:"a range that follows from its place in the file"`
	BMP       oneOrMany[rawStation] `json:"bmp" doc:"Stations that the router tells of its BGP sessions and tables (BMP, RFC 7854): addresses, or mappings. At most 16." default:"those of defaults"`
	MRT       rawMRT                `json:"mrt" doc:"Files in which the router records what its peers send (MRT, RFC 6396): a directory, or settings." default:"that of defaults"`

	Maintenance value[bool] `json:"maintenance" doc:"Whether others are asked to use the router as the last resort, so that it can be taken out of service without a loss: all its sessions have graceful-shutdown (RFC 8326), and label-switched paths lead around it." default:"false"`

	Tracking rawTracking `json:"uplink-tracking" doc:"In a lab with core, whether the ports of the router's customers are down while it is cut off from the core: while it has no label-switched path to another router with customers. true, or settings." default:"that of defaults"`
}

// coreSettings are those of the core.
type coreSettings struct {
	Transport    value[transportProtocol]      `json:"transport" doc:"Protocol by which routers tell each other the labels of their loopbacks." default:"labeled-unicast"`
	Families     oneOrMany[value[plainFamily]] `json:"families" doc:"IP versions of the routers' loopbacks, and of the sessions over links in which they tell each other labels for these. Each carries VPN routes of both versions; a core with both, those of its own." default:"ipv4"`
	Null         value[nullLabel]              `json:"null" doc:"Whether packets reach the end of a label-switched path without its label (implicit), or with an explicit null label (RFC 3032)." default:"implicit"`
	Metric       value[int]                    `json:"metric" jsonschema:"minimum=1,maximum=16777216" doc:"Metric of links that have none of their own." default:"10"`
	PropagateTTL value[bool]                   `json:"propagate-ttl" doc:"Whether the core counts as many hops as it has in packets of customers (RFC 3443); else it is one." default:"true"`
	Neighbors    []rawCoreNeighbor             `json:"neighbors" doc:"Routers outside of the lab, behind links with a NIC that label-switched paths use. The reflectors have sessions with their loopbacks or, in an AS without, the routers with VRFs." default:"none"`
	Reflectors   oneOrMany[value[string]]      `json:"reflectors" doc:"Routers that reflect VPN routes (RFC 4456). The others have sessions with these alone." default:"none: routers with VRFs have sessions with each other"`
}

// trackingSettings are those of the tracking of uplinks.
type trackingSettings struct {
	Delay value[lifetime] `json:"delay" doc:"How long the core has to be back before the ports are, such as 10s; they also wait until the router has heard the VPN routes again, though not for more than 30 seconds." default:"2s"`
}

// stationSettings are those of a BMP station.
type stationSettings struct {
	To         value[stationAddress]         `json:"to" jsonschema:"required" doc:"Address of the station, as 10.0.0.9:5000 or [2001:db8::9]:5000. Without a port: 5000."`
	VRF        value[string]                 `json:"vrf" doc:"VRF of the router through which the station is reached, also behind other routers." default:"none: the station is on a link of the router"`
	Routes     oneOrMany[value[stationView]] `json:"routes" doc:"Tables that the station is told of: of each session what the peer has announced (adj-rib-in) and has been told (adj-rib-out), before and after policies, and those of the VRFs (loc-rib)." default:"adj-rib-in-pre and adj-rib-in-post"`
	Statistics value[lifetime]               `json:"statistics" doc:"Time between two reports of counters, such as 60s; 0 for none." default:"0"`
}

// mrtSettings are those of the MRT files of a router.
type mrtSettings struct {
	Directory value[string]   `json:"directory" jsonschema:"required" doc:"Directory of the server for the files, an absolute path. It is made if its parent exists, and must not be writable by others than root. The files are called pseudowan.LAB.ROUTER.…, can be read by root alone, and stay when the lab ends."`
	Updates   value[bool]     `json:"updates" doc:"Whether the messages of peers are recorded." default:"true"`
	Tables    value[lifetime] `json:"tables" doc:"Time between two dumps of all that peers have announced, such as 1h; 0 for none." default:"0"`
	Rotate    value[lifetime] `json:"rotate" doc:"Time after which a file of messages is followed by another." default:"1h"`
	Keep      value[int]      `json:"keep" jsonschema:"minimum=1,maximum=10000" doc:"Number of files of each kind; older ones are removed." default:"24"`
}

type rawLink struct {
	At       pos             `json:"-"`
	NIC      value[string]   `json:"nic" doc:"Network interface of the server that is lent to the one router on the link."`
	MTU      value[int]      `json:"mtu" jsonschema:"minimum=256,maximum=9216" doc:"Payload of a frame in octets, MPLS labels included; at least 1280 with IPv6." default:"1512, or 1500 with a NIC"`
	PortType value[portType] `json:"port-type" doc:"How the routers' Open vSwitch receives and sends at the link: by AF_PACKET (system), or by AF_XDP (afxdp), which is faster, but needs the netdev datapath and 8 MiB of memory for each end, has frames of at most a page (mtu up to 3506), and is not for a NIC. Neither tcpdump nor pseudowan capture see packets there, and pseudowan link cannot impair it." default:"system"`

	Ends    rawEnds          `json:"ends" jsonschema:"required" doc:"Ends of the link as ROUTER:INTERFACE: a list, or a mapping if ends have settings."`
	Subnets []value[network] `json:"subnets" doc:"Subnets of the link. The ends get the first, second, ... address of each unless they give their own."`
	Metric  value[int]       `json:"metric" jsonschema:"minimum=1,maximum=16777216" doc:"Metric of the link in the label-switched paths of a lab with core." default:"that of core"`

	Transport value[bool] `json:"transport" doc:"In a lab with core, whether label-switched paths use the link, which has to be one between routers of an AS, or with inter-as: c; with a NIC, there is a router of the AS behind it. Over others, the routers exchange VPN routes with the link's addresses as next hops." default:"true, and false with a NIC"`

	InterAS value[InterAS] `json:"inter-as" doc:"How VPN routes pass the link, which has to be one between two ASes (RFC 4364 section 10): a, as routes of the VRF that the link belongs to at each end, which vrf names; b, over the session between the routers on it, which tell on those of others with labels of their own; c, over sessions between the PE routers or reflectors of both ASes, while the link carries labels for their loopbacks." default:"none: the routers on the link exchange VPN routes of their own alone"`

	VRF value[string] `json:"vrf" doc:"VRF of both routers that the link belongs to, which has to be a wire between two ASes: inter-as: a. They exchange the routes of the VRF without labels, each with the other as if that were a customer's." default:"none: the link is one of the provider's network"`

	BGP rawLinkBGP `json:"bgp" doc:"Settings of the BGP sessions over the link, for both directions; full-mesh for sessions even between the clients of a route reflector; or none."`
}

type rawEnd struct {
	At        pos                     `json:"-"`
	Address   value[netip.Prefix]     `json:"address" doc:"Address with prefix length." default:"the next of each subnet"`
	Addresses []value[netip.Prefix]   `json:"addresses" doc:"Addresses with prefix lengths."`
	MAC       value[net.HardwareAddr] `json:"mac" doc:"MAC address." default:"derived from the names"`
	VRF       value[string]           `json:"vrf" doc:"VRF of this router that the link belongs to, if the VRFs at its ends have different names." default:"that of the link"`
	BGP       rawEndBGP               `json:"bgp" doc:"Settings of this end's sessions, or none."`
}

// sessionDefaults are the defaults of sessions between routers.
type sessionDefaults struct {
	Session routerSession `json:"-"`
}

type linkSettings struct {
	Session   routerSession     `json:"-"`
	Peer      value[peerSpec]   `json:"peer" doc:"Address of the router behind the NIC, or a prefix: the router then waits for peers that connect from there."`
	Limit     value[int]        `json:"limit" jsonschema:"minimum=1,maximum=1000" doc:"Number of peers of a prefix at a time." default:"100"`
	Via       value[netip.Addr] `json:"via" doc:"Address on the link of the router through which a peer is reached that is not on the link, as a loopback behind it. Routes with the address of the peer as next hop leave there."`
	Source    value[netip.Addr] `json:"update-source" doc:"Address from which the router speaks, as that of its loopback; the router gets it." default:"its address on the link"`
	Neighbors []rawNeighbor     `json:"neighbors" doc:"Several routers behind the NIC. The other keys are their defaults."`
	AS        value[asNumber]   `json:"as" jsonschema:"minimum=1,maximum=4294967294" doc:"AS number of the router behind the NIC."`
}

type endSettings struct {
	Session        routerSession `json:"-"`
	RouteReflector value[bool]   `json:"route-reflector" doc:"Whether this router reflects routes between its iBGP peers on the link (RFC 4456), which then have no sessions with each other." default:"false"`
}

type rawVRF struct {
	At               pos                               `json:"-"`
	RD               value[vpn.RD]                     `json:"rd" doc:"Route distinguisher, such as 65001:101 or 10.0.0.1:7." default:"ROUTER-ID:N"`
	Number           value[int]                        `json:"number" jsonschema:"minimum=1,maximum=65535" doc:"N of its default RD ROUTER-ID:N." default:"its place among the VRFs of the lab, by name"`
	On               oneOrMany[value[string]]          `json:"on" doc:"Routers that have an instance of the VRF even if no host is attached to it there." default:"none"`
	RTs              oneOrMany[value[vpn.RouteTarget]] `json:"rts" doc:"Route targets to import and export."`
	Import           oneOrMany[value[vpn.RouteTarget]] `json:"import" doc:"Route targets to import."`
	Export           oneOrMany[value[vpn.RouteTarget]] `json:"export" doc:"Route targets to export."`
	LabelMode        value[vpn.LabelMode]              `json:"label-mode" doc:"Which routes of the VRF share an MPLS label." default:"that of the lab"`
	Redistribute     rawRedistribute                   `json:"redistribute" doc:"Which routes of the VRF become VPN routes." default:"as for the lab"`
	Aggregates       oneOrMany[rawAggregate]           `json:"aggregates" doc:"Prefixes that an instance of the VRF announces, to other routers and to hosts by BGP, as long as it has a more specific route. Packets for which there is none are not forwarded." default:"none"`
	DefaultOriginate value[bool]                       `json:"default-originate" doc:"Whether each instance announces a default route, to other routers and to hosts by BGP. Packets for which the VRF has no route are not forwarded." default:"false"`
	MaxRoutes        value[uint32]                     `json:"max-routes" doc:"Number of prefixes with a usable path that an instance of the VRF takes; 0 for no limit. More are refused, and come in as there is room, in the order of their arrival. Connected and static routes and aggregates of the instance are never refused." default:"0"`
	MaxThreshold     value[uint32]                     `json:"max-routes-threshold" doc:"Percentage of max-routes from which a warning is given, at most 100." default:"80"`
	MaxWarning       value[bool]                       `json:"max-routes-warning-only" doc:"Whether more routes than max-routes are a warning, and none is refused." default:"false"`
	ImportPolicy     oneOrMany[value[string]]          `json:"import-policy" doc:"Policies that routes pass on their way into the VRF, from other routers and other VRFs, in this order." default:"none"`
	ExportPolicy     oneOrMany[value[string]]          `json:"export-policy" doc:"Policies that the routes of the VRF pass on their way out, to other routers and other VRFs, in this order." default:"none"`
}

type rawRedistribute struct {
	Connected value[Redistribute] `json:"connected" doc:"What is announced for connected networks: each known host as a /32 or /128, the subnets, or nothing." default:"subnets"`
	Static    value[bool]         `json:"static" doc:"Whether static routes are announced: those to LANs and those of announce." default:"true"`
}

// hostSettings is what hosts, series and defaults have in common.
type hostSettings struct {
	Runtime value[runtime] `json:"runtime" doc:"Runtime of the host." default:"that of the lab"`
	Image   value[string]  `json:"image" doc:"Container image (docker), or file with the disk of a virtual machine (vm): raw, .qcow2 or .iso, relative to this file, and what is written to it is lost." default:"the built-in image; no disk"`
	Build   value[string]  `json:"build" doc:"Dockerfile, or its directory, from which to build the image (docker); relative to this file."`
	Mounts  []value[Mount] `json:"mounts" doc:"Paths of the server to mount into the host (docker), such as ./dir:/dir or ./dir:/dir:ro; relative to this file."`
	machineSettings
	Memory       value[memorySize]      `json:"memory" doc:"Memory limit (docker), or memory (vm), such as 256M or 1G." default:"none; 256M for a virtual machine"`
	CPUs         value[cpuCount]        `json:"cpus" doc:"CPU limit (docker), such as 0.5 or 2, or number of CPUs (vm)." default:"none; 1 for a virtual machine"`
	Devices      []value[devicePath]    `json:"devices" doc:"Device files of the server that the container has, too (docker), such as /dev/net/tun. Hosts with the runtime netns have all of the server's."`
	Capabilities []value[capability]    `json:"capabilities" doc:"Capabilities of the container beside those that Docker gives, NET_ADMIN and NET_RAW (docker), such as SYS_ADMIN; see capabilities(7). It is never privileged. Hosts with the runtime netns have all."`
	Command      []value[string]        `json:"command" doc:"Program that the host runs, with its arguments."`
	Env          entries[value[string]] `json:"env" doc:"Environment variables."`
	Files        entries[value[string]] `json:"files" doc:"Contents of files in the host by absolute path, at most 1 MiB each. With the runtime netns, too, the host alone sees them."`

	Services entries[rawService]      `json:"services" doc:"Programs that the host runs once its interfaces and addresses are there, by name: commands, or mappings."`
	Keep     oneOrMany[value[string]] `json:"keep" doc:"Directories whose content is the host's own and survives restarts of its services and of the host, until the lab is removed." default:"none"`
	Packages oneOrMany[value[string]] `json:"packages" doc:"Packages of the distribution that the commands of the host need; pseudowan doctor names those that are not installed. With containers, the image has them."`
}

// serviceSettings are those of a service.
type serviceSettings struct {
	Command []value[string]          `json:"command" jsonschema:"required" doc:"Program with its arguments. It stays in the foreground."`
	Ready   value[string]            `json:"ready" doc:"Text in its output that says that it is ready." default:"it is ready when it listens on port, else after a second"`
	Port    value[servicePort]       `json:"port" doc:"Port that it listens on when it is ready, such as tcp 80 or udp 547." default:"none"`
	After   oneOrMany[value[string]] `json:"after" doc:"Services of the host that must be ready before it is started." default:"none"`
	Restart value[restartPolicy]     `json:"restart" doc:"Whether it is started again when it ends: with an exit code other than 0, or always." default:"never"`
	Once    value[bool]              `json:"once" doc:"Whether it does something and ends: it is ready when it has ended with exit code 0." default:"false"`
}

type rawHost struct {
	At pos `json:"-"`
	hostSettings
	rawAttachment
	Forward  value[bool]                 `json:"forward" doc:"Whether the host routes between its attachments." default:"false"`
	Rewrites value[bool]                 `json:"rewrites" doc:"Whether the host, which forwards, changes or drops packets: NAT, NAT64, a firewall, VRRP. What passes it is then said by expect: lines alone, and it may answer for further addresses of its segments." default:"false"`
	Attach   oneOrMany[rawAttachment]    `json:"attach" doc:"Attachments to VRFs and segments. A host with one attachment may give its keys directly."`
	LANs     []value[netip.Prefix]       `json:"lans" doc:"Networks behind the host, at most 4000. It has an interface in each, with the given address or the first."`
	Publish  oneOrMany[value[Published]] `json:"publish" doc:"Ports of the server that lead to the host: 8080:80 of all its addresses, 192.0.2.1:8080:80 or [2001:db8::1]:8080:80 of one; /udp after it for UDP. The host sees the address of the client. It has to be on a segment with uplink." default:"none"`
	LANsVia  []value[string]             `json:"lans-via" doc:"Interfaces of the attachments through which the LANs are reached." default:"the first attachment"`

	DUID value[clientID] `json:"duid" doc:"DHCP unique identifier of the host as octets, such as 00:03:00:01:52:54:00:d6:c2:a9 (RFC 8415 section 11)." default:"DUID-LL, of the MAC address of its first interface with DHCP"`
}

type rawAttachment struct {
	At        pos                           `json:"-"`
	To        value[string]                 `json:"to" doc:"Name of the router or the segment."`
	VRF       value[string]                 `json:"vrf" doc:"Name of the VRF: one of vrfs, or a new one if rd is given. Not on a segment."`
	RD        value[vpn.RD]                 `json:"rd" doc:"Route distinguisher of the VRF on this router. A VRF without route targets also imports and exports it as route target."`
	Interface value[string]                 `json:"interface" doc:"Interface of the host." default:"ethN, counted from eth0"`
	MAC       value[net.HardwareAddr]       `json:"mac" doc:"MAC address of the host." default:"derived from the names"`
	MTU       value[int]                    `json:"mtu" jsonschema:"minimum=68,maximum=9216" doc:"MTU of the interface, at least 1280 with IPv6." default:"1500"`
	DAD       value[bool]                   `json:"dad" doc:"Whether the host looks for duplicates of its IPv6 addresses before it uses them (RFC 4862)." default:"false: addresses can be used at once"`
	ProxyND   oneOrMany[value[network]]     `json:"proxy-nd" doc:"IPv6 prefixes of at most 1024 addresses for which the host answers neighbour solicitations on the interface. It forwards what is sent to them."`
	Sysctls   entries[value[string]]        `json:"sysctls" doc:"Kernel settings of the interface by name, such as accept_redirects: those of both families, or with ipv4. or ipv6. before the name of one. At the host, also settings of the whole host, such as net.ipv4.tcp_syncookies."`
	Guard     oneOrMany[value[guardWord]]   `json:"guard" doc:"What the port of the host on a segment drops: ra for router advertisements and redirects (RFC 6105), source for what does not come from the host's own MAC and addresses, dhcp for what DHCP servers say; none for nothing." default:"that of the segment"`
	Allow     oneOrMany[value[network]]     `json:"allow" doc:"Prefixes that the host may send from beside its own addresses, with guard: source."`
	Addresses oneOrMany[value[hostAddress]] `json:"addresses" doc:"Addresses of the host with prefix lengths; slaac for IPv6 autoconfiguration. On a segment also dhcp and dhcp6 for addresses from a DHCP server of either family, and dhcp6-stateless for other configuration, such as DNS servers, from a DHCPv6 server."`
	Delegated rawDelegated                  `json:"delegated" doc:"Prefix that the host asks a DHCPv6 server on the segment for (RFC 8415 section 6.3)." default:"none"`
	Gateway   oneOrMany[value[netip.Addr]]  `json:"gateway" doc:"Addresses of the router, one for each subnet." default:"the first address of the subnet"`
	RA        rawRA                         `json:"ra" doc:"Router advertisements: the advertised prefix, or settings." default:"none"`
	Routes    []rawRoute                    `json:"routes" doc:"Routes of the host through this attachment: prefixes, or mappings with a next hop." default:"default routes to the router if the host has only one attachment, else none"`
	SoO       value[vpn.SiteOfOrigin]       `json:"soo" doc:"Site of origin (RFC 4364 section 7), such as 65001:7: its routes, connected, static and by BGP, carry this extended community, and those of another attachment with the same are not told to the host by BGP." default:"none"`
	BGP       rawCustomerBGP                `json:"bgp" doc:"BGP between the host and the router: the host's AS number, or settings. The host then announces its LANs itself." default:"none"`
	Advertise oneOrMany[value[network]]     `json:"advertises" doc:"Prefixes that a daemon of the host, such as radvd, advertises on the segment. Hosts with slaac form addresses in them and send to this host what they know no other route for."`
	Announce  oneOrMany[rawAnnounce]        `json:"announce" doc:"Further prefixes behind the host, as static routes of the VRF."`
}

type raSettings struct {
	Prefix     value[network]      `json:"prefix" doc:"Advertised prefix."`
	Prefixes   []rawRAPrefix       `json:"prefixes" doc:"Several of them, or one with settings: prefixes, or mappings."`
	Lifetime   value[lifetime]     `json:"lifetime" doc:"Router lifetime, at most 9000 s; 0 for no default router." default:"1800s, or three times the interval if that is longer"`
	Interval   value[lifetime]     `json:"interval" doc:"Longest time between two advertisements, from 4 s to 30 m." default:"200s, or a third of the shortest lifetime"`
	RDNSS      []value[netip.Addr] `json:"rdnss" doc:"DNS servers (RFC 8106)."`
	DNSSL      []value[string]     `json:"dnssl" doc:"DNS search list (RFC 8106)."`
	Managed    value[bool]         `json:"managed" doc:"M flag: addresses by DHCPv6. Hosts then form none from prefixes that do not say autonomous: true." default:"false"`
	Other      value[bool]         `json:"other" doc:"O flag: other configuration by DHCPv6." default:"false"`
	Preference value[preference]   `json:"preference" doc:"Router preference (RFC 4191)." default:"medium"`
}

type raPrefixSettings struct {
	Prefix     value[network]  `json:"prefix" jsonschema:"required" doc:"Advertised prefix."`
	Valid      value[lifetime] `json:"valid" doc:"Valid lifetime of addresses in the prefix." default:"720h, or the preferred lifetime if that is longer"`
	Preferred  value[lifetime] `json:"preferred" doc:"Preferred lifetime, at most the valid one; 0 makes addresses in the prefix deprecated: no new connections start from them." default:"168h, or the valid lifetime if that is shorter"`
	Autonomous value[bool]     `json:"autonomous" doc:"A flag: hosts form addresses in the prefix (RFC 4862)." default:"true, or false with managed: true"`
	OnLink     value[bool]     `json:"on-link" doc:"L flag: hosts reach each other's addresses in the prefix directly. Else by way of the router." default:"true"`
}

type rawDelegated struct {
	At     pos                      `json:"-"`
	Length value[int]               `json:"length" jsonschema:"minimum=1,maximum=64" doc:"Length of the prefix that the host asks for." default:"60"`
	To     oneOrMany[value[string]] `json:"to" doc:"Interfaces of the host that get an address in it: the first address of the first /64, of the second, and so on."`
}

type routeSettings struct {
	Prefix value[network] `json:"prefix" jsonschema:"required" doc:"Destination of the route."`
	Via    value[string]  `json:"via" doc:"Next hop: a host or router on the same segment by its name, or an address." default:"the router"`
}

type announceSettings struct {
	Prefix  value[network]    `json:"prefix" jsonschema:"required" doc:"The prefix."`
	NextHop value[netip.Addr] `json:"next-hop" doc:"Next hop on a subnet of the attachment." default:"the host's address"`
}

// rawRows is a series of hosts of one router, one for each VRF.
type rawRows struct {
	At pos `json:"-"`
	hostSettings
	On    value[string]     `json:"on" jsonschema:"required" doc:"Name of the router that the hosts are attached to."`
	Name  value[string]     `json:"name" jsonschema:"required" doc:"Name of each host. {i} is its number in the series, from 1; {i:03} has leading zeros; {vrf} is the VRF, {on} the router."`
	RD    value[string]     `json:"rd" doc:"Route distinguisher of each VRF, with the same placeholders."`
	Step  value[stepLength] `json:"step" doc:"Distance between the subnets, and between the first LANs, of successive VRFs of a row, such as /16. Without it they are all the same."`
	Step6 value[stepLength] `json:"step6" doc:"The same for subnet6 and lan6."`
	LANs  value[int]        `json:"lans" doc:"Number of LANs of each host and family; at most 4000 for a host and 30000 for a lab." default:"1"`
	MTU   value[int]        `json:"mtu" jsonschema:"minimum=68,maximum=9216" doc:"MTU of the hosts' interfaces, at least 1280 with IPv6." default:"1500"`
	Rows  []rawRow          `json:"rows" jsonschema:"required" doc:"VRFs and their first addresses."`
}

type rawRow struct {
	At      pos                        `json:"-"`
	VRFs    oneOrMany[value[vrfNames]] `json:"vrfs" jsonschema:"required" doc:"VRFs with one host each: names, or ranges such as 101-103."`
	Subnet  value[network]             `json:"subnet" doc:"IPv4 subnet of the first host, which has the second address; the router has the first."`
	Subnet6 value[network]             `json:"subnet6" doc:"IPv6 subnet of the first host."`
	LAN     value[network]             `json:"lan" doc:"First IPv4 LAN of the first host; the others follow it."`
	LAN6    value[network]             `json:"lan6" doc:"First IPv6 LAN of the first host."`
}
