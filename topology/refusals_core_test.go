package topology

var refusedRouters = []refusal{
	{
		name: "no AS",
		file: `name: t
routers:
  pe1: {}`,
		want: []string{
			`:3: router pe1: has no AS number; add as: 65001, here or under defaults: router:`,
		},
	},
	{
		name: "AS 0",
		file: `name: t
routers:
  pe1: {as: 0}`,
		want: []string{
			`:3: routers.pe1.as: AS 0 is reserved (RFC 7607); use a private AS number such as 65001`,
		},
	},
	{
		name: "AS too large",
		file: `name: t
routers:
  pe1: {as: 4294967296}`,
		want: []string{
			`:3: routers.pe1.as: "4294967296" is not a number from 0 to 4294967295; write plain digits`,
		},
	},
	{
		name: "IPv6 router id",
		file: `name: t
routers:
  pe1: {as: 1, id: "::1"}`,
		want: []string{
			`:3: router pe1: id ::1 is not a BGP identifier; use an IPv4 address such as 10.0.0.1`,
		},
	},
	{
		name: "router id twice",
		file: `name: t
routers:
  pe1: {as: 1, id: 10.0.0.1}
  pe2: {as: 1, id: 10.0.0.1}`,
		want: []string{
			`:4: router pe2: id 10.0.0.1 is already that of router pe1; give every router its own id`,
		},
	},
	{
		name: "reserved labels",
		file: `name: t
routers:
  pe1: {as: 1, labels: 0-100}`,
		want: []string{
			`:3: routers.pe1.labels: label range "0-100": labels 0 to 15 are reserved (RFC 3032); use labels from 16 to 1048575, as in 1000-1999`,
		},
	},
	{
		name: "label range too small",
		file: `name: t
routers: {pe1: {as: 1, labels: 100-102}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8::2/64"], lans: [10.2.0.0/24, "2001:db8:1::/64"]}`,
		want: []string{
			`:2: router pe1: label range 100-102 is too small: it has 3 labels, and the attachments need 4; make it at least 100-103, or set label-mode: per-vrf`,
		},
	},
}

var refusedLinks = []refusal{
	{
		name: "one end",
		file: base + `links:
- {ends: [pe1:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1: has only one end; add the other one, or nic: for a router outside the lab`,
		},
	},
	{
		name: "no ends",
		file: base + `links:
- {subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link: has no ends; add ends: [pe1:eth1, pe2:eth1]`,
		},
	},
	{
		name: "unknown router",
		file: base + `links:
- {ends: [pe1:eth1, pe3:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe3:eth1: no router is named "pe3"; did you mean "pe1"?`,
		},
	},
	{
		name: "end without interface",
		file: base + `links:
- {ends: [pe1, pe2:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: links[0].ends[0]: "pe1" is not an end of a link; write ROUTER:INTERFACE, as in pe1:eth1`,
		},
	},
	{
		name: "interface of the router's own",
		file: base + `links:
- {ends: [pe1:br0, pe2:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: links[0].ends[0]: interface name "br0" is used by the router itself; use a name such as eth1`,
		},
	},
	{
		name: "interface twice",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {ends: [pe1:eth1, pe2:eth2], subnets: [192.168.1.0/30]}`,
		want: []string{
			`:6: link pe1:eth1, pe2:eth2: pe1:eth1 is already an end of a link on line 5; use another interface`,
		},
	},
	{
		name: "router twice on a link",
		file: base + `links:
- {ends: [pe1:eth1, pe1:eth2], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link end pe1:eth2: 192.168.0.0/30 is already used by link end pe1:eth1 (line 5) on router pe1; use another prefix`,
			`:5: link pe1:eth1, pe1:eth2: router pe1 is on the link twice; remove one of its ends`,
		},
	},
	{
		name: "no address",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: end pe1:eth1 has no address; add subnets: [192.168.0.0/30] to the link, or address: to the end`,
			`:5: link pe1:eth1, pe2:eth1: end pe2:eth1 has no address; add subnets: [192.168.0.0/30] to the link, or address: to the end`,
		},
	},
	{
		name: "subnet too small",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/32]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: subnet 192.168.0.0/32 has no address for its end 2, pe2:eth1; use a larger unicast subnet`,
		},
	},
	{
		name: "network address",
		file: base + `links:
- ends:
    pe1:eth1: {address: 192.168.0.0/30}
    pe2:eth1: {address: 192.168.0.2/30}`,
		want: []string{
			`:6: link end pe1:eth1: 192.168.0.0/30 is the network address of its subnet; use another one, such as 192.168.0.2/30`,
		},
	},
	{
		name: "broadcast address",
		file: base + `links:
- ends:
    pe1:eth1: {address: 192.168.0.3/30}
    pe2:eth1: {address: 192.168.0.2/30}`,
		want: []string{
			`:6: link end pe1:eth1: 192.168.0.3/30 is the broadcast address of its subnet; use another one, such as 192.168.0.2/30`,
		},
	},
	{
		name: "address twice on a link",
		file: base + `links:
- ends:
    pe1:eth1: {address: 192.168.0.1/30}
    pe2:eth1: {address: 192.168.0.1/30}`,
		want: []string{
			`:7: link pe1:eth1, pe2:eth1: address 192.168.0.1 of pe2:eth1 is already that of pe1:eth1; give every end its own address`,
		},
	},
	{
		name: "ends in different subnets",
		file: base + `links:
- ends:
    pe1:eth1: {address: 192.168.0.1/30}
    pe2:eth1: {address: 192.168.0.6/30}`,
		want: []string{
			`:6: link pe1:eth1, pe2:eth1: 192.168.0.1/30 of pe1:eth1 is in a subnet that no other end has; give the ends addresses of one subnet`,
			`:7: link pe1:eth1, pe2:eth1: 192.168.0.6/30 of pe2:eth1 is in a subnet that no other end has; give the ends addresses of one subnet`,
		},
	},
	{
		name: "subnet on two links",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.0.0/29]}`,
		want: []string{
			`:6: link end pe1:eth2: 192.168.0.0/29 overlaps with 192.168.0.0/30 of link end pe1:eth1 (line 5) on router pe1; use another prefix`,
			`:6: link end pe2:eth2: 192.168.0.0/29 overlaps with 192.168.0.0/30 of link end pe2:eth1 (line 5) on router pe2; use another prefix`,
		},
	},
	{
		name: "multicast MAC",
		file: base + `links:
- ends: {pe1:eth1: {mac: "01:00:5e:00:00:01"}, pe2:eth1: }
  subnets: [192.168.0.0/30]`,
		want: []string{
			`:5: links[0].ends.pe1:eth1.mac: MAC address 01:00:5e:00:00:01 is a multicast address; clear the lowest bit of its first octet`,
		},
	},
	{
		name: "link MTU",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: ["2001:db8::/64"], mtu: 1279}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: MTU 1279 is not from 1280 (RFC 8200) to 9216; use 1500`,
		},
	},
	{
		name: "NIC with two ends",
		file: base + `links:
- {nic: eth1, ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1, nic eth1: a NIC is lent to one router, not 2; give it one end`,
		},
	},
	{
		name: "NIC twice",
		file: base + `links:
- {nic: eth1, ends: [pe1:eth1], subnets: [192.168.0.0/30]}
- {nic: eth1, ends: [pe2:eth1], subnets: [192.168.1.0/30]}`,
		want: []string{
			`:6: link pe2:eth1, nic eth1: nic eth1 is already lent on line 5; use another NIC`,
		},
	},
	{
		name: "NIC without peer",
		file: base + `links:
- {nic: eth1, ends: [pe1:eth1], subnets: [192.168.0.0/30], bgp: {med: 1}}`,
		want: []string{
			`:5: link pe1:eth1, nic eth1: the session over a NIC needs peer: and as:; add bgp: {peer: 192.168.0.2, as: 65002}`,
		},
	},
	{
		name: "NIC peer elsewhere",
		file: base + `links:
- {nic: eth1, ends: [pe1:eth1], subnets: [192.168.0.0/30], bgp: {peer: 192.168.1.2, as: 1}}`,
		want: []string{
			`:5: link pe1:eth1, nic eth1: peer 192.168.1.2 is not another address on a subnet of pe1:eth1; use the address of the router behind the NIC, or add via: if it is behind another`,
		},
	},
	{
		name: "peer on a wire",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {peer: 192.168.0.2}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: bgp: peer, as and neighbors are for links with a NIC; remove them: both ends are known`,
		},
	},
}
