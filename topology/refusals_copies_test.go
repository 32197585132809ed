package topology

var refusedCopies = []refusal{
	{
		name: "copies without a name or a number",
		file: base + `segments: {net: {}}
series:
- {to: net, count: 2}
- {to: net, name: "a{i}"}
- {to: net, name: "b{i}", count: 0}
- {to: net, name: "c{i}", count: 2, range: 1-2}
- {to: net, name: "d{i}", range: 2-1}
- {to: net, name: "e{i}", range: blue}`,
		want: []string{
			`:6: series[0]: has no name; add name: "host{i}"`,
			`:7: series[1]: does not say how many hosts it has; add count: 10, or range: 4-10`,
			`:8: series[2]: 0 copies; use a number from 1 to 10000`,
			`:9: series[3]: has count: and range:; keep one of them`,
			`:10: series[4].range: range "2-1" counts down; write it as 1-2`,
			`:11: series[5].range: "blue" is not a range of numbers; write it as 4-10`,
		},
	},
	{
		name: "copies with mistakes are refused once",
		file: base + `segments: {net: {}}
series:
- {to: net, name: "a{i:3}", count: 9}
- {to: net, name: "b{i}", count: 9, mac: "02:00:00:00:00:0{i:03}"}
- {to: net, name: "c{i}", count: 9, adresses: [slaac]}
- {to: net, name: "d", count: 2}
- {to: lan, name: "e{i}", count: 9}
- {to: net, name: "f{i}", count: 9, rows: []}`,
		want: []string{
			`:6: series[0]: unknown placeholder {i:3} in "a{i:3}"; use {i}, {i:03}, {i:x} or {i:02x}`,
			`:7: series[1].mac: "02:00:00:00:00:0001" is not a MAC address; write it as "00:00:00:01:01:01", in quotes`,
			`:8: series[2]: unknown key "adresses"; did you mean "addresses"?`,
			`:9: host d: the name is already used on line 9; give every router and host its own name (in a series with {i} or {vrf})`,
			`:10: host e1: has no address; add addresses: [10.1.0.2/24]`,
			`:10: host e1: names no VRF; add vrf: with the name of a VRF`,
			`:10: host e1: no router and no segment is named "lan"; known here: net, pe1, pe2`,
			`:11: series[5]: unknown key "rows"; remove it`,
		},
	},
}
