package topology

var refusedHosts = []refusal{
	{
		name: "attached to nothing",
		file: base + `hosts:
  a: {}`,
		want: []string{
			`:5: host a: has no attachment; add to: pe1, vrf: red, addresses: [10.1.0.2/24]`,
		},
	},
	{
		name: "attached twice over",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], attach: [{to: pe1, vrf: red, addresses: [10.2.0.2/24]}]}`,
		want: []string{
			`:5: host a: has attach: as well as the keys of an attachment; move to:, vrf: and addresses: into attach:`,
		},
	},
	{
		name: "host at unknown router",
		file: base + `hosts:
  a: {to: pe9, vrf: red, addresses: [10.1.0.2/24]}`,
		want: []string{
			`:5: host a: no router is named "pe9"; did you mean "pe1"?`,
		},
	},
	{
		name: "host without router, VRF, address",
		file: base + `hosts:
  a: {attach: [{mtu: 1500}]}`,
		want: []string{
			`:5: host a: has no address; add addresses: [10.1.0.2/24]`,
			`:5: host a: names no VRF; add vrf: with the name of a VRF`,
			`:5: host a: names no router; add to: with the name of a router`,
		},
	},
	{
		name: "host at network address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.0/24]}`,
		want: []string{
			`:5: host a: 10.1.0.0/24 is the network address of its subnet; use another one, such as 10.1.0.2/24`,
		},
	},
	{
		name: "host at broadcast address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.255/24]}`,
		want: []string{
			`:5: host a: 10.1.0.255/24 is the broadcast address of its subnet; use another one, such as 10.1.0.2/24`,
		},
	},
	{
		name: "host at anycast address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: ["2001:db8::/64"]}`,
		want: []string{
			`:5: host a: 2001:db8::/64 is the subnet-router anycast address of its subnet; use another one, such as 2001:db8::2/64`,
		},
	},
	{
		name: "host at multicast address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [224.0.0.5/24]}`,
		want: []string{
			`:5: host a: 224.0.0.5/24 is a multicast address; use a unicast address`,
		},
	},
	{
		name: "host at loopback address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [127.0.0.2/24]}`,
		want: []string{
			`:5: host a: 127.0.0.2/24 is a loopback address; use a unicast address`,
		},
	},
	{
		name: "host at link-local address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: ["fe80::2/64"]}`,
		want: []string{
			`:5: host a: fe80::2/64 is a link-local address, which every interface has anyway; use a unicast address`,
		},
	},
	{
		name: "host at gateway address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.1/24]}`,
		want: []string{
			`:5: host a: address 10.1.0.1/24 is the gateway's; use another address, or set gateway:`,
		},
	},
	{
		name: "gateway elsewhere",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], gateway: 10.2.0.1}`,
		want: []string{
			`:5: host a: gateway 10.2.0.1 is not on a subnet of the attachment; use an address of the same subnet as the host's`,
		},
	},
	{
		name: "no room for a gateway",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/32]}`,
		want: []string{
			`:5: host a: subnet 10.1.0.2/32 has no room for a gateway; use a shorter prefix`,
		},
	},
	{
		name: "address without length",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2]}`,
		want: []string{
			`:5: hosts.a.addresses[0]: "10.1.0.2" is not an address with a prefix length; write it as 10.1.0.2/24 or 2001:db8::2/64`,
		},
	},
	{
		name: "IPv4-mapped address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: ["::ffff:10.1.0.2/120"]}`,
		want: []string{
			`:5: hosts.a.addresses[0]: "::ffff:10.1.0.2/120" is not an address with a prefix length; write it as 10.1.0.2/24 or 2001:db8::2/64`,
		},
	},
	{
		name: "host MTU",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mtu: 9217}`,
		want: []string{
			`:5: host a: MTU 9217 is not from 68 (RFC 791) to 9216; use 1500`,
		},
	},
	{
		name: "host MTU too small for IPv6",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: ["2001:db8::2/64"], mtu: 1000}`,
		want: []string{
			`:5: host a: MTU 1000 is not from 1280 (RFC 8200) to 9216; use 1500`,
		},
	},
	{
		name: "same subnet twice",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.1.0.3/24]}`,
		want: []string{
			`:6: host b: 10.1.0.0/24 is already used by host a (line 5) in VRF red on router pe1; use another prefix`,
		},
	},
	{
		name: "overlapping subnets",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.1.1.2/16]}`,
		want: []string{
			`:6: host b: 10.1.0.0/16 overlaps with 10.1.0.0/24 of host a (line 5) in VRF red on router pe1; use another prefix`,
		},
	},
	{
		name: "same address on two routers",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red, addresses: [10.1.0.2/24]}`,
		want: []string{
			`:6: host b: address 10.1.0.2 is already that of host a in VRF red (line 5); give every host of a VPN its own address`,
		},
	},
	{
		name: "same address twice at one host",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, 10.1.0.2/24]}`,
		want: []string{
			`:5: host a: address 10.1.0.2 is already that of host a in VRF red (line 5); give every host of a VPN its own address`,
		},
	},
	{
		name: "LAN overlaps subnet",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [10.1.0.128/25]}`,
		want: []string{
			`:5: host a: 10.1.0.128/25 overlaps with 10.1.0.0/24 of host a (line 5) in VRF red on router pe1; use another prefix`,
		},
	},
	{
		name: "LANs overlap",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [10.2.0.0/24]}
  b: {to: pe1, vrf: red, addresses: [10.3.0.2/24], lans: [10.2.0.0/25]}`,
		want: []string{
			`:6: host b: 10.2.0.0/25 overlaps with 10.2.0.0/24 of host a (line 5) in VRF red on router pe1; use another prefix`,
		},
	},
	{
		name: "LAN of the wrong family",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: ["2001:db8:2::/64"]}`,
		want: []string{
			`:5: host a: LAN 2001:db8:2::/64 needs a next hop, but the host has no static IPv6 address on eth0; give it one in addresses:`,
		},
	},
	{
		name: "LAN that is multicast",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [239.0.0.0/24]}`,
		want: []string{
			`:5: host a: 239.0.0.0/24 is a multicast address; use a unicast prefix such as 10.1.0.0/24`,
		},
	},
	{
		name: "interface twice on a host",
		file: base + `hosts:
  a: {attach: [{to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: eth1}, {to: pe2, vrf: red, addresses: [10.2.0.2/24]}]}`,
		want: []string{
			`:5: host a, attach[1]: interface eth1 is used twice; use another name`,
		},
	},
	{
		name: "interface of a LAN",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: eth1, lans: [10.2.0.0/24]}`,
		want: []string{
			`:5: host a: its LAN needs the interface eth1, which an attachment has; rename the attachment's interface`,
		},
	},
	{
		name: "lans-via nothing",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [10.2.0.0/24], lans-via: [eth7]}`,
		want: []string{
			`:5: host a: no attachment has the interface "eth7"; did you mean "eth0"?`,
		},
	},
	{
		name: "host bits in a route",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], routes: [10.0.0.1/8]}`,
		want: []string{
			`:5: hosts.a.routes[0]: prefix 10.0.0.1/8 has host bits set; write 10.0.0.0/8`,
		},
	},
	{
		name: "route without gateway",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], routes: ["::/0"]}`,
		want: []string{
			`:5: host a: route ::/0 has no IPv6 gateway on this attachment; add an address of that family`,
		},
	},
	{
		name: "next hop not connected",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: {prefix: 10.9.0.0/16, next-hop: 10.2.0.9}}`,
		want: []string{
			`:5: host a: next hop 10.2.0.9 of 10.9.0.0/16 is not on a connected subnet of this attachment; use an address of the host on this attachment`,
		},
	},
	{
		name: "next hop is the gateway",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: {prefix: 10.9.0.0/16, next-hop: 10.1.0.1}}`,
		want: []string{
			`:5: host a: next hop 10.1.0.1 of 10.9.0.0/16 is not on a connected subnet of this attachment; use an address of the host on this attachment`,
		},
	},
	{
		name: "announcement of the wrong family",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: "::/0"}`,
		want: []string{
			`:5: host a: announcing ::/0 needs a next hop, but the host has no static IPv6 address here; add one to addresses:, or next-hop:`,
		},
	},
	{
		name: "announcement twice",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: 0.0.0.0/0}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], announce: 0.0.0.0/0}`,
		want: []string{
			`:6: host b: 0.0.0.0/0 is already used by host a (line 5) in VRF red on router pe1; use another prefix`,
		},
	},
	{
		name: "slaac without ra",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac]}`,
		want: []string{
			`:5: host a: slaac without router advertisements; add ra: "2001:db8:1::/64"`,
		},
	},
	{
		name: "slaac not in a /64",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: "2001:db8::/56"}`,
		want: []string{
			`:5: host a: SLAAC needs a /64, not 2001:db8::/56 (RFC 4862); advertise a /64`,
		},
	},
	{
		name: "ra for IPv4",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: 10.1.0.0/24}`,
		want: []string{
			`:5: host a: 10.1.0.0/24 is not an IPv6 prefix; router advertisements are for IPv6`,
		},
	},
	{
		name: "slaac where addresses are managed",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8::/64", managed: true}}`,
		want: []string{
			`:5: host a: slaac although managed: true leaves addresses to DHCPv6 (RFC 4861 section 4.2); remove managed, give the host its address, or say autonomous: true of a prefix`,
		},
	},
	{
		name: "ra lifetime",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8::/64", lifetime: 3h}}`,
		want: []string{
			`:5: host a: router lifetime 3h0m0s is more than 9000 s (RFC 4861 section 6.2.1); use 1800`,
		},
	},
	{
		name: "prefixes of ra",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: [{prefix: "2001:db8:1::/64", autonomous: false}]}}
  b: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: ["2001:db8:2::/64", "2001:db8:2::/48"]}}
  c: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: [{valid: 1h}]}}
  d: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8:4::/64", prefixes: [{prefix: "2001:db8:4::/64"}]}}
  e: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: [10.0.0.0/8]}}`,
		want: []string{
			`:5: host a: slaac, but none of the advertised prefixes is autonomous; remove autonomous: false of one, or give the host its address`,
			`:6: host b: SLAAC needs a /64, not 2001:db8:2::/48 (RFC 4862); advertise a /64`,
			`:7: host c: advertises no prefix; add prefix: "2001:db8:1::/64"`,
			`:8: host d: advertises 2001:db8:4::/64, which overlaps with 2001:db8:4::/64 (line 8); remove one of them`,
			`:9: host e: 10.0.0.0/8 is not an IPv6 prefix; router advertisements are for IPv6`,
		},
	},
	{
		name: "times of ra",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: [{prefix: "2001:db8:1::/64", valid: 0}]}}
  b: {to: pe1, vrf: red, addresses: [slaac], ra: {prefixes: [{prefix: "2001:db8:2::/64", valid: 1h, preferred: 2h}]}}
  c: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8:3::/64", interval: 3}}
  d: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8:4::/64", interval: 2h}}
  e: {to: pe1, vrf: red, addresses: [slaac], ra: {prefix: "2001:db8:5::/64", interval: 60, lifetime: 30}}
  f: {to: pe1, vrf: red, addresses: [slaac], ra: {interval: 60, prefixes: [{prefix: "2001:db8:6::/64", preferred: 50}]}}`,
		want: []string{
			`:5: host a: prefix 2001:db8:1::/64 has the valid lifetime 0: nobody would use it; remove the prefix, or write preferred: 0 for one that is deprecated`,
			`:6: host b: preferred lifetime 2h0m0s of 2001:db8:2::/64 is longer than the valid one, 1h0m0s (RFC 4861 section 4.6.2); shorten it, or lengthen valid:`,
			`:7: host c: interval 3s is not from 4 s to 1800 s (RFC 4861 section 6.2.1); use 200`,
			`:8: host d: interval 2h0m0s is not from 4 s to 1800 s (RFC 4861 section 6.2.1); use 200`,
			`:9: host e: interval 1m0s is longer than the router lifetime, 30s, which would lapse in between; shorten it`,
			`:10: host f: interval 1m0s is longer than the preferred lifetime of 2001:db8:6::/64, 50s, which would lapse in between; shorten it`,
		},
	},
}
