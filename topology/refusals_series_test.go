package topology

var refusedSeries = []refusal{
	{
		name: "series that says nothing",
		file: base + `series:
- {}`,
		want: []string{
			`:5: series[0]: has no name; add name: "host_{i:03}_{vrf}"`,
			`:5: series[0]: has no rows; add rows: [{vrfs: 101-103, subnet: 10.1.0.0/24}]`,
			`:5: series[0]: names no router; add on: with the name of a router`,
		},
	},
	{
		name: "keys of a copy that placeholders make equal",
		file: base + `series:
- {to: pe1, vrf: red, name: "h{i}", count: 2, addresses: ["10.1.{i}.2/24"], env: {"A{i}": first, A1: second}}`,
		want: []string{
			`:5: series[0].env: key "A1" is "A1", which occurs on line 5, too; remove one`,
		},
	},
	{
		name: "series on an unknown router",
		file: base + `series:
- {on: pe3, name: a, rows: [{vrfs: red, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0]: no router is named "pe3"; did you mean "pe1"?`,
		},
	},
	{
		name: "row that says nothing",
		file: base + `series:
- {on: pe1, name: a, rows: [{}]}`,
		want: []string{
			`:5: series[0].rows[0]: has no VRFs; add vrfs: 101-103`,
			`:5: series[0].rows[0]: has no subnet; add subnet: 10.1.0.0/24`,
		},
	},
	{
		name: "VRF without a name",
		file: base + `series:
- {on: pe1, name: a, rows: [{vrfs: "", subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0].vrfs: a VRF without a name; write it as 101, blue or 101-103`,
		},
	},
	{
		name: "unknown placeholder",
		file: base + `series:
- {on: pe1, name: "a{n}", rows: [{vrfs: red, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0]: unknown placeholder {n} in "a{n}"; use {i}, {i:03}, {vrf} or {on}`,
		},
	},
	{
		name: "names repeat",
		file: base + `series:
- {on: pe1, name: a, rd: "1:{vrf}", rows: [{vrfs: 1-2, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: host a: the name is already used on line 5; give every router and host its own name (in a series with {i} or {vrf})`,
		},
	},
	{
		name: "RD of a series",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "x:{vrf}", rows: [{vrfs: 1-2, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: route distinguisher "x:1": administrator "x" is neither an AS number nor an IPv4 address; write it as "65001:{vrf}"`,
		},
	},
	{
		name: "range counts down",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", rows: [{vrfs: 3-1, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0].vrfs: range "3-1" counts down; write it as 1-3`,
		},
	},
	{
		name: "range too large",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", rows: [{vrfs: 1-99999, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0].vrfs: range "1-99999" has more than 10000 values; make it smaller`,
		},
	},
	{
		name: "too many hosts",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", rows: [{vrfs: [1-9000, 9001-18000], subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: hosts: more than 10000 hosts; split the lab`,
		},
	},
	{
		name: "too many LANs",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", lans: 1500, rows: [{vrfs: 1-11, subnet: 10.1.0.0/24, lan: 20.0.0.0/28, subnet6: "2001:db8:1::/64", lan6: "2001:db8:2::/64"}]}`,
		want: []string{
			`:5: series[0].rows[0]: more than 30000 LANs in the lab; give hosts fewer LANs`,
		},
	},
	{
		name: "too many LANs of one host",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", lans: 4001, rows: [{vrfs: 1, subnet: 10.1.0.0/24, lan: 20.0.0.0/28}]}
- {on: pe1, name: "b{i}", rd: "1:{vrf}", lans: 100000, rows: [{vrfs: 2-3, subnet: 10.1.0.0/24, lan: 20.0.0.0/28}]}
- {on: pe1, name: "c{i}", rd: "1:{vrf}", lans: 2001, rows: [{vrfs: 4, subnet: 10.1.0.0/24, lan: 20.0.0.0/28, subnet6: "2001:db8:1::/64", lan6: "2001:db8:2::/64"}]}`,
		want: []string{
			`:5: series[0].rows[0]: 4001 LANs behind one host, more than 4000; distribute them over several hosts, or write a shorter prefix`,
			`:6: series[1].rows[0]: 100000 LANs behind one host, more than 4000; distribute them over several hosts, or write a shorter prefix`,
			`:7: series[2].rows[0]: 4002 LANs behind one host, more than 4000; distribute them over several hosts, or write a shorter prefix`,
		},
	},
	{
		name: "step past the address space",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: /8, rows: [{vrfs: 1-10, subnet: 250.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: 250.1.0.0/24 is a reserved address (RFC 1112); use a unicast prefix such as 10.1.0.0/24`,
		},
	},
	{
		name: "step into multicast",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: /8, rows: [{vrfs: 1-10, subnet: 220.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: no unicast subnet with two addresses is left for VRF 5, 4 steps after 220.1.0.0/24; start lower, or make the step smaller`,
		},
	},
	{
		name: "step into loopback with LANs",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: /8, lans: 1, rows: [{vrfs: 1-10, subnet: 10.1.0.0/24, lan: 120.0.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: no unicast prefix is left for LAN 1 of VRF 8, 7 steps after 120.0.0.0/24; start lower, or make the step smaller`,
		},
	},
	{
		name: "step smaller than the subnet",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: /24, rows: [{vrfs: 1-2, subnet: 10.1.0.0/16}]}`,
		want: []string{
			`:5: series[0].rows[0]: the step of /24 is smaller than the subnet 10.1.0.0/16; make the step larger or the subnet smaller`,
		},
	},
	{
		name: "LANs run into the next VRF's",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: /16, lans: 257, rows: [{vrfs: 1-2, subnet: 10.1.0.0/24, lan: 110.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: 257 LANs from 110.1.0.0/24 on do not fit into the step of /16: they overlap with the next VRF's; make the step larger, or lans: smaller`,
		},
	},
	{
		name: "LANs without a first one",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", lans: 2, rows: [{vrfs: 1-2, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].rows[0]: has no first LAN, but the series has lans:; add lan: 110.1.0.0/24`,
		},
	},
	{
		name: "families mixed up",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", rows: [{vrfs: 1-2, subnet: "2001:db8::/64"}]}`,
		want: []string{
			`:5: series[0].rows[0]: 2001:db8::/64 has the wrong family; subnet: and lan: are IPv4, subnet6: and lan6: are IPv6`,
		},
	},
	{
		name: "rows collide",
		file: base + `series:
- on: pe1
  name: "a{i}"
  rd: "1:{vrf}"
  rows:
  - {vrfs: 1, subnet: 10.1.0.0/24}
  - {vrfs: 1, subnet: 10.1.0.0/24}`,
		want: []string{
			`:10: host a2: 10.1.0.0/24 is already used by host a1 (line 9) in VRF 1 on router pe1; use another prefix`,
		},
	},
}

const expectHosts = `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}
expect:
- `

var refusedExpectations = []refusal{
	{
		name: "expectation form",
		file: base + `expect: [a to b]`,
		want: []string{
			`:4: expect[0]: "a to b" is not an expectation; write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1`,
		},
	},
	{
		name: "expectation of nobody",
		file: base + `hosts: {a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}
expect: [a -> b]`,
		want: []string{
			`:5: expect: no host is named "b"; did you mean "a"?`,
		},
	},
	{
		name: "expectations that say nothing",
		file: base + expectHosts + `a -> b tcp
- a -> b tcp 0
- a -> b tcp http
- a -> b tcp 80 tcp 81
- a -> b as b
- a has b
- a has 10.1.0.2 tcp 80
- a ->
- a => b`,
		want: []string{
			`:9: expect[0]: nothing follows "tcp"; write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1`,
			`:10: expect[1]: "0" is not a port; write a number from 1 to 65535 after tcp`,
			`:11: expect[2]: "http" is not a port; write a number from 1 to 65535 after tcp`,
			`:12: expect[3]: "tcp" is out of place; write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1`,
			`:13: expect[4]: "b" is not an address; write the source address that is seen after as`,
			`:14: expect[5]: "a has b" is not an expectation; write a has 2001:db8::1`,
			`:15: expect[6]: "a has 10.1.0.2 tcp 80" is not an expectation; write a has 2001:db8::1`,
			`:16: expect[7]: "a ->" is not an expectation; write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1`,
			`:17: expect[8]: "a => b" is not an expectation; write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1`,
		},
	},
	{
		name: "expectations that contradict themselves",
		file: base + expectHosts + `a -> b via c, c
- a -> b via a
- a !-> b via c
- a -> b tcp 80 via c
- a -> b as 10.1.0.2
- a !-> b tcp 80 as 10.1.0.2
- a -> 10.9.0.1 tcp 80 as 10.1.0.2
- a -> a
- a -> b via d,
- d has 10.1.0.2
- a -> 10.9.0.1 at b
- a !-> 10.9.0.1 tcp 80 at b
- a -> 10.9.0.1 tcp 80 at d`,
		want: []string{
			`:9: expect: c occurs twice; name a third host after via`,
			`:10: expect: a occurs twice; name a third host after via`,
			`:11: expect: a packet that must not arrive has no way; remove via`,
			`:12: expect: via is for lines without a port; write a line of its own: a -> b via c`,
			`:13: expect: which source is seen can be told of connections only; write tcp and a port before as`,
			`:14: expect: a connection that must not be has no source; remove as`,
			`:15: expect: which source is seen can be told inside a host of the lab only; name the host: a -> 10.9.0.1 tcp 80 as 10.1.0.2 at b`,
			`:16: expect: a is on both sides; name two hosts`,
			`:17: expect: no host is named ""; did you mean "a"?`,
			`:17: expect: no host is named "d"; did you mean "a"?`,
			`:18: expect: no host is named "d"; did you mean "a"?`,
			`:19: expect: only connections end at a host that is not named before; write tcp and a port before at`,
			`:20: expect: a connection that must not be ends nowhere; remove at`,
			`:21: expect: no host of the lab is named "d"; did you mean "a"?`,
		},
	},
}

var refusedSeveralAtOnce = []refusal{
	{
		name: "all problems",
		file: base + `links:
- {ends: [pe1:eth1, pe7:eth1], subnets: [192.168.0.0/30], mtu: x}
hosts:
  a: {to: pe1, vrf: blue, addresses: [10.1.0.1/24]}
runtime: kvm`,
		want: []string{
			`:5: link pe1:eth1, pe7:eth1: no router is named "pe7"; did you mean "pe1"?`,
			`:5: links[0].mtu: "x" is not a number from 0 to 2147483647; write plain digits`,
			`:7: host a: VRF "blue" is not in vrfs: and has no RD; known here: red`,
			`:7: host a: address 10.1.0.1/24 is the gateway's; use another address, or set gateway:`,
			`:8: runtime: unknown value "kvm"; use one of netns, docker, vm`,
		},
	},
	{
		name: "bad environment",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], env: {"A=B": c}}`,
		want: []string{
			`:5: host a: "A=B" is not the name of an environment variable; use letters, digits and underscores`,
		},
	},
	{
		name: "bad key",
		file: base + `hosts:
  [a]: {to: pe1}`,
		want: []string{
			`:5: hosts: a key must be plain text, not a list; write key: value`,
		},
	},
	{
		name: "null scalar",
		file: base + `runtime:`,
		want: []string{
			`:4: runtime: want a single value, not nothing; write key: value, or remove the key`,
		},
	},
	{
		name: "bad route target",
		file: `name: t
routers: {pe1: {as: 1}}
vrfs:
  red: {rts: 1:x}`,
		want: []string{
			`:4: vrfs.red.rts: route target "1:x": number "x" does not fit into 32 bits; write it as 65001:101 or 10.0.0.1:7`,
		},
	},
	{
		name: "bad step",
		file: base + `series:
- {on: pe1, name: "a{i}", rd: "1:{vrf}", step: 16, rows: [{vrfs: 1-2, subnet: 10.1.0.0/24}]}`,
		want: []string{
			`:5: series[0].step: "16" is not a prefix length; write it as /16`,
		},
	},
	{
		name: "bad NIC name",
		file: base + `links:
- {nic: "eth 1", ends: [pe1:eth1], subnets: [192.168.0.0/30]}`,
		want: []string{
			`:5: link pe1:eth1, nic eth 1: "eth 1" is not the name of a network interface of a server; see ip link`,
		},
	},
	{
		name: "all-zero MAC",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mac: "00:00:00:00:00:00"}`,
		want: []string{
			`:5: hosts.a.mac: MAC address is all zeros; remove it to have one derived`,
		},
	},
}
