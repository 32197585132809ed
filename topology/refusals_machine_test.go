package topology

var refusedMachines = []refusal{
	{
		name: "settings of a virtual machine",
		file: `name: t
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
vrfs: {red: {rts: "1:1"}}
segments: {lan: {to: pe1, vrf: red, subnets: [10.9.0.0/24]}}
hosts:
  a: {runtime: vm, to: lan, command: [sh], env: {A: b}, files: {/run/a: b}, mounts: ["/a:/b"], devices: [/dev/null], lans: [10.1.0.0/24], forward: true, build: .}
  b: {runtime: vm, to: pe1, vrf: red, addresses: [10.2.0.2/24]}
  c: {runtime: vm, to: lan, rootfs: r, append: x, memory: 8M, cpus: 1.5, firmware: efi}
  d: {runtime: vm, to: lan, addresses: [10.9.0.7/24], dad: true, routes: [10.0.0.0/8], sysctls: {accept_ra: 1}}
  e: {to: lan, kernel: k, runtime: netns}
  f: {to: lan, firmware: uefi}
  g: {runtime: vm, to: lan, kernel: ./k, rootfs: ./r, append: console=ttyS0, image: ./d.qcow2, memory: 128M, cpus: 2}
  h: {to: lan, addresses: [10.9.0.8/24]}
expect: [g -> h, h -> g, g has 10.9.0.9, h -> 10.9.0.9]`,
		want: []string{
			`:6: host a: command: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: env: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: files: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: mounts: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: devices: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: LAN 10.1.0.0/24 needs a next hop, but the host has no static IPv4 address on eth0; give it one in addresses:`,
			`:6: host a: lans: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: forward: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:6: host a: build: is not for hosts with runtime: vm; remove it: what happens inside a virtual machine is the guest's affair`,
			`:7: host b: a virtual machine is attached to segments only; add a segment, with the router on it, and name it in to:`,
			`:8: host c: has a rootfs: without kernel:; add the kernel that is to use it`,
			`:8: host c: has append: without kernel:; add the kernel whose command line it is`,
			`:8: host c: less memory than a virtual machine needs; use at least 32M`,
			`:8: host c: a virtual machine has whole CPUs, not 1.5; write it as 2`,
			`:8: hosts.c.firmware: unknown value "efi"; use one of bios, uefi`,
			`:9: host d: addresses: is not for virtual machines; remove it: the guest configures its interfaces by itself`,
			`:9: host d: dad: is not for virtual machines; remove it: the guest configures its interfaces by itself`,
			`:9: host d: routes: is not for virtual machines; remove it: the guest configures its interfaces by itself`,
			`:9: host d: sysctls: accept_ra is for another key; write slaac in addresses:, or leave it out`,
			`:9: host d: sysctls: is not for virtual machines; remove it: the guest configures its interfaces by itself`,
			`:10: host e: kernel: is for virtual machines; remove it, or use runtime: vm`,
			`:11: host f: firmware: is for virtual machines; remove it, or use runtime: vm`,
			`:14: expect: g is a virtual machine, from which nothing can be sent or seen; write a host of the lab before the arrow`,
			`:14: expect: the addresses of g, a virtual machine, are not known; write the address that it is to have instead of its name`,
			`:14: expect: g is a virtual machine, from which nothing can be sent or seen; write a host of the lab before the arrow`,
		},
	},
}
