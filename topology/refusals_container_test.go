package topology

var refusedContainers = []refusal{
	{
		name: "size of memory",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], memory: much}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], memory: 1M}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24], memory: 999999999999999G}`,
		want: []string{
			`:5: hosts.a.memory: "much" is not a size; write it as 256M or 1G`,
			`:6: hosts.b.memory: "1M" is less than a container needs; use at least 6M`,
			`:7: hosts.c.memory: "999999999999999G" is out of range; write it as 256M or 1G`,
		},
	},
	{
		name: "number of CPUs",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], cpus: 0}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], cpus: NaN}`,
		want: []string{
			`:5: hosts.a.cpus: "0" is not a number of CPUs from 0.01 to 4096; write it as 0.5 or 2`,
			`:6: hosts.b.cpus: "NaN" is not a number of CPUs from 0.01 to 4096; write it as 0.5 or 2`,
		},
	},
	{
		name: "mounts",
		file: base + `hosts:
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    mounts:
    - /data
    - :/data
    - ./data:data
    - ./data:/data:exec
    - ./data:/
    - ./one:/two
    - ./other:/two:ro`,
		want: []string{
			`:10: hosts.a.mounts[0]: "/data" is not a mount; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`,
			`:11: hosts.a.mounts[1]: mount ":/data" names no path of the server; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`,
			`:12: hosts.a.mounts[2]: mount "./data:data": "data" is not an absolute path in the host; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`,
			`:13: hosts.a.mounts[3]: "./data:/data:exec" is not a mount; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`,
			`:14: hosts.a.mounts[4]: mount "./data:/": "/" is not an absolute path in the host; write it as ./dir:/dir, or ./dir:/dir:ro for read-only access`,
			`:16: host a: two mounts on /two; remove one`,
		},
	},
	{
		name: "image and build",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], image: nginx, build: .}`,
		want: []string{
			`:5: host a: has image: and build:; keep one of them`,
		},
	},
	{
		name: "devices and capabilities",
		file: base + `hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], devices: [tun, /dev/mem, /dev/../etc, "/dev/net/tun:/dev/tun", /dev, /dev/null, /dev/null]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], capabilities: [ALL, NET_ADMEN, cap_sys_time, SYS_TIME]}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24], runtime: netns, capabilities: [SYS_ADMIN]}
  d: {to: pe1, vrf: red, addresses: [10.4.0.2/24], runtime: netns, devices: [/dev/net/tun]}`,
		want: []string{
			`:5: hosts.a.devices[0]: "tun" is not a device file below /dev; write it as /dev/net/tun`,
			`:5: hosts.a.devices[1]: /dev/mem is the memory of the server; remove it`,
			`:5: hosts.a.devices[2]: "/dev/../etc" is not a device file below /dev; write it as /dev/net/tun`,
			`:5: hosts.a.devices[3]: device "/dev/net/tun:/dev/tun": the container has it under its own name, with full access; write it as /dev/net/tun`,
			`:5: hosts.a.devices[4]: "/dev" is not a device file below /dev; write it as /dev/net/tun`,
			`:5: host a: device /dev/null occurs twice; remove one`,
			`:6: hosts.b.capabilities[0]: containers are never privileged; name the capabilities that it needs, as in [SYS_ADMIN]`,
			`:6: hosts.b.capabilities[1]: no capability is named "NET_ADMEN"; did you mean "NET_ADMIN"?`,
			`:6: host b: capability SYS_TIME occurs twice; remove one`,
			`:7: host c: capabilities: are for containers, but the host's runtime is netns; remove it: such a host has all of the server's, or use runtime: docker`,
			`:8: host d: devices: are for containers, but the host's runtime is netns; remove it: such a host has all of the server's, or use runtime: docker`,
		},
	},
	{
		name: "settings of a container without one",
		file: base + `runtime: netns
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], image: nginx}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], memory: 64M}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24], cpus: 1, runtime: docker}
  d: {to: pe1, vrf: red, addresses: [10.4.0.2/24], mounts: [".:/here"]}`,
		want: []string{
			`:6: host a: image: is for containers, but the host's runtime is netns; remove it, or use runtime: docker`,
			`:7: host b: memory: is for containers, but the host's runtime is netns; remove it, or use runtime: docker`,
			`:9: host d: mounts: is for containers, but the host's runtime is netns; remove it, or use runtime: docker`,
		},
	},
}
