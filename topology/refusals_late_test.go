package topology

// refusedLate are files that must be refused before up would fail on them.
var refusedLate = []refusal{
	{
		name: `link interface all`, file: base + `links: [{ends: {"pe1:all": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: links[0].ends.pe1:all: "all" is not a name for an interface: in the kernel's settings it means all of them; use a name such as eth1`},
	}, {
		name: `host interface all`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: all}`,
		want: []string{`:5: host a: "all" is not a name for an interface: in the kernel's settings it means all of them; use a name such as eth0`},
	}, {
		name: `link interface default`, file: base + `links: [{ends: {"pe1:default": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: links[0].ends.pe1:default: "default" is not a name for an interface: in the kernel's settings it means all of them; use a name such as eth1`},
	}, {
		name: `host interface default`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: default}`,
		want: []string{`:5: host a: "default" is not a name for an interface: in the kernel's settings it means all of them; use a name such as eth0`},
	}, {
		name: `link interface tunl0`, file: base + `links: [{ends: {"pe1:tunl0": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: links[0].ends.pe1:tunl0: "tunl0" is not a name for an interface: the kernel uses it; use a name such as eth1`},
	}, {
		name: `host interface tunl0`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: tunl0}`,
		want: []string{`:5: host a: "tunl0" is not a name for an interface: the kernel uses it; use a name such as eth0`},
	}, {
		name: `link interface sit0`, file: base + `links: [{ends: {"pe1:sit0": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: links[0].ends.pe1:sit0: "sit0" is not a name for an interface: the kernel uses it; use a name such as eth1`},
	}, {
		name: `host interface sit0`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: sit0}`,
		want: []string{`:5: host a: "sit0" is not a name for an interface: the kernel uses it; use a name such as eth0`},
	}, {
		name: `host interface lo`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], interface: lo}`,
		want: []string{`:5: host a: "lo" is not a name for an interface: the kernel uses it; use a name such as eth0`},
	}, {
		name: `NIC all`, file: base + `links: [{nic: all, ends: ["pe1:e1"], subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: link pe1:e1, nic all: "all" is not the name of a network interface of a server; see ip link`},
	}, {
		name: `MTU of a host without IPv6`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mtu: 67}`,
		want: []string{`:5: host a: MTU 67 is not from 68 (RFC 791) to 9216; use 1500`},
	}, {
		name: `MTU of a host with IPv6`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], mtu: 1279}`,
		want: []string{`:5: host a: MTU 1279 is not from 1280 (RFC 8200) to 9216; use 1500`},
	}, {
		name: `MTU of a host with advertisements`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mtu: 1279, ra: "2001:db8:1::/64"}`,
		want: []string{`:5: host a: MTU 1279 is not from 1280 (RFC 8200) to 9216; use 1500`},
	}, {
		name: `MTU of all hosts`, file: base + `defaults: {host: {mtu: 600}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}`,
		want: []string{`:4: host a: MTU 600 is not from 1280 (RFC 8200) to 9216; use 1500`},
	}, {
		name: `MTU of a link`, file: base + `links: [{ends: {"pe1:e1": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30], mtu: 67}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: MTU 67 is not from 68 (RFC 791) to 9216; use 1500`},
	}, {
		name: `MTU of a link on which BGP does not fit`, file: base + `links: [{ends: {"pe1:e1": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30], mtu: 255}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: MTU 255 is not from 256 (BGP needs that) to 9216; use 1500`},
	}, {
		name: `MTU of a link with IPv6`, file: base + `links: [{ends: {"pe1:e1": {}, "pe2:e1": {}}, subnets: ["2001:db8:ff::/64"], mtu: 1279}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: MTU 1279 is not from 1280 (RFC 8200) to 9216; use 1500`},
	}, {
		name: `MTU of a series`, file: base + `series: [{on: pe1, name: "s{i}", mtu: 1000, rows: [{vrfs: red, subnet6: "2001:db8:1::/64"}]}]`,
		want: []string{`:4: host s1: MTU 1000 is not from 1280 (RFC 8200) to 9216; use 1500`},
	}, {
		name: `AS 23456 of a router`, file: `name: t
routers: {pe1: {as: 23456}}`,
		want: []string{`:2: routers.pe1.as: AS 23456 is reserved (RFC 6793: AS_TRANS); use a private AS number such as 65001`},
	}, {
		name: `AS 65535 of a router`, file: `name: t
routers: {pe1: {as: 65535}}`,
		want: []string{`:2: routers.pe1.as: AS 65535 is reserved (RFC 7300); use a private AS number such as 65001`},
	}, {
		name: `AS 4294967295 of a router`, file: `name: t
routers: {pe1: {as: 4294967295}}`,
		want: []string{`:2: routers.pe1.as: AS 4294967295 is reserved (RFC 7300); use a private AS number such as 65001`},
	}, {
		name: `AS 00 of a router`, file: `name: t
routers: {pe1: {as: 00}}`,
		want: []string{`:2: routers.pe1.as: AS 0 is reserved (RFC 7607); use a private AS number such as 65001`},
	}, {
		name: `AS of all routers`, file: `name: t
defaults: {router: {as: 23456}}
routers: {pe1: {}}`,
		want: []string{`:2: defaults.router.as: AS 23456 is reserved (RFC 6793: AS_TRANS); use a private AS number such as 65001`},
	}, {
		name: `AS of a host`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: 4294967295}`,
		want: []string{`:5: hosts.a.bgp: AS 4294967295 is reserved (RFC 7300); use a private AS number such as 65001`},
	}, {
		name: `AS of a router outside`, file: base + `links: [{nic: eth0, ends: ["pe1:e1"], subnets: [192.168.0.0/30], bgp: {peer: 192.168.0.2, as: 65535}}]`,
		want: []string{`:4: links[0].bgp.as: AS 65535 is reserved (RFC 7300); use a private AS number such as 65001`},
	}, {
		name: `router id 0.0.0.0`, file: `name: t
routers: {pe1: {as: 65001, id: "0.0.0.0"}}`,
		want: []string{`:2: router pe1: id 0.0.0.0 is not a BGP identifier; use an IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 0.1.2.3`, file: `name: t
routers: {pe1: {as: 65001, id: "0.1.2.3"}}`,
		want: []string{`:2: router pe1: id 0.1.2.3 is not a BGP identifier: it is not an interface's address; use a unicast IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 127.0.0.1`, file: `name: t
routers: {pe1: {as: 65001, id: "127.0.0.1"}}`,
		want: []string{`:2: router pe1: id 127.0.0.1 is not a BGP identifier: it is a loopback address; use a unicast IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 224.0.0.5`, file: `name: t
routers: {pe1: {as: 65001, id: "224.0.0.5"}}`,
		want: []string{`:2: router pe1: id 224.0.0.5 is not a BGP identifier: it is a multicast address; use a unicast IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 240.0.0.1`, file: `name: t
routers: {pe1: {as: 65001, id: "240.0.0.1"}}`,
		want: []string{`:2: router pe1: id 240.0.0.1 is not a BGP identifier: it is a reserved address (RFC 1112); use a unicast IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 255.255.255.255`, file: `name: t
routers: {pe1: {as: 65001, id: "255.255.255.255"}}`,
		want: []string{`:2: router pe1: id 255.255.255.255 is not a BGP identifier: it is a reserved address (RFC 1112); use a unicast IPv4 address such as 10.0.0.1`},
	}, {
		name: `router id 2001:db8::1`, file: `name: t
routers: {pe1: {as: 65001, id: "2001:db8::1"}}`,
		want: []string{`:2: router pe1: id 2001:db8::1 is not a BGP identifier; use an IPv4 address such as 10.0.0.1`},
	}, {
		name: `file in the place of a directory`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], files: {/run: a}}`,
		want: []string{`:5: host a: /run is a directory; write an absolute path such as /run/bird.conf`},
	}, {
		name: `file in /proc`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], files: {/proc/x: a}}`,
		want: []string{`:5: host a: file /proc/x: /proc belongs to the kernel; write an absolute path such as /run/bird.conf`},
	}, {
		name: `file in a file`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], files: {/run/a: x, /run/a/b: y}}`,
		want: []string{`:5: host a: file /run/a/b is in /run/a, which is also a file; rename one`},
	}, {
		name: `file in a mount`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mounts: ["/tmp:/x"], files: {/x/y: a}}`,
		want: []string{`:5: host a: file /x/y is in the mount on /x: it would be written to the server's /tmp; put it elsewhere`},
	}, {
		name: `long file name`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], files: {/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: a}}`,
		want: []string{`:5: host a: a part of a file's path has 256 octets, more than 255; shorten it`},
	}, {
		name: `command without a name`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], command: [""]}`,
		want: []string{`:5: host a: its command has no name; begin it with a program, as in [sleep, 1d], or write [] for none`},
	}, {
		name: `command of all hosts`, file: base + `defaults: {host: {command: ["", x]}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}`,
		want: []string{`:4: host a: its command has no name; begin it with a program, as in [sleep, 1d], or write [] for none`},
	}, {
		name: `image name`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], image: UPPER}`,
		want: []string{`:5: host a: "UPPER" is not the name of an image: invalid reference format: repository name (library/UPPER) must be lowercase; write it as debian:13, or remove image: for the built-in one`},
	}, {
		name: `no image`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], image: ""}`,
		want: []string{`:5: host a: "" is not the name of an image: invalid reference format; write it as debian:13, or remove image: for the built-in one`},
	}, {
		name: `no build`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], build: ""}`,
		want: []string{`:5: host a: build: is empty; name a directory with a Dockerfile, or the file`},
	}, {
		name: `mount on /proc`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mounts: ["/tmp:/proc"]}`,
		want: []string{`:5: hosts.a.mounts[0]: mount "/tmp:/proc": /proc belongs to the kernel; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`},
	}, {
		name: `local preference`, file: base + `links: [{ends: {"pe1:e1": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30], bgp: {local-pref: 0}}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: local-pref 0 cannot be set; use 1 for the least`},
	}, {
		name: `local preference of all`, file: base + `defaults: {bgp: {local-pref: 0}}
links: [{ends: {"pe1:e1": {}, "pe2:e1": {}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: local-pref 0 cannot be set; use 1 for the least`},
	}, {
		name: `advertisement rdnss: ["::"]`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", rdnss: ["::"]}}`,
		want: []string{`:5: host a: rdnss :: is not the address of a server; use a unicast address such as 2001:db8::53`},
	}, {
		name: `advertisement rdnss: ["ff02::1`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", rdnss: ["ff02::1"]}}`,
		want: []string{`:5: host a: rdnss ff02::1 is not the address of a server; use a unicast address such as 2001:db8::53`},
	}, {
		name: `advertisement dnssl: [""]`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", dnssl: [""]}}`,
		want: []string{`:5: host a: dnssl "" is not a domain name; write it as example.org`},
	}, {
		name: `advertisement dnssl: ["a..b"]`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", dnssl: ["a..b"]}}`,
		want: []string{`:5: host a: dnssl "a..b" is not a domain name; write it as example.org`},
	}, {
		name: `advertisement dnssl: ["a b"]`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", dnssl: ["a b"]}}`,
		want: []string{`:5: host a: dnssl "a b" is not a domain name; write it as example.org`},
	}, {
		name: `advertisement dnssl: ["xxxxxxx`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", dnssl: ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.org"]}}`,
		want: []string{`:5: host a: dnssl "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.org" is not a domain name; write it as example.org`},
	}, {
		name: `too many servers`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", rdnss: ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6", "2001:db8::7", "2001:db8::8", "2001:db8::9", "2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d", "2001:db8::e", "2001:db8::f", "2001:db8::10", "2001:db8::11", "2001:db8::12", "2001:db8::13", "2001:db8::14", "2001:db8::15", "2001:db8::16", "2001:db8::17", "2001:db8::18", "2001:db8::19", "2001:db8::1a", "2001:db8::1b", "2001:db8::1c", "2001:db8::1d", "2001:db8::1e", "2001:db8::1f", "2001:db8::20", "2001:db8::21", "2001:db8::22", "2001:db8::23", "2001:db8::24", "2001:db8::25", "2001:db8::26", "2001:db8::27", "2001:db8::28", "2001:db8::29", "2001:db8::2a", "2001:db8::2b", "2001:db8::2c", "2001:db8::2d", "2001:db8::2e", "2001:db8::2f", "2001:db8::30", "2001:db8::31", "2001:db8::32", "2001:db8::33", "2001:db8::34", "2001:db8::35", "2001:db8::36", "2001:db8::37", "2001:db8::38", "2001:db8::39", "2001:db8::3a", "2001:db8::3b", "2001:db8::3c", "2001:db8::3d", "2001:db8::3e", "2001:db8::3f", "2001:db8::40", "2001:db8::41", "2001:db8::42", "2001:db8::43", "2001:db8::44", "2001:db8::45", "2001:db8::46", "2001:db8::47", "2001:db8::48", "2001:db8::49", "2001:db8::4a", "2001:db8::4b", "2001:db8::4c", "2001:db8::4d", "2001:db8::4e", "2001:db8::4f", "2001:db8::50", "2001:db8::51", "2001:db8::52", "2001:db8::53", "2001:db8::54", "2001:db8::55", "2001:db8::56", "2001:db8::57", "2001:db8::58", "2001:db8::59", "2001:db8::5a", "2001:db8::5b", "2001:db8::5c", "2001:db8::5d", "2001:db8::5e", "2001:db8::5f", "2001:db8::60", "2001:db8::61", "2001:db8::62", "2001:db8::63", "2001:db8::64", "2001:db8::65", "2001:db8::66", "2001:db8::67", "2001:db8::68", "2001:db8::69", "2001:db8::6a", "2001:db8::6b", "2001:db8::6c", "2001:db8::6d", "2001:db8::6e", "2001:db8::6f", "2001:db8::70", "2001:db8::71", "2001:db8::72", "2001:db8::73", "2001:db8::74", "2001:db8::75", "2001:db8::76", "2001:db8::77", "2001:db8::78", "2001:db8::79", "2001:db8::7a", "2001:db8::7b", "2001:db8::7c", "2001:db8::7d", "2001:db8::7e", "2001:db8::7f", "2001:db8::80", "2001:db8::81"]}}`,
		want: []string{`:5: host a: 129 servers do not fit into an advertisement; name fewer`},
	}, {
		name: `too many domains`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: {prefix: "2001:db8:7::/64", dnssl: ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx3.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx4.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx5.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx6.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx7.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx8.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx9.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx10.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx11.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx12.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx13.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx14.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx15.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx16.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx17.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx18.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx19.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx20.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx21.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx22.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx23.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx24.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx25.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx26.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx27.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx28.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx29.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx30.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx31.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx32.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx33.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx34.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx35.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx36.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx37.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx38.org", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx39.org"]}}`,
		want: []string{`:5: host a: 40 domains do not fit into an advertisement; name fewer`},
	}, {
		name: `advertisement longer than the MTU`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mtu: 1280, ra: {prefix: "2001:db8:7::/64", rdnss: ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6", "2001:db8::7", "2001:db8::8", "2001:db8::9", "2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d", "2001:db8::e", "2001:db8::f", "2001:db8::10", "2001:db8::11", "2001:db8::12", "2001:db8::13", "2001:db8::14", "2001:db8::15", "2001:db8::16", "2001:db8::17", "2001:db8::18", "2001:db8::19", "2001:db8::1a", "2001:db8::1b", "2001:db8::1c", "2001:db8::1d", "2001:db8::1e", "2001:db8::1f", "2001:db8::20", "2001:db8::21", "2001:db8::22", "2001:db8::23", "2001:db8::24", "2001:db8::25", "2001:db8::26", "2001:db8::27", "2001:db8::28", "2001:db8::29", "2001:db8::2a", "2001:db8::2b", "2001:db8::2c", "2001:db8::2d", "2001:db8::2e", "2001:db8::2f", "2001:db8::30", "2001:db8::31", "2001:db8::32", "2001:db8::33", "2001:db8::34", "2001:db8::35", "2001:db8::36", "2001:db8::37", "2001:db8::38", "2001:db8::39", "2001:db8::3a", "2001:db8::3b", "2001:db8::3c", "2001:db8::3d", "2001:db8::3e", "2001:db8::3f", "2001:db8::40", "2001:db8::41", "2001:db8::42", "2001:db8::43", "2001:db8::44", "2001:db8::45", "2001:db8::46", "2001:db8::47", "2001:db8::48", "2001:db8::49", "2001:db8::4a", "2001:db8::4b", "2001:db8::4c", "2001:db8::4d", "2001:db8::4e", "2001:db8::4f", "2001:db8::50"]}}`,
		want: []string{`:5: host a: its advertisements have 1392 octets, more than its MTU of 1280; name fewer prefixes, servers and domains`},
	}, {
		name: `the gateway's MAC`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], mac: "00:00:00:00:00:01"}`,
		want: []string{`:5: host a: MAC address 00:00:00:00:00:01 is reserved for routers; use another one, such as "02:00:00:00:00:01"`},
	}, {
		name: `one MAC at two ends`, file: base + `links: [{ends: {"pe1:e1": {mac: "02:00:00:00:00:01"}, "pe2:e1": {mac: "02:00:00:00:00:01"}}, subnets: [192.168.0.0/30]}]`,
		want: []string{`:4: link pe1:e1, pe2:e1: MAC address 02:00:00:00:00:01 of pe2:e1 is already that of pe1:e1; give every end its own, or remove mac:`},
	}, {
		name: `two gateways of a subnet`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], gateway: [10.1.0.3, 10.1.0.4]}`,
		want: []string{`:5: host a: gateway 10.1.0.4 is in the same subnet as gateway 10.1.0.3; the router has one address in a subnet; remove one`},
	}, {
		name: `route to the own subnet`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], routes: [10.1.0.0/24]}`,
		want: []string{`:5: host a: route 10.1.0.0/24 is the subnet that the host is on; remove it`},
	}, {
		name: `route without a source`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], ra: "2001:db8:1::/64", routes: ["::/0"]}`,
		want: []string{`:5: host a: route ::/0 needs the gateway 2001:db8:1::1, but the host has no address in its subnet; add one to addresses:, or slaac`},
	}, {
		name: `subnet that begins at 0`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/1], gateway: 10.1.0.1}`,
		want: []string{`:5: host a: subnet 0.0.0.0/1: 0.0.0.0 is not an interface's address; use a longer prefix`},
	}, {
		name: `next hop that is a broadcast address`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: [{prefix: 10.9.0.0/24, next-hop: 10.1.0.255}]}`,
		want: []string{`:5: host a: 10.1.0.255/24 is the broadcast address of its subnet; use another one, such as 10.1.0.2/24`},
	}, {
		name: `labels of a VRF that announces nothing`, file: base + `redistribute: {connected: none}
defaults: {router: {labels: 16-16}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}`,
		want: []string{`:5: router pe1: label range 16-16 is too small: it has 1 labels, and the attachments need 2; make it at least 16-17, or set label-mode: per-vrf`},
	}, {
		name: `labels of the same link-local next hop on two ports`, file: base + `redistribute: {connected: none}
defaults: {router: {labels: 16-18}}
hosts:
  a: {to: pe1, vrf: red, addresses: ["2001:db8:1::2/64"], announce: [{prefix: "2001:db8:a::/48", next-hop: "fe80::2"}]}
  b: {to: pe1, vrf: red, addresses: ["2001:db8:2::2/64"], announce: [{prefix: "2001:db8:b::/48", next-hop: "fe80::2"}]}
  c: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}`,
		want: []string{`:5: router pe1: label range 16-18 is too small: it has 3 labels, and the attachments need 4; make it at least 16-19, or set label-mode: per-vrf`},
	}, {
		name: `labels of LANs that a host announces by BGP`, file: base + `label-mode: per-prefix
defaults: {router: {labels: 16-18}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], lans: [10.8.0.0/24, "2001:db8:a::/48"], bgp: 65100}`,
		want: []string{`:5: router pe1: label range 16-18 is too small: it has 3 labels, and the attachments need 4; make it at least 16-19, or set label-mode: per-vrf`},
	}, {
		name: `expectation of oneself`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
expect: ["a -> a"]`,
		want: []string{`:7: expect: a is on both sides; name two hosts`},
	}, {
		name: `expectation by way of oneself`, file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
expect: ["a -> b via a"]`,
		want: []string{`:7: expect: a occurs twice; name a third host after via`},
	}, {
		name: `prefix limit that the peer exceeds`, file: base + `links: [{ends: ["pe1:e1", "pe2:e1"], subnets: [192.168.0.0/30], bgp: {max-prefixes: 1}}]
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [10.9.0.0/24]}`,
		want: []string{`:4: link pe1:e1, pe2:e1: max-prefixes 1 ends the session of pe2 with pe1, which announces 2 vpnv4 prefixes itself; make it larger, or remove it`},
	}, {
		name: `LAN over another interface`, file: base + `hosts:
  a:
    lans: [10.3.0.0/16]
    lans-via: [eth1]
    attach:
    - {to: pe1, vrf: red, addresses: [10.3.0.2/24]}
    - {to: pe2, vrf: red, addresses: [10.4.0.2/24]}`,
		want: []string{`:6: host a: its LAN 10.3.0.0/16 overlaps with the subnet 10.3.0.0/24 of its interface eth0; use another prefix`},
	}, {
		name: `link interface that a lent NIC's bridge has`, file: base + `links:
- {nic: eth7, ends: ["pe1:e1"], subnets: [192.168.0.0/30], bgp: none}
- {ends: ["pe1:n-e1", "pe2:n-e1"], subnets: [192.168.0.4/30]}
- {ends: ["pe1:b-e1", "pe2:b-e1"], subnets: [192.168.0.8/30]}
- {ends: ["pe1:w-e1", "pe2:w-e1"], subnets: [192.168.0.12/30]}`,
		want: []string{
			`:6: link end pe1:n-e1: n-e1 is reserved for the NIC of pe1:e1; use another interface`,
			`:7: link end pe1:b-e1: b-e1 is reserved for the NIC of pe1:e1; use another interface`,
			`:8: link end pe1:w-e1: w-e1 is reserved for the NIC of pe1:e1; use another interface`,
		},
	}, {
		name: `name of a container that Docker refuses`, file: base + `node-prefix: ""
runtime: docker
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], runtime: netns}
  cc: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}`,
		want: []string{`:7: host a: names of hosts with runtime docker have 2 characters or more; set node-prefix:, or give the host a longer name`},
	}, {
		name: `name of one container that Docker refuses`, file: base + `node-prefix: ""
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], runtime: docker}`,
		want: []string{`:7: host b: names of hosts with runtime docker have 2 characters or more; set node-prefix:, or give the host a longer name`},
	},
}
