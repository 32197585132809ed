package topology

var refusedSegments = []refusal{
	{
		name: "rewriting without forwarding",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], rewrites: true}`,
		want: []string{`:5: host a: rewrites what passes it, but does not forward; add forward: true`},
	},
	{
		name: "segments and their routers",
		file: base + `segments:
  red1: {to: pe1, vrf: red}
  red2: {to: pe9, vrf: red, subnets: [10.2.0.0/24], gateway: 10.3.0.1}
  red3: {subnets: [10.4.0.0/24, 10.4.0.128/25], mtu: 20}
  red4: {subnets: [10.5.0.0/24], attach: [{to: pe1, vrf: red}, {to: pe1, vrf: red}]}
  red5: {subnets: [10.6.0.0/24], attach: [{to: pe1, vrf: red, gateway: 10.6.0.9}, {to: pe2, vrf: red, gateway: 10.6.0.9}]}
  red6: {to: pe1, vrf: red, subnets: [10.7.0.0/24], attach: [{to: pe2, vrf: red}]}
  red7: {to: pe1, subnets: [10.6.0.0/25]}
  pe1: {}
hosts: {}`,
		want: []string{
			`:5: segment red1: has a router and no subnet; add subnets: [10.1.0.0/24]`,
			`:6: segment red2: no router is named "pe9"; did you mean "pe1"?`,
			`:6: segment red2: gateway 10.3.0.1 is not on a subnet of the segment; use an address of one of its subnets:`,
			`:7: segment red3: subnet 10.4.0.128/25 overlaps with 10.4.0.0/24; remove one of them`,
			`:7: segment red3: MTU 20 is not from 68 (RFC 791) to 9216; use 1500`,
			`:8: segment red4, attach[1]: 10.5.0.0/24 is already used by segment red4, attach[0] (line 8) in VRF red on router pe1; use another prefix`,
			`:8: segment red4: router pe1 is on it twice (line 8); a router has one port on a segment; remove one`,
			`:9: segment red5: routers pe1 and pe2 both have 10.6.0.9/24; set gateway: of each`,
			`:10: segment red6: has attach: as well as the keys of a router; move to: and vrf: into attach:`,
			`:11: segment red7: names no VRF; add vrf: with the name of a VRF`,
			`:12: segment pe1: the name is already used on line 2; give every router and host its own name (in a series with {i} or {vrf})`,
		},
	},
	{
		name: "what belongs to a router on the segment",
		file: base + `segments:
  lan: {subnets: [10.1.0.0/24, "2001:db8:1::/64"]}
hosts:
  a: {to: lan, vrf: red, rd: "1:1", gateway: 10.1.0.1, ra: "2001:db8:1::/64", bgp: 65100, addresses: [10.1.0.2/24], announce: 10.9.0.0/24}
  b: {to: lam, vrf: red, addresses: [10.1.0.3/24]}
  c: {to: pe1, vrf: red, addresses: [10.2.0.2/24], advertises: "2001:db8:2::/64"}`,
		want: []string{
			`:7: host a: vrf: with segment lan; remove it; it belongs to segments:, where the router is named`,
			`:7: host a: rd: with segment lan; remove it; it belongs to segments:, where the router is named`,
			`:7: host a: gateway: with segment lan; remove it; it belongs to segments:, where the router is named; for a route of this host write routes: [{prefix: "0.0.0.0/0", via: NEIGHBOUR}]`,
			`:7: host a: ra: with segment lan; remove it; it belongs to segments:, where the router is named; for a daemon of this host write advertises:`,
			`:7: host a: bgp: with segment lan: a router has BGP sessions only with hosts on a wire of their own; attach the host to the router, with to: and vrf:`,
			`:7: host a: announces prefixes on segment lan, which has no router; remove announce:, or add to: and vrf: to the segment`,
			`:8: host b: no router and no segment is named "lam"; did you mean "lan"?`,
			`:9: host c: advertises: is for hosts on a segment; on this wire the router advertises; remove it, or use ra:`,
		},
	},
	{
		name: "addresses of hosts on segments",
		file: base + `segments:
  lan: {to: pe1, vrf: red, subnets: [10.1.0.0/24]}
  net: {}
hosts:
  a: {to: lan, addresses: [10.1.0.1/24]}
  b: {to: lan, addresses: [10.1.0.2/24], mtu: 9000}
  c: {to: lan, addresses: [10.1.0.2/24]}
  d: {to: lan, addresses: [10.2.0.2/24]}
  e: {to: net, addresses: [10.3.0.2/24], lans: [10.3.0.0/16]}
  f: {to: net, addresses: [10.3.0.2/24]}
  g: {to: pe2, vrf: red, addresses: [10.1.0.2/25]}
  h: {to: net, addresses: [slaac], advertises: [10.4.0.0/24, "2001:db8::/48"]}`,
		want: []string{
			`:8: host a: address 10.1.0.1/24 is that of router pe1 on segment lan; use another address, or set gateway: of the segment`,
			`:9: host b: MTU 9000 is larger than that of segment lan, 1500; set mtu: of the segment`,
			`:10: host c: address 10.1.0.2 is already that of host b on segment lan (line 9); give every host its own address`,
			`:11: host d: 10.2.0.2/24 is not in a subnet of segment lan (10.1.0.0/24); use an address and the length of one of them, or add its subnet to the segment's subnets:`,
			`:12: host e: its LAN 10.3.0.0/16 overlaps with the subnet 10.3.0.0/24 of its interface eth0; use another prefix`,
			`:13: host f: address 10.3.0.2 is already that of host e on segment net (line 12); give every host its own address`,
			`:14: host g: address 10.1.0.2 is already that of host b in VRF red (line 9); give every host of a VPN its own address`,
			`:15: host h: 10.4.0.0/24 is not an IPv6 prefix; router advertisements are for IPv6`,
			`:15: host h: SLAAC needs a /64, not 2001:db8::/48 (RFC 4862); name only /64s`,
		},
	},
	{
		name: "next hops on segments",
		file: base + `segments:
  lan: {to: pe1, vrf: red, subnets: [10.1.0.0/24]}
  net: {}
hosts:
  a: {to: lan, addresses: [10.1.0.2/24], routes: [{prefix: 10.9.0.0/16, via: pe2}, {prefix: 10.8.0.0/16, via: 10.2.0.1}, {prefix: "::/0", via: b}, {prefix: 10.1.0.0/24, via: b}, {via: b}]}
  b: {to: lan, addresses: [10.1.0.3/24], routes: [{prefix: 10.9.0.0/16, via: 10.1.0.3}, {prefix: 10.9.0.0/16, via: "2001:db8::1"}], announce: [{prefix: 10.7.0.0/16, next-hop: 10.1.0.2}]}
  c: {to: net, addresses: [10.3.0.2/24], routes: [0.0.0.0/0]}
  d: {to: pe1, vrf: red, addresses: [10.5.0.2/24], routes: [{prefix: 0.0.0.0/0, via: b}]}`,
		want: []string{
			`:8: host a: nobody on segment lan is named "pe2"; did you mean "pe1"?`,
			`:8: host a: next hop 10.2.0.1 of 10.8.0.0/16 is not on a subnet of the host's interface eth0; give the host an address there in addresses:, or use another next hop`,
			`:8: host a: b has no static IPv6 address on segment lan in a subnet of this host; give both one in addresses:, or write the address of the next hop`,
			`:8: host a: route 10.1.0.0/24 is the subnet that the host is on; remove it`,
			`:8: host a: has a route without a prefix; add prefix:`,
			`:9: host b: next hop 10.1.0.3 is the host's own address; name a neighbour`,
			`:9: host b: next hop 2001:db8::1 of 10.9.0.0/16 is of the other family; use an address of the same family`,
			`:9: host b: next hop 10.1.0.2 of 10.7.0.0/16 is a; move the announcement to a`,
			`:10: host c: route 0.0.0.0/0 names no next hop, and segment net has no router; write {prefix: "0.0.0.0/0", via: NEIGHBOUR}`,
			`:11: host d: next hop b is not the router: nobody else is on this wire; remove via:, or attach both hosts to a segment`,
		},
	},
	{
		name: "DHCP",
		file: base + `segments: {lan: {subnets: ["2001:db8:1::/64"]}, wan: {}}
hosts:
  a: {to: pe1, vrf: red, addresses: [dhcp6], delegated: {}}
  b: {to: wan, addresses: [dhcp6, dhcp6-stateless]}
  c: {to: wan, addresses: [dhcp], duid: "00:01"}
  d: {to: wan, duid: "00:03:00:01:02:00:00:00:00:01", addresses: ["2001:db8:9::1/64"]}
  e: {to: wan, addresses: [dhcp6-stateless], delegated: {length: 65}}
  f: {attach: [{to: wan, addresses: [slaac], delegated: {length: 64, to: [eth0, eth1, eth7, eth1]}}, {to: lan, addresses: []}]}
  g: {to: wan, addresses: [dhcp7]}`,
		want: []string{
			`:6: host a: dhcp6 on a wire to router pe1, which has no DHCP server and relays none; attach the host to a segment with a host that is a DHCP server`,
			`:6: host a: delegated: on a wire to router pe1, which has no DHCP server and relays none; attach the host to a segment with a host that is a DHCP server`,
			`:7: host b: dhcp6 and dhcp6-stateless: a server that gives an address gives the rest with it; remove dhcp6-stateless`,
			`:8: hosts.c.duid: "00:01" is not a DUID; write its octets as in "00:03:00:01:52:54:00:d6:c2:a9", in quotes`,
			`:9: host d: has a DUID, but asks no DHCP server; remove duid:, or write dhcp6 in addresses:`,
			`:10: host e: delegated: with dhcp6-stateless: a server that gives a prefix gives the rest with it; remove dhcp6-stateless`,
			`:10: host e: delegated: a prefix of length 65 has no /64; ask for one of 64 at most, such as 60`,
			`:11: host f, attach[0]: delegated: a /64 has not 4 /64s; ask for a shorter prefix`,
			`:11: host f: delegated: interface eth0 is the one on which it asks; name another one`,
			`:11: host f: delegated: gives interface eth1 a prefix, but the host does not forward; add forward: true`,
			`:11: host f: delegated: no attachment has the interface "eth7"; did you mean "eth0"?`,
			`:11: host f: delegated: interface eth1 gets two prefixes; name it once`,
			`:12: hosts.g.addresses[0]: "dhcp7" is not an address with a prefix length; write it as 10.1.0.2/24 or 2001:db8::2/64`,
		},
	},
	{
		name: "settings of hosts",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], sysctls: {net.ipv4.ip_forward: 1, net.ipv4.conf.eth0.arp_ignore: 1, net.core: 1, net.ipv4.tcp_wmem: "1;2"}}
  b:
    sysctls: {accept_redirects: 1, kernel.hostname: 1}
    attach: [{to: pe1, vrf: red, addresses: [10.2.0.2/24], sysctls: {net.ipv4.tcp_syncookies: 1}}]`,
		want: []string{
			`:5: host a: sysctls: net.ipv4.ip_forward is for another key; write forward: true`,
			`:5: host a: sysctls: net.ipv4.conf.eth0.arp_ignore is of an interface; write its last part in sysctls: of the attachment, or use conf.all`,
			`:5: host a: "net.core" is not the name of a setting of a host; write it as net.ipv4.tcp_syncookies`,
			`:5: host a: sysctls: net.ipv4.tcp_wmem cannot be "1;2"; write up to eight numbers or words`,
			`:7: host b: sysctls: accept_redirects is not a setting of the whole host; move a setting of an interface into attach:; those of the host begin with net., and a host has no others of its own`,
			`:7: host b: sysctls: kernel.hostname is not a setting of the whole host; move a setting of an interface into attach:; those of the host begin with net., and a host has no others of its own`,
			`:8: host b: sysctls: net.ipv4.tcp_syncookies is of the whole host, not of an interface; write it in sysctls: of the host, beside attach:`,
		},
	},
	{
		name: "settings of interfaces",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], sysctls: {accept_ra: 1, ipv4.forwarding: 1, Accept: 1, "../x": 1, hop_limit: "1; reboot"}}`,
		want: []string{
			`:5: host a: sysctls: accept_ra is for another key; write slaac in addresses:, or leave it out`,
			`:5: host a: sysctls: ipv4.forwarding is for another key; write forward: true at the host`,
			`:5: host a: "Accept" is not the name of a setting of an interface; write it as accept_redirects or ipv6.accept_redirects`,
			`:5: host a: "../x" is not the name of a setting of an interface; write it as accept_redirects or ipv6.accept_redirects`,
			`:5: host a: sysctls: hop_limit cannot be "1; reboot"; write a number`,
		},
	},
	{
		name: "proxies",
		file: base + `segments: {lan: {}}
hosts:
  a: {to: lan, addresses: ["2001:db8::1/64"], proxy-nd: "2001:db8::8/125"}
  b: {to: pe1, vrf: red, forward: true, addresses: ["2001:db8:1::2/64"], proxy-nd: ["2001:db8:1:0:1::/80", 10.0.0.0/30]}`,
		want: []string{
			`:6: host a: answers for others by proxy-nd, but does not forward; add forward: true`,
			`:7: host b: proxy-nd: 2001:db8:1:0:1::/80 has more than 1024 addresses; write longer prefixes, or a route to the prefix`,
			`:7: host b: proxy-nd: 10.0.0.0/30 is not an IPv6 prefix; for IPv4 write sysctls: {proxy_arp: 1}`,
		},
	},
	{
		name: "port guards",
		file: base + `segments:
  lan: {subnets: ["2001:db8:1::/64"], guard: ra}
  net: {guard: [none, ra]}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], guard: ra, allow: 10.9.0.0/16}
  b: {to: lan, addresses: ["2001:db8:1::2/64"], advertises: "2001:db8:1::/64"}
  c: {to: lan, addresses: ["2001:db8:1::3/64"], guard: [rae, source], allow: ["ff02::/16", "2001:db8:7::/64"]}
  d: {to: lan, addresses: ["2001:db8:1::4/64"], allow: "2001:db8:8::/64"}`,
		want: []string{
			`:6: segment net: guard: none with others; remove one of them`,
			`:8: host a: guard: is for ports of segments; on a wire of its own a host disturbs only itself; attach the host by a segment: segments: {NAME: {to: pe1, vrf: red, subnets: [...]}}`,
			`:8: host a: allow: is for guards of ports on segments; attach the host by a segment: segments: {NAME: {to: pe1, vrf: red, subnets: [...]}}`,
			`:9: host b: advertises on segment lan, and guard: ra drops its advertisements; write guard: [source] or guard: none at this host`,
			`:10: hosts.c.guard[0]: unknown value "rae"; use one of ra, source, dhcp, none`,
			`:10: host c: allow: nothing comes from the multicast address ff02::/16; remove it`,
			`:11: host d: allow: 2001:db8:8::/64 without guard: source; add source to guard:, or remove allow:`,
		},
	},
}
