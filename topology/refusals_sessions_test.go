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
		name: "password elsewhere",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {password: {env: A-B}}}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.1.0/30], bgp: {password: {env: A, file: b}}}
- {ends: [pe1:eth3, pe2:eth3], subnets: [192.168.2.0/30], bgp: {password: {}}}`,
		want: []string{
			`:5: links[0].bgp.password: not the name of an environment variable; use letters, digits and underscores, as BGP_PASSWORD`,
			`:6: links[1].bgp.password: want a password, or where it is; write {env: NAME} or {file: PATH}`,
			`:7: links[2].bgp.password: want a password, or where it is; write {env: NAME} or {file: PATH}`,
		},
	},
	{
		name: "neighbors behind a NIC",
		file: base + `links:
- {nic: ens1, ends: [pe1:eth1], subnets: [192.168.0.0/24], bgp: {as: 65009, neighbors: [
    {peer: 192.168.0.2}, {peer: 192.168.0.2, as: 65010}, {peer: 192.168.1.0/28}, {peer: 192.168.0.1},
    {as: 7}, {peer: 192.168.0.16/28, limit: 0}, {peer: 192.168.0.3/28}, {peer: 192.168.0.4, hold-time: 1}]}}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.2.0/30], bgp: {neighbors: [{peer: 192.168.2.2, as: 65009}]}}`,
		want: []string{
			`:6: link pe1:eth1, nic ens1: neighbors[1]: there are two sessions with peer 192.168.0.2 on the link; remove one`,
			`:6: link pe1:eth1, nic ens1: neighbors[2]: prefix 192.168.1.0/28 is not within a subnet of pe1:eth1; use the link's subnet, or a part of it, or add via:`,
			`:6: link pe1:eth1, nic ens1: neighbors[3]: peer 192.168.0.1 is not another address on a subnet of pe1:eth1; use the address of the router behind the NIC, or add via: if it is behind another`,
			`:7: link pe1:eth1, nic ens1: neighbors[4]: a neighbor needs peer: and as:; write {peer: 192.168.0.2, as: 65002}`,
			`:7: link pe1:eth1, nic ens1: neighbors[5]: limit 0 is not allowed; use 1 to 1000`,
			`:7: links[0].bgp.neighbors[6].peer: 192.168.0.3/28 has host bits set; write 192.168.0.0/28`,
			`:7: link pe1:eth1, nic ens1: neighbors[7]: hold time 1s is not allowed (RFC 4271 section 4.2); use 3 to 65535 seconds, or 0 for no keepalives`,
			`:8: link pe1:eth2, pe2:eth2: bgp: peer, as and neighbors are for links with a NIC; remove them: both ends are known`,
		},
	},
	{
		name: "local AS",
		file: base + `links:
- {ends: {"pe1:eth1": {bgp: {local-as: 64990}}, "pe2:eth1": {}}, subnets: [192.168.0.0/30]}
- {nic: ens1, ends: [pe1:eth2], subnets: [192.168.1.0/30], bgp: {peer: 192.168.1.2, as: 65009, local-as: 65009}}
- {nic: ens2, ends: [pe1:eth3], subnets: [192.168.2.0/30], bgp: {peer: 192.168.2.2, as: 65009, local-as: 23456}}`,
		want: []string{
			`:6: link pe1:eth2, nic ens1: local-as 65009 is the AS of the peer; use another AS number`,
			`:7: link pe1:eth3, nic ens2: local-as 23456 is reserved; use another AS number`,
		},
	},
	{
		name: "words for people",
		file: base + `links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {description: "two\nlines", shutdown: true, shutdown-communication: "a\tb"}}`,
		want: []string{
			`:5: link pe1:eth1, pe2:eth1: the description has 9 characters, or is not one line of text; use one line of 200 at most`,
			`:5: link pe1:eth1, pe2:eth1: the shutdown communication has 3 octets, or is not one line of text; use one line of 128 at most`,
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
