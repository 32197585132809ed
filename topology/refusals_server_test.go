package topology

var refusedServer = []refusal{
	{
		name: "the server on segments",
		file: base + `links:
- {nic: eth1, ends: [pe1:eth1], subnets: [192.168.0.0/30]}
segments:
  s1: {uplink: masquerade}
  s2: {uplink: nat, subnets: [10.1.0.0/24]}
  s3: {nic: eth0, uplink: routed, subnets: [10.2.0.0/24]}
  s4: {nic: eth1}
  s5: {nic: eth0}
  s6: {nic: "a b"}
  s7: {uplink: routed, subnets: [10.3.0.0/16]}
  s8: {uplink: masquerade, subnets: [10.3.1.0/24], to: pe1, vrf: red}
  s9: {uplink: masquerade, subnets: [10.9.0.0/31], attach: [{to: pe1, vrf: red, gateway: 10.9.0.0}, {to: pe2, vrf: red, gateway: 10.9.0.1}]}
hosts:
  h1: {to: s7, addresses: [10.3.0.1/16]}
  h2: {to: s7, addresses: [10.3.0.2/16], publish: [8080:80, "[::]:53:53/udp"]}
  h3: {to: s7, addresses: [10.3.0.3/16], publish: "192.0.2.1:8080:8080", routes: [{prefix: 10.77.0.0/16, via: uplinks}]}
  h4: {to: s5, addresses: [10.4.0.1/16], publish: 81:81}
  h5: {to: s7, addresses: [10.3.0.5/16], publish: [80, 80:0, 80:80/icmp, "1.2.3:80:80", "::1:80:80", 70000:80, "127.0.0.1:80:80", "[fe80::1]:80:80"]}`,
		want: []string{
			`:7: segment s1: has an uplink and no subnet; add subnets: [172.20.0.0/16]`,
			`:8: segments.s2.uplink: unknown value "nat"; use one of masquerade, routed`,
			`:9: segment s3: has uplink: as well as nic:, by which the server is on it already; remove one of them`,
			`:10: segment s4: NIC eth1 is already used on line 5; name another one`,
			`:11: segment s5: NIC eth0 is already used on line 9; name another one`,
			`:12: segment s6: nic: "a b" is not the name of a network interface of a server; see ip link`,
			`:14: segment s8: 10.3.1.0/24 overlaps with 10.3.0.0/16 of segment s7 (line 13) at the server, which is a router between them; use another prefix`,
			`:15: segment s9: subnet 10.9.0.0/31 has no address left for the server; use a shorter prefix`,
			`:17: host h1: address 10.3.0.1/16 is that of the server on segment s7, by its uplink; use another address`,
			`:18: host h2: publishes [::]:53:53/udp, but has no address of that family on a segment with an uplink; give it one in addresses:`,
			`:19: host h3: port 8080/tcp of the server already leads to h2 (line 18); publish another port of the server`,
			`:19: host h3: nobody on segment s7 is named "uplinks"; did you mean "uplink"?`,
			`:20: host h4: publishes 81:81/tcp, but has no address on a segment with an uplink; add uplink: masquerade to its segment, and the host's address to addresses:`,
			`:21: hosts.h5.publish[0]: "80" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[1]: "80:0" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[2]: "80:80/icmp" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[3]: "1.2.3:80:80" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[4]: "::1:80:80" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[5]: "70000:80" is not a published port; write SERVER-PORT:PORT, such as 8080:80, 53:53/udp or [2001:db8::1]:8080:80`,
			`:21: hosts.h5.publish[6]: "127.0.0.1:80:80" is for nobody: hosts cannot answer what comes to a loopback or link-local address of the server; name another address of the server, or none for all of them`,
			`:21: hosts.h5.publish[7]: "[fe80::1]:80:80" is for nobody: hosts cannot answer what comes to a loopback or link-local address of the server; name another address of the server, or none for all of them`,
		},
	},
}
