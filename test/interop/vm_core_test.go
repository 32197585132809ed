package interop

import (
	"os"
	"strings"
	"testing"
)

// inCore makes the machine a router of our core: FRR on Linux's own MPLS, between
// two of our routers, and a customer of it, c1, in the VRF red.
const inCore = `#!/bin/bash
set -e
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.mpls.platform_labels=1048575
for link in eth0:0 eth1:4; do
	nic=${link%:*} net=${link#*:}
	ip addr add 192.168.$net.2/30 dev $nic
	ip addr add 2001:db8:f$net::2/64 dev $nic nodad
	ip link set $nic mtu 1500 up
	sysctl -qw net.mpls.conf.$nic.input=1
done
ip addr add 10.255.0.9/32 dev lo
ip addr add fd00::aff:9/128 dev lo
ip link add red type vrf table 10
ip link set red up
ip netns add c1
ip link add cust type veth peer name eth0 netns c1
ip link set cust master red up
ip addr add 30.1.0.1/24 dev cust
ip addr add 2001:db8:30::1/64 dev cust nodad
ip -n c1 link set eth0 up
ip -n c1 addr add 30.1.0.2/24 dev eth0
ip -n c1 addr add 2001:db8:30::2/64 dev eth0 nodad
ip -n c1 route add default via 30.1.0.1
ip -n c1 route add default via 2001:db8:30::1
install -d -o frr -g frr /run/frr /var/tmp/frr
printf 'line vty\n no login\n' >/tmp/zebra.conf
cat >/tmp/bgpd.conf <<END
line vty
 no login
exit
router bgp 65001
 bgp router-id 10.255.0.9
 no bgp default ipv4-unicast
 neighbor core peer-group
 neighbor core remote-as 65001
 neighbor core timers connect 1
 neighbor core6 peer-group
 neighbor core6 remote-as 65001
 neighbor core6 timers connect 1
 neighbor pes peer-group
 neighbor pes remote-as 65001
 neighbor pes timers connect 1
 neighbor pes update-source 10.255.0.9
 neighbor pes6 peer-group
 neighbor pes6 remote-as 65001
 neighbor pes6 timers connect 1
 neighbor pes6 update-source fd00::aff:9
 neighbor 192.168.0.1 peer-group core
 neighbor 192.168.4.1 peer-group core
 neighbor 2001:db8:f0::1 peer-group core6
 neighbor 2001:db8:f4::1 peer-group core6
 neighbor 10.255.0.1 peer-group pes
 neighbor 10.255.0.2 peer-group pes
 neighbor fd00::aff:1 peer-group pes6
 neighbor fd00::aff:2 peer-group pes6
 address-family ipv4 unicast
  network 10.255.0.9/32
 exit-address-family
 address-family ipv4 labeled-unicast
  neighbor core activate
  neighbor core route-reflector-client
  neighbor core next-hop-self force
 exit-address-family
 address-family ipv4 vpn
  neighbor pes activate
 exit-address-family
 address-family ipv6 unicast
  network fd00::aff:9/128
 exit-address-family
 address-family ipv6 labeled-unicast
  neighbor core6 activate
  neighbor core6 route-reflector-client
  neighbor core6 next-hop-self force
 exit-address-family
 address-family ipv6 vpn
  neighbor pes6 activate
 exit-address-family
router bgp 65001 vrf red
 bgp router-id 10.255.0.9
 address-family ipv4 unicast
  redistribute connected
  label vpn export auto
  rd vpn export 65001:9
  rt vpn both 65001:101
  export vpn
  import vpn
 exit-address-family
 address-family ipv6 unicast
  redistribute connected
  label vpn export auto
  rd vpn export 65001:9
  rt vpn both 65001:101
  export vpn
  import vpn
 exit-address-family
END
` + startFRR + `
set +e
`

// startFRR starts it with what the machine's script has written.
const startFRR = `/usr/lib/frr/zebra -d -f /tmp/zebra.conf && /usr/lib/frr/bgpd -d -f /tmp/bgpd.conf`

// vmCoreText is a core of ours, two links of which lead to the machine.
const vmCoreText = `
name: pwt-interop
core: {families: [ipv4, ipv6], neighbors: [{peer: 10.255.0.9}, {peer: "fd00::aff:9"}]}
defaults: {router: {as: 65001}}
routers: {pe1: {id: 10.255.0.1}, p1: {id: 10.255.0.11}, pe2: {id: 10.255.0.2}}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30, "2001:db8:f1::/64"]}
- nic: pwtap0
  ends: {p1:eth2: {addresses: [192.168.0.1/30, "2001:db8:f0::1/64"]}}
  transport: true
  bgp: {as: 65001, neighbors: [{peer: 192.168.0.2}, {peer: "2001:db8:f0::2"}]}
- nic: pwtap1
  ends: {pe2:eth1: {addresses: [192.168.4.1/30, "2001:db8:f4::1/64"]}}
  transport: true
  bgp: {as: 65001, neighbors: [{peer: 192.168.4.2}, {peer: "2001:db8:f4::2"}]}
vrfs: {red: {rts: "65001:101"}}
hosts:
  r1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  r2: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
expect: [r1 -> r2, r1 -> 30.1.0.2, r2 -> 30.1.0.2, "r1 -> 2001:db8:30::2", "r2 -> 2001:db8:30::2"]
`

// TestRealVMCore has FRR on Linux's MPLS in our core: it is a P router between two
// routers of ours, and a PE.
func TestRealVMCore(t *testing.T) {
	if os.Getenv(wholeEnv) == "" {
		t.Skip("takes long: make interop")
	}
	needs(t, "tcpdump", "traceroute")
	v := boot(t, inCore, tap, secondTap)
	l := upLab(t, labName, vmCoreText)
	t.Logf("version: FRR on Linux MPLS %s, Linux %s", versionIn(v.must("/usr/lib/frr/bgpd --version")), strings.TrimSpace(v.must("uname -r")))
	v.runFeatures(t, l, []vmFeature{
		{"P router and PE in our core, IPv4 and IPv6: verify", coreVerify},
		{"P router in our core: labels on the wires are those that it and our tables say, both ways", coreSwaps},
		{"PE in our core: labels on the wires are those that it and our tables say, both ways", corePushes},
		{"P router in our core: traceroute, IPv4 and IPv6", coreHops},
		{"P router in our core: path MTU discovery and TCP both ways, IPv4 and IPv6", coreSizes},
		{"P router in our core: LSP ping through it, both ways", coreEcho},
		{"P router in our core: explicit null", coreExplicit},
		{"P router in our core: a metric, a VRF, and a way around it are edited", coreEdits},
		{"P router and PE in our core: FRR is killed, paths and packets return with it", coreRestart},
	}, "ip -f mpls route; ip route show table all proto bgp; ip -6 route show table all proto bgp; (echo 'show bgp summary'; echo 'show bgp ipv4 vpn'; echo exit; sleep 1) | busybox nc 127.0.0.1 2605")
}
