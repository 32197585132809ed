package topology

var refusedServices = []refusal{
	{
		name: "commands of services",
		file: base + `hosts:
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    services:
      one: radvd
      two: {ready: up}
      three: {command: [""]}
      -four: [x]
      five: {command: [x], port: 80}
      six: {command: [x], port: tcp 0, ready: ""}
      seven: {command: [x], once: true, restart: always}
      eight: {command: [x], once: true, port: tcp 80}
      nine: {command: [x], restart: sometimes}`,
		want: []string{
			`:10: hosts.a.services.one: want a command, not "radvd"; write it as a list, as in [radvd, -n], or as {command: [radvd, -n], ready: TEXT}`,
			`:11: host a, service two: has no command; add command: [PROGRAM, ARGUMENT]`,
			`:12: host a, service three: its command has no name; begin it with a program, as in [sleep, 1d], or write [] for none`,
			`:13: service "-four": is not a valid name; use letters, digits, dots, dashes and underscores, beginning with a letter or digit`,
			`:14: hosts.a.services.five.port: "80" is not a port; write it as tcp 80 or udp 547`,
			`:15: hosts.a.services.six.port: "tcp 0" is not a port; write it as tcp 80 or udp 547`,
			`:15: host a, service six: ready: is not a part of a line of at most 256 octets; write a text that it prints when it is ready`,
			`:16: host a, service seven: runs once, and is always restarted; remove once:, or use restart: on-failure`,
			`:17: host a, service eight: runs once: it is ready when it has ended; remove once:, or ready: and port:`,
			`:18: hosts.a.services.nine.restart: unknown value "sometimes"; use one of always, on-failure, never`,
		},
	},
	{
		name: "order of services",
		file: base + `hosts:
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    services:
      one: {command: [x], after: tow}
      two: {command: [x], after: two}
      three: {command: [x], after: [one, four]}
      four: {command: [x], after: five}
      five: {command: [x], after: three}`,
		want: []string{
			`:10: host a, service one: the host has no service "tow"; did you mean "two"?`,
			`:11: host a: its services wait for each other: two after two; remove one after:`,
			`:14: host a: its services wait for each other: three after four after five after three; remove one after:`,
		},
	},
	{
		name: "kept directory with a mount",
		file: base + `runtime: docker
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], keep: /data, mounts: [/tmp:/data/x]}`,
		want: []string{`:6: host a: /data is kept, and there is a mount on /data/x; remove one`},
	},
	{
		name: "kept directories and packages",
		file: base + `runtime: netns
hosts:
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    files: {/etc/x.conf: a, /var/lib/kea/leases.csv: b}
    keep: [/var, var/lib, /proc/x, /var/lib/kea, /var/lib/kea/a, /etc/x.conf/y, /srv/ok]
    packages: [radvd, Kea, "a b", radvd]`,
		want: []string{
			`:11: host a: /var cannot be kept: it is the system's; write a directory such as /var/lib/kea`,
			`:11: host a: keep: "var/lib" is not the path of a directory; write a directory such as /var/lib/kea`,
			`:11: host a: keep: file /proc/x: /proc belongs to the kernel; write a directory such as /var/lib/kea`,
			`:11: host a: file /var/lib/kea/leases.csv is in /var/lib/kea, which is kept; put the file elsewhere`,
			`:11: host a: it keeps /var/lib/kea and /var/lib/kea/a, which overlap; keep one of them`,
			`:11: host a: /etc/x.conf/y is kept, and /etc/x.conf is a file; rename one`,
			`:12: host a: "Kea" is not the name of a package; write it as the distribution does, such as kea-dhcp6-server`,
			`:12: host a: "a b" is not the name of a package; write it as the distribution does, such as kea-dhcp6-server`,
			`:12: host a: package radvd is listed twice; remove one`,
		},
	},
}
