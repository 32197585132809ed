package lab

import (
	"strings"
	"testing"
)

const sharedAddress = `
name: pwt-vfycauses
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65000:2"}}
hosts:
  a: {to: pe1, vrf: red,  addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red,  addresses: [10.2.0.2/24], lans: [10.20.0.1/24]}
  c: {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}
`

// For every fault in a running lab, verify names its cause, and the three sources of
// trace agree where they should.
func TestRealCauses(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-vfycauses", sharedAddress)
	l.up(t)
	adjacency := adjacencyOf(t, l, "a", "10.2.0.2", "pe2")
	of := func(router string, args ...string) func(testing.TB) {
		return func(t testing.TB) { l.mustExec(t, router, append([]string{"ovs-ofctl"}, args...)...) }
	}
	link := func(node, name, state string) func(testing.TB) {
		return func(t testing.TB) { inHost(t, l, node, "ip link set "+name+" "+state) }
	}
	for _, c := range []struct {
		name  string
		spoil func(testing.TB)
		cause string // that verify finds from a to b
		agree bool   // tables, flows and real packets agree
	}{
		{"the adjacency drops", of("pe2", "mod-flows", "br0", "table=30,ip,"+adjacency+",actions=drop"),
			"router pe2: label 2000 of VRF red: the flow is missing or wrong: the tables send the packet out of eth3, in Open vSwitch it is dropped in table 30", false},
		{"another MAC", of("pe2", "mod-flows", "br0", "table=30,ip,"+adjacency+",actions=dec_ttl,mod_dl_dst:02:00:00:66:66:66,load:0->NXM_OF_IN_PORT[],output:3"),
			"Open vSwitch sends to MAC 02:00:00:66:66:66, the neighbour has ", false},
		{"a copy into another VRF", of("pe2", "mod-flows", "br0", "table=30,ip,"+adjacency+",actions=dec_ttl,load:0->NXM_OF_IN_PORT[],output:4,output:3"),
			"", false},
		{"labels are dropped first", of("pe2", "add-flow", "br0", "table=0,priority=5000,mpls,actions=drop"),
			"is dropped in table 0: priority 5000, mpls: drop", false},
		{"labels are dropped on the way back", of("pe1", "add-flow", "br0", "table=0,priority=5000,mpls,actions=drop"),
			"on the way back: router pe1: label 1000 of VRF red: the flow is missing or wrong", false},
		{"NORMAL", of("pe1", "add-flow", "br0", "table=0,priority=5000,ip,actions=normal"),
			"in Open vSwitch it leaves by NORMAL, as no flow of the router does", false},
		{"the wire is administratively down", link("pe1", "eth1", "down"),
			"not usable: next hop 192.168.0.2 is on eth1, which is administratively down", true},
		{"the host's port is administratively down", link("pe2", "eth3", "down"),
			"router pe1: no route to 10.2.0.0/24 in VRF red: the port eth3 of pe2 to host b is administratively down", true},
		{"the host's end is administratively down", link("b", "eth0", "down"),
			"router pe1: no route to 10.2.0.0/24 in VRF red: the port eth3 of pe2 to host b has no carrier", true},
		{"the host has lost its address", func(t testing.TB) { inHost(t, l, "b", "ip addr del 10.2.0.2/24 dev eth0") },
			"the packet arrives at b, which drops it: the address is not its own, and it does not forward", true},
		{"the host has lost its way back", func(t testing.TB) { inHost(t, l, "b", "ip route del default") },
			"on the way back: the packet is not sent by host b: network is unreachable", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spoil(t)
			code, trace := traced(t, l, "a", "10.2.0.2")
			if agree := len(trace.Disagreements) == 0; agree != c.agree || (code == 0) != agree {
				t.Errorf("trace: exit code %d, %q", code, trace.Disagreements)
			}
			if c.cause != "" {
				_, rows := verified(t, l, "--from", "a", "--to", "b")
				differs(t, rows, "a", "b", "10.2.0.2", c.cause)
			}
			must(t, "up", l.file, "--runtime", "netns")
		})
	}
	mustVerify(t, l)
}

// adjacencyOf returns the match of the adjacency that a packet takes at a router.
func adjacencyOf(t testing.TB, l lab, from, to, router string) string {
	t.Helper()
	_, trace := traced(t, l, from, to)
	for _, h := range trace.Hops {
		if h.Node != router {
			continue
		}
		for _, flow := range h.Switch.Passed {
			if _, match, ok := strings.Cut(flow, "table 30: priority 100, ip,"); ok {
				adjacency, _, _ := strings.Cut(match, ":")
				return adjacency
			}
		}
	}
	t.Fatalf("no adjacency at %s: %+v", router, trace)
	return ""
}
