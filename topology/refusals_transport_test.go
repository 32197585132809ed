package topology

import "strings"

// transported is a lab with a core, before its links.
const transported = `name: t
core: labeled-unicast
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.255.0.1}, pe2: {id: 10.255.0.2}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  b: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
links:
`

var refusedTransport = []refusal{
	{
		name: "ports by AF_XDP",
		file: `name: t
datapath: system
defaults: {router: {as: 1}}
routers: {pe1: {}, pe2: {}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], port-type: dpdk}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.1.0/30], port-type: afxdp}
- {ends: [pe1:eth3, pe2:eth3], subnets: [192.168.2.0/30], port-type: afxdp, mtu: 3507}
- {ends: [pe1:eth4], nic: eth7, subnets: [192.168.3.0/30], port-type: afxdp}`,
		want: []string{
			`:6: links[0].port-type: unknown value "dpdk"; use one of system, afxdp`,
			`:7: link pe1:eth2, pe2:eth2: port-type afxdp needs the datapath in user space; use datapath: netdev, or remove port-type`,
			`:8: link pe1:eth3, pe2:eth3: port-type afxdp has room for an MTU of 3506, not of 3507; use mtu: 3506, or remove port-type`,
			`:9: link pe1:eth4, nic eth7: port-type afxdp is for links between routers of the lab, not for a NIC; remove it`,
		},
	},
	{
		name: "another protocol",
		file: `name: t
core: ldp
routers: {pe1: {as: 1}}`,
		want: []string{`:2: core: unknown value "ldp"; use one of labeled-unicast`},
	},
	{
		name: "unknown reflector",
		file: `name: t
core: {reflectors: [rr, pe1, pe1]}
routers: {pe1: {as: 1}}`,
		want: []string{
			`:2: core: no router is named "rr"; known here: pe1`,
			`:2: core: pe1 is named twice among the reflectors; remove one`,
		},
	},
	{
		name: "metrics",
		file: `name: t
core: {metric: 0}
routers: {pe1: {as: 1}, pe2: {as: 1}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], metric: 16777217}`,
		want: []string{
			`:2: core: metric 0; use a number from 1 to 16777216`,
			`:5: link pe1:eth1, pe2:eth1: metric 16777217; use a number from 1 to 16777216`,
		},
	},
	{
		name: "metric without core",
		file: `name: t
routers: {pe1: {as: 1}, pe2: {as: 1}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], metric: 5, transport: false}`,
		want: []string{
			`:4: link pe1:eth1, pe2:eth1: metric is for labs with core; add core: labeled-unicast to the lab, or remove it`,
			`:4: link pe1:eth1, pe2:eth1: transport is for labs with core; add core: labeled-unicast to the lab, or remove it`,
		},
	},
	{
		name: "a reflector on a link",
		file: transported + `- {ends: {pe1:eth1: {bgp: {route-reflector: true}}, pe2:eth1: {}}, subnets: [192.168.0.0/30]}`,
		want: []string{`:10: link pe1:eth1, pe2:eth1: the link belongs to the core, and carries no VPN routes to reflect; name the router among the reflectors of core`},
	},
	{
		name: "only IPv6",
		file: transported + `- {ends: [pe1:eth1, pe2:eth1], subnets: ["2001:db8::/64"]}`,
		want: []string{`:10: link pe1:eth1, pe2:eth1: the link has no global IPv4 subnet, and the core has IPv4; give it one, or transport: false`},
	},
	{
		name: "islands",
		file: transported + `- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], transport: false}`,
		want: []string{`:2: core: no links of the core lead from pe1 to pe2, which are to exchange VPN routes; add links between routers of their AS that have no transport: false`},
	},
	{
		name: "a loopback on a link",
		file: transported + `- {ends: [pe1:eth1, pe2:eth1], subnets: [10.255.0.0/28]}`,
		want: []string{
			`:4: router pe1: id 10.255.0.1 is the router's loopback in the core, and in a subnet of pe1:eth1; use an address outside of all links`,
			`:4: router pe2: id 10.255.0.2 is the router's loopback in the core, and in a subnet of pe1:eth1; use an address outside of all links`,
		},
	},
	{
		name: "a NIC",
		file: `name: t
core: labeled-unicast
routers: {pe1: {as: 1}}
links:
- {nic: ens1, ends: [pe1:eth1], subnets: [192.168.0.0/30], bgp: {peer: 192.168.0.2, as: 2}, metric: 5}`,
		want: []string{`:5: link pe1:eth1, nic ens1: label-switched paths through peer 192.168.0.2 of AS 2, from AS 1; add inter-as: c, or remove metric and transport`},
	},
	{
		name: "families",
		file: `name: t
core: {families: [ipv6, ipv6, vpnv4]}
routers: {pe1: {as: 1}}`,
		want: []string{
			`:2: core: family ipv6 is named twice; remove one`,
			`:2: core.families[2]: unknown value "vpnv4"; use one of ipv4, ipv6`,
		},
	},
	{
		name: "a link of one family",
		file: strings.Replace(transported, "labeled-unicast", "{families: [ipv4, ipv6]}", 1) + `- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.1.0/30, "2001:db8::/64"]}`,
		want: []string{`:10: link pe1:eth1, pe2:eth1: the link has no global IPv6 subnet, and the core has IPv6; give it one, or transport: false`},
	},
	{
		name: "a link with an MTU too small for IPv6 and a label",
		file: strings.Replace(transported, "labeled-unicast", "{families: ipv6}", 1) + `- {ends: [pe1:eth1, pe2:eth1], subnets: ["2001:db8::/64"], mtu: 1283}
- {ends: [pe1:eth2, pe2:eth2], subnets: ["2001:db8:1::/64"], mtu: 1284}
- {ends: [pe1:eth3, pe2:eth3], subnets: ["2001:db8:2::/64"], mtu: 1280, transport: false}`,
		want: []string{`:10: link pe1:eth1, pe2:eth1: with the label of a path, MTU 1283 has no room for IPv6 packets of 1280 octets (RFC 8200); use at least 1284`},
	},
	{
		name: "IPv6 loopbacks",
		file: `name: t
core: {families: ipv6}
defaults: {router: {as: 1}}
routers:
  pe1: {loopback6: "fe80::1"}
  pe2: {loopback6: 10.0.0.1}
  pe3: {loopback6: "2001:db8::1"}
  pe4: {loopback6: "2001:db8::1"}
  pe5: {id: 10.0.0.1, loopback6: "fd00::aff:6"}
  pe6: {id: 10.255.0.6}`,
		want: []string{
			`:5: router pe1: loopback6 fe80::1 is no global IPv6 address; use an address such as 2001:db8::1`,
			`:6: router pe2: loopback6 10.0.0.1 is no global IPv6 address; use an address such as 2001:db8::1`,
			`:8: router pe4: loopback6 2001:db8::1 is already that of router pe3; give every router its own`,
			`:10: router pe6: loopback6 fd00::aff:6 is already that of router pe5; give every router its own`,
		},
	},
	{
		name: "an IPv6 loopback without IPv6",
		file: `name: t
core: labeled-unicast
routers: {pe1: {as: 1, loopback6: "2001:db8::1"}}`,
		want: []string{`:3: router pe1: loopback6 is for a core with IPv6; add families: ipv6 to core, or remove it`},
	},
	{
		name: "an IPv6 loopback on a link",
		file: strings.Replace(transported, "labeled-unicast", "{families: ipv6}", 1) + `- {ends: [pe1:eth1, pe2:eth1], subnets: ["fd00::/64"]}`,
		want: []string{
			`:4: router pe1: loopback6 fd00::aff:1 is the router's loopback in the core, and in a subnet of pe1:eth1; use an address outside of all links`,
			`:4: router pe2: loopback6 fd00::aff:2 is the router's loopback in the core, and in a subnet of pe1:eth1; use an address outside of all links`,
		},
	},
}
