package topology

var refusedFile = []refusal{
	{
		name: "empty file",
		file: "",
		want: []string{
			`: file: is empty; start with name: and routers:`,
		},
	},
	{
		name: "not YAML",
		file: `name: [`,
		want: []string{
			`:1: file: not valid YAML: did not find expected node content; check indentation, quotes and brackets there and on the line before`,
		},
	},
	{
		name: "second document",
		file: `name: t
routers: {pe1: {as: 1}}
---
name: u`,
		want: []string{
			`:3: file: has a second YAML document; keep one lab per file`,
		},
	},
	{
		name: "not a mapping",
		file: `- name: t`,
		want: []string{
			`:1: file: want a mapping, not a list; start with name: and routers:`,
		},
	},
	{
		name: "no name, no routers",
		file: `description: nothing`,
		want: []string{
			`: file: the lab has no name; add name: my-lab`,
			`: file: the lab has no routers; add routers: {pe1: {as: 65001}}`,
		},
	},
	{
		name: "unknown top-level key",
		file: base + `host: {}`,
		want: []string{
			`:4: file: unknown key "host"; did you mean "hosts"?`,
		},
	},
	{
		name: "unknown nested key",
		file: base + `hosts:
  a: {to: pe1, vrf: red, adresses: [10.1.0.2/24]}`,
		want: []string{
			`:5: host a: has no address; add addresses: [10.1.0.2/24]`,
			`:5: hosts.a: unknown key "adresses"; did you mean "addresses"?`,
		},
	},
	{
		name: "duplicate key",
		file: base + `hosts: {a: {to: pe1, to: pe2, vrf: red, addresses: [10.1.0.2/24]}}`,
		want: []string{
			`:4: hosts.a: key "to" occurs twice, first on line 4; remove one`,
		},
	},
	{
		name: "wrong shape",
		file: base + `links: {ends: [pe1:eth1, pe2:eth1]}`,
		want: []string{
			`:4: links: want a list, not a mapping; write [a, b] or one item per line after a dash`,
		},
	},
	{
		name: "scalar wanted",
		file: base + `hosts: {a: {to: [pe1], vrf: red, addresses: [10.1.0.2/24]}}`,
		want: []string{
			`:4: hosts.a.to: want a single value, not a list; write key: value, or remove the key`,
		},
	},
	{
		name: "tag",
		file: base + `runtime: !!str netns`,
		want: []string{
			`:4: runtime: YAML tag !!str is not supported; remove the tag`,
		},
	},
	{
		name: "unknown word",
		file: base + `runtime: lxc`,
		want: []string{
			`:4: runtime: unknown value "lxc"; use one of netns, docker, vm`,
		},
	},
}

var refusedNames = []refusal{
	{
		name: "lab name too long",
		file: `name: abcdefghijklmnopqrstuvwxyz0123456789
routers: {pe1: {as: 1}}`,
		want: []string{
			`:1: lab abcdefghijklmnopqrstuvwxyz0123456789: name has 36 characters, more than 32; shorten it`,
		},
	},
	{
		name: "bad node name",
		file: base + `hosts: {"a b": {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}`,
		want: []string{
			`:4: host "a b": is not a valid name; use letters, digits, dots, dashes and underscores, beginning with a letter or digit`,
		},
	},
	{
		name: "long node name",
		file: base + `hosts: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}`,
		want: []string{
			`:4: host aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: name has 64 characters, more than 63; shorten it`,
		},
	},
	{
		name: "reserved name",
		file: base + `hosts: {localhost: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}`,
		want: []string{
			`:4: host localhost: the name is reserved; choose another name`,
		},
	},
	{
		name: "host named as a router",
		file: base + `hosts:
  pe1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}`,
		want: []string{
			`:5: host pe1: the name is already used on line 2; give every router and host its own name (in a series with {i} or {vrf})`,
		},
	},
	{
		name: "bad node-prefix",
		file: base + `node-prefix: "a/b"`,
		want: []string{
			`:4: node-prefix: "a/b" is not a valid prefix of a name; use letters, digits, dots, dashes and underscores, beginning with a letter or digit`,
		},
	},
}
