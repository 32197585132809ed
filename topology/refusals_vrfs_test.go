package topology

var refusedVRFs = []refusal{
	{
		name: "VRF without targets",
		file: `name: t
routers: {pe1: {as: 1}}
vrfs:
  red: {}`,
		want: []string{
			`:4: vrf red: has no route targets; add rts: "65000:1", or import: and export:`,
		},
	},
	{
		name: "unknown VRF",
		file: base + `hosts:
  a: {to: pe1, vrf: rde, addresses: [10.1.0.2/24]}`,
		want: []string{
			`:5: host a: VRF "rde" is not in vrfs: and has no RD; did you mean "red"?`,
		},
	},
	{
		name: "bad RD",
		file: base + `hosts:
  a: {to: pe1, vrf: 101, rd: 65001, addresses: [10.1.0.2/24]}`,
		want: []string{
			`:5: hosts.a.rd: route distinguisher "65001": want ADMINISTRATOR:NUMBER, as in 65001:101 or 10.0.0.1:7; write it as 65001:101 or 10.0.0.1:7`,
		},
	},
	{
		name: "RD twice on a router",
		file: base + `hosts:
  a: {to: pe1, vrf: 101, rd: "1:1", addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: 102, rd: "1:1", addresses: [10.1.0.2/24]}`,
		want: []string{
			`:6: host b: RD 1:1 of VRF 102 is already that of VRF 101 on router pe1; give every VRF of a router its own RD`,
		},
	},
	{
		name: "bad limits of routes",
		file: `name: t
routers: {pe1: {as: 1}}
vrfs:
  red: {rts: "1:1", max-routes: 1}
  blue: {rts: "1:2", max-routes: 5, max-routes-threshold: 101}`,
		want: []string{
			`:5: vrf blue: max-routes-threshold 101 is no percentage; use 1 to 100, as 80`,
		},
	},
	{
		name: "a limit below the routes of the file",
		file: `name: t
routers: {pe1: {as: 1}}
vrfs:
  red: {rts: "1:1", max-routes: 1}
  blue: {rts: "1:2", max-routes: 1, max-routes-warning-only: true}
hosts:
  a: {to: pe1, vrf: red, addresses: 10.1.0.2/24, lans: [172.16.1.1/24]}
  b: {to: pe1, vrf: blue, addresses: 10.1.0.2/24, lans: [172.16.1.1/24]}`,
		want: []string{
			`:4: vrf red: max-routes 1 is less than the 2 routes that it has on router pe1 by this file; make it larger, or add max-routes-warning-only: true`,
		},
	},
	{
		name: "two RDs for a VRF",
		file: base + `hosts:
  a: {to: pe1, vrf: 101, rd: "1:1", addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: 101, rd: "1:2", addresses: [10.2.0.2/24]}`,
		want: []string{
			`:6: host b: gives VRF 101 on router pe1 the RD 1:2, but line 5 gave it 1:1; give a VRF one RD on a router`,
		},
	},
}
