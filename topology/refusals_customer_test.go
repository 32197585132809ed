package topology

var refusedCustomers = []refusal{
	{
		name: "no AS number",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {passive: true}}`,
		want: []string{`:5: host a: speaks BGP without an AS number; write bgp: 65100, or add as:`},
	},
	{
		name: "the router's AS number",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: 65001}`,
		want: []string{`:5: host a: has the AS number of its router pe1, but the session between them is an external one; give the host an AS number of its own, such as 65100, or add ibgp: true`},
	},
	{
		name: "family without address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, families: [ipv4, ipv6]}}`,
		want: []string{`:5: host a: has no static IPv6 address for its BGP session; add one to addresses:`},
	},
	{
		name: "no static address",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [slaac], ra: "2001:db8::/64", bgp: 65100}`,
		want: []string{`:5: host a: has no static address for a BGP session; add one to addresses:, or a family to families:`},
	},
	{
		name: "VPN family",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, families: [vpnv4]}}`,
		want: []string{`:5: hosts.a.bgp.families[0]: unknown value "vpnv4"; use one of ipv4, ipv6`},
	},
	{
		name: "timers",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, hold-time: 1}}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], bgp: {as: 65100, hold-time: 9, keepalive: 9}}`,
		want: []string{
			`:5: host a: hold time 1s is not allowed (RFC 4271 section 4.2); use 3 to 65535 seconds, or 0 for no keepalives`,
			`:6: host b: keepalive 9s does not fit the hold time of 9s; use a third of it, 3s`,
		},
	},
	{
		name: "allow-own-as",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, allow-own-as: 300}}`,
		want: []string{`:5: host a: allow-own-as 300 is more than 10; use 1`},
	},
	{
		name: "LAN without a session of its family",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: 65100, lans: ["2001:db8:1::/64"]}`,
		want: []string{`:5: host a: LAN 2001:db8:1::/64 cannot be announced: the host has no IPv6 session; give it an address of that family in addresses:`},
	},
	{
		name: "unknown key",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, as-overide: true}}`,
		want: []string{`:5: hosts.a.bgp: unknown key "as-overide"; did you mean "as-override"?`},
	},
	{
		name: "file",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], files: {run/x: "", /run/../x: ""}}`,
		want: []string{
			`:5: host a: "run/x" is not the path of a file; write an absolute path such as /run/bird.conf`,
			`:5: host a: "/run/../x" is not the path of a file; write an absolute path such as /run/bird.conf`,
		},
	},
}
