package topology

var refusedSessions = []refusal{
	{
		name: "hold time",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {hold-time: 2}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: hold time 2s is not allowed (RFC 4271 section 4.2); use 3 to 65535 seconds, or 0 for no keepalives`,
		},
	},
	{
		name: "keepalive",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {keepalive: 40s}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: keepalive 40s does not fit the hold time of 40s; use a third of it, 13s`,
		},
	},
	{
		name: "hold time 0",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {hold-time: 0, keepalive: 5}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: keepalive 5s: with hold time 0 no keepalives are sent (RFC 4271 section 4.4); remove it`,
		},
	},
	{
		name: "connect-retry",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {connect-retry: 0}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: connect-retry 0s is not allowed; use 1 to 65535 seconds`,
		},
	},
	{
		name: "fraction of a second",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {connect-retry: 500ms}}`,
		want: []string{
			`:5: links[0].bgp.connect-retry: "500ms" is not a time in whole seconds; write it as 40, 40s or 5m`,
		},
	},
	{
		name: "password",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {password: ""}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: the password has 0 octets; use 1 to 80`,
		},
	},
	{
		name: "no IPv6 next hop",
		file: `name: t
routers: {pe1: {as: 65001}, pe2: {as: 65002}, pe3: {as: 65003}}
vrfs: {red: {rts: "1:1"}}

links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {ipv6-next-hop: true}}
- ends:
    pe1:eth2: {addresses: [192.168.1.1/24, "2001:db8:1::1/64"], bgp: {ipv6-next-hop: true}}
    pe2:eth2: {address: 192.168.1.2/24}
    pe3:eth2: {addresses: [192.168.1.3/24, "2001:db8:1::3/64"]}`,
		want: []string{
			`:6: link pe1:eth1, pe2:eth1: pe1 has no IPv6 address on the link for ipv6-next-hop; give both ends an IPv6 address, as 2001:db8::1/64, or remove ipv6-next-hop`,
			`:6: link pe1:eth1, pe2:eth1: pe2 has no IPv6 address on the link for ipv6-next-hop; give both ends an IPv6 address, as 2001:db8::1/64, or remove ipv6-next-hop`,
			`:8: link pe1:eth2, pe2:eth2, pe3:eth2: next hop 2001:db8:1::1 is in no subnet of pe2 on the link; give both ends an IPv6 address, as 2001:db8::1/64, or remove ipv6-next-hop`,
		},
	},
	{
		name: "different passwords",
		file: base + `links:
- {ends: {pe1:eth1: {bgp: {password: a}}, pe2:eth1: {bgp: {password: b}}}, subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: the ends have different passwords; set password: once, in the link's bgp:`,
		},
	},
	{
		name: "both passive",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {passive: true}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: both ends are passive: nobody connects; set passive: true at one end only`,
		},
	},
	{
		name: "gtsm at one end",
		file: base + `links:
- {ends: {pe1:eth1: {bgp: {gtsm: true}}, pe2:eth1: {}}, subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: only one end has gtsm; set gtsm: once, in the link's bgp:`,
		},
	},
	{
		name: "no common family",
		file: base + `links:
- {ends: {pe1:eth1: {bgp: {families: [vpnv4]}}, pe2:eth1: {bgp: {families: [vpnv6]}}}, subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: the ends have no address family in common; set families: once, in the link's bgp:`,
		},
	},
	{
		name: "reflector without client",
		file: base + `links:
- {ends: {pe1:eth1: {bgp: {route-reflector: true}}, pe2:eth1: {}}, subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: pe1:eth1 reflects routes, but no other router of AS 65001 on the link is a client; remove route-reflector, or put the routers in one AS`,
		},
	},
	{
		name: "reflector of wires",
		file: `name: t
defaults: {router: {as: 65000}}
routers: {rr: {}, pe1: {}, pe2: {}, pe3: {}}
links:
- {ends: {rr:eth1: {bgp: {route-reflector: true}}, pe1:eth1: {}}, subnets: [192.168.1.0/30]}
- {ends: {rr:eth2: {bgp: {route-reflector: true}}, pe2:eth1: {}}, subnets: [192.168.2.0/30]}
- {ends: {rr:eth3: {bgp: {route-reflector: true}}, pe3:eth1: {}}, subnets: [192.168.3.0/30]}
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65000:2"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  c: {to: pe3, vrf: blue, addresses: [10.3.0.2/24]}`, // blue is not imported elsewhere: pe3 lacks nothing
		want: []string{
			`:5: link rr:eth1, pe1:eth1: rr reflects routes of pe2 to pe1, where their next hop (192.168.2.2) is not connected: they could never be used; put pe1 and pe2 on one LAN link with rr (ends: [rr:eth1, pe1:eth1, pe2:eth1]), or give them a link and a session of their own`,
			`:6: link rr:eth2, pe2:eth1: rr reflects routes of pe1 to pe2, where their next hop (192.168.1.2) is not connected: they could never be used; put pe2 and pe1 on one LAN link with rr (ends: [rr:eth1, pe2:eth1, pe1:eth1]), or give them a link and a session of their own`,
		},
	},
}
