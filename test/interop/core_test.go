package interop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// FRR 8.4 tells labels of its own networks if they are of the unicast table.

// acrossFRR is FRR as the border router of AS 65002, with a loopback that VPN routes have as
// their next hop.
const acrossFRR = `
route-map RED permit 10
 set extcommunity rt 65001:101
exit
router bgp 65002
 bgp router-id 10.255.2.22
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 192.168.0.1 remote-as 65001
 neighbor 192.168.0.1 timers 3 9
 neighbor 192.168.0.1 timers connect 1
 neighbor 10.255.1.21 remote-as 65001
 neighbor 10.255.1.21 timers 3 9
 neighbor 10.255.1.21 timers connect 1
 neighbor 10.255.1.21 ebgp-multihop 255
 neighbor 10.255.1.21 update-source 10.255.2.22
 address-family ipv4 labeled-unicast
  neighbor 192.168.0.1 activate
 exit-address-family
 address-family ipv4 unicast
  network 10.255.2.22/32
 exit-address-family
 address-family ipv4 vpn
  neighbor 10.255.1.21 activate
  network 30.1.0.0/24 rd 65002:101 label 30000 route-map RED
 exit-address-family
`

// In option c, label-switched paths lead from loopback to loopback, and VPN routes pass
// between FRR and our reflector, which leaves their next hops as they are. It is next to FRR,
// whose kernel here has no MPLS, so that FRR reaches it without labels.
func borderC(t *testing.T) {
	l := upBorder(t, "c", `{reflectors: asbr1, neighbors: [{peer: 10.255.2.22, as: 65002, hold-time: 9}]}`)
	mustRun(t, "ip", "-n", farNetns, "addr", "add", "10.255.2.22/32", "dev", "lo")
	mustRun(t, "ip", "-n", farNetns, "route", "add", "10.255.1.0/24", "via", ourIPv4)
	p := newFRR(t, "/run/netns/"+farNetns).(*frr)
	p.own = acrossFRR
	p.start(terms{as: 65002, local: "10.255.2.22", remote: "10.255.1.21"})
	l.pathTo(t, "asbr1", "10.255.2.22/32", farIPv4, implicitNull)
	on := l.pathTo(t, "asbr1", "10.255.1.1/32", "192.168.1.1", implicitNull)
	if heard := p.labeled(t, "10.255.1.1/32", ourIPv4); heard.Label != *on.InLabel || heard.ASPath.String != "65001" {
		t.Errorf("FRR has heard %+v of pe1's loopback, to which asbr1 leads with label %d", heard, *on.InLabel)
	}
	across := l.pathTo(t, "asbr1", "10.255.2.22/32", farIPv4, implicitNull)
	l.pathTo(t, "pe1", "10.255.2.22/32", "192.168.1.2", *across.InLabel)
	if label := l.usable(t, "30.1.0.0/24", "10.255.2.22"); label != 30000 {
		t.Errorf("pe1 has label %d of FRR's route", label)
	}
	heard := l.heardBy(t, p, route{rd: "10.255.1.1:1", prefix: "10.1.0.0/24"})
	if heard.nextHop != "10.255.1.1" || heard.label < 1000 || heard.label > 1999 {
		t.Errorf("FRR has heard %+v", heard)
	}
	if stack := stackAt(t, farNetns, farNIC, "mpls", l.pings("30.1.0.2")); !slices.Equal(stack, []string{"30000"}) {
		t.Errorf("to FRR packets have labels %v", stack)
	}
}

// implicitNull is the label that stands for none (RFC 3032 section 2.1).
const implicitNull = 3

// passedByFRR is a core of two routers of ours with FRR between them.
const passedByFRR = `
name: NAME
core: labeled-unicast
defaults: {router: {as: 65001}}
routers: {pe1: {id: 10.255.0.1}, p2: {id: 10.255.0.2}}
links:
- {nic: NIC, ends: {pe1:eth1: {address: 192.168.0.1/30}}, transport: true, bgp: {peer: 192.168.0.2, as: 65001}}
- {nic: SECOND, ends: {p2:eth1: {address: 192.168.4.1/30}}, metric: 5, bgp: {peer: 192.168.4.2, as: 65001}}
vrfs: {red: {rts: "65001:101"}}
hosts: {red: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}
`

// reflectingFRR tells its neighbours each other's loopbacks, with labels of its own.
const reflectingFRR = `
router bgp 65001
 bgp router-id 10.255.0.9
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor 192.168.0.1 remote-as 65001
 neighbor 192.168.0.1 timers connect 1
 neighbor 192.168.4.1 remote-as 65001
 neighbor 192.168.4.1 timers connect 1
 address-family ipv4 labeled-unicast
  neighbor 192.168.0.1 activate
  neighbor 192.168.0.1 route-reflector-client
  neighbor 192.168.0.1 next-hop-self force
  neighbor 192.168.4.1 activate
  neighbor 192.168.4.1 route-reflector-client
  neighbor 192.168.4.1 next-hop-self force
 exit-address-family
 address-family ipv4 unicast
  network 10.255.0.9/32
 exit-address-family
`

// Between two routers of ours, FRR is a P router: each has a path to the other with the
// label that FRR tells, and FRR hears theirs.
func coreP(t *testing.T) {
	const second, far = "pwtio2", "pwtio3"
	newFar(t)
	mustRun(t, "ip", "link", "add", second, "type", "veth", "peer", "name", far, "netns", farNetns)
	t.Cleanup(func() { command("ip", "link", "del", second) })
	mustRun(t, "ip", "-n", farNetns, "addr", "add", "192.168.4.2/30", "dev", far)
	mustRun(t, "ip", "-n", farNetns, "link", "set", far, "up")
	p := newFRR(t, "/run/netns/"+farNetns).(*frr)
	p.own = reflectingFRR
	p.start(terms{as: 65001, local: farIPv4, remote: ourIPv4})
	l := upLab(t, labName, strings.NewReplacer("NAME", labName, "NIC", nearNIC, "SECOND", second).Replace(passedByFRR))
	l.pathTo(t, "pe1", "10.255.0.9/32", farIPv4, implicitNull)
	for _, end := range []struct{ router, to, via, from string }{{"pe1", "10.255.0.2/32", farIPv4, "192.168.4.1"}, {"p2", "10.255.0.1/32", "192.168.4.2", ourIPv4}} {
		heard := p.labeled(t, end.to, end.from)
		if heard.Label != implicitNull || heard.local < 16 {
			t.Errorf("FRR has label %d of %s, and tells %d", heard.Label, end.to, heard.local)
		}
		l.pathTo(t, end.router, end.to, end.via, heard.local)
	}
	told := p.labeled(t, "10.255.0.2/32", "192.168.4.1").local
	ping := func() { l.exec("pe1", "ping", "-n", "-c", "1", "-W", "0.1", "-I", "10.255.0.1", "10.255.0.2") }
	if stack := stackAt(t, farNetns, farNIC, "mpls", ping); !slices.Equal(stack, []string{fmt.Sprint(told)}) {
		t.Errorf("to FRR packets have labels %v, and it has told %d", stack, told)
	}
}

// pathTo waits for a router's path to a loopback, with a next hop and its label.
func (l lab) pathTo(t *testing.T, router, loopback, nextHop string, label uint32) (found status.LSP) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		rows := table[status.LSP](t, l, "lsp", "--router", router)
		for _, p := range rows {
			if p.FEC.String() == loopback && p.NextHop.String() == nextHop && p.OutLabel != nil && *p.OutLabel == label {
				found = p
				return nil
			}
		}
		return fmt.Errorf("%s has no path to %s via %s with label %d: %+v", router, loopback, nextHop, label, rows)
	})
	return found
}

// labeledPath is a route to a loopback at FRR, with the label that it tells others.
type labeledPath struct {
	frrPath
	local uint32
}

// ledger is which labels FRR has assigned to loopbacks.
func (f *frr) ledger() map[string]uint32 {
	f.t.Helper()
	all := map[string]uint32{}
	for line := range strings.Lines(f.vtysh("show bgp labelpool ledger")) {
		var prefix string
		var label uint32
		if n, _ := fmt.Sscanf(line, "%s %d", &prefix, &label); n == 2 {
			all[prefix] = label
		}
	}
	return all
}

// labeled waits until FRR has heard of a loopback from a peer.
func (f *frr) labeled(t *testing.T, loopback, peer string) (found labeledPath) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		var entry frrEntry
		out := f.vtysh("show bgp ipv4 labeled-unicast " + loopback + " json")
		if err := json.Unmarshal([]byte(out), &entry); err != nil {
			return err
		}
		local := f.ledger()[loopback]
		for _, p := range entry.Paths {
			if p.Peer.ID == peer && local > 0 { // it gets a label from zebra
				found = labeledPath{p, local}
				return nil
			}
		}
		return fmt.Errorf("FRR has not heard of %s from %s:\n%s", loopback, peer, out)
	})
	return found
}
