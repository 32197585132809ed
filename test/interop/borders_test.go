package interop

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// border is a lab of a PE and a border router of ours, whose NIC leads to the border router
// of another AS.
const border = `
name: NAME
core: CORE
defaults: {router: {as: 65001}}
routers: {pe1: {id: 10.255.1.1, labels: 1000-1999}, asbr1: {id: 10.255.1.21, labels: 20000-39999}}
links:
- {ends: [pe1:eth1, asbr1:eth1], subnets: [192.168.1.0/30]}
- {nic: NIC, ends: {asbr1:eth2: {address: 192.168.0.1/30}}, bgp: {peer: 192.168.0.2, as: 65002}, inter-as: OPTION}
vrfs: {red: {rts: "65001:101"}}
hosts:
  red: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
`

// upBorder brings up the lab.
func upBorder(t *testing.T, option, core string) lab {
	t.Helper()
	newFar(t)
	text := strings.NewReplacer("NAME", labName, "NIC", nearNIC, "OPTION", option, "CORE", core).Replace(border)
	return upLab(t, labName, text)
}

// TestRealBorders has FRR as a P router in our core, and as the border router of another AS.
func TestRealBorders(t *testing.T) {
	needs(t, "vtysh", "tcpdump")
	t.Logf("version: FRR %s", versionOf("/usr/lib/frr/bgpd", "--version"))
	t.Run("P router between two of ours, behind NICs: labels are heard, told and used", coreP)
	t.Run("inter-AS option A: plain routes and packets in a VRF", borderA)
	t.Run("inter-AS option B: labels are swapped, routes go when they are withdrawn", borderB)
	t.Run("inter-AS option C: label-switched paths between loopbacks, VPN routes over several hops", borderC)
}

// usable waits for the route of a VRF of pe1, and returns its label.
func (l lab) usable(t *testing.T, prefix, nextHop string) uint32 {
	t.Helper()
	var label uint32
	eventually(t, 20*time.Second, func() error {
		r := l.path(t, "red", prefix, nextHop)
		if r == nil || !r.Best || r.Label == nil {
			return fmt.Errorf("pe1 has no route to %s via %s: %+v", prefix, nextHop, r)
		}
		label = *r.Label
		return nil
	})
	return label
}

// swapped returns with which label packets go on that come to asbr1 with another.
func (l lab) swapped(t *testing.T, label uint32) uint32 {
	t.Helper()
	for _, f := range table[status.Flow](t, l, "flow", "--router", "asbr1") {
		if f.Label != nil && *f.Label == label && f.Swap != nil {
			return *f.Swap
		}
	}
	t.Fatalf("asbr1 swaps label %d for none", label)
	return 0
}

// stackAt returns the labels of the next labelled packet at a device of a namespace, the
// outermost first; none if it is one of the filter without labels.
func stackAt(t *testing.T, netns, device, filter string, send func()) []string {
	t.Helper()
	var said bytes.Buffer
	dump := exec.Command("ip", "netns", "exec", netns, "timeout", "20", "tcpdump", "-l", "-n", "-v", "-c", "1", "-i", device, filter)
	dump.Stdout = &said
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- dump.Wait() }()
	for {
		send()
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("no packet of %q at %s: %v", filter, device, err)
			}
			return labelsIn(said.String())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

var labelWord = regexp.MustCompile(`\blabel (\d+)`)

// labelsIn are those in what tcpdump prints of a packet.
func labelsIn(text string) (labels []string) {
	for _, found := range labelWord.FindAllStringSubmatch(text, -1) {
		labels = append(labels, found[1])
	}
	return labels
}

// pings sends one packet from the host red, whether or not it is answered.
func (l lab) pings(to string) func() {
	return func() { l.exec("red", "ping", "-n", "-c", "1", "-W", "0.1", to) }
}

// In option a, FRR is a customer's router to our border router.
func borderA(t *testing.T) {
	text := strings.NewReplacer("NAME", labName, "CORE", "labeled-unicast").Replace(border)
	text = regexp.MustCompile(`(?m)^- \{nic: .*\n`).ReplaceAllString(text, "")
	text += "  frr: {to: asbr1, vrf: red, addresses: [10.3.0.2/30], routes: [], bgp: {as: 65002}}\n"
	l := upLab(t, labName, text)
	p := newFRR(t, l.netns("frr")).(*frr)
	p.announce(route{prefix: "30.1.0.0/24", nextHop: "10.3.0.2"})
	p.start(terms{as: 65002, local: "10.3.0.2", remote: "10.3.0.1", plain: true})
	l.usable(t, "30.1.0.0/24", "10.255.1.21")
	heard := l.heardBy(t, p, route{prefix: "10.1.0.0/24"})
	if heard.nextHop != "10.3.0.1" || heard.asPath != "65001" || heard.label != 0 || len(heard.rts) > 0 {
		t.Errorf("FRR has heard %+v", heard)
	}
	if stack := stackAt(t, "pw-"+labName+"-frr", "eth0", "icmp or mpls", l.pings("30.1.0.2")); len(stack) > 0 {
		t.Errorf("between the ASes a packet has labels %v", stack)
	}
	p.withdraw(route{prefix: "30.1.0.0/24"})
	l.gone(t, "30.1.0.0/24", "10.255.1.21")
}

// In option b, each border router tells routes on with labels of its own.
func borderB(t *testing.T) {
	l := upBorder(t, "b", "labeled-unicast")
	p := newFRR(t, "/run/netns/"+farNetns).(*frr)
	theirs := route{rd: "65002:101", prefix: "30.1.0.0/24", label: 30000, rts: []string{"65001:101"}}
	p.announce(theirs)
	p.start(terms{as: 65002, local: farIPv4, remote: ourIPv4})
	if label := l.usable(t, theirs.prefix, "10.255.1.21"); label == theirs.label || l.swapped(t, label) != theirs.label {
		t.Errorf("asbr1 tells label %d on, and does not swap it for FRR's %d", label, theirs.label)
	}
	heard := l.heardBy(t, p, route{rd: "10.255.1.1:1", prefix: "10.1.0.0/24"})
	if on := l.swapped(t, heard.label); heard.nextHop != ourIPv4 || heard.asPath != "65001" || !slices.Equal(heard.rts, theirs.rts) || on < 1000 || on > 1999 {
		t.Errorf("FRR has heard %+v, for which asbr1 sends label %d", heard, on)
	}
	if stack := stackAt(t, farNetns, farNIC, "mpls", l.pings("30.1.0.2")); !slices.Equal(stack, []string{"30000"}) {
		t.Errorf("to FRR packets have labels %v", stack)
	}
	p.withdraw(theirs)
	l.gone(t, theirs.prefix, "10.255.1.21")
}

// heardBy waits until FRR has heard a route.
func (l lab) heardBy(t *testing.T, p *frr, key route) (heard route) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		r := p.heard(key)
		if r == nil {
			return fmt.Errorf("FRR has not heard %+v", key)
		}
		heard = *r
		return nil
	})
	return heard
}

// gone waits until pe1 has no route to a prefix.
func (l lab) gone(t *testing.T, prefix, nextHop string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if r := l.path(t, "red", prefix, nextHop); r != nil {
			return fmt.Errorf("pe1 still has %+v", *r)
		}
		return nil
	})
}
